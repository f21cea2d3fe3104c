import Postgres

import struct FoundationEssentials.Date

/// Single renewals that leave together.
typealias RenewalGroup = CallGroup<RenewalItem, Renewal, Duration?>

/// A single renewal on its way.
struct RenewalItem: Sendable {
    var handle: Handle
    var lease: Duration?
}

extension CallGroup where Item == RenewalItem, Answer == Renewal, Lane == Duration? {
    /// The group of a swarm's single renewals.
    static func renewals(_ calls: ClaimCalls, limits: GroupLimits) -> RenewalGroup {
        RenewalGroup(
            slots: limits.slots, limits: CallLimits(count: limits.count), lane: { .some($0.lease) },
            call: { items throws(SwarmError) in
                guard let first = items.first else { return [] }
                return try await calls.renew(items.map(\.handle), lease: first.lease).map { .success($0) }
            })
    }
}

/// Waiting claims that ask to be rung; one registration of the session serves all of them.
typealias RegistrationGroup = CallGroup<[QueueName], Date?, Never>

extension CallGroup where Item == [QueueName], Answer == Date?, Lane == Never {
    /// The group of a swarm's registrations for a ring.
    static func registrations(caller: Caller, sessions: SessionKeeper) -> RegistrationGroup {
        RegistrationGroup(
            slots: 1, limits: CallLimits(count: 1000), lane: { _ in nil },
            call: { items throws(SwarmError) in
                let session = try await sessions.open().token
                let queues = Set(items.joined()).sorted()
                let due = try await caller.call("wait_for", repeatable: true) { db throws(SwarmError) in
                    try db.waitFor(queues, session: session)
                }
                return Array(repeating: .success(due), count: items.count)
            })
    }
}
