import FoundationEssentials

/// The folder in which a private server keeps its data, its log and the record of where it listens.
public struct ServerLocation: Sendable, Hashable {
    /// An absolute path.
    public let directory: String

    /// The location `directory`; a relative path is meant from the current folder.
    public init(directory: String) {
        self.directory = FilePaths.absolute(directory)
    }

    /// The current user's own location: `$XDG_STATE_HOME/pgswarm`, else `~/.local/state/pgswarm`.
    public static var standard: ServerLocation {
        standard(environment: ProcessInfo.processInfo.environment)
    }

    /// The location that ``standard`` names for a process with this environment.
    public static func standard(environment: [String: String]) -> ServerLocation {
        // The XDG specification asks that a relative path be ignored.
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            return ServerLocation(directory: state + "/pgswarm")
        }
        let home =
            environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? ServerAccount.homeDirectory()
        return ServerLocation(directory: home + "/.local/state/pgswarm")
    }
}
