import FoundationEssentials
import Glibc
import Logging
import Postgres
import TestSupport
import Testing

@testable import PgSwarm

@Suite("A command", .timeLimit(.minutes(5)))
struct CommandHandlerTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func handler(_ script: String, patience: Duration = .seconds(5)) throws -> CommandHandler {
        var limits = CommandHandler.Limits()
        limits.result = 10_000
        limits.errorText = 1000
        limits.patience = patience
        return try CommandHandler(
            ["sh", "-c", script], databaseURL: "postgresql:///swarm", limits: limits, logger: Self.logger)
    }

    private func context(_ task: ClaimedTask) -> WorkContext {
        WorkContext(
            holding: Holding(task), calls: FakeSource(), timekeeper: ManualTime(), baseLogger: Self.logger)
    }

    private func run(_ script: String, _ task: ClaimedTask? = nil) async throws -> Verdict {
        let task = try task ?? .sample(7)
        return try await handler(script).handle(task, context(task))
    }

    private func result(_ script: String) async throws -> String? {
        guard case .complete(let result) = try await run(script) else {
            Issue.record("not completed")
            return nil
        }
        return result?.text
    }

    @Test("gets the payload on its standard input")
    func payload() async throws {
        let task = try ClaimedTask.sample(7, payload: #"{"name":"Ada"}"#)
        guard case .complete(let result) = try await run("cat", task) else { return }
        #expect(result?.text == #"{"name":"Ada"}"#)
    }

    @Test("that doesn't read a large payload is not held up by it")
    func unreadPayload() async throws {
        let task = try ClaimedTask.sample(7, payload: "\"" + String(repeating: "x", count: 1 << 20) + "\"")
        guard case .complete = try await run("exit 0", task) else {
            Issue.record("not completed")
            return
        }
    }

    @Test(
        "gives its last line as the result if that is JSON, otherwise all of it as a string",
        arguments: [
            ("echo hello; echo '{\"a\": 1}'", "{\"a\": 1}"),
            ("printf '  42\\n\\n'", "  42"),
            ("echo 42; echo hello", "\"42\\nhello\\n\""),
            ("echo '{'; echo '  \"a\": 1'; echo '}'", "{\n  \"a\": 1\n}\n"),
            ("echo '{\"a\": 1}'; echo and a warning", "{\"a\": 1}"),
            ("printf '\"a\\342\\200\\250b\"'", "\"a\u{2028}b\""),
            ("printf 'say \"hi\"'", "\"say \\\"hi\\\"\""),
            ("printf 'a\\000b'", "\"a?b\""),
            ("printf '\"\\\\u0000\"'", "\"\\\"\\\\u0000\\\"\""),
        ])
    func results(_ script: String, _ expected: String) async throws {
        #expect(try await result(script) == expected)
    }

    @Test("that writes nothing has no result")
    func noOutput() async throws {
        #expect(try await result("exit 0") == nil)
    }

    @Test("that writes more than the limit is neither held up nor kept whole, and its last line still counts")
    func hugeOutput() async throws {
        #expect(try await result("head -c 5000000 /dev/zero | tr '\\0' x; echo; echo '[1]'") == "[1]")
        let text = try #require(try await result("head -c 5000000 /dev/zero | tr '\\0' x"))
        #expect(text.utf8.count < 11_000)
        #expect(text.hasPrefix("\"[the first 4990000 bytes are left out]\\nxxx"))
    }

    @Test("finds the task in its environment")
    func environment() async throws {
        var task = try ClaimedTask.sample(7, kind: "mail")
        task.checkpoint = JSONText("{\"page\":3}")
        task.trace = "00-1-2-3"
        let names = "TASK_ID EPOCH FENCE ATTEMPT QUEUE KIND DATABASE_URL"
        let script = "for n in \(names); do eval echo \\$PGSWARM_$n; done; echo at $PGSWARM_CHECKPOINT $TRACEPARENT"
        guard case .complete(let result?) = try await run(script, task) else { return }
        let lines = try result.decode(String.self)
        #expect(lines == "7\n1\n1\n1\nq\nmail\npostgresql:///swarm\nat {\"page\":3} 00-1-2-3\n")
    }

    @Test("that ends with 75 is released, with its reason")
    func releases() async throws {
        guard case .release(let note, let delay?) = try await run("echo busy >&2; exit 75") else {
            Issue.record("not released, or to come again at once")
            return
        }
        #expect(note == "the command handed it back: busy")
        #expect(delay >= .milliseconds(500) && delay <= .seconds(1))
    }

    @Test("that ends otherwise fails with the end of its standard error")
    func fails() async throws {
        await #expect { try await run("echo broken >&2; exit 3") } throws: { "\($0)" == "exit 3: broken" }
        await #expect { try await run("exit 3") } throws: { "\($0)" == "exit 3" }
        await #expect { try await run("kill -9 $$") } throws: { "\($0)" == "signal 9" }
        await #expect { try await run("head -c 100000 /dev/zero | tr '\\0' e >&2; exit 1") } throws: {
            error in
            "\(error)".hasPrefix("exit 1: […]\neee") && "\(error)".utf8.count < 1100
        }
    }

    @Test("that doesn't exist is refused before any task is claimed")
    func missing() {
        #expect(throws: SwarmError.self) { try CommandHandler(["no-such-program"]) }
        #expect(throws: SwarmError.self) { try CommandHandler([]) }
    }

    @Test("is not waited for longer than it lives, although a child keeps its output open")
    func grandchildHoldsOutput() async throws {
        let start = ContinuousClock.now
        #expect(try await result("sleep 600 & echo '\"done\"'") == "\"done\"")
        #expect(.now - start < .seconds(30))
    }

    @Test("and its children end when the work is stopped, also those that ignore SIGTERM")
    func stops() async throws {
        let task = try ClaimedTask.sample(7)
        let context = context(task)
        let pipe = try NamedPipe()
        let script = "exec 3>\(pipe.path); trap '' TERM; (trap '' TERM; sleep 600) & echo started >&3; wait"
        let handler = try handler(script, patience: .milliseconds(100))
        let work = Task { try await handler.handle(task, context) }
        var words = pipe.words.makeAsyncIterator()
        #expect(await words.next() == "started")
        context.holding.stop(.cancel)?()
        work.cancel()
        await #expect(throws: (any Error).self) { try await work.value }
        #expect(await words.next() == nil, "nobody holds the pipe open any more")
    }

    @Test("that ends well after it was told to stop has not completed its task")
    func stoppedGracefully() async throws {
        let task = try ClaimedTask.sample(7)
        let context = context(task)
        let pipe = try NamedPipe()
        let handler = try handler(
            "exec 3>\(pipe.path); trap 'exit 0' TERM; echo started >&3; sleep 600 & wait")
        let work = Task { try await handler.handle(task, context) }
        for await _ in pipe.words {
            context.holding.stop(.drain)?()
            work.cancel()
        }
        await #expect(throws: CancellationError.self) { try await work.value }
    }

    @Test("whose lease is lost is killed in time for the next holder, even if it ignores SIGTERM")
    func killedWhenLost() async throws {
        let task = try ClaimedTask.sample(7, lease: .seconds(60))
        let time = ManualTime()
        let context = WorkContext(
            holding: Holding(task), calls: FakeSource(), timekeeper: time, baseLogger: Self.logger)
        let pipe = try NamedPipe()
        let handler = try handler(
            "exec 3>\(pipe.path); trap '' TERM; echo started >&3; sleep 600", patience: .seconds(600))
        let work = Task { try await handler.handle(task, context) }
        var words = pipe.words.makeAsyncIterator()
        #expect(await words.next() == "started")
        context.holding.stop(.lost)?()
        // The command may have begun before the handler was told of it.
        let clock = Task {
            while !Task.isCancelled {
                time.advance(by: .seconds(1))
                await Task.yield()
            }
        }
        #expect(await words.next() == nil)
        clock.cancel()
        await #expect(throws: (any Error).self) { try await work.value }
    }

    @Test("leaves no process behind in its group when it has ended")
    func leftovers() async throws {
        let pipe = try NamedPipe()
        // The shell itself opens the pipe: what it leaves behind may be killed before it could, and nobody would open it.
        let verdict = try await run("exec 3>\(pipe.path); sleep 600 >/dev/null 2>&1 & exit 0")
        guard case .complete = verdict else {
            Issue.record("\(verdict)")
            return
        }
        for await _ in pipe.words {}
    }

    @Test("leaves no zombies, run many times at once")
    func noZombies() async throws {
        let handler = try handler("exit 0")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...200 {
                let task = try ClaimedTask.sample(Int64(number))
                let context = context(task)
                if number > 8 { try await group.next() }
                group.addTask { _ = try await handler.handle(task, context) }
            }
            try await group.waitForAll()
        }
        // Other tests of this process have children too, which may be dead and not yet waited for at this moment. Those
        // go; what this handler forgot would stay. Only who is there now is looked at again, not who dies later.
        let dead = Set(zombies())
        try await eventually("nobody stays a zombie", within: .seconds(120)) { dead.isDisjoint(with: zombies()) }
    }

    /// The dead children of this process that nobody has waited for.
    private func zombies() -> [String] {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.filter { entry in
            guard pid_t(entry) != nil, let data = FileManager.default.contents(atPath: "/proc/\(entry)/stat"),
                let fields = String(decoding: data, as: UTF8.self).split(separator: ")").last?.split(
                    separator: " ")
            else { return false }
            return fields.count > 1 && fields[0] == "Z" && fields[1] == "\(getpid())"
        }
    }
}
