import Postgres
import TestSupport
import Testing

@Suite("The fence", .database, .timeLimit(.minutes(5)))
struct FenceNumberTests {
    @Test("Only grows for a task, over losses, failures, releases, cancellations and new generations")
    func grows() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue("q", #"{"max_lost": 100, "max_attempts": 100}"#)
        var fences: [Int] = []
        for round in 0..<12 {
            let claim = try await ada.claimOne()
            fences.append(claim.fence)
            #expect(try await ada.hold(claim.handle) == claim.fence)
            switch round % 4 {
            case 0: try await ada.release(claim.handle)
            case 1: try await ada.lose()
            case 2: try await ada.fail(claim.handle, retryIn: .zero)
            default:
                try await ada.cancel(task)
                try await ada.retry(task)
            }
        }
        #expect(zip(fences, fences.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test("Has the write-ahead log's timeline in its high bits, so that it grows over a failover")
    func timeline() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        let claim = try await ada.claimOne()
        let timeline: Int = try await ada.value("SELECT timeline_id FROM pg_control_checkpoint()")
        #expect(claim.fence == timeline << 32 | claim.epoch)
    }

    @Test("hold makes the caller's transaction the holder's: nobody takes the task before its end")
    func hold() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        let task = try await ada.enqueue()
        let claim = try await ada.claimOne()
        try await ada.script("CREATE TABLE own (fence bigint); BEGIN")
        let fence = try await ada.hold(claim.handle)
        try await ada.rows("INSERT INTO own VALUES (\(fence))")
        try await letPass(.seconds(1000))
        #expect(try await bob.sweep().lost == 0)
        try await ada.script("COMMIT")
        #expect(try await bob.sweep().lost == 1)
        try await ada.script("BEGIN")
        try await ada.rows("INSERT INTO own VALUES (0)")
        #expect(await refusal { try await ada.hold(claim.handle) } == "PS001")
        try await ada.script("ROLLBACK")
        #expect(try await ada.column("SELECT fence FROM own", as: Int.self) == [fence])
        #expect(try await bob.state(of: task) != "running")
    }
}
