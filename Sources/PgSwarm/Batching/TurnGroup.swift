import Postgres

/// Single settlements and single claims that leave together: most often a worker's last and next task.
typealias TurnGroup = CallGroup<Turn, TurnAnswer, ClaimLane>

/// What a worker with one task at a time does next.
enum Turn: Sendable {
    /// Ends an attempt.
    case settle(Handle, Verdict)
    /// Asks for a task.
    case claim(ClaimLane)
}

/// The answer to a ``Turn``.
enum TurnAnswer: Sendable {
    case settled(Settlement)
    case claimed(ClaimedTask?)
}

/// What single claims must have in common to travel together.
///
/// Settlements go with any.
struct ClaimLane: Hashable, Sendable {
    var queues: [QueueName]
    var lease: Duration?
}

extension CallGroup where Item == Turn, Answer == TurnAnswer, Lane == ClaimLane {
    /// The group of a swarm's single settlements and claims.
    static func turns(_ calls: ClaimCalls, limits: GroupLimits) -> TurnGroup {
        TurnGroup(
            slots: limits.slots,
            limits: CallLimits(count: limits.count, weight: limits.bytes, weigh: \.weight),
            lane: { turn in
                if case .claim(let lane) = turn { lane } else { nil }
            },
            call: { turns throws(SwarmError) in try await calls.take(turns) })
    }
}

extension Turn {
    /// Roughly how many bytes it sends.
    fileprivate var weight: Int {
        guard case .settle(_, let verdict) = self else { return 64 }
        return 64 + (verdict.body?.text.utf8.count ?? 0)
    }
}

extension ClaimCalls {
    /// Sends turns in one call: `settle`, `claim`, or both as one `step`.
    fileprivate func take(_ turns: [Turn]) async throws(SwarmError) -> [Result<TurnAnswer, SwarmError>] {
        var verdicts: [(handle: Handle, verdict: Verdict)] = []
        var lane: ClaimLane?
        for turn in turns {
            switch turn {
            case .settle(let handle, let verdict): verdicts.append((handle, verdict))
            case .claim(let claim): lane = claim
            }
        }
        let claims = turns.count - verdicts.count
        let request = lane.map { ClaimRequest($0.queues, count: claims, lease: $0.lease) }
        let answer: (settled: [Settlement], claimed: [ClaimedTask])
        switch (verdicts.isEmpty, request) {
        case (false, let request?): answer = try await step(verdicts, claiming: request)
        case (true, let request?): answer = ([], try await claim(request))
        case (_, nil): answer = (try await settle(verdicts), [])
        }
        var settled = answer.settled.makeIterator()
        var claimed = answer.claimed.makeIterator()
        return turns.map { turn in
            switch turn {
            case .settle:
                settled.next().map { .success(.settled($0)) }
                    ?? .failure(SwarmError(.internal, "a settlement was not answered"))
            case .claim: .success(.claimed(claimed.next()))
            }
        }
    }
}
