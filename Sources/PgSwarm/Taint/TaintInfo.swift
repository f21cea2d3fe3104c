public import FoundationEssentials
import Postgres

/// One time that something accepted was taken back.
public struct TaintInfo: Sendable {
    /// Its number.
    public var id: Int64
    /// `rejected`, `contract` or `agent`.
    public var kind: String
    /// What is wrong.
    public var reason: String
    /// When.
    public var at: Date
    /// Who took it back.
    public var by: String?
    /// How many tasks it reached.
    public var tasks: Int
    /// How many of them still carry it.
    public var open: Int

    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: Int64.self]
        kind = try row[1, as: String.self]
        reason = try row[2, as: String.self]
        at = try row[3, as: Date.self]
        by = try row[4, as: String?.self]
        tasks = try row[5, as: Int.self]
        open = try row[6, as: Int.self]
    }
}

/// What is to be done with the wrong results themselves, and with those who work on them at this moment.
public struct TaintPolicy: Sendable, Hashable {
    /// What becomes of the tasks that were wrong.
    public enum Root: String, Sendable, CaseIterable {
        /// They are done again.
        case redo
        /// They are looked at again.
        case review
    }

    /// What becomes of running tasks that have read them.
    public enum Running: String, Sendable, CaseIterable {
        /// They are taken back from their holders, at no cost.
        case stop
        /// Their holders are told and go on.
        case signal
    }

    /// What becomes of the tasks that were wrong.
    public var root: Root
    /// What becomes of running tasks that have read them.
    public var running: Running

    /// A policy; by default everything stops and is done again.
    public init(root: Root = .redo, running: Running = .stop) {
        self.root = root
        self.running = running
    }
}
