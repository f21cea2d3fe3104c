import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A program that tests run as a real process.
public struct Executable: Sendable {
    /// Its absolute path.
    public let path: String

    /// The program at `path`.
    public init(path: String) {
        self.path = path
    }

    /// The command `pgswarm` that was built together with the running tests, or the one that
    /// `PGSWARM_TEST_EXECUTABLE` names.
    public static var pgswarm: Executable {
        get throws {
            if let wish = ProcessInfo.processInfo.environment["PGSWARM_TEST_EXECUTABLE"], !wish.isEmpty {
                return Executable(path: wish)
            }
            let tests = imagePath()
            var folder = URL(filePath: tests).deletingLastPathComponent()
            // On macOS the tests are a bundle, three folders below the products.
            for _ in 0..<5 {
                let candidate = folder.appending(path: "pgswarm").path
                if FileManager.default.isExecutableFile(atPath: candidate), !isFolder(candidate) {
                    return Executable(path: candidate)
                }
                folder.deleteLastPathComponent()
            }
            throw NotBuilt(tests: tests)
        }
    }

    /// Runs it to its end and returns what came of it; kills it and throws when `deadline` has passed.
    ///
    /// The program sees `environment` and, of the tests' own, only what every program needs.
    public func run(
        _ arguments: [String] = [], environment: [String: String] = [:], input: String = "",
        deadline: Duration = .seconds(60)
    ) async throws -> ChildResult {
        try await ChildProcess.withRegistry {
            let child = try await ChildProcess.start(
                self, arguments, environment: environment, input: .text(input))
            return try await child.waitForExit(deadline: deadline)
        }
    }

    /// The file that this code was loaded from.
    private static func imagePath() -> String {
        #if os(Linux)
        if let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            return path
        }
        #else
        var info = Dl_info()
        if dladdr(#dsohandle, &info) != 0, let name = info.dli_fname { return String(cString: name) }
        #endif
        return CommandLine.arguments[0]
    }

    private static func isFolder(_ path: String) -> Bool {
        var answer = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &answer) && answer
    }
}

struct NotBuilt: Error, CustomStringConvertible {
    let tests: String

    var description: String { "there is no executable pgswarm near \(tests): build the tests first" }
}
