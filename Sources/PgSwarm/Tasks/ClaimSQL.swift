import Postgres

import struct FoundationEssentials.UUID

/// The calls that grant tasks and look after the grants.
enum ClaimSQL {
    /// The columns of a granted task in the order in which ``ClaimedTask/init(_:from:)`` reads them.
    static let columns = """
        id, handle, epoch, fence, attempt, max_attempts, queue, kind, title, payload, priority, lease_until, \
        lease_seconds, deadline, created_at, trace, parent, needs, checkpoint, history, effects, late_results, \
        problems, unread, brief
        """

    static func claim(_ request: ClaimRequest, session: UUID?, agent: AgentName?) -> SQL {
        """
        SELECT \(raw: columns) FROM pgswarm.claim(
            queues => \(request.queues), count => \(Int32(clamping: request.count)),
            session => \(session), agent => \(agent), lease => \(request.lease),
            request_id => \(request.requestID))
        """
    }

    static func claim(
        task: TaskID, session: UUID?, agent: AgentName?, lease: Duration?, requestID: String?
    ) -> SQL {
        """
        SELECT \(raw: columns) FROM pgswarm.claim_task(
            task => \(task), session => \(session), agent => \(agent), lease => \(lease),
            request_id => \(requestID))
        """
    }

    static func held(session: UUID) -> SQL {
        "SELECT \(raw: columns) FROM pgswarm.held(session => \(session))"
    }

    static func whyEmpty(_ queues: [QueueName], session: UUID?, agent: AgentName?) -> SQL {
        """
        SELECT queue, reason, message, retry_at, ready, scheduled, blocked, running, held
        FROM pgswarm.why_empty(queues => \(queues), session => \(session), agent => \(agent))
        """
    }

    static func waitFor(_ queues: [QueueName], session: UUID) -> SQL {
        "SELECT pgswarm.wait_for(session => \(session), queues => \(queues))"
    }

    static func renew(_ handles: [Handle], lease: Duration?, session: UUID?) -> SQL {
        """
        SELECT status, lease_until, lease_seconds, unread FROM pgswarm.renew(
            handles => \(handles.map(\.text)), lease => \(lease), session => \(session)) ORDER BY ord
        """
    }
}
