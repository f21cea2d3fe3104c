import SystemPackage

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A task's payload as a file without a name, to be a command's standard input.
///
/// Not a pipe: a command that doesn't read its input would hold up whoever fills a pipe, and one that closes it would
/// send the whole worker a SIGPIPE.
enum PayloadFile {
    /// Opens a file with the text, to be read from its beginning.
    ///
    /// The caller closes it.
    static func open(_ text: String) throws(Errno) -> FileDescriptor {
        let file = try create()
        do {
            var text = text
            try text.withUTF8 { _ = try file.writeAll($0) }
            try file.seek(offset: 0, from: .start)
            return file
        } catch {
            try? file.close()
            throw error as? Errno ?? .ioError
        }
    }

    private static func create() throws(Errno) -> FileDescriptor {
        var failure = Errno.ioError
        for folder in folders {
            var template = Array("\(folder)/pgswarm-payload-XXXXXX".utf8CString)
            let number = mkstemp(&template)
            guard number >= 0 else {
                failure = Errno(rawValue: errno)
                continue
            }
            unlink(template)
            _ = fcntl(number, F_SETFD, FD_CLOEXEC)
            return FileDescriptor(rawValue: number)
        }
        throw failure
    }

    /// The first is memory where it exists, so that payloads aren't written to a disk.
    private static let folders = ["/dev/shm", getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"]
}
