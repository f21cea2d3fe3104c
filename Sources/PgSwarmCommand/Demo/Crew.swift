import FoundationEssentials
import Logging
import PgSwarm
import Subprocess
import Synchronization
import SystemPackage

/// The demo's workers.
final class Crew: Sendable {
    private let program: FilePath
    private let folder: FilePath
    private let databaseURL: String
    private let logs: FilePath
    private let processGuard: ProcessGuard
    private let hired: AsyncStream<WorkerProcess>
    private let hiring: AsyncStream<WorkerProcess>.Continuation
    private let list = Mutex<[WorkerProcess]>([])

    /// A crew for the files of `folder`; what its workers complain about goes to files in `logs`.
    init(folder: FilePath, databaseURL: String, logs: FilePath) throws {
        self.folder = folder
        self.databaseURL = databaseURL
        self.logs = logs
        program = DemoProgram.path
        processGuard = try ProcessGuard(logger: Logs.logger("pgswarm.demo"))
        (hired, hiring) = AsyncStream.makeStream()
    }

    /// Everybody who was ever hired.
    var members: [WorkerProcess] { list.withLock { $0 } }

    /// Those who are at work.
    var working: [WorkerProcess] { members.filter { $0.condition == .working } }

    /// Starts another worker, soon.
    @discardableResult
    func hire() -> WorkerProcess {
        let worker = list.withLock { list in
            let worker = WorkerProcess(number: list.count + 1)
            list.append(worker)
            return worker
        }
        hiring.yield(worker)
        return worker
    }

    /// Runs everybody who is hired, until all have ended after ``close()``.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await worker in hired {
                group.addTask { await self.run(worker) }
            }
        }
    }

    /// Hires nobody any more.
    func close() {
        hiring.finish()
    }

    /// Kills everybody.
    func abandon() {
        close()
        for member in members { member.abandon() }
    }

    /// The worker that claims under a name.
    func member(agent: String?) -> WorkerProcess? {
        members.first { $0.agent == agent }
    }

    /// What the first worker said that ended by itself, which none should.
    var failure: CommandFailure? {
        for member in members {
            guard case .failed(let ending) = member.condition else { continue }
            let log = (try? String(contentsOfFile: log(of: member).string, encoding: .utf8)) ?? ""
            let words = log.split(whereSeparator: \.isNewline).suffix(2).joined(separator: "; ")
            return CommandFailure(
                "failed", "\(member.name) ended by itself: \(words.isEmpty ? ending : words)")
        }
        return nil
    }

    private func log(of worker: WorkerProcess) -> FilePath {
        logs.appending("\(worker.agent).log")
    }

    private func run(_ worker: WorkerProcess) async {
        let arguments = [
            "work", CountQueue.name.rawValue, "--concurrency", "1", "--poll", "500ms", "--agent",
            worker.agent,
            "--database", databaseURL, "--", program.string, "demo-count", folder.string,
        ]
        let configuration = Configuration(
            executable: .path(program), arguments: Arguments(arguments),
            environment: DemoProgram.environment(configuration: logs))
        let log = try? FileDescriptor.open(
            log(of: worker), .writeOnly, options: [.create, .truncate, .closeOnExec],
            permissions: .ownerReadWrite)
        await worker.run(configuration, log: log ?? .standardError, guardedBy: processGuard)
    }
}
