public import FoundationEssentials
public import Postgres

extension Connection {
    /// Sets a note and answers its version.
    ///
    /// - Parameters:
    ///   - value: What it says, up to 64 KB; `nil` removes it.
    ///   - expect: At which version it must stand.
    /// - Throws: `stale_version` with what stands there now, `too_large`, `invalid_argument`, `not_found`, `lost_claim`.
    @discardableResult
    public func setNote(
        _ key: String, _ value: JSONText?, expect: NoteExpectation = .any, in scope: NoteScope = .swarm,
        requestID: String? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Int64 {
        let sql = NotesSQL.set(
            key, value, expect: expect, in: scope, requestID: requestID, agent: agent, session: session)
        return try row(sql) { row throws(PostgresError) in try row[0, as: Int64.self] }
    }

    /// A note as it stands; `nil` if there is none.
    public func note(_ key: String, in scope: NoteScope = .swarm) throws(SwarmError) -> Note? {
        try rows(NotesSQL.get(key, in: scope)) { row throws(PostgresError) in try Note(row) }.first
    }

    /// The notes whose keys begin so, by key; long values are left out.
    ///
    /// - Parameter after: The last key of the page before.
    public func notes(
        _ prefix: String = "", in scope: NoteScope = .swarm, limit: Int = 100, after: String? = nil
    ) throws(SwarmError) -> [Note] {
        try rows(NotesSQL.list(prefix, in: scope, limit: limit, after: after)) { row throws(PostgresError) in
            try Note(row)
        }
    }

    /// What a note said, newest first.
    public func noteHistory(_ key: String, in scope: NoteScope = .swarm, limit: Int = 20) throws(SwarmError) -> [Note] {
        try rows(NotesSQL.history(key, in: scope, limit: limit)) { row throws(PostgresError) in try Note(row) }
    }

    /// Logs a decision, for good, and answers its number.
    ///
    /// - Throws: `wrong_state` when what it replaces was replaced before, `not_found`, `too_large`, `lost_claim`.
    public func log(
        _ decision: DecisionDraft, requestID: String? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Int64 {
        try row(NotesSQL.log(decision, requestID: requestID, agent: agent, session: session)) {
            row throws(PostgresError) in try row[0, as: Int64.self]
        }
    }

    /// Decisions, newest first.
    ///
    /// - Parameters:
    ///   - plan: Only of this plan; `swarm` for those of the whole swarm.
    ///   - all: Also those that were replaced.
    public func decisions(plan: String? = nil, all: Bool = false, limit: Int = 50) throws(SwarmError) -> [Decision] {
        try rows(NotesSQL.decisions(plan: plan, all: all, limit: limit)) { row throws(PostgresError) in
            try Decision(row)
        }
    }
}
