public import FoundationEssentials
public import Postgres

extension Connection {
    /// Keeps a content, or a reference to one, for good.
    ///
    /// - Throws: `invalid_argument`, `too_large`, `lost_claim`, `not_allowed`, `contract_mismatch`, `not_found`.
    public func put(
        _ draft: ArtifactDraft, requestID: String? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> ArtifactReceipt {
        try row(ArtifactsSQL.put(draft, requestID: requestID, agent: agent, session: session)) {
            row throws(PostgresError) in try ArtifactReceipt(row)
        }
    }

    /// Reads an artifact, which is recorded: under a handle as the hold's.
    ///
    /// - Parameters:
    ///   - acceptedOnly: Finds only what was accepted, or given by somebody without a task.
    ///   - firstByte: Where to begin.
    ///   - maxBytes: How many bytes at most; `nil`: all.
    /// - Throws: `not_found`, `invalid_argument`, `lost_claim`.
    public func artifact(
        _ key: ArtifactKey, acceptedOnly: Bool = false, firstByte: Int = 0, maxBytes: Int? = nil,
        handle: Handle? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Artifact {
        let sql = ArtifactsSQL.get(
            key, acceptedOnly: acceptedOnly, firstByte: firstByte, maxBytes: maxBytes, handle: handle, agent: agent,
            session: session)
        return try row(sql) { row throws(PostgresError) in try Artifact(row) }
    }

    /// What there is, newest first; nothing of it is read by this.
    ///
    /// - Throws: `not_found`, `invalid_argument`.
    public func artifacts(
        _ filter: ArtifactFilter = ArtifactFilter(), limit: Int = 100
    ) throws(SwarmError) -> [ArtifactInfo] {
        try rows(ArtifactsSQL.list(filter, limit: limit)) { row throws(PostgresError) in try ArtifactInfo(row) }
    }
}
