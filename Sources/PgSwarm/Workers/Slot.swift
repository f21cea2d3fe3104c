import Logging

/// One of the places in which a worker runs handlers, one task after another.
///
/// The loop runs in a Swift task of its own, so that stopping one handler cancels no other. A stopped loop ends with
/// its handler and a fresh one takes its place; a task that is not stopped costs no Swift task at all.
struct Slot: Sendable {
    let desk: Desk
    let handler: any WorkHandler
    let calls: any HolderCalls
    let logger: Logger
    private let workWaker = Waker()

    init(desk: Desk, handler: any WorkHandler, calls: any HolderCalls, logger: Logger) {
        self.desk = desk
        self.handler = handler
        self.calls = calls
        self.logger = logger
    }

    /// Works until the desk says that it is over.
    func run() async {
        while await runUntilStopped() {}
    }

    /// - Returns: Whether a handler was stopped and the slot has to go on with a fresh Swift task.
    private func runUntilStopped() async -> Bool {
        // A new one each time: a late wake-up for the last handler must not stop the next.
        let stopWaker = Waker()
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                let wasStopped = await work(stoppedBy: stopWaker)
                stopWaker.wake()
                return wasStopped
            }
            await stopWaker.wait(by: desk.timekeeper)
            group.cancelAll()
            return await group.next() ?? false
        }
    }

    private func work(stoppedBy stopWaker: Waker) async -> Bool {
        var wasWaiting = false
        var time = desk.timekeeper.now
        while true {
            let isComing = wasWaiting
            switch desk.apply({ $0.nextWork(for: workWaker, wasWaiting: isComing, now: $1, &$2) }) {
            case .work(let holding):
                wasWaiting = false
                if await !run(holding, since: &time, stoppedBy: stopWaker) { return true }
            case .wait:
                wasWaiting = true
                await workWaker.wait(by: desk.timekeeper)
                time = desk.timekeeper.now
            case .end:
                return false
            }
        }
    }

    /// - Returns: Whether the slot may go on; not after a stop, because its Swift task is cancelled.
    private func run(
        _ holding: Holding, since start: inout ContinuousClock.Instant, stoppedBy stopWaker: Waker
    ) async -> Bool {
        var verdict: Verdict?
        if holding.begin(in: stopWaker) {
            let context = WorkContext(
                holding: holding, calls: calls, timekeeper: desk.timekeeper, baseLogger: logger)
            do {
                verdict = try await handler.handle(holding.task, context)
            } catch {
                verdict = Verdict(failure: error)
                if holding.stopReason != nil { verdict = nil }
            }
        }
        let reason = holding.finish()
        if verdict == nil, reason == .drain || reason == .cancel {
            verdict = .release(
                note: reason == .drain ? "the worker was about to end" : "the task was cancelled")
        }
        let end = desk.timekeeper.now
        let (outcome, duration) = (verdict, end - start)
        start = end
        desk.apply { state, _, echo in state.finish(holding, outcome, after: duration, &echo) }
        return reason == nil
    }
}
