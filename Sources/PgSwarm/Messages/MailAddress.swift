/// Where a message goes, or where it is read.
///
/// ```swift
/// try await swarm.send(MessageDraft(to: ["ada", .role("reviewers"), .task(id)], "the schema has changed"))
/// ```
public struct MailAddress: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The address as the database writes it, such as `role:reviewers`; a bare name is an agent's.
    public let rawValue: String

    /// Takes an address as it is written; the database checks it.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// An agent's own mailbox.
    public static func agent(_ name: AgentName) -> Self { Self(rawValue: "agent:\(name.rawValue)") }
    /// One mailbox for all members of a role; one of them gets each message.
    public static func role(_ name: String) -> Self { Self(rawValue: "role:\(name)") }
    /// All subscribers of a topic, each with a copy of its own.
    public static func topic(_ name: String) -> Self { Self(rawValue: "topic:\(name)") }
    /// A human, who reads as an operator.
    ///
    /// `operator` is always there.
    public static func human(_ name: String) -> Self { Self(rawValue: "human:\(name)") }
    /// Whoever holds a task, now or next.
    public static func task(_ id: TaskID) -> Self { Self(rawValue: "task:\(id)") }

    /// The address as it is written.
    public var description: String { rawValue }
}

extension MailAddress: ExpressibleByStringLiteral {
    /// Takes an address in the source text.
    public init(stringLiteral value: String) {
        self.init(rawValue: value)
    }
}
