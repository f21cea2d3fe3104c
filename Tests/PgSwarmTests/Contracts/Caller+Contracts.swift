import Postgres

/// What a publication answers, as far as tests look at it.
struct Published: Sendable, Equatable {
    var status: String
    var created: Bool
    var verdict: String?
    var breaking: Bool
    /// "task: effect", in order.
    var affected: [String]
}

extension Caller {
    /// Publishes a version; `more` is further arguments.
    @discardableResult
    func publish(_ name: String, _ version: String, _ body: String, _ more: String = "") async throws -> Published {
        let row = try await rows(
            """
            SELECT status, created, verdict, breaking,
                   ARRAY(SELECT (x ->> 'task') || ': ' || (x ->> 'effect') FROM jsonb_array_elements(affected) x)
            FROM pgswarm.contract_publish(\(name), \(version), \(JSONText(body)), agent => \(agent)\(raw: more))
            """)[0]
        let (status, created, verdict, breaking, affected) = try row.decode(
            (String, Bool, String?, Bool, [String]).self)
        return Published(status: status, created: created, verdict: verdict, breaking: breaking, affected: affected)
    }

    /// Agrees to a version; answers "task: effect" for what that reached.
    @discardableResult
    func agree(_ name: String, _ version: String, _ more: String = "") async throws -> [String] {
        try await value(
            """
            SELECT ARRAY(SELECT (x ->> 'task') || ': ' || (x ->> 'effect') FROM jsonb_array_elements(affected) x)
            FROM pgswarm.contract_agree(\(name), \(version), agent => \(agent)\(raw: more))
            """)
    }

    /// Publishes a version and agrees to it.
    func fix(_ name: String, _ version: String, _ body: String, _ more: String = "") async throws {
        try await publish(name, version, body, more)
        try await agree(name, version)
    }
}
