import Postgres
import TestSupport
import Testing

@Suite("A holder that was frozen while its task went to another", .database, .timeLimit(.minutes(2)))
struct FrozenHolderTests {
    /// A task that "frozen" held and "second" holds now.
    private struct Scene {
        let frozen: Caller
        let second: Caller
        let task: Int
        let old: Claim
        let new: Claim

        init() async throws {
            frozen = try await Caller.named("frozen")
            second = try await Caller.named("second")
            task = try await frozen.enqueue("q", #"{"max_lost": 100}"#)
            old = try await frozen.claimOne()
            try await frozen.intent(old.handle, "mail", detail: "1")
            try await second.lose()
            new = try await second.claimOne()
        }
    }

    @Test("Each of its writes is refused with lost_claim and changes no row of any table")
    func everyWrite() async throws {
        let scene = try await Scene()
        let before = try await Picture.taken(by: scene.second)
        for (verb, write) in scene.frozen.writes(of: scene.old.handle) {
            #expect(await refusal { try await scene.frozen.rows(write) } == "PS001", "\(verb)")
        }
        let after = try await Picture.taken(by: scene.second)
        #expect(after.differences(from: before) == [])
    }

    @Test("Settled by the array forms it changes nothing but one late result for each verdict, and its event")
    func settlements() async throws {
        let scene = try await Scene()
        let asides: Set = ["late_result", "event"]
        let session = try await scene.frozen.openSession()
        let before = try await Picture.taken(by: scene.second, without: asides)
        for _ in 0..<3 {
            for (verdict, body) in [("complete", "1"), ("fail", "{}"), ("release", #"{"note": "n"}"#)] {
                #expect(try await scene.frozen.settle(scene.old.handle, verdict, body).code == "lost_claim")
            }
        }
        let codes = try await scene.frozen.settle(
            [scene.old.handle, scene.old.handle], ["complete", "fail"], ["2", "{}"])
        #expect(codes == ["lost_claim", "lost_claim"])
        #expect(try await scene.frozen.step(session, scene.old.handle, "complete", "3", count: 0).code == "lost_claim")
        #expect(try await scene.frozen.renew([scene.old.handle]) == ["lost"])
        let after = try await Picture.taken(by: scene.second, without: asides)
        #expect(after.differences(from: before) == [])
        let late = try await scene.second.rows(
            "SELECT agent, epoch, verb, result FROM pgswarm.late_results ORDER BY id")
        #expect(try late.map { try $0[2, as: String.self] } == ["complete", "fail", "release"])
        #expect(try late[0].decode((String, Int).self) == ("frozen", 1))
        #expect(try late[0][3, as: JSONText.self].text == "1")
        let events = "SELECT count(*) FROM pgswarm.event WHERE kind = 'late_result'" as SQL
        #expect(try await scene.second.value(events, as: Int.self) == 3)
    }

    @Test("The second holder goes on undisturbed, and the third reads what the first brought")
    func goesOn() async throws {
        let scene = try await Scene()
        #expect(scene.new.effects?.contains("mail") == true)
        try await scene.frozen.settle(scene.old.handle, "complete", #"{"too": "late"}"#)
        try await scene.second.progress(scene.new.handle, note: "fine")
        try await scene.second.release(scene.new.handle)
        let third = try await scene.second.claimOne()
        #expect(third.lateResults?.contains("too") == true)
        #expect(try await scene.second.settle(third.handle).code == "ok")
        #expect(try await scene.frozen.settle(scene.old.handle, "complete", "9").code == "lost_claim")
        #expect(try await scene.second.state(of: scene.task) == "done")
    }

    @Test("A write is refused from the moment of the loss, not from the next claim")
    func beforeNextClaim() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        let handle = try await ada.claimOne().handle
        try await letPass(.seconds(1000))
        try await ada.sweep()
        for (verb, write) in ada.writes(of: handle) {
            #expect(await refusal { try await ada.rows(write) } == "PS001", "\(verb)")
        }
    }

    @Test("The check comes after the wait for a lock during which the task was taken", arguments: 0..<13)
    func takenDuringWait(index: Int) async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        let task = try await ada.enqueue()
        let handle = try await ada.claimOne().handle
        let writes = ada.writes(of: handle)
        try await bob.script("BEGIN")
        try await bob.rows("SELECT FROM pgswarm.lease WHERE task = \(task) FOR UPDATE")
        async let answer =
            index < writes.count
            ? refusal { try await ada.rows(writes[index].sql) }
            : ada.settle(handle, "complete", "1").code
        try await waitsForLock(ada)
        try await letPass(.seconds(1000))
        #expect(try await bob.sweep().lost == 1)
        try await bob.script("COMMIT")
        #expect(try await answer == (index < writes.count ? "PS001" : "lost_claim"))
        try await letPass(.seconds(2))
        #expect(try await bob.claimOne().id == task)
        #expect(try await bob.value("SELECT count(*) FROM pgswarm.task", as: Int.self) == 1)
        #expect(try await bob.value("SELECT count(*) FROM pgswarm.progress", as: Int.self) == 0)
    }

    @Test("In a strict queue also when the lease merely ran out during the wait", arguments: 0..<13)
    func ranOutDuringWait(index: Int) async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        try await ada.setQueue("q", #"{"strict_lease": true}"#)
        let task = try await ada.enqueue()
        let handle = try await ada.claimOne().handle
        let writes = ada.writes(of: handle)
        try await bob.script("BEGIN")
        try await bob.rows("SELECT FROM pgswarm.lease WHERE task = \(task) FOR UPDATE")
        async let answer =
            index < writes.count
            ? refusal { try await ada.rows(writes[index].sql) }
            : ada.settle(handle, "complete", "1").code
        try await waitsForLock(ada)
        try await letPass(.seconds(1000))
        try await bob.script("COMMIT")
        #expect(try await answer == (index < writes.count ? "PS001" : "lost_claim"))
        #expect(try await bob.state(of: task) == "running")
    }
}
