import FoundationEssentials
import TestSupport
import Testing

@testable import EmbeddedPostgres

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The processes that tests start: everything else relies on their being ended.
@Suite(.timeLimit(.minutes(5))) struct ChildProcessTests {
    let shell = Executable(path: "/bin/sh")

    @Test func `A run gives output, error and exit code`() async throws {
        let result = try await shell.run(
            ["-c", "cat; echo \"$WORD\" >&2; exit 7"], environment: ["WORD": "env"], input: "in\n")
        #expect(result.exitCode == 7)
        #expect(result.output == "in\n")
        #expect(result.error == "env\n")
    }

    @Test func `Input that is not read harms nobody`() async throws {
        let result = try await shell.run(
            ["-c", "exec <&-; kill -PIPE $$; exit 3"], input: String(repeating: "x", count: 1 << 20))
        #expect(result.signal == SIGPIPE, "the program has the signal's default, whatever the tests do")
    }

    @Test func `A run that takes too long is ended`() async throws {
        await #expect(throws: (any Error).self) {
            try await shell.run(["-c", "sleep 60"], deadline: .milliseconds(100))
        }
    }

    @Test(.children) func `Lines are waited for, and input is written, while it runs`() async throws {
        let child = try await ChildProcess.start(
            shell, ["-c", "while read -r line; do echo \"got $line\"; done"], input: .open)
        try await child.write("one\ntwo\n")
        #expect(try await child.line { $0.hasSuffix("two") } == "got two")
        try await child.write("three\n")
        #expect(try await child.line() == "got three")
        try await child.closeInput()
        #expect(try await child.waitForExit().exitCode == 0)
    }

    @Test(.children) func `A frozen process does nothing until it is thawed`() async throws {
        let child = try await ChildProcess.start(shell, ["-c", "read -r line; echo $line"], input: .open)
        await child.freeze()
        try await child.write("late\n")
        await #expect(throws: (any Error).self) { try await child.line(deadline: .milliseconds(200)) }
        await child.thaw()
        #expect(try await child.line() == "late")
    }

    @Test(.children) func `The signal that ended a process is told`() async throws {
        let child = try await ChildProcess.start(shell, ["-c", "echo up; exec sleep 60"])
        _ = try await child.line()
        await child.kill()
        let result = try await child.waitForExit()
        #expect(result.signal == SIGKILL)
        #expect(result.exitCode == nil)
        #expect(result.output == "up\n")
    }

    @Test func `What a test leaves running is ended with it, even when frozen`() async throws {
        let child = try await ChildProcess.withRegistry {
            let child = try await ChildProcess.start(shell, ["-c", "sleep 60"])
            await child.freeze()
            return child
        }
        #expect(!ProcessTable.isAlive(child.processID))
    }

    @Test func `A process is killed when the tests themselves are`() async throws {
        // Each is the parent of the next: this test, the exit test's process, the shell.
        let path = "/tmp/pgswarm-child-\(getpid())"
        setenv("PGSWARM_TEST_CHILD", path, 1)
        defer { unlink(path) }
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let path = try #require(getenv("PGSWARM_TEST_CHILD").map { String(cString: $0) })
            try await ChildProcess.withRegistry {
                let child = try await ChildProcess.start(
                    Executable(path: "/bin/sh"), ["-c", "echo $$ >\(path); echo up; exec sleep 60"])
                _ = try await child.line()
                kill(getpid(), SIGKILL)
            }
        }
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let processID = try #require(Int32(text.prefix { $0.isNumber }))
        try await eventually("the watchdog kills \(processID)") { !ProcessTable.isAlive(processID) }
    }

    @Test func `Without the trait a process is not started`() async throws {
        await #expect(throws: (any Error).self) { try await ChildProcess.start(shell) }
    }

    @Test func `The command that is under test is found`() throws {
        #expect(try Executable.pgswarm.path.hasSuffix("/pgswarm"))
    }

    @Test func `A seed gives the same numbers again`() {
        var first = SeededRandom(seed: 7)
        var second = SeededRandom(seed: 7)
        let numbers = (0..<100).map { _ in first.next() }
        #expect(numbers == (0..<100).map { _ in second.next() })
        #expect(Set(numbers).count == 100)
    }
}
