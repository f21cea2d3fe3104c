extension Swarm {
    /// The version of this library, as it is shown to the database.
    public static let version = "0.1.0"
}
