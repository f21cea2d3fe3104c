import Postgres

import struct FoundationEssentials.UUID

/// The calls of artifacts.
enum ArtifactsSQL {
    static func put(_ draft: ArtifactDraft, requestID: String?, agent: AgentName?, session: UUID?) -> SQL {
        var body: Bytes?
        var reference: String?
        var sha256 = draft.sha256
        var size: Int64?
        switch draft.content {
        case .bytes(let bytes): body = Bytes(bytes)
        case .reference(let place, let hash, let count):
            reference = place
            sha256 = hash
            size = count
        }
        return """
            SELECT id, created, version, hash, bytes FROM pgswarm.artifact_put(
                kind => \(draft.kind), handle => \(draft.handle?.text), name => \(draft.name), body_bytes => \(body),
                reference => \(reference), media_type => \(draft.mediaType), sha256 => \(sha256), size => \(size),
                contract => \(draft.contract), plan => \(draft.plan), request_id => \(requestID), agent => \(agent),
                session => \(session))
            """
    }

    static func get(
        _ key: ArtifactKey, acceptedOnly: Bool, firstByte: Int, maxBytes: Int?, handle: Handle?, agent: AgentName?,
        session: UUID?
    ) -> SQL {
        var id: Int64?
        var task: TaskID?
        var plan: String?
        var name: String?
        var version: Int?
        switch key {
        case .id(let number): id = number
        case .task(let owner, let called, let number): (task, name, version) = (owner, called, number)
        case .plan(let owner, let called, let number): (plan, name, version) = (owner, called, number)
        }
        return """
            SELECT id, task_id, plan_name, kind, artifact_name, artifact_version, state, form, media_type, size, sha256,
                   reference, producer, producer_epoch, contract_version, created_at, body_text, body
            FROM pgswarm.artifact_get(
                artifact => \(id), task => \(task), name => \(name), plan => \(plan),
                version => \(version.map { Int32(clamping: $0) }), accepted_only => \(acceptedOnly),
                first_byte => \(Int64(firstByte)), max_bytes => \(maxBytes.map { Int32(clamping: $0) }),
                handle => \(handle?.text), agent => \(agent), session => \(session))
            """
    }

    static func list(_ filter: ArtifactFilter, limit: Int) -> SQL {
        """
        SELECT id, task_id, plan, kind, name, version, state, form, media_type, size, sha256, reference, producer, epoch,
               contract_version, created_at
        FROM pgswarm.artifact_list(
            task => \(filter.task), plan => \(filter.plan), kind => \(filter.kind), name => \(filter.name),
            all_versions => \(filter.allVersions), accepted_only => \(filter.acceptedOnly),
            count => \(Int32(clamping: limit)), before => \(filter.before))
        """
    }
}
