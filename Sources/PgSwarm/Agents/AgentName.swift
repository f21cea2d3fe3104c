import FoundationEssentials

/// The lasting name of a worker, human or machine.
///
/// Its sessions come and go, its history stays.
public struct AgentName: RawRepresentable, Sendable, Hashable, Comparable, Codable {
    /// The name as the database stores it.
    public let rawValue: String

    /// Names an agent; the database checks the name when it is used.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Names an agent; the database checks the name when it is used.
    public init(_ name: String) {
        self.init(rawValue: name)
    }

    /// Orders agents by name.
    public static func < (left: AgentName, right: AgentName) -> Bool {
        left.rawValue < right.rawValue
    }

    /// `PGSWARM_AGENT` if it is set, otherwise `user@host`.
    public static var current: AgentName {
        let process = ProcessInfo.processInfo
        if let name = process.environment["PGSWARM_AGENT"], !name.isEmpty {
            return AgentName(name)
        }
        let user = process.environment["USER"] ?? process.environment["LOGNAME"] ?? process.userName
        return AgentName("\(user)@\(process.hostName)")
    }
}

extension AgentName: ExpressibleByStringLiteral, CustomStringConvertible {
    /// Names an agent in the source text.
    public init(stringLiteral value: String) {
        self.init(rawValue: value)
    }

    /// The name.
    public var description: String { rawValue }
}
