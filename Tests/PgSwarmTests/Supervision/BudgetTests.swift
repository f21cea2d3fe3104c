import Postgres
import TestSupport
import Testing

@Suite("Budgets", .database, .timeLimit(.minutes(5)))
struct BudgetTests {
    @Test("A batch claim gets what the budget allows; the rest is parked, says why, and comes out when it is raised")
    func hardLimit() async throws {
        let ada = try await Caller.named()
        try await ada.setBudget("queue:q", "attempts", hard: 10)
        let tasks = try await ada.enqueue(count: 50)
        #expect(try await ada.claim(count: 30).map(\.id) == Array(tasks[..<10]))
        #expect(try await ada.budget("queue:q", "attempts") == .init(held: 10, parked: 40))
        #expect(try await ada.stateCounts() == ["parked 40", "running 10"])
        let row = try await ada.rows("SELECT reason, message FROM pgswarm.why(\(tasks[20]))")[0]
        #expect(try row[0, as: String.self] == "budget")
        let message = try row[1, as: String.self]
        #expect(message.contains("the budget of queue:q has none left: 0 spent and 10 held of 10"))
        #expect(message.contains("pgswarm budget set queue:q attempts --hard"))
        #expect(await refusal { _ = try await ada.claimTask(tasks[20]) } == "PS021")
        let events: Int = try await ada.value(
            "SELECT count(*) FROM pgswarm.events WHERE kind = 'parked' AND detail ->> 'reason' = 'budget'")
        #expect(events == 40)

        #expect(try await ada.setBudget("queue:q", "attempts", hard: 15) == 5)
        #expect(try await ada.stateCounts() == ["parked 35", "ready 5", "running 10"])
        // Those that have come out keep their room: the next round lets out no more.
        try await ada.sweep()
        #expect(try await ada.stateCounts() == ["parked 35", "ready 5", "running 10"])
        #expect(try await ada.claim(count: 30).map(\.id) == Array(tasks[10..<15]))

        let dropped: Int = try await ada.value("SELECT admitted FROM pgswarm.budget_drop('queue:q', 'attempts')")
        #expect(dropped == 35)
        #expect(try await ada.claim(count: 50).count == 35)
    }

    @Test("A refused claim by id changes nothing")
    func claimTask() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        try await ada.setBudget("swarm", "attempts", hard: 0)
        let before = try await Picture.taken(by: ada)
        let refused = await refusalMessage { _ = try await ada.claimTask(task) }
        #expect(refused.code == "PS021")
        #expect(refused.message.contains("the budget of swarm has none left"))
        #expect(Set(try await Picture.taken(by: ada).differences(from: before)).subtracting(["session"]) == [])
        #expect(try await ada.state(of: task) == "ready")
    }

    @Test("Money and tokens: the estimate is held, what is reported is charged, also beyond the hold")
    func usage() async throws {
        let ada = try await Caller.named()
        try await ada.setBudget("swarm", "tokens", hard: 1000, hold: 100)
        try await ada.enqueue("q", #"{"estimate": {"tokens": 400}}"#)
        try await ada.enqueue("q", count: 8)
        let claims = try await ada.claim(count: 3)
        #expect(try await ada.budget("swarm", "tokens") == .init(held: 600))
        try await ada.report(claims[0].handle, #"{"tokens": 300}"#)
        #expect(try await ada.budget("swarm", "tokens") == .init(held: 600))
        try await ada.report(claims[0].handle, #"{"tokens": 350.5, "model": "m"}"#)
        // Beyond the hold: others see it at once, and not only at the end.
        #expect(try await ada.budget("swarm", "tokens") == .init(held: 850.5))
        #expect(try await ada.claim(count: 3).count == 1)
        #expect(try await ada.budget("swarm", "tokens") == .init(held: 950.5, parked: 5))
        try await ada.complete(claims[0].handle)
        #expect(try await ada.budget("swarm", "tokens") == .init(spent: 650.5, held: 300, parked: 5))
        // Nobody knows what this one used.
        try await ada.complete(claims[1].handle)
        #expect(try await ada.budget("swarm", "tokens") == .init(spent: 750.5, held: 200, parked: 5, unreported: 1))
        try await ada.report(claims[2].handle, #"{"tokens": 0}"#)
        try await ada.fail(claims[2].handle)
        #expect(try await ada.budget("swarm", "tokens") == .init(spent: 750.5, held: 100, parked: 4, unreported: 1))
        let marked: [Int] = try await ada.column("SELECT task_id FROM pgswarm.budget_holds WHERE unreported")
        #expect(marked == [claims[1].id])
    }

    @Test("One report can make a budget overdrawn: then nothing begins")
    func overdrawn() async throws {
        let ada = try await Caller.named()
        try await ada.setBudget("swarm", "money", hard: 1, hold: 0.1)
        try await ada.enqueue(count: 3)
        let claim = try await ada.claimOne()
        try await ada.report(claim.handle, #"{"money": 7.25}"#)
        #expect(try await ada.claim() == [])
        try await ada.complete(claim.handle)
        #expect(try await ada.budget("swarm", "money") == .init(spent: 7.25, parked: 2))
        #expect(try await ada.claim() == [])
    }

    @Test(
        "What an end charges",
        arguments: [
            // end, with a report?, attempts, tokens (hold 50, report 20), unreported
            ("complete", true, 1.0, 20.0, 0), ("complete", false, 1, 50, 1),
            ("fail", true, 1, 20, 0), ("fail", false, 1, 50, 1),
            ("release", true, 0, 20, 0), ("release", false, 0, 0, 0), ("release after progress", false, 0, 50, 1),
            ("cancel", true, 1, 20, 0), ("cancel", false, 1, 0, 0),
            ("lost", true, 0, 20, 0), ("lost", false, 0, 0, 0),
            ("overdue", true, 1, 20, 0), ("overdue", false, 1, 50, 1),
        ])
    func ends(end: String, isReported: Bool, attempts: Double, tokens: Double, unreported: Int) async throws {
        let ada = try await Caller.named()
        try await ada.setBudget("queue:q", "attempts", hard: 10)
        try await ada.setBudget("queue:q", "tokens", hard: 100, hold: 50)
        let task = try await ada.enqueue("q", end == "overdue" ? #"{"deadline": 5}"# : "{}")
        let claim = try await ada.claimOne()
        if isReported { try await ada.report(claim.handle, #"{"tokens": 20}"#) }
        switch end {
        case "complete": try await ada.complete(claim.handle)
        case "fail": try await ada.fail(claim.handle)
        case "cancel": try await ada.cancel(task)
        case "lost":
            try await letPass(.seconds(2000))
            try await ada.sweep()
        case "overdue":
            try await letPass(.seconds(6))
            try await ada.sweep()
        default:
            if end != "release" { try await ada.progress(claim.handle, note: "half") }
            try await ada.release(claim.handle)
        }
        #expect(try await ada.budget("queue:q", "attempts") == .init(spent: attempts))
        #expect(try await ada.budget("queue:q", "tokens") == .init(spent: tokens, unreported: unreported))
    }

    @Test("Seconds: the length of the lease is held, the time that passed is charged")
    func seconds() async throws {
        let ada = try await Caller.named()
        try await ada.setBudget("queue:q", "seconds", hard: 2000)
        try await ada.enqueue(count: 5)
        let claims = try await ada.claim(count: 2, lease: .seconds(600))
        #expect(try await ada.budget("queue:q", "seconds") == .init(held: 1200))
        try await letPass(.seconds(100))
        try await ada.complete(claims[0].handle)
        let spent = try await ada.budget("queue:q", "seconds").spent
        #expect((100..<130).contains(spent))
        #expect(try await ada.claim(lease: .seconds(1500)) == [])
        // Who asks for much does not keep the tasks from those who ask for less.
        try await ada.sweep()
        #expect(try await ada.claim(lease: .seconds(600)).count == 1)
    }

    @Test("A task pays into all its budgets or into none")
    func all() async throws {
        let ada = try await Caller.named()
        try await ada.setBudget("swarm", "attempts", hard: 5)
        let task = try await ada.enqueue("a", #"{"goal": "x"}"#)
        try await ada.setBudget("task:\(task)", "attempts", hard: 1)
        try await ada.setBudget("queue:a", "attempts", hard: 3)
        for _ in 0..<2 {
            let claims = try await ada.claim("a")
            for claim in claims { try await ada.fail(claim.handle, retryIn: .zero) }
        }
        #expect(try await ada.state(of: task) == "parked")
        for scope in ["swarm", "queue:a", "task:\(task)"] {
            let standing = try await ada.budget(scope, "attempts")
            #expect(standing.spent == 1 && standing.held == 0, "\(scope)")
        }
        #expect(try await ada.setBudget("task:\(task)", "attempts", hard: 2) == 1)
        #expect(try await ada.claim("a").map(\.id) == [task])
    }

    @Test("What is urgent comes out first, and what does not fit lets others by")
    func order() async throws {
        let ada = try await Caller.named()
        try await ada.setBudget("queue:q", "tokens", hard: 10, hold: 1)
        let big = try await ada.enqueue("q", #"{"estimate": {"tokens": 9}, "priority": -2}"#)
        let first = try await ada.claimOne()
        #expect(first.id == big)
        let late = try await ada.enqueue("q", #"{"estimate": {"tokens": 3}}"#)
        let bigger = try await ada.enqueue("q", #"{"estimate": {"tokens": 20}, "priority": -1}"#)
        let urgent = try await ada.enqueue("q", #"{"estimate": {"tokens": 8}, "priority": -1}"#)
        #expect(try await ada.claim(count: 5) == [])
        #expect(try await ada.stateCounts() == ["parked 3", "running 1"])
        try await ada.report(first.handle, #"{"tokens": 1}"#)
        try await ada.complete(first.handle)
        #expect(try await ada.state(of: urgent) == "ready")
        #expect(try await ada.state(of: bigger) == "parked")
        #expect(try await ada.state(of: late) == "parked")
    }

    @Test("What came out and nobody claims does not keep others parked")
    func unwanted() async throws {
        let ada = try await Caller.named()
        try await ada.setBudget("swarm", "attempts", hard: 0)
        let unwanted = try await ada.enqueue("nobody", #"{"priority": -1}"#)
        let wanted = try await ada.enqueue("q")
        #expect(try await ada.claim("nobody", "q", count: 2) == [])
        try await ada.setBudget("swarm", "attempts", hard: 1)
        #expect(try await ada.state(of: unwanted) == "ready")
        try await ada.sweep()
        #expect(try await ada.claim("q") == [])
        try await letPass(.seconds(61))
        try await ada.sweep()
        #expect(try await ada.claim("q").map(\.id) == [wanted])
    }

    @Test("The soft limit is told once, until the budget is set again; so is that tasks are parked")
    func softLimit() async throws {
        let ada = try await Caller.named()
        try await ada.setBudget("swarm", "attempts", soft: 2, hard: 4)
        try await ada.enqueue(count: 9)
        func told() async throws -> [String] {
            for _ in 0..<2 { try await ada.sweep() }
            return try await ada.column(
                "SELECT body ->> 'limit' FROM pgswarm.messages WHERE recipients = '{role:coordinator}' ORDER BY id")
        }
        try await ada.claim()
        #expect(try await told() == [])
        try await ada.claim()
        #expect(try await told() == ["soft"])
        try await ada.claim(count: 5)
        #expect(try await told() == ["soft", "hard"])
        let events: [String] = try await ada.column(
            "SELECT kind FROM pgswarm.events WHERE kind IN ('budget_soft', 'budget_hard') ORDER BY id")
        #expect(events == ["budget_soft", "budget_hard"])
        try await ada.setBudget("swarm", "attempts", soft: 3, hard: 4)
        #expect(try await told().sorted() == ["hard", "hard", "soft", "soft"])
    }

    @Test("What is parked can be cancelled and paused; a pause is not ended by room")
    func steering() async throws {
        let ada = try await Caller.named()
        try await ada.setBudget("queue:q", "attempts", hard: 0)
        let tasks = try await ada.enqueue(count: 3)
        #expect(try await ada.claim(count: 3) == [])
        #expect(try await ada.cancel(tasks[0]) == ["ok"])
        try await ada.rows("SELECT pgswarm.control(\("task:\(tasks[1])"), 'pause')")
        try await ada.setBudget("queue:q", "attempts", hard: 9)
        #expect(try await ada.state(of: tasks[1]) == "held")
        #expect(try await ada.claim(count: 3).map(\.id) == [tasks[2]])
        try await ada.rows("SELECT pgswarm.control(\("task:\(tasks[1])"), 'resume')")
        #expect(try await ada.claim(count: 3).map(\.id) == [tasks[1]])
    }

    @Test("The brief says what may be used")
    func brief() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue("q", #"{"goal": "x", "estimate": {"money": 2}}"#)
        try await ada.setBudget("swarm", "money", hard: 5, hold: 1)
        let budget: String = try await ada.value("SELECT brief ->> 'budget' FROM pgswarm.claim('q')")
        #expect(budget == #"[{"axis": "money", "held": 2, "left": 3, "scope": "swarm"}]"#)
    }

    @Test(
        "What is refused, and changes nothing",
        arguments: [
            ("budget_set('swarm', 'money', hard => 'NaN', hold => 1)", "PS003"),
            ("budget_set('swarm', 'money', hard => 'Infinity', hold => 1)", "PS003"),
            ("budget_set('swarm', 'money', hard => '-Infinity', hold => 1)", "PS003"),
            ("budget_set('swarm', 'money', hard => -1, hold => 1)", "PS003"),
            ("budget_set('swarm', 'money', soft => 'NaN')", "PS003"),
            ("budget_set('swarm', 'money', hard => 1, hold => 'NaN')", "PS003"),
            ("budget_set('swarm', 'money', hard => 1)", "PS003"),
            ("budget_set('swarm', 'money', hard => 1, hold => 2)", "PS003"),
            ("budget_set('swarm', 'attempts', hard => 1, soft => 2)", "PS003"),
            ("budget_set('swarm', 'attempts', hard => 1, hold => 1)", "PS003"),
            ("budget_set('swarm', 'attempts')", "PS003"),
            ("budget_set('swarm', 'requests', hard => 1)", "PS003"),
            ("budget_set('qeue:q', 'attempts', hard => 1)", "PS003"),
            ("budget_set('swarm:x', 'attempts', hard => 1)", "PS003"),
            ("budget_set(NULL, 'attempts', hard => 1)", "PS003"),
            ("budget_set('swarm', NULL, hard => 1)", "PS003"),
            ("budget_set('plan:none', 'attempts', hard => 1)", "PS002"),
            ("budget_set('task:1', 'attempts', hard => 1)", "PS010"),
            ("budget_set('task:999999', 'attempts', hard => 1)", "PS002"),
            ("budget_drop('queue:none', 'attempts')", "PS002"),
            ("budget_show('everything')", "PS003"),
            ("progress((SELECT h FROM pgswarm_test.handle), usage => '{\"tokens\": -1}')", "PS003"),
            ("progress((SELECT h FROM pgswarm_test.handle), usage => '{\"tokens\": \"NaN\"}')", "PS003"),
            ("progress((SELECT h FROM pgswarm_test.handle), usage => '{\"money\": 1e400}')", "PS003"),
            ("enqueue_many('q', ARRAY['1']::jsonb[], '{\"estimate\": {\"tokens\": -1}}')", "PS003"),
            ("enqueue_many('q', ARRAY['1']::jsonb[], '{\"estimate\": {\"tokens\": \"5\"}}')", "PS003"),
            ("enqueue_many('q', ARRAY['1']::jsonb[], '{\"estimate\": {\"coffee\": 5}}')", "PS003"),
            ("enqueue_many('q', ARRAY['1']::jsonb[], '{\"estimate\": [5]}')", "PS003"),
        ])
    func refused(call: String, code: String) async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue("plain")
        try await ada.enqueue("q", #"{"goal": "x"}"#)
        let claim = try await ada.claimOne()
        try await ada.rows("CREATE TABLE pgswarm_test.handle AS SELECT \(claim.handle)::text AS h")
        let call = call.replacing("task:1", with: "task:\(task)")
        let before = try await Picture.taken(by: ada)
        #expect(await refusal { try await ada.rows(SQL(unsafe: "SELECT * FROM pgswarm." + call)) } == code)
        #expect(try await Picture.taken(by: ada).differences(from: before) == [])
    }
}
