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
            // Whoever began a start may have been killed since: that server is on its way, or on its way out.
            if let begun = PostmasterFile.read(data: files.data)?.processID,
                ProcessTable.isServer(begun, data: files.data)
            {
                if try await becomesReady(begun, until: deadline) { return begun }
                continue
            }
            let offset = log.size
            let processID = try await launch()
            do {
                if try await becomesReady(processID, until: deadline) { return processID }
            } catch {
                if case .timedOut = error { kill(processID, SIGQUIT) }
                throw error
            }
            let text = log.text(since: offset)
            let isTemporary = text.contains("shared memory block") || text.contains("lock file")
            guard isTemporary, ContinuousClock.now < patience else {
                throw .startFailed(log: ServerLog.essence(text), logFile: files.log)
            }
            try await pause(.milliseconds(250))
        }
    }

    /// Waits until the server accepts connections; false when it ended instead.
    private func becomesReady(
        _ processID: pid_t, until deadline: ContinuousClock.Instant
    ) async throws(EmbeddedError) -> Bool {
        while true {
            if let file = PostmasterFile.read(data: files.data), file.isReady, file.processID == processID {
                return true
            }
            guard ProcessTable.isAlive(processID) else { return false }
            guard ContinuousClock.now < deadline else {
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
}
