import FoundationEssentials
import Subprocess

#if canImport(System)
import System
#else
import SystemPackage
#endif

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A process that a test starts, talks to, freezes or kills.
///
/// It is killed and waited for when the test ends, and also when the whole test process dies. Signals go
/// to its recorded process id only, and only while it has not been waited for.
public actor ChildProcess {
    /// Its process id.
    public nonisolated let processID: Int32
    private var standardOutput = LineBuffer()
    private var standardError = LineBuffer()
    private var result: ChildResult?
    private var failure: (any Error)?
    private var observers: [UUID: CheckedContinuation<Void, Never>] = [:]
    private let input: StandardInputWriter

    /// What a process finds on its standard input.
    public enum Input: Sendable {
        /// The text, and then its end.
        case text(String)
        /// Whatever ``ChildProcess/write(_:)`` writes, until ``ChildProcess/closeInput()``.
        case open
    }

    /// A program that ends without reading its input must not end the tests.
    ///
    /// A handler that does nothing, because an ignored signal would stay ignored in the programs.
    private static let outlivesBrokenPipes: Void = systemSignal(SIGPIPE) { _ in }

    private init(processID: Int32, input: StandardInputWriter) {
        self.processID = processID
        self.input = input
    }

    /// Starts `executable`; the test needs the trait `.database` or `.children`.
    ///
    /// The process sees `environment` and, of the tests' own, only what every program needs.
    public static func start(
        _ executable: Executable, _ arguments: [String] = [], environment: [String: String] = [:],
        input: Input = .text("")
    ) async throws -> ChildProcess {
        guard let registry = ChildRegistry.current else { throw MissingTrait(name: ".children") }
        let configuration = Configuration(
            executable: .path(FilePath(executable.path)),
            arguments: Arguments(arguments),
            environment: .custom(completed(environment)))
        _ = outlivesBrokenPipes
        let (started, continuation) = AsyncThrowingStream<ChildProcess, any Error>.makeStream()
        // It lives as long as the process, which the registry ends together with the test.
        Task { await supervise(configuration, input: input, started: continuation) }
        for try await child in started {
            await registry.add(child)
            return child
        }
        throw CancellationError()
    }

    /// Sends it SIGKILL: it ends at once, without a chance to clean up.
    public func kill() { signal(SIGKILL) }
    /// Sends it SIGSTOP: it does nothing more, but looks alive.
    public func freeze() { signal(SIGSTOP) }
    /// Lets a frozen process go on.
    public func thaw() { signal(SIGCONT) }
    /// Asks it to end with SIGTERM.
    public func terminate() { signal(SIGTERM) }
    /// Asks it to end with SIGINT, as Control-C does.
    public func interrupt() { signal(SIGINT) }

    private func signal(_ number: Int32) {
        guard result == nil, failure == nil else { return }
        systemKill(processID, number)
    }

    /// Writes to its standard input; it must have been started with `.open`.
    public func write(_ text: String) async throws { _ = try await input.write(text) }

    /// Ends its standard input.
    public func closeInput() async throws { try await input.finish() }

    /// What it has written to standard output so far.
    public var output: String { standardOutput.text }

    /// What it has written to standard error so far.
    public var error: String { standardError.text }

    /// The first complete line of standard output that satisfies `condition`, waited for if need be.
    ///
    /// Lines returned before are not looked at again. Throws when the process ends without such a line, or
    /// when `deadline` has passed.
    public func line(
        deadline: Duration = .seconds(30), where condition: (String) -> Bool = { _ in true }
    ) async throws -> String {
        let end = ContinuousClock.now + deadline
        while true {
            if let line = standardOutput.next(where: condition) { return line }
            if let failure { throw failure }
            if let result { throw ChildProblem(what: "it ended before the line came", details: "\(result)") }
            try await change(until: end, waitingFor: "a line")
        }
    }

    /// Waits until it has ended; kills it and throws when `deadline` has passed.
    @discardableResult
    public func waitForExit(deadline: Duration = .seconds(30)) async throws -> ChildResult {
        let end = ContinuousClock.now + deadline
        while true {
            if let failure { throw failure }
            if let result { return result }
            do {
                try await change(until: end, waitingFor: "its end")
            } catch {
                kill()
                throw error
            }
        }
    }

    /// Waits until there is more output or the process has ended.
    private func change(until end: ContinuousClock.Instant, waitingFor goal: String) async throws {
        guard ContinuousClock.now < end else {
            throw ChildProblem(
                what: "waited too long for \(goal)",
                details: "--- stdout\n\(standardOutput.text)\n--- stderr\n\(standardError.text)")
        }
        try Task.checkCancellation()
        let id = UUID()
        let alarm = Task {
            try? await Task.sleep(until: end)
            wake(id)
        }
        defer { alarm.cancel() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { observers[id] = $0 }
        } onCancel: {
            Task { await wake(id) }
        }
    }

    private func wake(_ id: UUID) { observers.removeValue(forKey: id)?.resume() }

    private func wakeAll() {
        let waiting = observers
        observers = [:]
        for observer in waiting.values { observer.resume() }
    }

    private func received(output bytes: [UInt8]) {
        standardOutput.append(bytes)
        wakeAll()
    }

    private func received(error bytes: [UInt8]) {
        standardError.append(bytes)
        wakeAll()
    }

    private func ended(_ status: TerminationStatus) {
        let (exitCode, signal): (Int32?, Int32?) =
            switch status {
            case .exited(let code): (code, nil)
            case .signaled(let signal): (nil, signal)
            }
        result = ChildResult(
            exitCode: exitCode, signal: signal, output: standardOutput.text, error: standardError.text)
        wakeAll()
    }

    private func failed(_ error: any Error) {
        failure = error
        wakeAll()
    }
}

extension ChildProcess {
    /// Runs the process and keeps its books from the first to the last moment.
    private static func supervise(
        _ configuration: Configuration, input: Input,
        started: AsyncThrowingStream<ChildProcess, any Error>.Continuation
    ) async {
        var child: ChildProcess?
        do {
            let result = try await Subprocess.run(
                configuration, input: .inputWriter, output: .sequence, error: .sequence
            ) { execution in
                let process = ChildProcess(
                    processID: execution.processIdentifier.value, input: execution.standardInputWriter)
                await ChildWatchdog.shared.watch(process.processID)
                child = process
                started.yield(process)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await feed(input, to: execution.standardInputWriter) }
                    group.addTask {
                        for try await buffer in execution.standardOutput {
                            await process.received(output: buffer.withUnsafeBytes { Array($0) })
                        }
                    }
                    group.addTask {
                        for try await buffer in execution.standardError {
                            await process.received(error: buffer.withUnsafeBytes { Array($0) })
                        }
                    }
                    try await group.waitForAll()
                }
            }
            await child?.ended(result.terminationStatus)
        } catch {
            await child?.failed(error)
            started.finish(throwing: error)
        }
        if let child { await ChildWatchdog.shared.forget(child.processID) }
        started.finish()
    }

    private static func feed(_ input: Input, to writer: StandardInputWriter) async throws {
        guard case .text(let text) = input else { return }
        // A process that does not read its input closes the pipe: that is its right.
        if !text.isEmpty { _ = try? await writer.write(text) }
        try? await writer.finish()
    }

    /// `environment` with what every program needs; nothing of the developer's own settings.
    private static func completed(_ environment: [String: String]) -> [Environment.Key: String] {
        let own = ProcessInfo.processInfo.environment
        let needed = [
            "PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PGSWARM_POSTGRES_BIN",
            // For the tests under ThreadSanitizer.
            "LD_PRELOAD", "TSAN_OPTIONS",
        ]
        var result: [Environment.Key: String] = [:]
        for (name, value) in own.filter({ needed.contains($0.key) }).merging(
            environment, uniquingKeysWith: { $1 })
        {
            if let key = Environment.Key(rawValue: name) { result[key] = value }
        }
        return result
    }
}

/// `kill(2)`, which the method of the same name hides inside ``ChildProcess``.
private func systemKill(_ processID: Int32, _ signal: Int32) { _ = kill(processID, signal) }

/// `signal(2)`, for the same reason.
private func systemSignal(_ number: Int32, _ handler: @escaping @convention(c) (Int32) -> Void) {
    _ = signal(number, handler)
}
