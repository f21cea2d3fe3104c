import FoundationEssentials
import Subprocess

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// A program of the PostgreSQL installation or of the system, run to its end.
struct Program {
    let path: String
    let account: ServerAccount
    /// The descriptor that becomes its standard input; it is closed here once the program has it.
    var input: FileDescriptor?

    struct Ending {
        let succeeded: Bool
        /// Standard output and standard error together, without the blanks around it.
        let output: String
    }

    /// Runs the program and waits for it, at most until `timeout` has passed.
    func run(_ arguments: [String], timeout: Duration) async throws(EmbeddedError) -> Ending {
        do {
            return try await withThrowingTaskGroup(of: Ending?.self) { group in
                group.addTask { try await launch(arguments) }
                group.addTask {
                    try await Task.sleep(for: timeout)
                    return nil
                }
                defer { group.cancelAll() }
                guard let ending = try await group.next() ?? nil else {
                    throw EmbeddedError.commandFailed(
                        program: path, reason: "it did not end within \(timeout)")
                }
                return ending
            }
        } catch let error as EmbeddedError {
            throw error
        } catch is CancellationError {
            throw .cancelled
        } catch {
            throw .commandFailed(program: path, reason: "\(error)")
        }
    }

    private func launch(_ arguments: [String]) async throws -> Ending {
        let command = try account.command(for: [path] + arguments)
        var options = PlatformOptions()
        // A session of its own: neither a hang-up of the terminal nor its Control-C reaches the server.
        options.createSession = true
        let configuration = Configuration(
            executable: .path(FilePath(command[0])),
            arguments: Arguments(Array(command.dropFirst())),
            environment: .custom(Self.environment(ProcessInfo.processInfo.environment)),
            // The current folder may be closed to the server's account.
            workingDirectory: "/",
            platformOptions: options
        )
        if let input {
            return ending(
                try await Subprocess.run(
                    configuration, input: .fileDescriptor(input, closeAfterSpawningProcess: true),
                    output: .string(limit: 1 << 20), error: .combinedWithOutput))
        }
        return ending(
            try await Subprocess.run(
                configuration, input: .none, output: .string(limit: 1 << 20), error: .combinedWithOutput))
    }

    private func ending<Input, Failure>(
        _ result: ExecutionResult<Input, StringOutput<UTF8>, Failure>
    ) -> Ending {
        let text = result.standardOutput
        let trimmed = text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
        return Ending(succeeded: result.terminationStatus.isSuccess, output: String(trimmed))
    }

    /// What a server gets to see: it lives long and has no use for the secrets of the process that started it.
    static func environment(_ inherited: [String: String]) -> [Environment.Key: String] {
        var result: [Environment.Key: String] = ["LC_ALL": "C", "PATH": inherited["PATH"] ?? "/usr/bin:/bin"]
        for name in ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"] {
            if let value = inherited[name], let key = Environment.Key(rawValue: name) { result[key] = value }
        }
        return result
    }
}
