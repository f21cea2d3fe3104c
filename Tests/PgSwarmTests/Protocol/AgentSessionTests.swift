import Postgres
import TestSupport
import Testing

import struct FoundationEssentials.UUID

@Suite("Sessions", .database, .timeLimit(.minutes(5)))
struct AgentSessionTests {
    @Test("Live as long as they beat; kinds and times that make no sense are refused")
    func beats() async throws {
        let ada = try await Caller.named()
        let session = try await ada.openSession(ttl: .seconds(60))
        #expect(try await ada.beat(session) == "ok")
        let live = "SELECT live FROM pgswarm.sessions" as SQL
        #expect(try await ada.value(live, as: Bool.self))
        try await letPass(.seconds(61))
        #expect(try await !ada.value(live, as: Bool.self))
        #expect(try await ada.beat(session) == "ok")
        #expect(try await ada.value(live, as: Bool.self))
        #expect(try await ada.beat(UUID()) == "lost")
        #expect(await refusal { _ = try await ada.openSession(kind: "robot") } == "PS003")
        #expect(await refusal { _ = try await ada.openSession(ttl: .zero) } == "PS003")
        #expect(await refusal { _ = try await ada.openSession(ttl: .seconds(100_000)) } == "PS003")
        #expect(await refusal { _ = try await Caller.named("").openSession() } == "PS003")
        #expect(await refusal { _ = try await Caller.named("a\u{1b}[31m").openSession() } == "PS003")
    }

    @Test("Closed in order, what it holds goes back at no cost, and the token is worth nothing more")
    func close() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue("a", count: 2)
        try await ada.enqueue("b")
        let session = try await ada.openSession()
        let claims = try await ada.claim("a", "b", count: 3, session: session)
        let released: Int = try await ada.value("SELECT pgswarm.close_session(\(session), 'going home')")
        #expect(released == 3)
        #expect(try await ada.beat(session) == "lost")
        #expect(await refusal { try await ada.claim(session: session) } == "PS013")
        #expect(await refusal { try await ada.complete(claims[0].handle) } == "PS015")
        let again = try await ada.claim("a", "b", count: 3)
        #expect(again.allSatisfy { $0.attempt == 1 && $0.history?.contains("going home") == true })
        #expect(await refusal { try await ada.rows("SELECT pgswarm.close_session(\(session))") } == "PS013")
    }

    @Test("A new incarnation fences all earlier runs of the agent, and only of that agent")
    func takeOver() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        try await ada.enqueue(count: 4)
        let first = try await ada.openSession()
        let old = [try await ada.claimOne(session: first), try await ada.claimOne()]
        let other = try await bob.claimOne()
        let second = try await ada.openSession(takeOver: true)
        #expect(try await ada.beat(first) == "lost")
        #expect(await refusal { try await ada.claim(session: first) } == "PS013")
        for claim in old { #expect(await refusal { try await ada.complete(claim.handle) } == "PS001") }
        #expect(try await bob.complete(other.handle) == "done")
        try await letPass(.seconds(2))
        #expect(try await ada.claim(count: 5, session: second).count == 3)
        let incarnation: Int = try await ada.value("SELECT incarnation FROM pgswarm.agents WHERE agent = 'ada'")
        #expect(incarnation == 2)
    }

    @Test("Without take_over two runs of an agent are two holders")
    func twoRuns() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 2)
        let sessions = [try await ada.openSession(), try await ada.openSession()]
        let claims = [try await ada.claimOne(session: sessions[0]), try await ada.claimOne(session: sessions[1])]
        #expect(claims[0].id != claims[1].id)
        #expect(try await ada.claim(session: sessions[1]) == [])
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.held(\(sessions[0]))", as: Int.self) == 1)
    }

    @Test("A bare caller's calls share a session that lives as long as its longest lease")
    func bare() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 3)
        try await ada.claim(lease: .seconds(7200))
        try await ada.claim()
        try await letPass(.seconds(3000))
        #expect(try await ada.sweep().lost == 1)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.sessions", as: Int.self) == 1)
        let bare = try await ada.openSession(kind: "bare")
        try await ada.claim(session: bare)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.sessions", as: Int.self) == 1)
    }

    @Test("A hundred bare calls at once open one session")
    func concurrentBare() async throws {
        let ada = try await Caller.named()
        let crowd = try await Crowd(20)
        _ = try await crowd.each { _, member in
            for _ in 0..<5 { try await Caller(connection: member.connection, agent: "ada").claim() }
        }
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.sessions", as: Int.self) == 1)
        await crowd.disperse()
    }

    @Test("A drained agent hears of it at its next beat, and may go on afterwards")
    func drain() async throws {
        let ada = try await Caller.named()
        let session = try await ada.openSession()
        #expect(try await ada.value("SELECT pgswarm.drain('ada')", as: Int.self) == 1)
        #expect(try await ada.beat(session) == "drain")
        // Neither what was open nor what opens now gets more.
        let task = try await ada.enqueue()
        let later = try await ada.openSession()
        #expect(try await ada.claim(session: session).isEmpty)
        #expect(try await ada.claim(session: later).isEmpty)
        #expect(try await ada.claim().isEmpty)
        #expect(await refusal { _ = try await ada.claimTask(task) } == "PS006")
        for caller in ["agent => 'ada'", "session => '\(session)'"] {
            let reason: String = try await ada.value("SELECT reason FROM pgswarm.why_empty('{q}', \(raw: caller))")
            #expect(reason == "draining")
        }
        #expect(try await ada.value("SELECT reason FROM pgswarm.why_empty('{q}')", as: String.self) == "taken")
        try await ada.rows("SELECT pgswarm.drain('ada', false)")
        #expect(try await ada.beat(session) == "ok")
        #expect(try await ada.claim(session: session).map(\.id) == [task])
        #expect(await refusal { try await ada.rows("SELECT pgswarm.drain('nobody')") } == "PS002")
    }

    @Test("A coordinator's session can not execute")
    func coordinator() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        let session = try await ada.openSession(kind: "coordinator")
        #expect(await refusal { try await ada.claim(session: session) } == "PS014")
        #expect(await refusal { _ = try await ada.claimTask(task, session: session) } == "PS014")
        #expect(await refusal { _ = try await ada.step(session, nil) } == "PS014")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.wait_for(\(session), ARRAY['q'])") } == "PS014")
    }

    @Test("Sessions end while their holders report, renew and settle: nobody deadlocks")
    func lockOrder() async throws {
        let ada = try await Caller.named()
        let crowd = try await Crowd(4)
        try await ada.setQueue("q", #"{"max_lost": 1000}"#)
        for round in 0..<25 {
            try await ada.enqueue(count: 4)
            let session = try await ada.openSession()
            let handles = try await ada.claim(count: 4, session: session).map(\.handle)
            _ = try await crowd.each { index, member in
                // Refused when the session ended first; all that counts is that nobody deadlocks.
                let code = await refusal {
                    switch index {
                    case 0 where round % 2 == 0: _ = try await ada.openSession(takeOver: true)
                    case 0: try await member.rows("SELECT pgswarm.close_session(\(session))")
                    case 1: for handle in handles { try await member.progress(handle, note: "x") }
                    case 2: _ = try await member.renew(Array(handles.reversed()), session: session)
                    default: try await member.rows("SELECT pgswarm.settle(\(handles), session => \(session))")
                    }
                }
                #expect(["accepted", "PS001", "PS013", "PS015"].contains(code))
            }
        }
        #expect(try await deadlocks() == 0)
        await crowd.disperse()
    }
}
