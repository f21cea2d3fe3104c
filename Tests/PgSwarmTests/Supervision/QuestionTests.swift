import Postgres
import TestSupport
import Testing

@Suite("Questions", .database, .timeLimit(.minutes(5)))
struct QuestionTests {
    @Test("Asking parks at no cost, and the answer comes with the next claim, to any agent, with the checkpoint")
    func parking() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob")
        let task = try await ada.enqueue()
        let claim = try await ada.claimOne()
        let id = try await asked(
            "'Which?', ARRAY['a', 'b'], handle => '\(claim.handle)', checkpoint => '{\"at\": 3}'", ada)
        #expect(try await ada.state(of: task) == "parked")
        #expect(try await ada.settle(claim.handle).code == "already_settled")
        #expect(try await ada.why(task) == "question")
        let message: String = try await ada.value("SELECT message FROM pgswarm.why(\(task))")
        #expect(message.contains("pgswarm question answer \(id)") && message.contains("Which?"))
        try await letPass(.seconds(86400))
        _ = try await ada.sweep()
        #expect(try await ada.state(of: task) == "parked")
        let charged: Int = try await ada.value("SELECT attempts FROM pgswarm.waiting WHERE task = \(task)")
        #expect(charged == 0)
        #expect(try await answered(id, "b", ada) == "ok")
        let rows = try await bob.rows(
            "SELECT brief -> 'answers' -> 0 ->> 'answer', checkpoint ->> 'at', attempt FROM pgswarm.claim('q', agent => 'bob')"
        )
        let row = try #require(rows.first)
        #expect(try row[0, as: String.self] == "b" && row[1, as: String.self] == "3" && row[2, as: Int.self] == 1)
    }

    @Test("Ten agents with one question make one question with ten waiters; the first answer counts")
    func herd() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 10)
        let claims = try await ada.claim(count: 10)
        let crowd = try await Crowd(10)
        let ids = try await crowd.each { number, caller in
            try await asked(
                "'  Which COLOUR?'::text, ARRAY['red', 'blue'], handle => '\(claims[number].handle)'", caller)
        }
        #expect(Set(ids).count == 1)
        let waiters: Int = try await ada.value("SELECT waiters FROM pgswarm.questions")
        #expect(waiters == 10)
        let codes = try await crowd.each { number, caller in
            try await answered(ids[0], number.isMultiple(of: 2) ? "red" : "blue", caller)
        }
        #expect(codes.count { $0 == "ok" } >= 1)
        let first: Int = try await ada.value("SELECT count(*) FROM pgswarm.question_answers WHERE NOT late")
        #expect(first == 1)
        try await letPass(.seconds(1))
        #expect(try await ada.claim(count: 20).count == 10)
        #expect(try await deadlocks() == 0)
        await crowd.disperse()
    }

    @Test("A deadline does what was declared: it waits, takes the default, denies or escalates")
    func deadlines() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 4)
        let claims = try await ada.claim(count: 4)
        let ways = ["wait", "default", "deny", "escalate"]
        for (way, claim) in zip(ways, claims) {
            _ = try await asked(
                "'\(way)?', fallback => 'f', deadline => '1 hour', on_deadline => '\(way)', rungs => '{coordinator,human}', handle => '\(claim.handle)'",
                ada)
        }
        try await letPass(.seconds(3599))
        _ = try await ada.sweep()
        #expect(try await states(ada) == ["open", "open", "open", "open"])
        try await letPass(.seconds(2))
        _ = try await ada.sweep()
        #expect(try await states(ada) == ["open", "defaulted", "denied", "open"])
        let rungs: [String] = try await ada.column("SELECT rung FROM pgswarm.questions ORDER BY id")
        #expect(rungs == ["coordinator", "coordinator", "coordinator", "human"])
        #expect(try await ada.state(of: tasks[0]) == "parked")
        #expect(try await ada.state(of: tasks[1]) == "ready")
        #expect(try await ada.state(of: tasks[2]) == "dead")
        #expect(try await ada.state(of: tasks[3]) == "parked")
        try await letPass(.seconds(3601))
        _ = try await ada.sweep()
        // The last rung waits, and says so once.
        #expect(try await states(ada) == ["open", "defaulted", "denied", "open"])
        let overdue: Int = try await ada.value("SELECT count(*) FROM pgswarm.questions WHERE overdue_since IS NOT NULL")
        #expect(overdue == 2)
        let told: Int = try await ada.value("SELECT count(*) FROM pgswarm.events WHERE kind = 'question_overdue'")
        #expect(told == 2)
        // 30 s late: kept beside the default; a denial is undone by whoever wants so.
        #expect(try await answered(2, "g", ada) == "late")
        #expect(try await answered(3, "yes", ada, "resume => true") == "late")
        #expect(try await ada.state(of: tasks[2]) == "ready")
        let late: Int = try await ada.value("SELECT sum(late_answers)::bigint FROM pgswarm.questions")
        #expect(late == 2)
        #expect(try await answered(1, "x", ada) == "ok")
        #expect(try await answered(4, "x", ada) == "ok")
        try await letPass(.seconds(1))
        let claimed = try await ada.claim(count: 10)
        #expect(Set(claimed.map(\.id)) == Set(tasks))
    }

    @Test("Claims keep deadlines by themselves, no daemon needed")
    func riding() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        let claim = try await ada.claimOne()
        _ = try await asked(
            "'Go?', fallback => 'no', deadline => '1 hour', on_deadline => 'default', handle => '\(claim.handle)'", ada)
        try await letPass(.seconds(3700))
        _ = try await ada.claim("other")
        #expect(try await states(ada) == ["defaulted"])
    }

    @Test("An answer made a decision is given at once to whoever asks the same later")
    func decision() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 2)
        let claims = try await ada.claim(count: 2)
        let id = try await asked("'Tabs or blanks?', handle => '\(claims[0].handle)'", ada)
        #expect(try await answered(id, "blanks", ada, "as_decision => true") == "ok")
        let rows = try await ada.rows(
            "SELECT state, answer, task_state FROM pgswarm.question_ask('tabs or  blanks?', handle => \(claims[1].handle))"
        )
        let row = try #require(rows.first)
        #expect(
            try row[0, as: String.self] == "answered" && row[1, as: String.self] == "blanks"
                && row[2, as: String.self] == "running")
        #expect(try await ada.settle(claims[1].handle).code == "ok")
    }

    @Test("A repeated call asks once; a lost handle asks nothing")
    func repetition() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        let claim = try await ada.claimOne()
        let call = "'Sure?', handle => '\(claim.handle)', request_id => 'r'"
        let id = try await asked(call, ada)
        #expect(try await asked(call, ada) == id)
        #expect(
            await refusal { _ = try await asked("'Sure?', handle => '\(claim.handle)', request_id => 'x'", ada) }
                == "PS001")
        let count: Int = try await ada.value("SELECT count(*) FROM pgswarm.questions")
        #expect(count == 1)
    }

    @Test("A cancelled waiter stays cancelled; a withdrawn question lets the others go on")
    func ends() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 2)
        let claims = try await ada.claim(count: 2)
        let id = try await asked("'Why?', handle => '\(claims[0].handle)'", ada)
        _ = try await asked("'Why?', handle => '\(claims[1].handle)'", ada)
        _ = try await ada.cancel(tasks[0])
        try await ada.rows("SELECT pgswarm.question_withdraw(\(id), 'found it')")
        #expect(try await ada.state(of: tasks[0]) == "cancelled")
        #expect(try await ada.state(of: tasks[1]) == "ready")
        #expect(await refusal { _ = try await answered(id, "x", ada) } == "PS010")
    }

    @Test("Agents don't answer for people, and nobody floods them")
    func limits() async throws {
        let ada = try await Caller.named()
        try await ada.rows("SELECT pgswarm.register_agent('bot', role => 'worker')")
        for number in 1...20 { _ = try await asked("'Number \(number)?', agent => 'ada'", ada) }
        #expect(await refusal { _ = try await asked("'One more?', agent => 'ada'", ada) } == "PS009")
        let options = try await asked("'Of these?', ARRAY['a', 'b'], agent => 'eve'", ada)
        #expect(await refusal { _ = try await answered(options, "c", ada) } == "PS003")
        try await withLogin("pgswarm_worker") { worker in
            #expect(await refusal { _ = try await answered(options, "a", worker) } == "PS014")
        }
        #expect(try await answered(options, "a", ada) == "ok")
    }

    @Test(
        "Refuses what is no question, and changes nothing",
        arguments: [
            "''", "NULL", "'q', ARRAY[]::text[]", "'q', ARRAY['a', 'a']", "'q', ARRAY['a'], 'b'",
            "'q', on_deadline => 'burn'",
            "'q', on_deadline => 'deny'", "'q', deadline => '-1 s'", "'q', deadline => '1 h', on_deadline => 'default'",
            "'q', deadline => '1 h', on_deadline => 'escalate'", "'q', severity => 'loud'", "'q', scope => 'world'",
            "'q', rungs => '{}'", "repeat('q', 4001)",
        ])
    func refusals(_ arguments: String) async throws {
        let ada = try await Caller.named()
        let before = try await Picture.taken(by: ada)
        #expect(await refusal { _ = try await asked(arguments + ", agent => 'ada'", ada) } == "PS003")
        #expect(try await Picture.taken(by: ada).differences(from: before) == [])
    }

    private func states(_ caller: Caller) async throws -> [String] {
        try await caller.column("SELECT state FROM pgswarm.questions ORDER BY id")
    }
}

@discardableResult
private func asked(_ arguments: String, _ caller: Caller) async throws -> Int {
    try await caller.value(SQL(stringLiteral: "SELECT id FROM pgswarm.question_ask(\(arguments))"))
}

@discardableResult
private func answered(_ id: Int, _ text: String, _ caller: Caller, _ more: String = "note => NULL") async throws
    -> String
{
    try await caller.value(SQL(stringLiteral: "SELECT code FROM pgswarm.question_answer(\(id), '\(text)', \(more))"))
}
