import SystemPackage

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Finds programs as a shell would, once instead of at every start.
enum CommandPath {
    /// The file of a program.
    ///
    /// - Throws: `usage` when there is none that can be run.
    static func find(_ name: String, searchPath: String?) throws(SwarmError) -> FilePath {
        if name.contains("/") {
            guard isExecutable(name) else {
                throw SwarmError(.usage, "\"\(name)\" is not a program that can be run")
            }
            return FilePath(name)
        }
        for folder in (searchPath ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":") {
            let path = "\(folder)/\(name)"
            if isExecutable(path) { return FilePath(path) }
        }
        throw SwarmError(.usage, "there is no program \"\(name)\"", hint: "Name its file, or extend PATH.")
    }

    private static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}
