import Foundation
import Postgres
import Synchronization

/// A PostgreSQL server of the tests' own: a temporary folder, a unix socket, no other access.
///
/// A shell stands between: it stops the server when its standard input ends, so the server never
/// outlives the test process, whatever ends that.
final class PrivateServer: Sendable {
    struct Failure: Error {
        let reason: String
    }

    let folder: String
    private let extraSettings: [String]
    private let shell = Mutex<ChildShell?>(nil)

    /// The server that most tests share.
    static func shared() async throws -> PrivateServer {
        try await sharedTask.value
    }

    private static let sharedTask = Task { try await PrivateServer() }

    /// Makes a new cluster and starts its server.
    init(settings: [String] = []) async throws {
        var template = Array("/tmp/pgtest-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(reason: "no temporary folder") }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        extraSettings = settings
        if getuid() == 0, let user = getpwnam("postgres") {
            chown(folder, user.pointee.pw_uid, user.pointee.pw_gid)
        }
        let initdb = "initdb --no-sync --auth=trust --encoding=UTF8 --locale=C.UTF-8 --username=postgres"
        let shell = try ChildShell(
            "PATH=\(Self.binaries):$PATH; cd \(folder); exec \(initdb) -D \(folder)/data >\(folder)/initdb 2>&1"
        )
        guard await shell.ended() == 0 else { throw Failure(reason: "initdb failed, see \(folder)/initdb") }
        try await start()
    }

    private static let binaries =
        ["/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/15/bin"]
        .first { FileManager.default.fileExists(atPath: $0 + "/initdb") } ?? "/usr/bin"

    deinit {
        if let running = shell.withLock({ $0 }) {
            running.abandon()
        } else {
            try? FileManager.default.removeItem(atPath: folder)
        }
    }

    func start() async throws {
        let settings =
            ["fsync=off", "listen_addresses=", "unix_socket_directories=\(folder)", "max_connections=120"]
            + extraSettings
        let arguments = settings.map { "-c '\($0)'" }.joined(separator: " ")
        let script = """
            PATH=\(Self.binaries):$PATH
            cd \(folder)
            postgres -D \(folder)/data \(arguments) >>\(folder)/log 2>&1 </dev/null &
            read how
            case "$how" in crash) kill -QUIT $!;; *) kill -INT $!;; esac
            wait
            cd /
            [ "$how" ] || rm -rf \(folder)
            """
        let launched = try ChildShell(script)
        shell.withLock { $0 = launched }
        for _ in 0..<600 {
            if let connection = try? await Connection.connect(options()) {
                await connection.close()
                return
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Failure(reason: "the server did not start, see \(folder)/log")
    }

    /// Stops the server, cleanly or as if it had crashed; its data stay.
    func stop(crash: Bool = false) async {
        guard
            let running = shell.withLock({ shell in
                defer { shell = nil }
                return shell
            })
        else { return }
        running.tell(crash ? "crash" : "stop")
        _ = await running.ended()
    }

    /// The server's first process.
    var postmaster: pid_t? {
        let file = try? String(contentsOfFile: "\(folder)/data/postmaster.pid", encoding: .utf8)
        return file?.split(separator: "\n").first.flatMap { pid_t($0) }
    }

    func options(_ more: [String: String] = [:]) -> ConnectionOptions {
        let parameters = ["host": folder, "user": "postgres", "dbname": "postgres"]
        return ConnectionOptions(parameters: parameters.merging(more) { $1 })
    }

    func connect() async throws -> Connection {
        try await Connection.connect(options())
    }
}
