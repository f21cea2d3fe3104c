import FoundationEssentials
import PgSwarm

extension BreakerInfo {
    /// Until when it holds work back, if it does and that is known.
    var heldUntil: Date? {
        switch state {
        case .open: openUntil
        case .waiting: notBefore
        case .forcedOpen, .forcedClosed: force?.until
        default: nil
        }
    }

    /// The breaker as `breaker --json` shows it.
    var json: JSON {
        [
            "breaker": .string(breaker),
            "scope": .string(scope),
            "state": .string(state.rawValue),
            "cause": JSON(cause),
            "changed_by": JSON(changedBy),
            "changed_at": JSON(changedAt),
            "version": JSON(version),
            "open_until": JSON(openUntil),
            "not_before": JSON(notBefore),
            "openings": JSON(openings),
            "streak": JSON(streak),
            "succeeded": JSON(counts.succeeded),
            "failed": JSON(counts.failed),
            "slow": JSON(counts.slow),
            "ignored": JSON(counts.ignored),
            "waiting": JSON(waiting),
            "permits": JSON(permits),
            "forced_by": JSON(force?.by),
            "forced_reason": JSON(force?.reason),
            "forced_until": JSON(force?.until),
            "policy": policy.json,
        ]
    }
}

extension BreakerPolicy {
    var json: JSON {
        [
            "enabled": .bool(isEnabled),
            "counts": JSON(counts),
            "measured_over": JSON(measuredOver),
            "min_volume": JSON(minVolume),
            "failure_rate": JSON(failureRate),
            "consecutive": JSON(consecutive),
            "min_principals": JSON(minPrincipals),
            "open_base": JSON(openBase),
            "open_cap": JSON(openCap),
            "probes": JSON(probes),
            "probe_lease": JSON(probeLease),
            "probe_successes": JSON(probeSuccesses),
            "ramp_step": JSON(rampStep),
            "concurrency": JSON(concurrency),
            "rate": JSON(rate),
            "burst": JSON(burst),
        ]
    }
}

extension BreakerState {
    /// The tone in which a state is shown.
    var tone: Style.Tone? {
        switch self {
        case .closed, .forcedClosed: .good
        case .open, .forcedOpen: .bad
        case .halfOpen, .waiting, .recovering: .warning
        default: .quiet
        }
    }
}
