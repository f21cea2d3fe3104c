import FoundationEssentials
public import Postgres

extension Swarm {
    /// Sets a note and answers its version.
    ///
    /// - Throws: `stale_version` with what stands there now.
    @discardableResult
    public func setNote(
        _ key: String, _ value: JSONText?, expect: NoteExpectation = .any, in scope: NoteScope = .swarm
    ) async throws(SwarmError) -> Int64 {
        let author = try await author()
        let request = UUID().uuidString
        return try await write("note_set") { db throws(SwarmError) in
            try db.setNote(
                key, value, expect: expect, in: scope, requestID: request, agent: author.agent, session: author.session)
        }
    }

    /// Changes a note on top of whatever stands there: reads it, and sets it at that version, until nobody came between.
    ///
    /// - Parameter change: Makes the new value out of the old one, which is `nil` if there is none. It may be asked again.
    @discardableResult
    public func updateNote(
        _ key: String, in scope: NoteScope = .swarm,
        _ change: @Sendable (JSONText?) throws(SwarmError) -> JSONText
    ) async throws(SwarmError) -> Int64 {
        while true {
            let note = try await note(key, in: scope)
            let value = try change(note?.value)
            do throws(SwarmError) {
                return try await setNote(key, value, expect: note.map { .version($0.version) } ?? .absent, in: scope)
            } catch {
                guard error.code == .staleVersion else { throw error }
            }
        }
    }

    /// A note as it stands; `nil` if there is none.
    public func note(_ key: String, in scope: NoteScope = .swarm) async throws(SwarmError) -> Note? {
        try await read("note_get") { db throws(SwarmError) in try db.note(key, in: scope) }
    }

    /// The notes whose keys begin so, by key; long values are left out.
    public func notes(
        _ prefix: String = "", in scope: NoteScope = .swarm, limit: Int = 100
    ) async throws(SwarmError) -> [Note] {
        try await read("note_list") { db throws(SwarmError) in try db.notes(prefix, in: scope, limit: limit) }
    }

    /// Logs a decision, for good, and answers its number.
    @discardableResult
    public func log(_ decision: DecisionDraft) async throws(SwarmError) -> Int64 {
        let author = try await author()
        let request = UUID().uuidString
        return try await write("decision_log") { db throws(SwarmError) in
            try db.log(decision, requestID: request, agent: author.agent, session: author.session)
        }
    }

    /// Decisions that stand, newest first.
    public func decisions(plan: String? = nil, limit: Int = 50) async throws(SwarmError) -> [Decision] {
        try await read("decisions") { db throws(SwarmError) in try db.decisions(plan: plan, limit: limit) }
    }
}
