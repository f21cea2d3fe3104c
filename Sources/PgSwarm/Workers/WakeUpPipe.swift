import SystemPackage

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A pipe that one thread sleeps on and any other wakes it through.
final class WakeUpPipe: Sendable {
    private let reading: FileDescriptor
    private let writing: FileDescriptor

    init() throws(SwarmError) {
        do {
            (reading, writing) = try FileDescriptor.pipe()
        } catch {
            throw SwarmError(
                .internal, "no more files can be opened: \(error)", hint: "Raise the limit on open files.",
                underlying: error)
        }
        for descriptor in [reading.rawValue, writing.rawValue] {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        try? reading.close()
        try? writing.close()
    }

    /// Ends the sleep, or the next one.
    func signal() {
        // A full pipe is a wake-up already, so a refused byte is no loss.
        _ = try? [1].withUnsafeBytes { try writing.write(UnsafeRawBufferPointer(rebasing: $0.prefix(1))) }
    }

    /// Sleeps until the signal, at most so long; takes all signals there are.
    func wait(atMost duration: Duration) {
        var entry = pollfd(fd: reading.rawValue, events: Int16(POLLIN), revents: 0)
        let (seconds, attoseconds) = duration.components
        // Rounded up, so that nobody is woken just before the time and has to sleep again.
        let milliseconds =
            min(seconds, 3600) * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        guard poll(&entry, 1, Int32(clamping: max(milliseconds, 0))) > 0 else { return }
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
            while let count = try? reading.read(into: buffer), count == buffer.count {}
        }
    }
}
