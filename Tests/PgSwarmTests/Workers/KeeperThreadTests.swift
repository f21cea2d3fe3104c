import Synchronization
import Testing

@testable import PgSwarm

@Suite("The keeper's thread", .timeLimit(.minutes(5)))
struct KeeperThreadTests {
    @Test("does things in the order of their times, and none that was cancelled")
    func order() async throws {
        let thread = try KeeperThread()
        defer { thread.stop() }
        let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
        let start = thread.now
        var alarms: [Alarm] = []
        for number in [5, 2, 9, 1, 7, 3, 8, 4, 6, 0] {
            alarms.append(
                thread.schedule(at: start + .milliseconds(20 + number)) {
                    continuation.yield(number)
                    if number == 9 { continuation.finish() }
                })
        }
        thread.cancel(alarms[0])
        var seen: [Int] = []
        for await number in stream { seen.append(number) }
        #expect(seen == [0, 1, 2, 3, 4, 6, 7, 8, 9])
    }

    @Test("runs tasks that prefer it, and all they call that is not bound elsewhere")
    func executor() async throws {
        let thread = try KeeperThread()
        defer { thread.stop() }
        actor Counter {
            var count = 0
            func add() -> Int {
                count += 1
                return count
            }
        }
        let counter = Counter()
        let total = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<100 { group.addTask(executorPreference: thread) { await counter.add() } }
            return await group.reduce(0) { max($0, $1) }
        }
        #expect(total == 100)
    }

    @Test("is not held up by handlers that occupy all other threads")
    func independent() async throws {
        let thread = try KeeperThread()
        defer { thread.stop() }
        final class Flag: Sendable { let isSet = Atomic(false) }
        let flag = Flag()
        _ = thread.schedule(at: thread.now + .milliseconds(50)) {
            flag.isSet.store(true, ordering: .releasing)
        }
        // As many as there could be threads, none of which pauses before the alarm has gone off.
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    while !flag.isSet.load(ordering: .acquiring) {}
                }
            }
        }
    }

    @Test("keeps the earliest alarm on top of the heap, whatever comes and goes")
    func heap() {
        var heap = AlarmHeap()
        let start = ContinuousClock.now
        let offsets = (0..<500).map { _ in Int.random(in: 0...100) }
        for (number, offset) in offsets.enumerated() {
            heap.insert(Alarm(time: start + .seconds(offset), number: UInt64(number)))
        }
        var seen: [Alarm] = []
        while let alarm = heap.earliest {
            seen.append(alarm)
            heap.removeEarliest()
        }
        #expect(seen == seen.sorted() && seen.count == 500)
    }

    @Test("wakes a waiter once, at the wake-up or at the time, and keeps a wake-up that came early")
    func waker() async throws {
        let time = ManualTime()
        let waker = Waker()
        waker.wake()
        await waker.wait(by: time)
        async let wait: Void = waker.wait(until: time.now + .seconds(5), by: time)
        time.advance(by: .seconds(5))
        waker.wake()
        await wait
    }
}
