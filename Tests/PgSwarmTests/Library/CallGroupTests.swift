import Testing

@testable import PgSwarm

@Suite("Grouped calls", .timeLimit(.minutes(5)))
struct CallGroupTests {
    private typealias Group = CallGroup<Int, Int, Int>

    private func group(
        _ fake: FakeCalls, slots: Int = 1, limits: CallLimits<Int> = CallLimits(count: 100),
        lane: @escaping @Sendable (Int) -> Int? = { _ in nil }
    ) -> Group {
        Group(slots: slots, limits: limits, lane: lane) { items throws(SwarmError) in
            let (items, error) = await fake.call(items)
            if let error { throw error }
            return items.map { $0 < 0 ? .failure(SwarmError(.notFound, "\($0)")) : .success($0 * 10) }
        }
    }

    /// Starts calls one after the other, so that they arrive in order.
    private func submit(
        _ items: [Int], to group: Group, in tasks: inout [Task<Int, any Error>]
    ) async {
        for item in items {
            let before = group.waitingCount + group.busySlots
            tasks.append(Task { try await group.submit(item) })
            while group.waitingCount + group.busySlots == before { await Task.yield() }
        }
    }

    @Test("A single call leaves at once and alone")
    func alone() async throws {
        let fake = FakeCalls()
        let group = group(fake)
        async let answer = group.submit(7)
        await fake.wait(forCalls: 1)
        fake.answer()
        #expect(try await answer == 70)
        #expect(fake.sent == [[7]])
    }

    @Test("What arrives while a call is under way leaves together, each with its own answer")
    func together() async throws {
        let fake = FakeCalls()
        let group = group(fake)
        var tasks: [Task<Int, any Error>] = []
        await submit([1, 2, -3, 4], to: group, in: &tasks)
        await fake.wait(forCalls: 1)
        fake.answer()
        await fake.wait(forCalls: 2)
        fake.answer()
        #expect(fake.sent == [[1], [2, -3, 4]])
        #expect(try await tasks[1].value == 20)
        #expect(try await tasks[3].value == 40)
        let error = await #expect(throws: SwarmError.self) { try await tasks[2].value }
        #expect(error?.code == .notFound)
    }

    @Test("No more calls are under way than there are slots")
    func slots() async throws {
        let fake = FakeCalls()
        let group = group(fake, slots: 2)
        var tasks: [Task<Int, any Error>] = []
        await submit([1, 2, 3, 4], to: group, in: &tasks)
        await fake.wait(forCalls: 2)
        #expect(fake.sent == [[1], [2]])
        fake.answer()
        await fake.wait(forCalls: 3)
        #expect(fake.sent.last == [3, 4])
        fake.answer()
        fake.answer()
        for (index, task) in tasks.enumerated() { #expect(try await task.value == (index + 1) * 10) }
    }

    @Test("One call carries no more than its limits of number and weight")
    func limits() async throws {
        let fake = FakeCalls()
        let group = group(fake, limits: CallLimits(count: 3, weight: 100) { $0 })
        var tasks: [Task<Int, any Error>] = []
        await submit([1, 60, 50, 2, 3, 4, 500], to: group, in: &tasks)
        for call in 1...4 {
            await fake.wait(forCalls: call)
            fake.answer()
        }
        for task in tasks { _ = try await task.value }
        #expect(fake.sent == [[1], [60, 2, 3], [50, 4], [500]])
    }

    @Test("Only items of one lane travel together; those without a lane go with any")
    func lanes() async throws {
        let fake = FakeCalls()
        let group = group(fake, lane: { $0 >= 100 ? $0 / 100 : nil })
        var tasks: [Task<Int, any Error>] = []
        await submit([1, 2, 101, 201, 3, 102, 202], to: group, in: &tasks)
        for call in 1...3 {
            await fake.wait(forCalls: call)
            fake.answer()
        }
        for task in tasks { _ = try await task.value }
        #expect(fake.sent == [[1], [2, 101, 3, 102], [201, 202]])
    }

    @Test("A caller who is cancelled before the item has left gets it back; afterwards the answer decides")
    func cancellation() async throws {
        let fake = FakeCalls()
        let group = group(fake)
        var tasks: [Task<Int, any Error>] = []
        await submit([1, 2, 3], to: group, in: &tasks)
        await fake.wait(forCalls: 1)
        tasks[0].cancel()
        tasks[1].cancel()
        let error = await #expect(throws: SwarmError.self) { try await tasks[1].value }
        #expect(error?.code == .cancelled)
        fake.answer()
        #expect(try await tasks[0].value == 10)
        await fake.wait(forCalls: 2)
        fake.answer()
        #expect(try await tasks[2].value == 30)
        #expect(fake.sent == [[1], [3]])
    }

    @Test("A caller who was cancelled before calling sends nothing")
    func cancelledBefore() async throws {
        let fake = FakeCalls()
        let group = group(fake)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await group.submit(1)
        }
        task.cancel()
        let error = await #expect(throws: SwarmError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(fake.sent.isEmpty)
    }

    @Test("A call refused for one bad item is split, and its neighbours get through")
    func splitting() async throws {
        let group = Group(slots: 1, limits: CallLimits(count: 100), lane: { _ in nil }) {
            items throws(SwarmError) in
            if items.contains(5) { throw SwarmError(.invalidArgument, "five") }
            return items.map { .success($0) }
        }
        let answers = await withTaskGroup(of: (Int, Int?).self) { tasks in
            for item in 0..<64 { tasks.addTask { (item, try? await group.submit(item)) } }
            return await tasks.reduce(into: [Int: Int?]()) { $0[$1.0] = .some($1.1) }
        }
        #expect(answers.filter { $0.value == nil }.map(\.key) == [5])
    }

    @Test("A call that failed for the sake of the connection is not split")
    func notSplit() async throws {
        let fake = FakeCalls()
        let group = group(fake)
        var tasks: [Task<Int, any Error>] = []
        await submit([1, 2, 3], to: group, in: &tasks)
        await fake.wait(forCalls: 1)
        fake.answer()
        await fake.wait(forCalls: 2)
        fake.answer(SwarmError(.unreachable, "gone"))
        for task in tasks.dropFirst() {
            let error = await #expect(throws: SwarmError.self) { try await task.value }
            #expect(error?.code == .unreachable)
        }
        #expect(fake.sent == [[1], [2, 3]])
    }

    @Test("A thousand concurrent callers are all answered")
    func crowd() async throws {
        let group = Group(slots: 2, limits: CallLimits(count: 100), lane: { _ in nil }) {
            items throws(SwarmError) in
            await Task.yield()
            return items.map { .success($0 * 10) }
        }
        let sum = try await withThrowingTaskGroup(of: Int.self) { tasks in
            for item in 0..<1000 { tasks.addTask { try await group.submit(item) } }
            return try await tasks.reduce(0, +)
        }
        #expect(sum == 4_995_000)
    }
}
