import Postgres

import struct FoundationEssentials.UUID

/// The calls that steer queues and look at them.
enum QueuesSQL {
    static func pause(_ queue: QueueName, reason: String?, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT pgswarm.pause(
            queue => \(queue), reason => \(reason), agent => \(agent), session => \(session))
        """
    }

    static func resume(_ queue: QueueName, agent: AgentName?, session: UUID?) -> SQL {
        "SELECT pgswarm.resume(queue => \(queue), agent => \(agent), session => \(session))"
    }

    static func control(
        _ target: ControlTarget, _ action: ControlAction, reason: String?, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT changed, taken_back FROM pgswarm.control(
            target => \(target.text), action => \(action.rawValue), reason => \(reason), agent => \(agent),
            session => \(session))
        """
    }

    static func configure(_ queue: QueueName, _ settings: JSONText, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT pgswarm.set_queue(
            queue => \(queue), settings => \(settings), agent => \(agent), session => \(session))
        """
    }

    /// The columns in the order in which ``QueueInfo/init(_:)`` reads them.
    static let list: SQL = """
        SELECT queue, ready, running, scheduled, blocked, parked, held, done, dead, cancelled,
               oldest_ready_seconds, paused, paused_reason, lease_seconds, max_attempts, max_lost, max_running,
               backlog_limit, strict_lease
        FROM pgswarm.queues ORDER BY queue
        """
}
