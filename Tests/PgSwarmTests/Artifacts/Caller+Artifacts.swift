import Postgres
import TestSupport

/// What a put answers.
struct Put: Sendable, Equatable {
    let id: Int
    let created: Bool
    let version: Int
    let hash: String
}

extension Caller {
    /// Puts a text; without a handle as nobody's task.
    @discardableResult
    func put(
        _ text: String, _ kind: String = "report", name: String? = nil, handle: String? = nil, request: String? = nil
    ) async throws -> Put {
        let row = try await rows(
            """
            SELECT id, created, version, hash FROM pgswarm.artifact_put(\(kind), \(handle), \(name), body_text => \(text),
                request_id => \(request), agent => \(agent))
            """)[0]
        let (id, created, version, hash) = try row.decode((Int, Bool, Int, String).self)
        return Put(id: id, created: created, version: version, hash: hash)
    }

    /// Reads an artifact as text.
    @discardableResult
    func read(_ artifact: Int, handle: String? = nil) async throws -> String? {
        try await value(
            "SELECT body_text FROM pgswarm.artifact_get(\(artifact), handle => \(handle), agent => \(agent))")
    }

    func artifactState(_ artifact: Int) async throws -> String {
        try await value("SELECT state FROM pgswarm.artifacts WHERE id = \(artifact)")
    }

    /// Sets a note; answers its version.
    @discardableResult
    func note(_ key: String, _ value: String?, expect: Int? = nil, handle: String? = nil) async throws -> Int {
        try await self.value(
            """
            SELECT version FROM pgswarm.note_set(\(key), \(value.map(JSONText.init)), \(expect), handle => \(handle),
                agent => \(agent))
            """)
    }

    /// A plan with nothing in it; answers its id.
    func plan(_ name: String) async throws -> Int {
        try await value(
            "INSERT INTO pgswarm.plan (name, created_at, created_by) VALUES (\(name), now(), 1) RETURNING id")
    }
}
