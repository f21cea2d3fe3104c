import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

@testable import PgSwarm

/// One at a time, because a signal reaches all of them in this process.
@Suite("A sidecar", .database, .serialized, .timeLimit(.minutes(5)))
struct SidecarTests {
    @Test("ends with the exit code of its process", arguments: [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
    func exitCode(_ script: String, _ expected: Int32) async throws {
        try await withSwarm { swarm, _ in
            let code = try await Sidecar(swarm, command: ["sh", "-c", script], databaseURL: nil).run()
            #expect(code == expected)
        }
    }

    @Test("refuses a program that doesn't exist, before it opens a session")
    func missing() async throws {
        try await withSwarm { swarm, _ in
            _ = await #expect(throws: SwarmError.self) {
                try await Sidecar(swarm, command: ["no-such-program"], databaseURL: nil).run()
            }
        }
    }

    @Test("passes a signal on to its process and that one's children")
    func signals() async throws {
        try await withSwarm { swarm, _ in
            let pipe = try NamedPipe()
            // The shell waits for its child, so a signal to the shell alone would leave the child and the pipe open.
            let script = "exec 3>\(pipe.path); sleep 600 & echo started >&3; wait"
            async let running = Sidecar(swarm, command: ["sh", "-c", script], databaseURL: nil).run()
            var words = pipe.words.makeAsyncIterator()
            #expect(await words.next() == "started")
            #expect(kill(getpid(), SIGUSR1) == 0)
            #expect(await words.next() == nil)
            let code = try await running
            #expect(code == 128 + SIGUSR1)
        }
    }

    @Test("lends its session to what its process calls, keeps leases alive, and gives them back at the end")
    func session() async throws {
        try await withSwarm(agent: "builder") { swarm, _ in
            let url = try TestDatabase.current.url
            var draft = TaskDraft(queue: "q")
            draft.lease = .seconds(30)
            let task = try await swarm.enqueue(draft).id
            let pipe = try NamedPipe()
            let facts = "$PGSWARM_SESSION $PGSWARM_AGENT $PGSWARM_DATABASE_URL $$"
            let script = "exec 3>\(pipe.path); echo \(facts) >&3; exec sleep 600"
            async let code = Sidecar(swarm, command: ["sh", "-c", script], databaseURL: url).run()
            var words = pipe.words.makeAsyncIterator()
            let token = try #require(UUID(uuidString: await words.next() ?? ""))
            #expect(await words.next() == "builder")
            #expect(await words.next() == url)
            let process = try #require(pid_t(await words.next() ?? ""))
            try await withSwarm(agent: "builder", configure: { $0.joining = token }) { joined, _ in
                let claimed = try #require(try await joined.claim(["q"]).first)
                #expect(claimed.id == task)
                try await eventually("the lease is renewed") {
                    try await swarm.task(task).leaseUntil.map { $0 > claimed.leaseUntil } ?? false
                }
            }
            #expect(kill(process, SIGKILL) == 0)
            let ending = try await code
            #expect(ending == 137)
            let released = try await swarm.task(task)
            #expect(released.state == .ready && released.attempts == 0)
        }
    }
}
