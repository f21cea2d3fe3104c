import EmbeddedPostgres
import Subprocess

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// A shell that kills the recorded processes when the tests themselves are killed.
///
/// It reads the process ids from a pipe whose other end is open in this process alone: the end of the pipe
/// is the end of the tests.
actor ChildWatchdog {
    static let shared = ChildWatchdog()
    private var pipe: FileDescriptor?

    func watch(_ processID: Int32) async { await tell("+ \(processID)\n") }

    func forget(_ processID: Int32) async { await tell("- \(processID)\n") }

    private func tell(_ line: String) async {
        // A few bytes into a pipe that is read at once: this never waits.
        _ = try? await writingEnd().writeAll(Array(line.utf8))
    }

    private func writingEnd() async throws -> FileDescriptor {
        if let pipe { return pipe }
        let ends = try LifePipe.make()
        pipe = ends.writeEnd
        let script = """
            exec 3<&0
            (
                pids=
                while read -r sign pid <&3; do
                    case $sign in
                    +) pids="$pids $pid" ;;
                    -)
                        rest=
                        for each in $pids; do [ "$each" = "$pid" ] || rest="$rest $each"; done
                        pids=$rest
                    esac
                done
                for each in $pids; do kill -KILL "$each"; done
            ) </dev/null >/dev/null 2>&1 &
            """
        var options = PlatformOptions()
        options.createSession = true
        _ = try await Subprocess.run(
            .path("/bin/sh"), arguments: ["-c", script], platformOptions: options,
            input: .fileDescriptor(ends.readEnd, closeAfterSpawningProcess: true), output: .discarded,
            error: .discarded)
        return ends.writeEnd
    }
}
