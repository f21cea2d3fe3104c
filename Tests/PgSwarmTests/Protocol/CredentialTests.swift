import Postgres
import TestSupport
import Testing

@Suite("Agents, credentials and registration", .database, .timeLimit(.minutes(5)))
struct CredentialTests {
    @Test("A credential is shown once, kept as a hash, and asked for whenever the name is used")
    func credential() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 2)
        let credential: String = try await ada.value("SELECT pgswarm.register_agent('ada')")
        #expect(credential.count >= 32)
        #expect(
            try await !Picture.taken(by: ada).tables.values.joined().contains { $0.contains(credential.dropFirst(4)) })
        #expect(await refusal { try await ada.claim() } == "PS012")
        #expect(await refusal { try await ada.enqueue() } == "PS012")
        #expect(await refusal { try await ada.cancel(1) } == "PS012")
        #expect(await refusal { _ = try await ada.openSession() } == "PS012")
        #expect(await refusal { _ = try await ada.openSession(credential: credential + "x") } == "PS012")
        let session = try await ada.openSession(credential: credential)
        #expect(try await ada.claim(session: session).count == 1)
        let bare = try await ada.openSession(kind: "bare", credential: credential)
        #expect(try await ada.claim(session: bare).count == 1)
        let task: Int = try await ada.value("SELECT pgswarm.enqueue('q', session => \(session))")
        #expect(try await ada.value("SELECT creator FROM pgswarm.tasks WHERE id = \(task)", as: String.self) == "ada")
    }

    @Test("A credential is replaced only on purpose; a name that is none is refused")
    func replace() async throws {
        let ada = try await Caller.named()
        let first: String = try await ada.value("SELECT pgswarm.register_agent('ada')")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.register_agent('ada')") } == "PS010")
        let second: String = try await ada.value("SELECT pgswarm.register_agent('ada', true)")
        #expect(await refusal { _ = try await ada.openSession(credential: first) } == "PS012")
        _ = try await ada.openSession(credential: second)
        for name: String? in ["", nil, "a\nb", String(repeating: "n", count: 201)] {
            #expect(await refusal { try await ada.rows("SELECT pgswarm.register_agent(\(name))") } == "PS003")
        }
    }

    @Test("With registration closed a login acts as itself, and as others only with their credential")
    func closed() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 3)
        let credential: String = try await ada.value("SELECT pgswarm.register_agent('known')")
        try await ada.rows("SELECT pgswarm.set_registration(false)")
        try await withLogin("pgswarm_worker") { worker in
            #expect(try await worker.claim().count == 1)
            let known = Caller(connection: worker.connection, agent: "known")
            let session = try await known.openSession(credential: credential)
            #expect(try await known.claim(session: session).count == 1)
            for name in ["stranger", "ada"] {
                let other = Caller(connection: worker.connection, agent: name)
                let code = name == "ada" ? "PS012" : "PS011"
                #expect(await refusal { try await other.claim() } == code, "\(name)")
                #expect(await refusal { try await other.enqueue() } == code, "\(name)")
                #expect(await refusal { _ = try await other.openSession() } == code, "\(name)")
            }
        }
        let agents: [String] = try await ada.column("SELECT agent FROM pgswarm.agents WHERE agent = 'stranger'")
        #expect(agents == [])
    }

    @Test("A retired name is not given again, its leases are void, and its successor is named")
    func retire() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 2)
        let session = try await ada.openSession()
        let claim = try await ada.claimOne(session: session)
        try await ada.rows("SELECT pgswarm.retire_agent('ada', 'grace')")
        #expect(await refusal { try await ada.complete(claim.handle) } == "PS001")
        #expect(try await ada.beat(session) == "lost")
        let answer = await refusalMessage { try await ada.claim() }
        #expect(answer.code == "PS011")
        #expect(answer.message.contains("retired"))
        #expect(await refusal { try await ada.rows("SELECT pgswarm.register_agent('ada', true)") } == "PS010")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.retire_agent('ada')") } == "PS002")
        #expect(try await Caller.named("grace").claim(count: 2).count >= 1)
    }

    @Test("Two logins that use one agent's name are two bare sessions")
    func logins() async throws {
        try await Caller.named().enqueue(count: 2)
        try await withLogin("pgswarm_worker") { first in
            try await withLogin("pgswarm_worker") { second in
                for login in [first, second] { try await Caller(connection: login.connection, agent: "ada").claim() }
            }
        }
        #expect(try await Caller.named().value("SELECT count(*) FROM pgswarm.sessions", as: Int.self) == 2)
    }
}
