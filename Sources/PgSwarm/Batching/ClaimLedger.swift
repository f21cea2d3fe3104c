/// Knows which of the session's claims have reached this process, so that those whose answer was lost with a
/// connection can be told from those that somebody is working on.
actor ClaimLedger {
    private var known: Set<String> = []
    /// Claims whose answer is still to come.
    private var underWay = 0
    /// Claims whose answer was lost and that wait for their turn to look.
    private var recoveries = 0
    private var isLooking = false
    /// What was settled or lost while somebody looked: what the look brings may be older.
    private var gone: Set<String> = []
    private var waiters: [CheckedContinuation<Void, Never>] = []

    /// Announces a claim.
    ///
    /// Waits while lost ones are looked for, because what this one is granted would be taken for theirs.
    func begin() async {
        while recoveries > 0 { await change() }
        underWay += 1
    }

    /// Records what an announced claim was granted.
    func end(_ tasks: [ClaimedTask]) {
        underWay -= 1
        for task in tasks { known.insert(task.handle.text) }
        announceChange()
    }

    /// Forgets tasks that were settled or lost.
    func forget(_ handles: [Handle]) {
        for handle in handles {
            known.remove(handle.text)
            if isLooking { gone.insert(handle.text) }
        }
    }

    /// Whether somebody looks or waits to look.
    var isRecovering: Bool { recoveries > 0 }

    /// Finds what an announced claim was granted although its answer was lost.
    ///
    /// - Parameter look: Reads everything the session holds.
    func recover(
        _ request: ClaimRequest, look: () async throws(SwarmError) -> [ClaimedTask]
    ) async throws(SwarmError) -> [ClaimedTask] {
        underWay -= 1
        recoveries += 1
        announceChange()
        while underWay > 0 || isLooking { await change() }
        isLooking = true
        defer {
            isLooking = false
            gone = []
            recoveries -= 1
            announceChange()
        }
        let held = try await look().filter { !gone.contains($0.handle.text) }
        known.formIntersection(held.map(\.handle.text))
        let queues = Set(request.queues)
        let strangers = held.filter { !known.contains($0.handle.text) && queues.contains($0.queue) }
        let found = Array(strangers.prefix(request.count))
        for task in found { known.insert(task.handle.text) }
        return found
    }

    private func change() async {
        await withCheckedContinuation { waiters.append($0) }
    }

    private func announceChange() {
        let woken = waiters
        waiters = []
        for waiter in woken { waiter.resume() }
    }
}
