import PgSwarm
import SystemPackage

/// What the demo finds out about a file, or why it could not.
struct FileFacts: Codable, Sendable, Equatable {
    /// What `sha256sum` says.
    var sha256: String?
    /// What `wc -c` says.
    var bytes: Int?
    /// What `wc -l` says.
    var lines: Int?
    /// Why the file could not be read.
    var error: String?

    /// Reads the file at `path` from its beginning to its end.
    static func read(_ path: FilePath) async throws -> FileFacts {
        do {
            return try await count(path)
        } catch let error as Errno {
            return FileFacts(error: error.description)
        }
    }

    private static func count(_ path: FilePath) async throws -> FileFacts {
        // Without waiting: a file that turned into a pipe meanwhile must not hold up anybody.
        let file = try FileDescriptor.open(
            path, .readOnly, options: [.nonBlocking, .noFollow, .closeOnExec])
        defer { try? file.close() }
        var hash = SHA256()
        var facts = FileFacts(bytes: 0, lines: 0)
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let (count, lines) = try buffer.withUnsafeMutableBytes { buffer in
                let count = try file.read(into: buffer)
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                hash.update(bytes)
                return (count, bytes.count { $0 == UInt8(ascii: "\n") })
            }
            guard count > 0 else { break }
            facts.bytes = (facts.bytes ?? 0) + count
            facts.lines = (facts.lines ?? 0) + lines
            // Hashing is all work and no waiting: others may need this thread.
            await Task.yield()
        }
        facts.sha256 = hash.finish()
        return facts
    }
}
