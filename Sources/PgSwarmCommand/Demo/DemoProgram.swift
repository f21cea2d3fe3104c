import FoundationEssentials
import Subprocess
import SystemPackage

/// The program that is running, as the demo's processes run it.
enum DemoProgram {
    /// Where it is.
    static var path: FilePath {
        #if os(Linux)
        let link = "/proc/self/exe"
        let target = try? FileManager.default.destinationOfSymbolicLink(atPath: link)
        // A program that was replaced by a new build is still to be had under the link.
        return FilePath(
            target.flatMap { FileManager.default.isExecutableFile(atPath: $0) ? $0 : nil } ?? link)
        #else
        return FilePath(CommandLine.arguments[0])
        #endif
    }

    /// The user's own environment without what would send the processes to another database or give them another name.
    static func environment(configuration: FilePath, _ more: [String: String] = [:]) -> Subprocess.Environment {
        var variables: [Subprocess.Environment.Key: String] = [:]
        for (name, value) in ProcessInfo.processInfo.environment where !name.hasPrefix("PG") {
            if let key = Subprocess.Environment.Key(rawValue: name) { variables[key] = value }
        }
        for (name, value) in more {
            if let key = Subprocess.Environment.Key(rawValue: name) { variables[key] = value }
        }
        variables["XDG_CONFIG_HOME"] = configuration.string
        return .custom(variables)
    }
}
