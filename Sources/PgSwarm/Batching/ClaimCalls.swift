import Postgres

import struct FoundationEssentials.UUID

/// The calls that grant and settle tasks under the swarm's session, made whole again when an answer was lost.
struct ClaimCalls: Sendable {
    let caller: Caller
    let sessions: SessionKeeper
    let ledger: ClaimLedger

    /// Claims tasks.
    func claim(_ request: ClaimRequest) async throws(SwarmError) -> [ClaimedTask] {
        caller.metrics.grouped("claim", request.count)
        let tasks = try await granted(request) { () throws(SwarmError) in
            try await underSession("claim", repeatable: request.requestID != nil) {
                db, session throws(SwarmError) in
                try db.claim(request, session: session)
            }
        }
        caller.metrics.claimed(tasks)
        return tasks
    }

    /// Claims one named task.
    ///
    /// A repetition of an unanswered call says `held`, so it is made under a request id.
    func claim(task: TaskID, lease: Duration?, requestID: String?) async throws(SwarmError) -> ClaimedTask {
        let requestID = requestID ?? UUID().uuidString
        await ledger.begin()
        let claimed: ClaimedTask
        do throws(SwarmError) {
            claimed = try await underSession("claim_task", repeatable: true) {
                db, session throws(SwarmError) in
                try db.claim(task: task, session: session, lease: lease, requestID: requestID)
            }
        } catch {
            await ledger.end([])
            throw error
        }
        await ledger.end([claimed])
        caller.metrics.claimed([claimed])
        return claimed
    }

    /// Ends attempts.
    func settle(_ verdicts: [(handle: Handle, verdict: Verdict)]) async throws(SwarmError) -> [Settlement] {
        caller.metrics.grouped("settle", verdicts.count)
        let answers = try await caller.call("settle", repeatable: true) { db throws(SwarmError) in
            try db.settle(verdicts)
        }
        await note(verdicts, answers)
        return answers
    }

    /// Ends attempts and claims the next tasks in one commit.
    func step(
        _ verdicts: [(handle: Handle, verdict: Verdict)], claiming request: ClaimRequest
    ) async throws(SwarmError) -> (settled: [Settlement], claimed: [ClaimedTask]) {
        caller.metrics.grouped("step", verdicts.count + request.count)
        var settled: [Settlement]?
        let claimed = try await granted(request) { () throws(SwarmError) in
            let answer = try await underSession("step", repeatable: false) { db, session throws(SwarmError) in
                try db.step(verdicts, claiming: request, session: session)
            }
            settled = answer.settled
            return answer.claimed
        }
        caller.metrics.claimed(claimed)
        // When the answer was lost, the claims are found with what the session holds; the verdicts are simply
        // brought again, because a repeated verdict is answered as such.
        guard let settled else { return (try await settle(verdicts), claimed) }
        await note(verdicts, settled)
        return (settled, claimed)
    }

    /// Renews leases and beats the session.
    func renew(_ handles: [Handle], lease: Duration?) async throws(SwarmError) -> [Renewal] {
        caller.metrics.grouped("renew", handles.count)
        let session = await sessions.current
        do throws(SwarmError) {
            return try await renew(handles, lease: lease, under: session)
        } catch {
            guard error.code == .sessionLost, let session else { throw error }
            // What became of each lease is still worth knowing.
            _ = await sessions.mayReplace(session)
            return try await renew(handles, lease: lease, under: nil)
        }
    }

    private func renew(
        _ handles: [Handle], lease: Duration?, under session: Session?
    ) async throws(SwarmError) -> [Renewal] {
        let renewals = try await caller.call("renew", repeatable: true) { db throws(SwarmError) in
            try db.renew(handles, lease: lease, session: session?.token)
        }
        let lost = renewals.filter { $0.status == .lost }.map(\.handle)
        caller.metrics.lost(lost.count)
        await ledger.forget(lost)
        return renewals
    }

    /// Everything the session holds.
    func held(_ session: Session) async throws(SwarmError) -> [ClaimedTask] {
        try await caller.call("held", repeatable: true) { db throws(SwarmError) in
            try db.held(session: session.token)
        }
    }

    private func note(_ verdicts: [(handle: Handle, verdict: Verdict)], _ answers: [Settlement]) async {
        caller.metrics.settled(verdicts, answers)
        await ledger.forget(verdicts.map(\.handle))
    }

    /// Makes a claim, and finds the tasks again when its answer was lost.
    func granted(
        _ request: ClaimRequest, _ claim: () async throws(SwarmError) -> [ClaimedTask]
    ) async throws(SwarmError) -> [ClaimedTask] {
        await ledger.begin()
        do throws(SwarmError) {
            let tasks = try await claim()
            await ledger.end(tasks)
            return tasks
        } catch {
            // The bare session is shared with other processes: what it holds may be theirs.
            guard error.code == .outcomeUnknown, let session = await sessions.current,
                session.kind == .runtime
            else {
                await ledger.end([])
                throw error
            }
            return try await ledger.recover(request) { () throws(SwarmError) in try await held(session) }
        }
    }

    /// Makes a call that needs a session; with a new session when the old one turns out to be gone.
    private func underSession<Answer: Sendable>(
        _ verb: Verb, repeatable: Bool,
        _ body: @escaping @Sendable (isolated Connection, UUID) throws(SwarmError) -> Answer
    ) async throws(SwarmError) -> Answer {
        let session = try await sessions.open()
        do throws(SwarmError) {
            return try await caller.call(verb, repeatable: repeatable) { db throws(SwarmError) in
                try body(db, session.token)
            }
        } catch {
            guard error.code == .sessionLost, await sessions.mayReplace(session) else { throw error }
            let next = try await sessions.open()
            return try await caller.call(verb, repeatable: repeatable) { db throws(SwarmError) in
                try body(db, next.token)
            }
        }
    }
}
