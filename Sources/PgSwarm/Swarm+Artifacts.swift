import FoundationEssentials

extension Swarm {
    /// Keeps a content, or a reference to one, for good.
    ///
    /// - Throws: `invalid_argument`, `too_large`, `lost_claim`, `not_allowed`.
    @discardableResult
    public func put(_ draft: ArtifactDraft) async throws(SwarmError) -> ArtifactReceipt {
        let author = try await author()
        let request = UUID().uuidString
        return try await write("artifact_put") { db throws(SwarmError) in
            try db.put(draft, requestID: request, agent: author.agent, session: author.session)
        }
    }

    /// Reads an artifact, which is recorded: under a handle as the hold's.
    public func artifact(
        _ key: ArtifactKey, acceptedOnly: Bool = false, handle: Handle? = nil
    ) async throws(SwarmError) -> Artifact {
        let author = try await author()
        return try await write("artifact_get") { db throws(SwarmError) in
            try db.artifact(
                key, acceptedOnly: acceptedOnly, handle: handle, agent: author.agent, session: author.session)
        }
    }

    /// What there is, newest first.
    public func artifacts(
        _ filter: ArtifactFilter = ArtifactFilter(), limit: Int = 100
    ) async throws(SwarmError) -> [ArtifactInfo] {
        try await read("artifact_list") { db throws(SwarmError) in try db.artifacts(filter, limit: limit) }
    }
}
