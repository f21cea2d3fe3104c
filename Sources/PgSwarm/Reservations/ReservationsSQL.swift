import Postgres

import struct FoundationEssentials.UUID

/// The calls that reserve, and those that look at what is reserved.
enum ReservationsSQL {
    /// The columns in the order in which ``Reservation`` reads them.
    static func take(_ request: ReservationRequest, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT kind, pattern, granted, blockers, warnings, reservation, epoch, fence, until, seconds, place
        FROM pgswarm.reserve_take(
            namespace => \(request.namespace), patterns => \(request.patterns), mode => \(request.mode.rawValue),
            resources => \(request.resources), lease => \(request.lease), handle => \(request.handle),
            ticket => \(request.ticket), request_id => \(request.requestID), agent => \(agent), session => \(session))
        ORDER BY ord
        """
    }

    static func extend(_ handle: String, lease: Duration?) -> SQL {
        "SELECT until, seconds, reservations, warnings FROM pgswarm.reserve_extend(\(handle), \(lease))"
    }

    static func free(_ handle: String, patterns: [String], resources: [String]) -> SQL {
        "SELECT freed, remaining, namespaces FROM pgswarm.reserve_free(\(handle), \(patterns), \(resources))"
    }

    static func leave(_ ticket: UUID) -> SQL { "SELECT pgswarm.reserve_leave(\(ticket))" }

    static func ring(_ namespace: String) -> SQL { "SELECT pgswarm.reserve_ring(\(namespace))" }

    static func check(
        _ namespace: String, _ paths: [String], handle: String?, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT path, verdict, holder, task_id, pattern, mode, until
        FROM pgswarm.reserve_check(
            namespace => \(namespace), paths => \(paths), handle => \(handle), agent => \(agent), session => \(session))
        ORDER BY ord
        """
    }

    static func list(_ namespace: String?) -> SQL {
        """
        SELECT namespace, kind, pattern, mode, agent, task_id, reservation, epoch, taken_at, until
        FROM pgswarm.reservations
        WHERE \(namespace)::text IS NULL OR namespace = \(namespace)
        ORDER BY namespace, kind, pattern, id
        """
    }

    static func set(_ namespace: String, _ settings: JSONText, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT pgswarm.set_namespace(
            namespace => \(namespace), settings => \(settings), agent => \(agent), session => \(session))
        """
    }
}
