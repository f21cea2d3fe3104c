#if os(Linux)
internal import CLibPQ  // eventfd
#endif
#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// A descriptor that any thread can make readable, to end another thread's `poll`.
final class Wakeup: Sendable {
    /// Becomes readable after ``signal()`` until ``drain()``.
    let descriptor: Int32
    private let signalDescriptor: Int32

    /// Fails when the process has no descriptors left.
    init() throws(PostgresError) {
        #if os(Linux)
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        signalDescriptor = descriptor
        guard descriptor >= 0 else { throw .connectFailed("no descriptor for a connection's thread") }
        #else
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .connectFailed("no descriptor for a connection's thread") }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        descriptor = ends[0]
        signalDescriptor = ends[1]
        #endif
    }

    deinit {
        close(descriptor)
        if signalDescriptor != descriptor { close(signalDescriptor) }
    }

    func signal() {
        // Failing with EAGAIN means that it is readable already.
        var one: UInt64 = 1
        _ = write(signalDescriptor, &one, MemoryLayout<UInt64>.size)
    }

    func drain() {
        var sink: UInt64 = 0
        while read(descriptor, &sink, MemoryLayout<UInt64>.size) > 0 {
            // An eventfd is empty after one read; a pipe may hold several signals.
            if signalDescriptor == descriptor { return }
        }
    }

    /// Sleeps until ``signal()`` is called, or was called since the last ``drain()``; then drains.
    func wait() {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&watched, 1, -1) < 0 && errno == EINTR {}
        drain()
    }
}
