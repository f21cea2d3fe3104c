extension Duration {
    /// The length in seconds, as options and JSON carry it.
    public var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
