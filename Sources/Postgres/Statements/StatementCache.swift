/// Which statements a session has prepared.
///
/// A statement is prepared when it comes the second time, so that a program that runs each statement
/// once (a command, a migration) pays one round trip for it and not two.
struct StatementCache {
    /// How a statement is to be run.
    enum Plan {
        /// Without a prepared statement.
        case direct
        /// After preparing it under this name.
        case prepare(String)
        /// By the prepared statement of this name.
        case execute(String)
    }

    private struct Key: Hashable {
        let text: String
        let types: [PostgresType]
    }

    private enum Entry {
        case seen
        case prepared(String)
    }

    /// Programs use a few dozen statements; one that makes up its texts must not fill the server.
    private static let capacity = 500

    private let isEnabled: Bool
    private var entries: [Key: Entry] = [:]
    /// Names are never used twice in a session, so a stale one cannot mean another statement.
    private var lastName = 0

    init(isEnabled: Bool) {
        self.isEnabled = isEnabled
    }

    mutating func plan(for sql: SQL) -> Plan {
        guard isEnabled else { return .direct }
        let key = Key(text: sql.text, types: sql.parameters.types)
        switch entries[key] {
        case .prepared(let name): return .execute(name)
        case .seen:
            lastName += 1
            return .prepare("s\(lastName)")
        case nil:
            if entries.count >= Self.capacity { forgetUnprepared() }
            if entries.count < Self.capacity { entries[key] = .seen }
            return .direct
        }
    }

    /// Notes that a statement was prepared.
    mutating func didPrepare(_ sql: SQL, as name: String) {
        entries[Key(text: sql.text, types: sql.parameters.types)] = .prepared(name)
    }

    /// Notes that preparing a statement may have failed.
    mutating func didNotPrepare(_ sql: SQL) {
        entries[Key(text: sql.text, types: sql.parameters.types)] = .seen
    }

    /// Forgets all; the statements that the session may still have are not used again.
    mutating func forgetAll() {
        entries.removeAll()
    }

    private mutating func forgetUnprepared() {
        entries = entries.filter { entry in
            if case .prepared = entry.value { true } else { false }
        }
    }
}
