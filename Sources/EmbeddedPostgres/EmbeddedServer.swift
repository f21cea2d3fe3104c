import Postgres

#if canImport(Glibc)
public import Glibc
#elseif canImport(Musl)
public import Musl
#else
public import Darwin
#endif

/// A PostgreSQL server of one's own: on a unix socket only, in a private folder, for one user.
///
/// ```swift
/// let server = try await EmbeddedServer.start()
/// let options = try ConnectionOptions(url: server.databaseURL)
/// try await server.stop()
/// ```
///
/// The first start creates the data; later ones find it again. A start where a server is already running
/// answers with that server. What a crash leaves behind (a stale process id, children that have not ended
/// yet) is recognised and put right. Started by root, the server runs as the user `postgres`.
public struct EmbeddedServer: Sendable, Equatable {
    /// The process id of the postmaster.
    public let processID: pid_t
    /// Whether the server was running before it was asked for.
    public let wasRunning: Bool
    private let files: ServerFiles
    private let location: ServerLocation

    /// How a client reaches the server as superuser, for libpq and everything built on it.
    public var databaseURL: String {
        // The port is spelled out because PGPORT in a client's environment would win otherwise.
        "postgresql://\(DatabaseCluster.name)@/\(DatabaseCluster.name)?host=\(Self.escaped(files.sockets))&port=5432"
    }

    /// The folder of the data.
    public var dataDirectory: String { files.data }

    /// The file the server writes its messages to.
    public var logFile: String { files.log }

    /// Starts the server of `location`, or finds the one that runs there.
    ///
    /// Several processes may do this at once: one starts the server, all get it.
    ///
    /// - Parameters:
    ///   - settings: Settings of PostgreSQL that replace the standard ones, such as `["shared_buffers": "1GB"]`.
    ///     They are not applied to a server that is already running.
    ///   - timeout: How long the start may take in all, the recovery after a crash included.
    public static func start(
        _ location: ServerLocation = .standard, settings: [String: String] = [:],
        lifetime: ServerLifetime = .independent, timeout: Duration = .seconds(60)
    ) async throws(EmbeddedError) -> EmbeddedServer {
        try FilePaths.makeFolder(location.directory, mode: ServerAccount.invoker.isRoot ? 0o711 : 0o700)
        let lock = try await LocationLock.acquire(location, timeout: timeout)
        defer { lock.release() }
        let deadline = ContinuousClock.now + timeout
        if let server = running(at: location), try await server.answers(until: deadline) { return server }

        let recorded = ServerFiles.recorded(in: location)
        let account = try ServerAccount.choose(owner: recorded.flatMap { FilePaths.status($0.data)?.st_uid })
        let files = try ServerFiles.prepare(location, for: account)
        if case .boundToProcess(let removingFiles) = lifetime {
            try await Watchdog.start(files: files, location: location, removingFiles: removingFiles)
        }
        let cluster = DatabaseCluster(files: files, account: account)
        let binaries = try await cluster.prepare(settings: settings)
        let processID = try await Postmaster(cluster: cluster, binaries: binaries).start(until: deadline)
        let server = EmbeddedServer(processID: processID, wasRunning: false, files: files, location: location)
        guard try await server.answers(until: deadline) else {
            throw .startFailed(log: "it ended as soon as it was ready", logFile: files.log)
        }
        return server
    }

    /// Waits until the server answers; false when it has ended.
    ///
    /// A server that has just been killed, or is shutting down, still looks alive for a moment.
    private func answers(until deadline: ContinuousClock.Instant) async throws(EmbeddedError) -> Bool {
        while ProcessTable.isServer(processID, data: files.data) {
            do throws(PostgresError) {
                let connection = try await Connection.connect(
                    ConnectionOptions(url: databaseURL), deadline: deadline)
                await connection.close()
                return true
            } catch {
                if case .cancelled = error { throw .cancelled }
                if Self.isRefusal(error) { return true }
            }
            guard ContinuousClock.now < deadline else {
                throw .timedOut(doing: "answering", logFile: files.log)
            }
            do { try await Task.sleep(for: .milliseconds(50)) } catch { throw .cancelled }
        }
        return false
    }

    /// The server that runs at `location`, or nil when none accepts connections there.
    ///
    /// This only reads a few small files.
    public static func running(at location: ServerLocation = .standard) -> EmbeddedServer? {
        guard let files = ServerFiles.recorded(in: location),
            let file = PostmasterFile.read(data: files.data),
            file.isReady, ProcessTable.isServer(file.processID, data: files.data)
        else { return nil }
        return EmbeddedServer(processID: file.processID, wasRunning: true, files: files, location: location)
    }

    /// How a server is stopped.
    public enum StopMode: Sendable, Hashable {
        /// Waits until all clients have gone by themselves.
        case smart
        /// Ends the clients' connections, rolls back what they were doing and stops cleanly.
        case fast
        /// Stops at once; the next start recovers as after a crash. Nothing that was committed is lost.
        case immediate

        var signal: Int32 {
            switch self {
            case .smart: SIGTERM
            case .fast: SIGINT
            case .immediate: SIGQUIT
            }
        }
    }

    /// Stops the server and waits until it has ended; it is no error when it has already.
    public func stop(mode: StopMode = .fast, timeout: Duration = .seconds(60)) async throws(EmbeddedError) {
        let deadline = ContinuousClock.now + timeout
        let lock = try await LocationLock.acquire(location, timeout: timeout)
        defer { lock.release() }
        guard ProcessTable.isServer(processID, data: files.data) else { return }
        guard kill(processID, mode.signal) == 0 || errno == ESRCH else {
            throw .commandFailed(program: "kill", reason: String(cString: strerror(errno)))
        }
        while ProcessTable.isServer(processID, data: files.data) {
            guard ContinuousClock.now < deadline else {
                throw .timedOut(doing: "stopping", logFile: files.log)
            }
            do { try await Task.sleep(for: .milliseconds(20)) } catch { throw .cancelled }
        }
    }

    /// Whether a server that is well refused the connection, for example because it is full.
    private static func isRefusal(_ error: PostgresError) -> Bool {
        switch error {
        case .server: true
        case .connectFailed(let text):
            text.contains("FATAL:")
                && !["shutting down", "starting up", "recovery"].contains { text.contains($0) }
        default: false
        }
    }

    private static func escaped(_ path: String) -> String {
        path.utf8.reduce(into: "") { result, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
    }
}
