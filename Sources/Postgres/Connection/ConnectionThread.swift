internal import Synchronization

/// A thread of its own for one connection, as the executor of its actor.
///
/// Waiting for the server here blocks nobody else: Swift's own threads are as many as the machine has
/// cores, and one blocked by a slow statement would be missing everywhere.
final class ConnectionThread: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isRunning = true
        /// Whether the thread waits, or is about to wait, for ``wakeup``.
        var isSleeping = false
        /// Whether the thread shall end once nothing is left to do.
        var isRetired = false
    }

    private let state = Mutex(State())
    /// Ends the thread's sleep, and its waits for the server.
    let wakeup: Wakeup

    /// Starts the thread; fails when the process may not have another.
    init() throws(PostgresError) {
        wakeup = try Wakeup()
        guard start() else { throw .connectFailed("the system allows no further thread") }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // As soon as the job is in the list it can run, and be the last that needs the actor: without a reference of
        // its own this call would go on in freed memory, because the runtime calls executors without one. Written
        // out, because a plain local constant is optimised away.
        let itself = Unmanaged.passRetained(self)
        defer { itself.release() }
        let mustStart = state.withLock { state in
            state.jobs.append(job)
            if state.isSleeping { wakeup.signal() }
            defer {
                state.isSleeping = false
                state.isRunning = true
            }
            return !state.isRunning
        }
        // The connection is closed, and somebody asks it something all the same. Without a thread to
        // be had, the caller's is as good: no job of a closed connection waits for anything.
        if mustStart && !start() { run() }
    }

    /// Lets the thread end as soon as it has nothing left to do; a later job starts another.
    func retire() {
        state.withLock { state in
            state.isRetired = true
            if state.isSleeping { wakeup.signal() }
            state.isSleeping = false
        }
    }

    private enum Step {
        case run([UnownedJob])
        case sleep
        case end
    }

    private func run() {
        while true {
            switch nextStep() {
            case .run(let jobs):
                for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
            case .sleep: wakeup.wait()
            case .end: return
            }
        }
    }

    private func nextStep() -> Step {
        state.withLock { state in
            if !state.jobs.isEmpty {
                defer { state.jobs.removeAll() }
                return .run(state.jobs)
            }
            if state.isRetired {
                state.isRunning = false
                return .end
            }
            state.isSleeping = true
            return .sleep
        }
    }

    /// Starts the thread, which keeps this object alive until it ends.
    private func start() -> Bool {
        // libpq, TLS and name resolution need little; the default of 8 MB times many connections is a lot.
        startThread(stackSize: 512 * 1024) { self.run() }
    }
}
