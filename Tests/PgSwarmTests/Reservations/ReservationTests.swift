import Postgres
import TestSupport
import Testing

@Suite("Reservations", .database, .timeLimit(.minutes(5)))
struct ReservationTests {
    @Test("A set is granted whole or not at all, and a refusal says who is in the way")
    func allOrNothing() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        #expect(try await ada.take("src/**", "docs/a.md").granted)
        let refused = try await bob.take("lib/x", "src/b/main.ts")
        #expect(!refused.granted && refused.handle == nil && refused.blocker == "ada src/**")
        #expect(try await ada.reserved() == ["docs/a.md", "src/**"])
        #expect(try await bob.take("lib/x").granted)
    }

    @Test("Exclusive keeps all out, shared lets share, intent tells both and is never refused")
    func modes() async throws {
        let (ada, bob, cy) = (try await Caller.named(), try await Caller.named("bob"), try await Caller.named("cy"))
        let shared = try await ada.take("a/*", mode: "shared")
        #expect(try await bob.take("a/x", mode: "shared").granted)
        #expect(try await !cy.take("a/x").granted)
        let intent = try await cy.take("a/**", mode: "intent")
        #expect(intent.granted && intent.warnings == 2)
        #expect(
            try await ada.value(
                "SELECT jsonb_array_length(warnings) FROM pgswarm.reserve_extend(\(shared.handle))") == 1)
        let everything = try await cy.take("**", mode: "intent")
        #expect(everything.warnings >= 3)  // two readers, and that it is everything
        #expect(try await bob.take(resources: ["port:8080"]).granted)
        #expect(try await !ada.take(resources: ["Port:8080"]).granted)
        #expect(try await ada.take(resources: ["port:80"]).granted)
        #expect(await refusal { try await ada.take("a", mode: "all") } == "PS003")
        #expect(await refusal { try await ada.take() } == "PS003")
        #expect(await refusal { try await ada.take(resources: ["8080"]) } == "PS003")
    }

    @Test("A holder is a handle: the same agent without it is somebody else")
    func holders() async throws {
        let ada = try await Caller.named()
        let first = try await ada.take("src/a", mode: "shared")
        #expect(try await !ada.take("src/*").granted)
        let more = try await ada.take("src/*", handle: first.handle)
        #expect(more.granted && more.handle == first.handle)
        // The stronger mode stays.
        try await ada.take("src/*", mode: "shared", handle: first.handle)
        #expect(try await !Caller.named("bob").take("src/q", mode: "shared").granted)
        #expect(try await ada.free(first.handle, "./src/*") == 1)
        #expect(try await Caller.named("bob").take("src/q").granted)
        #expect(try await ada.free(first.handle) == 0)
        #expect(try await ada.free(first.handle) == 0)
        #expect(await refusal { try await ada.extend(first.handle) } == "PS001")
        #expect(await refusal { try await ada.take("z", handle: first.handle) } == "PS001")
        let forged = (first.handle ?? "").dropLast() + "0"
        try await ada.free(String(forged))
        #expect(await refusal { try await ada.extend("nonsense") } == "PS004")
    }

    @Test(
        "What is reserved under a task is free in the transaction that ends it, by whatever road",
        arguments: ["complete", "fail", "release", "cancel", "lose", "close", "retire"])
    func underATask(road: String) async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        let task = try await ada.enqueue()
        let session = try await ada.openSession()
        let claim = try await ada.claimOne(session: session)
        #expect(try await ada.take("src/**", handle: claim.handle).granted)
        #expect(try await !bob.take("src/a").granted)
        // Undone with the end, there again with it.
        try await ada.script("BEGIN")
        try await ada.complete(claim.handle)
        #expect(try await ada.reserved() == [])
        try await ada.script("ROLLBACK")
        #expect(try await ada.reserved() == ["src/**"])
        #expect(try await !bob.take("src/a").granted)
        switch road {
        case "complete": try await ada.complete(claim.handle)
        case "fail": try await ada.fail(claim.handle, "no")
        case "release": try await ada.release(claim.handle)
        case "cancel": try await bob.cancel(task)
        case "close": try await ada.rows("SELECT pgswarm.close_session(\(session))")
        case "retire": try await bob.rows("SELECT pgswarm.retire_agent('ada')")
        default: try await ada.lose()
        }
        #expect(try await ada.reserved() == [])
        #expect(try await bob.take("src/a").granted)
        #expect(await refusal { try await ada.take("docs", handle: claim.handle) } == "PS001")
    }

    @Test("A renewal of the task keeps what is reserved under it")
    func renewal() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        try await ada.enqueue()
        let claim = try await ada.claimOne()
        try await ada.take("src/**", handle: claim.handle)
        for _ in 1...3 {
            try await letPass(.seconds(800))
            try await ada.renew(claim.handle)
        }
        #expect(try await !bob.take("src/a").granted)
        #expect(await refusal { try await ada.take("b", handle: claim.handle, lease: .seconds(5)) } == "PS003")
    }

    @Test("A taker takes a void blocker's task back first, and its holder is refused from then on")
    func voidTask() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        let task = try await ada.enqueue()
        let claim = try await ada.claimOne()
        try await ada.take("src/**", handle: claim.handle)
        try await letPass(.seconds(1000))
        // Its time is over, but nobody wanted it: it may go on.
        #expect(try await ada.take("docs", handle: claim.handle).granted)
        #expect(try await !bob.take("src/a").granted)
        try await letPass(.seconds(1000))
        #expect(try await bob.take("src/a").granted)
        #expect(try await ada.state(of: task) != "running")
        #expect(await refusal { try await ada.extend(claim.handle) } == "PS001")
        #expect(await refusal { try await ada.take("x", handle: claim.handle) } == "PS001")
        #expect(try await ada.settle(claim.handle).code == "lost_claim")
        #expect(try await ada.reserved() == ["src/a"])
    }

    @Test("A reservation of its own ends with its time or its session, and can be revived only until somebody takes it")
    func ownTime() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        let mine = try await ada.take("src/**", lease: .seconds(1000))
        try await letPass(.seconds(990))
        try await ada.extend(mine.handle)
        try await letPass(.seconds(990))
        #expect(try await !bob.take("src/a").granted)
        try await letPass(.seconds(20))
        #expect(try await ada.reserved() == [])
        try await ada.extend(mine.handle)  // nobody had taken it
        #expect(try await !bob.take("src/a").granted)
        try await letPass(.seconds(1001))
        #expect(try await bob.take("src/a").granted)
        #expect(await refusal { try await ada.extend(mine.handle) } == "PS001")
        let session = try await ada.openSession()
        let other = try await ada.take("docs/**", lease: .seconds(7200), session: session)
        #expect(try await !bob.take("docs/a").granted)
        try await ada.rows("SELECT pgswarm.close_session(\(session))")
        #expect(await refusal { try await ada.extend(other.handle) } == "PS001")
        #expect(try await bob.take("docs/a").granted)
    }

    @Test("The same request id reserves once; another request under it is refused")
    func requestID() async throws {
        let ada = try await Caller.named()
        let first = try await ada.take("a", request: "1")
        let again = try await ada.take("a", request: "1")
        #expect(again.granted && again.handle == first.handle && again.epoch == first.epoch)
        #expect(await refusal { try await ada.take("b", request: "1") } == "PS008")
        // A refusal is no effect: the same id may ask again.
        let bob = try await Caller.named("bob")
        #expect(try await !bob.take("a", request: "2").granted)
        try await ada.free(first.handle)
        let granted = try await bob.take("a", request: "2")
        #expect(granted.granted && (granted.epoch ?? 0) > (first.epoch ?? 0))
    }

    @Test("One agent can't reserve the world name by name; what has ended doesn't count")
    func cap() async throws {
        let ada = try await Caller.named()
        let many = (1...200).map { "f\($0)" }
        try await ada.rows("SELECT pgswarm.reserve_take('repo', \(many), agent => 'ada')")
        #expect(await refusal { try await ada.take("one more") } == "PS009")
        #expect(try await Caller.named("bob").take("one more").granted)
        let huge = (1...100_000).map { "f\($0)" }
        #expect(await refusal { try await ada.rows("SELECT pgswarm.reserve_take('repo', \(huge))") } == "PS009")
        try await letPass(.seconds(1000))
        #expect(try await ada.take("after").granted)
        try await ada.rows("SELECT pgswarm.set_namespace('repo', '{\"max_per_agent\": 1}')")
        #expect(await refusal { try await ada.take("second") } == "PS009")
    }

    @Test("Case matters or not, by namespace; spellings of one path are one name")
    func namespaces() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        let mine = try await ada.take("./Src//Caf\u{e9}/x/../A.txt")
        #expect(try await bob.take("src/caf\u{e9}/a.txt").granted)
        #expect(try await !bob.take("Src/Cafe\u{301}/A.txt").granted)
        let rule: SQL = "SELECT pgswarm.set_namespace('repo', '{\"case_sensitive\": false}')"
        #expect(await refusal { try await ada.rows(rule) } == "PS010")
        try await ada.free(mine.handle)
        try await letPass(.seconds(1000))
        try await ada.rows(rule)
        try await ada.take("Src/[A-C]*.TXT")
        #expect(try await !bob.take("src/b.txt").granted)
        #expect(await refusal { try await bob.take("[A-z]") } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.reserve_take('no such name', '{a}')") } == "PS003")
        #expect(
            await refusal {
                try await ada.rows("SELECT pgswarm.set_namespace('repo', '{\"max_per_agent\": \"x\"}')")
            } == "PS003")
    }

    @Test("A check tells what is inside, outside and taken, and takes paths as they are")
    func check() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        try await ada.enqueue()
        let claim = try await ada.claimOne()
        try await ada.take("app/**", handle: claim.handle)
        try await ada.take("docs/*")
        try await bob.take("lib/**")
        func verdicts(_ caller: Caller, handle: String?) async throws -> [String] {
            let paths = ["app/[id]/page.tsx", "docs/a\u{1b}[2J.md", "lib/x{y,z}", "*", "\\"]
            return try await caller.column(
                """
                SELECT verdict FROM pgswarm.reserve_check('repo', \(paths), \(handle), \(caller.agent)) ORDER BY ord
                """)
        }
        #expect(try await verdicts(ada, handle: nil) == ["inside", "inside", "taken", "outside", "outside"])
        #expect(try await verdicts(ada, handle: claim.handle) == ["inside", "taken", "taken", "outside", "outside"])
        #expect(try await verdicts(bob, handle: nil) == ["taken", "taken", "inside", "outside", "outside"])
    }

    @Test("Every change is an event, and upkeep removes what has ended")
    func upkeep() async throws {
        let ada = try await Caller.named()
        let mine = try await ada.take("a")
        try await ada.extend(mine.handle)
        try await ada.free(mine.handle)
        try await ada.take("b")
        try await letPass(.seconds(1000))
        try await ada.rows("SELECT pgswarm.maintain()")
        let kinds: [String] = try await ada.column(
            "SELECT kind FROM pgswarm.events WHERE kind LIKE 'reserv%' ORDER BY id")
        #expect(kinds == ["reserved", "reservation_extended", "reservation_freed", "reserved", "reservation_lost"])
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.reservation", as: Int.self) == 0)
    }
}
