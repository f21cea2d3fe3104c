public import FoundationEssentials

/// How a database's schema compares with the files of this program.
public struct MigrationReport: Sendable {
    /// How one file stands.
    public enum State: String, Sendable {
        /// Applied as it is.
        case applied
        /// To be applied.
        case pending
        /// A repeatable file that was applied in another form and will be applied again.
        case outdated
        /// A versioned file that was applied in another form: the migrator refuses.
        case changed
        /// In the database and not in this program: a later version has been here.
        case unknown
    }

    /// One file.
    public struct File: Sendable {
        /// The path below the folder Migrations.
        public var name: String
        /// How it stands.
        public var state: State
        /// When it was applied.
        public var appliedAt: Date?
        /// By which role of the database.
        public var appliedBy: String?
        /// With which version of pgswarm.
        public var toolVersion: String?
    }

    /// All files, in the order of their application.
    public var files: [File]
    /// The version of the database's schema; 0 without one.
    public var databaseVersion: Int
    /// The version this program works with.
    public var programVersion: Int
    /// Whether the database still has repeatable files that this program dropped.
    var hasLeftOvers: Bool

    /// Whether there is nothing to do.
    public var isCurrent: Bool { !hasLeftOvers && files.allSatisfy { $0.state == .applied } }
    /// The names of the files that `migrate` would apply.
    public var pending: [String] {
        files.filter { $0.state == .pending || $0.state == .outdated }.map(\.name)
    }

    /// Why `migrate` would refuse; `nil` when it would not.
    public var refusal: SwarmError? {
        if let file = files.first(where: { $0.state == .unknown }) {
            return SwarmError(
                .schemaNewer,
                "the database's schema is newer than this program: \(file.name) was applied by pgswarm "
                    + (file.toolVersion ?? "of another version"),
                hint: "Use that version of pgswarm or a later one; nothing was changed.")
        }
        if let file = files.first(where: { $0.state == .changed }) {
            return SwarmError(
                .schemaChanged, "\(file.name) was applied in another form than this program carries",
                hint: "An applied migration never changes: use the pgswarm that applied it ("
                    + (file.toolVersion ?? "unknown version") + "), and put changes into a new file.")
        }
        return nil
    }
}
