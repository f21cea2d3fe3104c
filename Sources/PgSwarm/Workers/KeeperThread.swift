import Synchronization
import SystemPackage

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A thread of its own for what must happen on time: beats, renewals and the end of leases.
///
/// Swift's shared pool has one thread for each core. A few handlers that compute without a pause occupy all of it,
/// and with it every timer; their leases would run out unrenewed although the process is healthy.
/// So the keeper's tasks prefer this executor, and all timers of the worker go off here.
final class KeeperThread: TaskExecutor, Timekeeper {
    private struct State {
        var jobs: [UnownedJob] = []
        var actions: [Alarm: @Sendable () -> Void] = [:]
        var alarms = AlarmHeap()
        var alarmCount: UInt64 = 0
        var isStopping = false
    }

    private let state = Mutex(State())
    private let wakeUp: WakeUpPipe

    /// Starts the thread.
    ///
    /// It runs until ``stop()``.
    init() throws(SwarmError) {
        wakeUp = try WakeUpPipe()
        let context = Unmanaged.passRetained(self)
        guard startThread(with: context.toOpaque()) else {
            context.release()
            throw SwarmError(
                .internal, "the system refuses another thread", hint: "Raise the limit on threads.")
        }
    }

    /// Ends the thread after the jobs it has; alarms that have not gone off are forgotten.
    func stop() {
        state.withLock { $0.isStopping = true }
        wakeUp.signal()
    }

    var now: ContinuousClock.Instant { .now }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // The runtime calls with an executor that it doesn't own. The job may be the last thing that kept this one
        // alive, and may be over before this function is.
        let keep = Unmanaged.passRetained(self)
        defer { keep.release() }
        let isFirst = state.withLock { state in
            state.jobs.append(job)
            return state.jobs.count == 1
        }
        if isFirst { wakeUp.signal() }
    }

    func schedule(at time: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> Alarm {
        let (alarm, isEarliest) = state.withLock { state in
            state.alarmCount += 1
            let alarm = Alarm(time: time, number: state.alarmCount)
            state.actions[alarm] = action
            state.alarms.insert(alarm)
            return (alarm, state.alarms.earliest == alarm)
        }
        if isEarliest { wakeUp.signal() }
        return alarm
    }

    func cancel(_ alarm: Alarm) {
        state.withLock { state in
            state.actions.removeValue(forKey: alarm)
            // Its entry in the heap stays, until most entries are of this sort: removing one from the middle costs more.
            if state.alarms.count > 2 * state.actions.count + 64 {
                state.alarms = AlarmHeap(state.actions.keys)
            }
        }
    }

    fileprivate func run() {
        while true {
            let (jobs, actions, wait) = takeWork()
            guard let wait else { return }
            for action in actions { action() }
            for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
            if jobs.isEmpty && actions.isEmpty { wakeUp.wait(atMost: wait) }
        }
    }

    /// The jobs and actions that are due, and how long to sleep if there are none; no time when it is over.
    private func takeWork() -> ([UnownedJob], [@Sendable () -> Void], Duration?) {
        let now = now
        return state.withLock { state in
            let jobs = state.jobs
            state.jobs = []
            var actions: [@Sendable () -> Void] = []
            while let alarm = state.alarms.earliest, alarm.time <= now || state.actions[alarm] == nil {
                state.alarms.removeEarliest()
                if let action = state.actions.removeValue(forKey: alarm) { actions.append(action) }
            }
            if state.isStopping && jobs.isEmpty && actions.isEmpty { return ([], [], nil) }
            // The wait's clock stands still while the machine is suspended, the leases' clock does not:
            // waiting in short pieces notices within a second.
            let wait = state.alarms.earliest.map { min($0.time - now, .seconds(1)) } ?? .seconds(60)
            return (jobs, actions, wait)
        }
    }
}

#if canImport(Darwin)
private func keeperMain(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<KeeperThread>.fromOpaque(context).takeRetainedValue().run()
    return nil
}

private func startThread(with context: UnsafeMutableRawPointer) -> Bool {
    var thread: pthread_t?
    guard pthread_create(&thread, nil, keeperMain, context) == 0, let thread else { return false }
    pthread_detach(thread)
    return true
}
#else
private func keeperMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<KeeperThread>.fromOpaque(context).takeRetainedValue().run() }
    return nil
}

private func startThread(with context: UnsafeMutableRawPointer) -> Bool {
    var thread = pthread_t()
    guard pthread_create(&thread, nil, keeperMain, context) == 0 else { return false }
    pthread_detach(thread)
    return true
}
#endif
