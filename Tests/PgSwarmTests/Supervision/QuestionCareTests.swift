import Postgres
import TestSupport
import Testing

@Suite("Questions between others' acts", .database, .timeLimit(.minutes(5)))
struct QuestionCareTests {
    @Test("A name is no rung: whoever calls himself human or coordinator answers nothing")
    func names() async throws {
        let ada = try await Caller.named()
        let first = try await ask("'Go?', agent => 'eve'", ada)
        let second = try await ask("'Stop?', rungs => '{coordinator,human}', agent => 'eve'", ada)
        let third = try await ask("'Left?', rungs => '{bob,human}', agent => 'eve'", ada)
        try await withLogin("pgswarm_worker") { login in
            for (id, name) in [(first, "human"), (second, "coordinator"), (first, "bob"), (third, "carol")] {
                #expect(await refusal { _ = try await answer(id, "yes", as: name, login) } == "PS014")
            }
            let code = try await answer(third, "yes", as: "bob", login)
            #expect(code == "ok")
        }
        let separated: [Bool] = try await ada.column("SELECT separated FROM pgswarm.question_answers")
        #expect(separated == [false])
    }

    @Test("An agent does not answer what it asks itself, on any rung")
    func own() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        let claim = try await Caller(connection: ada.connection, agent: "eve").claimOne()
        let id = try await ask("'May I?', rungs => '{eve,bob}', agent => 'bob'", ada)
        _ = try await ask("'may  I?', rungs => '{eve,bob}', handle => '\(claim.handle)'", ada)
        try await withLogin("pgswarm_worker") { login in
            #expect(await refusal { _ = try await answer(id, "yes", as: "eve", login) } == "PS014")
            #expect(await refusal { _ = try await answer(id, "yes", as: "bob", login) } == "PS014")
        }
        // Others wait for it too: its asker can't take it away from them.
        try await withLogin("pgswarm_worker") { login in
            #expect(
                await refusal { try await login.rows("SELECT pgswarm.question_withdraw(\(id), agent => 'bob')") }
                    == "PS014")
        }
        #expect(try await answer(id, "yes", as: "ada", ada) == "ok")
    }

    @Test("A coordinator answers while the question is on its rung, and not after it has moved on")
    func coordinator() async throws {
        let ada = try await Caller.named()
        try await ada.rows("SELECT pgswarm.register_agent('chief', role => 'coordinator')")
        let chief = Caller(connection: ada.connection, agent: "chief")
        let credential: String = try await ada.value(
            "SELECT pgswarm.register_agent('chief', role => 'coordinator', replace_credential => true)")
        let session = try await chief.openSession(kind: "coordinator", credential: credential)
        let terms = "deadline => '1 hour', on_deadline => 'escalate', rungs => '{coordinator,human}', agent => 'eve'"
        let first = try await ask("'One?', \(terms)", ada)
        let second = try await ask("'Two?', \(terms)", ada)
        try await withLogin("pgswarm_coordinator") { login in
            let call: SQL = "SELECT code FROM pgswarm.question_answer(\(first), 'yes', session => \(session))"
            #expect(try await login.value(call) == "ok")
            try await letPass(.seconds(3601))
            try await ada.sweep()
            _ = try await ada.beat(session)
            let late: SQL = "SELECT code FROM pgswarm.question_answer(\(second), 'yes', session => \(session))"
            #expect(await ["PS013", "PS014"].contains(refusal { try await login.rows(late) }))
        }
    }

    @Test("What differs at the deadline stays apart: nobody is denied by another's choice")
    func apart() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 4)
        let claims = try await ada.claim(count: 4)
        let ways = [
            "", ", deadline => '1 hour', on_deadline => 'deny'",
            ", deadline => '1 hour', on_deadline => 'default', fallback => 'a'",
            ", deadline => '1 hour', on_deadline => 'default', fallback => 'b'",
        ]
        var ids: Set<Int> = []
        for (way, claim) in zip(ways, claims) {
            ids.insert(try await ask("'Go?'\(way), handle => '\(claim.handle)'", ada))
        }
        #expect(ids.count == 4)
        try await letPass(.seconds(3601))
        try await ada.sweep()
        var states: [String?] = []
        for task in tasks { states.append(try await ada.state(of: task)) }
        #expect(states == ["parked", "dead", "ready", "ready"])
        let answers: [String] = try await ada.column(
            "SELECT brief -> 'answers' -> 0 ->> 'answer' FROM pgswarm.claim('q', 2, agent => 'bob') ORDER BY id")
        #expect(answers == ["a", "b"])
    }

    @Test("A task that was cancelled and begun again no longer moves by what it asked before")
    func earlierLife() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        let first = try await ask("'One?', handle => '\(ada.claimOne().handle)'", ada)
        try await ada.cancel(task)
        try await ada.retry(task)
        let second = try await ask("'Two?', handle => '\(ada.claimOne().handle)'", ada)
        #expect(try await answer(first, "x", as: "ada", ada) == "ok")
        #expect(try await ada.state(of: task) == "parked")
        #expect(try await answer(second, "y", as: "ada", ada) == "ok")
        #expect(try await ada.state(of: task) == "ready")
    }

    @Test("A pause and its end don't take the place of an answer", arguments: [true, false])
    func paused(answeredMeanwhile: Bool) async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        let id = try await ask("'Go?', handle => '\(ada.claimOne().handle)'", ada)
        try await ada.rows("SELECT * FROM pgswarm.control(\("task:\(task)"), 'pause', agent => 'ada')")
        #expect(try await ada.state(of: task) == "parked")
        if answeredMeanwhile {
            #expect(try await answer(id, "x", as: "ada", ada) == "ok")
            #expect(try await ada.state(of: task) == "held")
        }
        try await ada.rows("SELECT * FROM pgswarm.control(\("task:\(task)"), 'resume', agent => 'ada')")
        #expect(try await ada.state(of: task) == (answeredMeanwhile ? "ready" : "parked"))
    }

    @Test("A waiter that somebody holds at the moment of the answer is not forgotten")
    func locked() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob")
        let tasks = try await ada.enqueue(count: 2)
        let claims = try await ada.claim(count: 2)
        let id = try await ask("'Go?', handle => '\(claims[0].handle)'", ada)
        _ = try await ask("'Go?', handle => '\(claims[1].handle)'", ada)
        try await bob.script("BEGIN; SELECT FROM pgswarm.waiting WHERE task = \(tasks[0]) FOR UPDATE")
        #expect(try await answer(id, "yes", as: "ada", ada) == "ok")
        #expect(try await ada.state(of: tasks[0]) == "parked")
        #expect(try await ada.state(of: tasks[1]) == "ready")
        try await bob.script("COMMIT")
        // Other questions, however many, don't hide it.
        let others = try await ada.enqueue("other", count: 3)
        for claim in try await ada.claim("other", count: 3) {
            _ = try await ask("'\(claim.id)?', handle => '\(claim.handle)'", ada)
        }
        try await ada.rows("SELECT pgswarm.sweep(1)")
        #expect(try await ada.state(of: tasks[0]) == "ready")
        #expect(try await ada.state(of: others[0]) == "parked")
        let loose: Int = try await ada.value("SELECT count(*) FROM pgswarm.question WHERE loose")
        #expect(loose == 0)
    }

    @Test("A decision can be taken back by a person; from then on people are asked again")
    func undecided() async throws {
        let ada = try await Caller.named()
        let id = try await ask("'Tabs?', agent => 'eve'", ada)
        #expect(try await answer(id, "no", as: "ada", ada, "as_decision => true") == "ok")
        #expect(try await ask("'tabs?', agent => 'bob'", ada) == id)
        let standing: SQL = "SELECT decision FROM pgswarm.decisions WHERE superseded_by IS NULL"
        #expect(try await ada.column(standing) == ["Tabs? no"])
        try await withLogin("pgswarm_worker") { login in
            #expect(
                await refusal { try await login.rows("SELECT pgswarm.question_withdraw(\(id), agent => 'eve')") }
                    == "PS014")
        }
        try await ada.rows("SELECT pgswarm.question_withdraw(\(id), 'times change', agent => 'ada')")
        #expect(try await ask("'tabs?', agent => 'bob'", ada) != id)
        #expect(try await ada.column(standing) == ["no longer decided: Tabs? no"])
    }

    @Test("Upkeep removes what is long over, and neither decisions nor what a living task may be shown again")
    func upkeep() async throws {
        let ada = try await Caller.named()
        try await ada.rows("SELECT pgswarm.webhook_set('http://127.0.0.1:9/', agent => 'ada')")
        let task = try await ada.enqueue()
        let kept = try await ask("'Kept?', handle => '\(ada.claimOne().handle)'", ada)
        let decided = try await ask("'Decided?', agent => 'eve'", ada)
        let over = try await ask("'Over?', agent => 'eve'", ada)
        let open = try await ask("'Open?', agent => 'eve'", ada)
        for (id, more) in [
            (kept, "as_decision => false"), (decided, "as_decision => true"), (over, "as_decision => false"),
        ] {
            #expect(try await answer(id, "x", as: "ada", ada, more) == "ok")
        }
        // Nobody is told any more, and nothing waits for ever.
        try await ada.rows("SELECT pgswarm.webhook_set(NULL, agent => 'ada')")
        let dead: [String] = try await ada.column(
            "SELECT DISTINCT state || ': ' || error FROM pgswarm.webhook_deliveries")
        #expect(dead == ["dead: the webhook was turned off"])
        #expect(try await ada.column("SELECT id FROM pgswarm.webhook_next(10)", as: Int.self) == [])
        let retention: Duration = try await ada.value("SELECT retention FROM pgswarm.setting")
        try await letPass(retention + .seconds(60))
        try await ada.rows("SELECT pgswarm.maintain()")
        #expect(
            try await ada.column("SELECT id FROM pgswarm.questions ORDER BY id", as: Int.self) == [kept, decided, open])
        #expect(try await ada.column("SELECT id FROM pgswarm.webhook_deliveries", as: Int.self) == [])
        #expect(try await ada.state(of: task) == "ready")
    }

    @Test("What a webhook's address says beyond its host is in no event")
    func secretAddress() async throws {
        let ada = try await Caller.named()
        try await ada.rows("SELECT pgswarm.webhook_set('https://chat.example/hooks/T0K3N?key=5', agent => 'ada')")
        let events: String = try await ada.value("SELECT string_agg(to_jsonb(e)::text, '') FROM pgswarm.events e")
        #expect(events.contains("chat.example") && !events.contains("T0K3N") && !events.contains("key=5"))
    }
}

private func ask(_ arguments: String, _ caller: Caller) async throws -> Int {
    try await caller.value(SQL(stringLiteral: "SELECT id FROM pgswarm.question_ask(\(arguments))"))
}

private func answer(
    _ id: Int, _ text: String, as agent: String, _ caller: Caller, _ more: String = "note => NULL"
) async throws -> String {
    try await caller.value(
        SQL(stringLiteral: "SELECT code FROM pgswarm.question_answer(\(id), '\(text)', agent => '\(agent)', \(more))"))
}
