import Postgres
import TestSupport
import Testing

import struct FoundationEssentials.UUID

@Suite("Settle", .database, .timeLimit(.minutes(5)))
struct SettleTests {
    @Test("Completes with a result, once; the repetition is a duplicate, another word is told so")
    func complete() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        let handle = try await ada.claimOne().handle
        #expect(try await ada.settle(handle, "complete", #"{"a": 1}"#).code == "ok")
        #expect(try await ada.settle(handle, "complete", #"{"a": 1}"#).code == "duplicate")
        #expect(try await ada.settle(handle, "complete", #"{"a": 2}"#).code == "already_settled")
        #expect(try await ada.settle(handle, "fail").code == "already_settled")
        #expect(try await ada.complete(handle, #"{"a": 1}"#) == "done")
        #expect(await refusal { try await ada.complete(handle, "2") } == "PS015")
        #expect(await refusal { try await ada.release(handle) } == "PS015")
        #expect(await refusal { try await ada.renew(handle) } == "PS001")
        let row = try await ada.rows(
            "SELECT state, result, agent, late, attempts FROM pgswarm.tasks WHERE id = \(task)")[0]
        let shown = try row.decode((String, JSONText, String, Bool, Int).self)
        #expect(shown == ("done", JSONText(#"{"a": 1}"#), "ada", false, 1))
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.late_results", as: Int.self) == 0)
    }

    @Test("A JSON null is a result, no result is another one")
    func null() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        let handle = try await ada.claimOne().handle
        #expect(try await ada.settle(handle, "complete", nil).code == "ok")
        #expect(try await ada.settle(handle, "complete", "null").code == "already_settled")
        #expect(try await ada.settle(handle, "complete", nil).code == "duplicate")
    }

    @Test("Answers for each of many, whatever their verdicts, and in their order")
    func mixed() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 6)
        let handles = try await ada.claim(count: 5).map(\.handle)
        try await ada.cancel(tasks[3])
        let asked = [handles[4], handles[0], "no handle", handles[3], handles[1], handles[2], handles[0]]
        let codes = try await ada.settle(
            asked, ["complete", "fail", "complete", "complete", "release", "complete", "fail"],
            [
                "1", #"{"error": "x", "retry_in": 60}"#, nil, "4", #"{"note": "n"}"#, nil,
                #"{"error": "x", "retry_in": 60}"#,
            ])
        #expect(codes == ["ok", "ok", "invalid_handle", "lost_claim", "ok", "ok", "duplicate"])
        let states: [String] = try await ada.column("SELECT state FROM pgswarm.tasks ORDER BY id")
        #expect(states == ["scheduled", "ready", "done", "cancelled", "done", "ready"])
        #expect(try await ada.settle([]) == [])
    }

    @Test("A refused statement changes nothing at all")
    func refusals() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 2)
        let handles = try await ada.claim(count: 2).map(\.handle)
        let before = try await Picture.taken(by: ada)
        let bad: [(String, String, String)] = [
            ("finish", "{}", "PS003"),
            ("fail", "[]", "PS003"),
            ("fail", #"{"retry_in": "soon"}"#, "PS003"),
            ("fail", #"{"retry_in": -1}"#, "PS003"),
            ("fail", #"{"retry_in": 1e300}"#, "PS003"),
            ("fail", #"{"dead": "perhaps"}"#, "PS003"),
            ("release", #"{"delay": "x"}"#, "PS003"),
            ("release", "5", "PS003"),
            ("complete", #""\#(String(repeating: "x", count: 1_100_000))""#, "PS009"),
        ]
        for (verdict, body, code) in bad {
            #expect(
                await refusal { try await ada.settle(handles, ["complete", verdict], [nil, body]) } == code,
                "\(body.prefix(30))")
        }
        #expect(await refusal { try await ada.settle(handles, ["complete"]) } == "PS003")
        #expect(await refusal { try await ada.settle(handles, nil, ["1"]) } == "PS003")
        #expect(await refusal { try await ada.fail(handles[0], retryIn: .seconds(-1)) } == "PS003")
        #expect(
            await refusal { try await ada.rows("SELECT pgswarm.settle(\(handles), session => \(UUID()))") } == "PS013")
        #expect(try await Picture.taken(by: ada) == before)
    }

    @Test(
        "Handles that are none are refused by name",
        arguments: [
            "", "1", "1.1", "1.1.zz", "1.1.00000000000000000000000000000000x", "-1.1.00000000000000000000000000000000",
            "99999999999999999999.1.00000000000000000000000000000000", "1.1.0000000000000000000000000000000",
            "' OR true --",
        ])
    func invalidHandle(handle: String) async throws {
        let ada = try await Caller.named()
        #expect(try await ada.settle(handle).code == "invalid_handle")
        #expect(await refusal { try await ada.complete(handle) } == "PS004")
        #expect(await refusal { try await ada.renew(handle) } == "PS004")
        #expect(await refusal { try await ada.progress(handle) } == "PS004")
        #expect(await refusal { try await ada.intent(handle, "k") } == "PS004")
        #expect(await refusal { try await ada.hold(handle) } == "PS004")
    }

    @Test("A handle whose secret or epoch is not the current one is refused, also for a task that runs")
    func forged() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 2)
        let claims = try await ada.claim(count: 2)
        let secret = claims[0].handle.split(separator: ".")[2]
        let before = try await Picture.taken(by: ada)
        for forged in [
            "\(claims[0].id).1.ffffffffffffffffffffffffffffffff", "\(claims[0].id).2.\(secret)",
            "\(claims[1].id).1.\(secret)",
        ] {
            #expect(try await ada.settle(forged).code == "lost_claim")
            #expect(try await ada.settle([forged, claims[0].handle + "0"]) == ["lost_claim", "invalid_handle"])
            #expect(await refusal { try await ada.complete(forged) } == "PS001")
        }
        // Whoever never held a task leaves nothing behind, not even a late result.
        #expect(try await Picture.taken(by: ada) == before)
    }

    @Test("Completed 100 times at once: one outcome, one effect", arguments: [1, 2])
    func concurrent(handles count: Int) async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: count)
        let handles = try await ada.claim(count: count).map(\.handle)
        let down = try await ada.enqueue("down", #"{"after": [\#(handles[0].prefix { $0 != "." })]}"#)
        let crowd = try await Crowd(20)
        let codes = try await crowd.each { _, member in
            var codes: [[String]] = []
            for _ in 0..<5 {
                codes.append(try await member.settle(handles, nil, handles.map { _ in #"{"ok": true}"# }))
            }
            return codes
        }.flatMap { $0 }
        for index in 0..<count {
            #expect(codes.filter { $0[index] == "ok" }.count == 1)
            #expect(codes.filter { $0[index] == "duplicate" }.count == 99)
        }
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.outcome", as: Int.self) == count)
        let events = "SELECT sum(cardinality(tasks)) FROM pgswarm.event WHERE kind = 'completed'" as SQL
        #expect(try await ada.value(events, as: Int.self) == count)
        #expect(try await ada.claim("down", count: 5).map(\.id) == [down])
        await crowd.disperse()
    }

    @Test("Completing and enqueueing the next commit together or not at all")
    func together() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        let handle = try await ada.claimOne().handle
        try await ada.script("BEGIN")
        let next = try await ada.enqueue("next", parent: handle)
        try await ada.complete(handle)
        try await ada.script("ROLLBACK")
        #expect(try await ada.state(of: task) == "running")
        #expect(try await ada.state(of: next) == nil)
        #expect(try await ada.settle(handle).code == "ok")
    }

    @Test("Batches against cancellations and new dependants of the same tasks: nobody deadlocks")
    func lockOrder() async throws {
        let ada = try await Caller.named()
        let crowd = try await Crowd(4)
        for _ in 0..<15 {
            let tasks = try await ada.enqueue(count: 6)
            let down = try await ada.enqueue("down", #"{"after": [\#(tasks[0])]}"#)
            let more = try await ada.enqueue(count: 4)
            let handles = try await ada.claim(count: 10).map(\.handle)
            _ = try await crowd.each { index, member in
                switch index {
                case 0: try await member.settle(handles, handles.indices.map { $0 % 2 == 0 ? "fail" : "complete" })
                case 1: try await member.settle(Array(handles.reversed()))
                case 2: try await member.cancel(tasks[1], down, tasks[0], more[0])
                default: _ = try await member.enqueue("down", #"{"after": [\#(more[0]), \#(down), \#(tasks[1])]}"#)
                }
            }
        }
        #expect(try await deadlocks() == 0)
        await crowd.disperse()
    }
}
