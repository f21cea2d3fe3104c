import FoundationEssentials
public import Logging
import Postgres
import Subprocess
import Synchronization
import SystemPackage

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Does tasks by running a command for each.
///
/// The command gets the payload on its standard input and the task in its environment (`PGSWARM_TASK_ID`,
/// `PGSWARM_HANDLE`, `PGSWARM_FENCE`, …). The result is all that it writes if that is JSON, else the last line that is
/// (a line further up only if it is an object or an array), else all of it as a string. Exit code 0 completes the task,
/// 75 releases it at no cost, to come again after a pause that grows; any other and every signal fails it with the end
/// of the standard error for an error text.
///
/// The command leads a process group of its own. When the lease is lost, the task cancelled or the worker ends, the
/// group gets SIGTERM and a little later SIGKILL; what is left of the group when the command has ended is killed, and
/// so is everything if the worker itself is killed. A process that must live on starts a session of its own.
public struct CommandHandler: WorkHandler {
    private let path: FilePath
    private let arguments: [String]
    private let check: String?
    private let environment: CommandEnvironment
    private let limits: Limits
    private let processGuard: ProcessGuard

    /// How much of a command's output is kept, and how long it may take to end.
    public struct Limits: Sendable {
        /// The longest result; of more output than that only the end is kept.
        public var result = 1 << 20
        /// The longest error text.
        public var errorText = 64 << 10
        /// How long a command that was told to end may take before it is killed.
        ///
        /// A lost lease leaves it less time.
        public var patience: Duration = .seconds(5)

        /// Creates the default limits.
        public init() {}
    }

    /// Prepares to run a command.
    ///
    /// - Parameters:
    ///   - command: The program, looked up as a shell would, and its arguments. No shell interprets it.
    ///   - check: What a shell runs after the command has succeeded, with the result on its standard input. Its exit
    ///     status and the end of its output are put down as evidence; unless it succeeds the attempt fails.
    ///   - databaseURL: Where the command's own calls of `pgswarm` should go.
    ///   - environment: Variables beside those that are inherited.
    /// - Throws: `usage` when there is no such program.
    public init(
        _ command: [String], check: String? = nil, databaseURL: String? = nil, environment: [String: String] = [:],
        limits: Limits = Limits(), logger: Logger = Logger(label: "pgswarm.command")
    ) throws(SwarmError) {
        guard let program = command.first else { throw SwarmError(.usage, "no command to run") }
        let inherited = ProcessInfo.processInfo.environment
        let searchPath = environment["PATH"] ?? inherited["PATH"]
        path = try CommandPath.find(program, searchPath: searchPath)
        arguments = Array(command.dropFirst())
        self.check = check
        self.environment = CommandEnvironment(
            inherited: inherited, databaseURL: databaseURL, extra: environment)
        self.limits = limits
        processGuard = try ProcessGuard(logger: logger)
    }

    /// Runs the command for one task.
    public func handle(_ task: ClaimedTask, _ context: WorkContext) async throws -> Verdict {
        let status: TerminationStatus
        let output: CommandOutput
        // Whether the command was told to end before it had ended by itself.
        let wasCutShort = Mutex(false)
        do {
            (status, output) = try await run(path, arguments, input: task.payload.text, task, context) {
                wasCutShort.withLock { $0 = true }
            }
        } catch let error as SubprocessError where error.isShortage {
            // This host's trouble, not the task's: it costs no attempt.
            return .release(note: "the command could not be started: \(error)", delay: .seconds(5))
        } catch let error as SubprocessError where !Task.isCancelled {
            throw Failure("the command could not be started: \(error)")
        }
        // Whatever it says after it was told to end: many programs end with 0 then, and have not finished. What it did
        // before counts, and be it as a late result.
        if wasCutShort.withLock({ $0 }) { try context.checkStopped() }
        switch status {
        case .exited(0):
            if let check {
                try await prove(check, output.result, task, context) { wasCutShort.withLock { $0 = true } }
                if wasCutShort.withLock({ $0 }) { try context.checkStopped() }
            }
            return .complete(output.result)
        case .exited(EX_TEMPFAIL):
            return .release(note: output.failure("the command handed it back"), delay: Self.pause(after: task.epoch))
        case .exited(let code): throw Failure(output.failure("exit \(code)"))
        case .signaled(let signal): throw Failure(output.failure("signal \(signal)"))
        }
    }

    /// How long a task that was handed back stays away: longer each time, or a command that always hands back would be
    /// started over and over.
    private static func pause(after epoch: Int) -> Duration {
        .seconds(min(60, pow(2, Double(min(epoch, 10) - 1))) * Double.random(in: 0.5...1))
    }

    /// Runs the check on a result and puts down what came out.
    ///
    /// - Throws: When the check failed: then there is no result.
    private func prove(
        _ check: String, _ result: JSONText?, _ task: ClaimedTask, _ context: WorkContext,
        whenCutShort noteStop: @escaping @Sendable () -> Void
    ) async throws {
        let (status, output) = try await run(
            FilePath("/bin/sh"), ["-c", check], input: result?.text ?? "null", task, context, whenCutShort: noteStop)
        let code: Int
        switch status {
        case .exited(let exit): code = Int(exit)
        case .signaled(let signal): code = 128 + Int(signal)
        }
        var body = JSONObjectText()
        body.add("command", check)
        body.add("output", String(output.output.text.suffix(8000)))
        body.add("errors", String(output.errors.text.suffix(8000)))
        try await context.evidence(EvidenceDraft(.captured, kind: "check", body: body.text, exitStatus: code))
        guard code == 0 else { throw Failure(output.failure("the check failed with exit \(code)")) }
    }

    private func run(
        _ path: FilePath, _ arguments: [String], input payload: String, _ task: ClaimedTask, _ context: WorkContext,
        whenCutShort noteStop: @escaping @Sendable () -> Void
    ) async throws -> (TerminationStatus, CommandOutput) {
        let input = try PayloadFile.open(payload)
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: limits.patience)
        ]
        let configuration = Configuration(
            executable: .path(path), arguments: Arguments(arguments),
            environment: environment.environment(for: task),
            platformOptions: options)
        let started = Mutex<ProcessGroup?>(nil)
        defer {
            context.whenStopped(nil)
            if let group = started.withLock({ $0 }) {
                group.kill()
                processGuard.remove(group)
            }
        }
        let result = try await Subprocess.run(
            configuration, input: .fileDescriptor(input, closeAfterSpawningProcess: true),
            output: .sequence, error: .sequence
        ) { execution in
            let group = ProcessGroup(leader: execution.processIdentifier.value)
            started.withLock { $0 = group }
            processGuard.add(group)
            context.killWhenLost(group, whenCutShort: noteStop)
            async let errors = TailBuffer(of: execution.standardError, limit: limits.errorText)
            let output = try await TailBuffer(of: execution.standardOutput, limit: limits.result)
            return CommandOutput(output: output, errors: try await errors)
        }
        return (result.terminationStatus, result.closureResult)
    }
}

extension TailBuffer {
    /// Reads a stream to its end, which also comes when the command ends although a child of it keeps the stream open.
    fileprivate init(of stream: SubprocessOutputSequence, limit: Int) async throws {
        self.init(limit: limit)
        for try await buffer in stream {
            buffer.withUnsafeBytes { append($0) }
        }
    }
}

extension WorkContext {
    /// Kills the group if the lease is lost, in time for whoever holds the task next.
    ///
    /// On the keeper's thread, so that it happens even if all other threads are busy. A command that has ended already
    /// is left to say what it has brought; a worker that was frozen finds it so.
    fileprivate func killWhenLost(_ group: ProcessGroup, whenCutShort noteStop: @escaping @Sendable () -> Void) {
        let time = Grant.margin(of: task.leaseDuration) / 2
        holding.whenStopped { [timekeeper] reason in
            if group.hasEnded { return false }
            noteStop()
            if reason == .lost { _ = timekeeper.schedule(at: timekeeper.now + time) { group.kill() } }
            return true
        }
    }
}

extension SubprocessError {
    /// Whether the system lacks processes, files or memory at the moment.
    fileprivate var isShortage: Bool {
        switch underlyingError {
        case .resourceTemporarilyUnavailable?, .noMemory?, .tooManyOpenFiles?, .tooManyOpenFilesInSystem?:
            true
        default: false
        }
    }
}
