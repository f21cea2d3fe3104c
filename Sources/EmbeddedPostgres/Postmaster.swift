#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Starting the server process of a cluster, and waiting for it.
struct Postmaster {
    let cluster: DatabaseCluster
    let binaries: PostgresBinaries

    private var files: ServerFiles { cluster.files }
    private var log: ServerLog { ServerLog(path: files.log) }

    /// Starts the server and waits until it accepts connections.
    ///
    /// After a SIGKILL of the previous postmaster its children hold the shared memory for a second or two,
    /// and the new server refuses to start beside them: this tries again for 15 seconds.
    func start(until deadline: ContinuousClock.Instant) async throws(EmbeddedError) -> pid_t {
        let patience = min(deadline, .now + .seconds(15))
        while true {
            let offset = log.size
            if let processID = try await attempt(until: deadline) { return processID }
            let text = log.text(since: offset)
            let isTemporary = text.contains("shared memory block") || text.contains("lock file")
            guard isTemporary, ContinuousClock.now < patience else {
                throw .startFailed(log: Self.essence(text), logFile: files.log)
            }
            try await pause(.milliseconds(250))
        }
    }

    /// The process id of a server that got ready, or nil when it ended before.
    private func attempt(until deadline: ContinuousClock.Instant) async throws(EmbeddedError) -> pid_t? {
        let processID = try await launch()
        while true {
            if let file = PostmasterFile.read(data: files.data), file.isReady, file.processID == processID {
                return processID
            }
            guard ProcessTable.isAlive(processID) else { return nil }
            guard ContinuousClock.now < deadline else {
                kill(processID, SIGQUIT)
                throw .timedOut(doing: "starting", logFile: files.log)
            }
            try await pause(.milliseconds(20))
        }
    }

    /// Starts the process, which the shell leaves behind as an orphan, and returns its id.
    private func launch() async throws(EmbeddedError) -> pid_t {
        // After a crash the file can name a process id that the system has since given to something else, and
        // PostgreSQL would refuse to start because "another postmaster" is alive. Whoever calls holds the
        // lock and has found that this process is no server, and this variable is how PostgreSQL is told
        // that a process id is not a postmaster. The file itself must stay: it also names the shared
        // memory that protects the data from surviving children.
        let stale = PostmasterFile.read(data: files.data)?.processID ?? 0
        let script = """
            log=$1; PG_GRANDPARENT_PID=$2; export PG_GRANDPARENT_PID; umask 077; shift 2
            "$@" </dev/null >>"$log" 2>&1 &
            echo $!
            """
        let ending = try await Program(path: "/bin/sh", account: cluster.account).run(
            ["-c", script, "sh", files.log, String(stale), binaries.postgres, "-D", files.data],
            timeout: .seconds(30))
        guard ending.succeeded, let processID = pid_t(ending.output) else {
            throw .commandFailed(program: binaries.postgres, reason: ending.output)
        }
        return processID
    }

    private func pause(_ duration: Duration) async throws(EmbeddedError) {
        do { try await Task.sleep(for: duration) } catch { throw .cancelled }
    }

    /// The lines of the log that say what is wrong, on one line and without time and process id.
    static func essence(_ log: String) -> String {
        let routine = [
            "LOG:  starting PostgreSQL", "LOG:  listening on", "LOG:  database system is shut down",
        ]
        let lines = log.split(separator: "\n")
            .filter { line in !routine.contains { line.contains($0) } }
            .map { line in line.firstIndex(of: "]").map { line[$0...].dropFirst(2) } ?? line }
        return lines.suffix(4).joined(separator: " ")
    }
}
