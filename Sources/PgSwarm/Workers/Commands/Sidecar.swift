import FoundationEssentials
import Logging
import Postgres
import Subprocess
import Synchronization
import SystemPackage
import UnixSignals

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Keeps a session alive around a long-lived process, for example an agent that claims through the command line.
///
/// Every call of `pgswarm` that the process makes joins the session: what it claims stays its own for as long as the
/// process lives, without a beat and without a renewal of its own, and goes back when it ends.
public struct Sidecar: Sendable {
    private let swarm: Swarm
    private let command: [String]
    private let databaseURL: String?

    /// Prepares to run a command.
    ///
    /// - Parameters:
    ///   - command: The program, looked up as a shell would, and its arguments. No shell interprets it.
    ///   - databaseURL: Where the process's own calls of `pgswarm` should go.
    public init(_ swarm: Swarm, command: [String], databaseURL: String?) {
        self.swarm = swarm
        self.command = command
        self.databaseURL = databaseURL
    }

    /// Runs the process with this one's standard streams, and passes signals on to it.
    ///
    /// At a terminal the process stays in this one's group, as a shell's foreground needs it. Anywhere else it leads a
    /// group of its own, which gets the signals, and which ends if this process is killed and can't keep the session
    /// any more.
    ///
    /// - Returns: Its exit code; for a signal 128 and the signal's number, as shells have it.
    /// - Throws: `usage` when there is no such program; the refusal of a database that opens no session.
    public func run() async throws -> Int32 {
        guard let program = command.first else { throw SwarmError(.usage, "no command to run") }
        let path = try CommandPath.find(program, searchPath: ProcessInfo.processInfo.environment["PATH"])
        let keeper = try KeeperThread()
        defer { keeper.stop() }
        let session = SidecarSession(swarm, timekeeper: keeper)
        let token = try await session.open()
        var options = PlatformOptions()
        if !Self.isInForeground { options.processGroupID = 0 }
        let configuration = Configuration(
            executable: .path(path), arguments: Arguments(Array(command.dropFirst())),
            environment: .inherit.updating(variables(token)), platformOptions: options)
        let processGuard = Self.isInForeground ? nil : try ProcessGuard(logger: swarm.logger)
        let result = await Swift.Result {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask(executorPreference: keeper) { await session.keep() }
                defer {
                    session.end()
                    group.cancelAll()
                }
                return try await Self.run(configuration, processGuard)
            }
        }
        await session.close()
        return try result.get()
    }

    private func variables(_ token: UUID) -> [Environment.Key: String?] {
        var variables: [Environment.Key: String?] = [
            "PGSWARM_AGENT": swarm.configuration.agent.rawValue,
            "PGSWARM_SESSION": token.uuidString.lowercased(),
        ]
        if let databaseURL { variables["PGSWARM_DATABASE_URL"] = databaseURL }
        if let role = swarm.role { variables["PGSWARM_ROLE"] = role.rawValue }
        return variables
    }

    private static func run(
        _ configuration: Configuration, _ processGuard: ProcessGuard?
    ) async throws -> Int32 {
        let signals = await UnixSignalsSequence(
            trapping: .sighup, .sigterm, .sigint, .sigquit, .sigusr1, .sigusr2)
        let result = try await Subprocess.run(
            configuration, input: .currentStandardInput, output: .currentStandardOutput,
            error: .currentStandardError
        ) { execution in
            let process = ProcessGroup(leader: execution.processIdentifier.value)
            processGuard?.add(process)
            // Not structured, because the body must return for the wait for the process to begin.
            let passing = Task {
                for await signal in signals where !isSentByTerminal(signal) {
                    if processGuard == nil {
                        _ = kill(process.leader, signal.rawValue)
                    } else {
                        process.send(signal.rawValue)
                    }
                }
            }
            return (process, passing)
        }
        let (process, passing) = result.closureResult
        passing.cancel()
        processGuard?.remove(process)
        switch result.terminationStatus {
        case .exited(let code): return code
        case .signaled(let signal): return 128 + signal
        }
    }

    /// Whether a terminal sends this process and its kin what is typed there.
    private static var isInForeground: Bool { tcgetpgrp(STDIN_FILENO) == getpgrp() }

    /// Whether the process has had the signal already: a terminal sends it to all processes in its foreground.
    private static func isSentByTerminal(_ signal: UnixSignal) -> Bool {
        (signal == .sigint || signal == .sigquit) && isInForeground
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
