import FoundationEssentials
import PgSwarm
import Postgres
import Subprocess
import Synchronization
import SystemPackage

/// Where an act is played: a folder, a database, and the processes that take part.
final class ActScene: Sendable {
    /// A folder of the act's own.
    let folder: FilePath
    /// The demo's database.
    let databaseURL: String
    private let processGuard: ProcessGuard
    private let started: AsyncStream<(WorkerProcess, Configuration)>
    private let starting: AsyncStream<(WorkerProcess, Configuration)>.Continuation
    private let list = Mutex<[WorkerProcess]>([])

    init(folder: FilePath, databaseURL: String) throws {
        self.folder = folder
        self.databaseURL = databaseURL
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        processGuard = try ProcessGuard(logger: Logs.logger("pgswarm.demo"))
        (started, starting) = AsyncStream.makeStream()
    }

    /// Plays `body` while the processes that it starts run; kills what is left of them afterwards.
    func play<Outcome: Sendable>(_ body: @Sendable @escaping () async throws -> Outcome) async throws -> Outcome {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.run() }
            defer {
                starting.finish()
                for process in list.withLock({ $0 }) { process.abandon() }
            }
            return try await body()
        }
    }

    private func run() async {
        await withDiscardingTaskGroup { group in
            for await (process, configuration) in started {
                let log = try? FileDescriptor.open(
                    folder.appending("log"), .writeOnly, options: [.create, .append, .closeOnExec],
                    permissions: .ownerReadWrite)
                group.addTask {
                    await process.run(configuration, log: log ?? .standardError, guardedBy: self.processGuard)
                }
            }
        }
    }

    /// Starts a shell script in the act's folder.
    @discardableResult
    func shell(_ script: String) -> WorkerProcess {
        start("/bin/sh", ["-c", "cd '\(folder.string)' && \(script)"])
    }

    /// Starts a worker whose command is a shell script, which runs in the act's folder.
    @discardableResult
    func worker(_ queue: String, as agent: String, concurrency: Int = 1, _ script: String)
        -> WorkerProcess
    {
        start(
            DemoProgram.path,
            [
                "work", queue, "--agent", agent, "--concurrency", "\(concurrency)", "--poll", "200ms", "--database",
                databaseURL, "--", "sh", "-c", "cd '\(folder.string)' && \(script)",
            ])
    }

    private func start(_ program: FilePath, _ arguments: [String]) -> WorkerProcess {
        let process = list.withLock { list in
            let process = WorkerProcess(number: list.count + 1)
            list.append(process)
            return process
        }
        let configuration = Configuration(
            executable: .path(program), arguments: Arguments(arguments),
            environment: DemoProgram.environment(configuration: folder))
        starting.yield((process, configuration))
        return process
    }

    /// Asks the demo's database.
    func ask<Answer: Sendable>(
        _ question: @Sendable (isolated Connection) throws -> Answer
    ) async throws -> Answer {
        let connection = try await Connection.connect(
            ConnectionOptions(url: databaseURL), deadline: .now + .seconds(30))
        let answer = try await question(connection)
        await connection.close()
        return answer
    }

    /// What a file of the act says; `nil` while it is not there.
    func text(_ file: String) -> String? {
        (try? String(contentsOfFile: folder.appending(file).string, encoding: .utf8))
            .map { $0.trimmingCharacters() }
    }

    /// Waits until something is so; `nil` when it is not so within `limit`.
    func wait<Value: Sendable>(
        _ limit: Duration, for condition: @Sendable () async throws -> Value?
    ) async throws -> Value? {
        let end = ContinuousClock.now + limit
        while true {
            if let value = try await condition() { return value }
            if ContinuousClock.now > end { return nil }
            try await ContinuousClock().sleep(for: .milliseconds(20))
        }
    }
}

extension String {
    /// Without white space at the ends.
    fileprivate func trimmingCharacters() -> String {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        while text.first?.isWhitespace == true { text.removeFirst() }
        return String(text)
    }
}
