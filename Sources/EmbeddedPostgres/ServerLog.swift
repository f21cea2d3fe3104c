#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The file that a server writes its messages to.
struct ServerLog {
    let path: String

    /// Above this many bytes a start begins a new file; one old file is kept beside it.
    static let rotationSize = 10 << 20

    func rotate() throws(EmbeddedError) {
        guard size > Self.rotationSize else { return }
        guard rename(path, path + ".1") == 0 else { throw FilePaths.failure(path) }
    }

    /// The file's size in bytes, 0 when there is none.
    var size: Int { FilePaths.status(path).map { Int($0.st_size) } ?? 0 }

    /// What was written after the first `offset` bytes, at most the last 4,000 bytes of it.
    func text(since offset: Int) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        let start = max(offset, size - 4_000)
        var buffer = [UInt8](repeating: 0, count: 4_000)
        let count = pread(descriptor, &buffer, buffer.count, off_t(start))
        return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
    }

    /// The lines of the log that say what is wrong, on one line and without time and process id.
    static func essence(_ log: String) -> String {
        let routine = [
            "LOG:  starting PostgreSQL", "LOG:  listening on", "LOG:  database system is shut down",
        ]
        let lines = log.split(separator: "\n")
            .filter { line in !routine.contains { line.contains($0) } }
            .map { line in line.firstIndex(of: "]").map { line[$0...].dropFirst(2) } ?? line }
        return lines.suffix(4).joined(separator: " ")
    }
}
