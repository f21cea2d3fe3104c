import Postgres

import struct FoundationEssentials.UUID

/// The calls that look at breakers, feed them and force them.
enum BreakersSQL {
    /// The columns in the order in which ``BreakerInfo/init(_:)`` reads them.
    private static let columns = """
        breaker, scope, state, cause, changed_by, changed_at, version, open_until, not_before, openings, streak, \
        succeeded, failed, slow, ignored, waiting, permits, forced_by, forced_reason, forced_until, enabled, counts, \
        measured_over_seconds, min_volume, failure_rate::float8, consecutive, min_principals, open_base_seconds, \
        open_cap_seconds, probes, probe_lease_seconds, probe_successes, ramp_step_seconds, concurrency, rate, burst
        """

    static let list: SQL = "SELECT \(raw: columns) FROM pgswarm.breakers ORDER BY scope, name"

    static func show(_ name: String) -> SQL {
        "SELECT \(raw: columns) FROM pgswarm.breakers WHERE breaker = \(name) OR scope || ':' || name = \(name) LIMIT 1"
    }

    static func report(
        _ name: String, _ outcome: BreakerOutcome?, handle: Handle?, retryAfter: Duration?, error: String?,
        permit: UUID?, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT breaker, state, until, not_before, counted FROM pgswarm.breaker_report(
            name => \(name), outcome => \(outcome?.rawValue), handle => \(handle?.text), retry_after => \(retryAfter),
            error => \(error), permit => \(permit), agent => \(agent), session => \(session))
        """
    }

    static func permit(_ name: String, handle: Handle?, hold: Duration, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT breaker, verdict, permit, until, retry_at, message FROM pgswarm.breaker_permit(
            name => \(name), handle => \(handle?.text), hold => \(hold), agent => \(agent), session => \(session))
        """
    }

    static func force(
        _ name: String, _ force: String, reason: String?, for length: Duration?, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT pgswarm.breaker_force(
            name => \(name), force => \(force), reason => \(reason), "for" => \(length), agent => \(agent),
            session => \(session))
        """
    }

    static func set(_ name: String, _ settings: JSONText, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT pgswarm.breaker_set(
            name => \(name), settings => \(settings), agent => \(agent), session => \(session))
        """
    }
}
