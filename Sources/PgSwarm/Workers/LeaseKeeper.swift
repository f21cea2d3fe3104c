import Logging

/// Keeps a worker's session and leases alive, and stops work in time when it can't.
///
/// Both loops run on a thread of their own, see ``KeeperThread``. They are apart, so that a database that doesn't
/// answer can't delay the end of a lease.
struct LeaseKeeper: Sendable {
    let desk: Desk
    let source: any WorkSource
    let logger: Logger

    /// Beats and renews until the desk says that it is over.
    func keep() async {
        var backoff: Backoff?
        let waker = desk.apply { state, _, _ in state.renewalWaker }
        while true {
            switch desk.apply({ $0.leaseMove(now: $1, &$2) }) {
            case .renew(let handles, let session):
                await attempt(session, &backoff) { () async throws(SwarmError) in try await renew(handles) }
            case .beat(let session):
                await attempt(session, &backoff) { () async throws(SwarmError) in try await beat(session) }
            case .wait(let time): await waker.wait(until: time, by: desk.timekeeper)
            case .end: return
            }
        }
    }

    /// Stops overdue work until the desk says that it is over.
    func watchEnds() async {
        let waker = desk.apply { state, _, _ in state.endWaker }
        while let time = desk.apply({ $0.endOverdue(now: $1, &$2) }) {
            await waker.wait(until: time, by: desk.timekeeper)
        }
    }

    private func renew(_ handles: [Handle]) async throws(SwarmError) {
        // From before the request was sent: the lease can't have begun earlier on the database's side.
        let sentAt = desk.timekeeper.now
        let answers = try await source.renew(handles)
        desk.apply { $0.renewed(answers, sentAt: sentAt, now: $1, &$2) }
    }

    private func beat(_ session: Int) async throws(SwarmError) {
        let sentAt = desk.timekeeper.now
        let status = try await source.beat()
        guard status == .lost else {
            return desk.apply { state, _, echo in state.beaten(status, sentAt: sentAt, &echo) }
        }
        throw SwarmError(.sessionLost, "the session is over")
    }

    private func attempt(
        _ session: Int, _ backoff: inout Backoff?, _ call: () async throws(SwarmError) -> Void
    ) async {
        do {
            try await call()
            backoff = nil
        } catch {
            if backoff == nil, error.code != .cancelled {
                logger.warning("leases can't be renewed", metadata: ["error": "\(error)"])
            }
            var next = backoff ?? Backoff()
            let wait = next.next()
            backoff = next
            desk.apply { state, now, echo in
                if error.code == .sessionLost { state.loseSession(session, &echo) }
                state.keepingFailed(retryAt: now + wait)
            }
        }
    }
}
