#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The right to start or stop the server of a location, held by one process of the machine at a time.
///
/// It is a lock of the kernel on an open file, so it ends with the process that holds it.
struct LocationLock {
    private let descriptor: Int32

    /// Waits for the lock, at most until `timeout` has passed.
    ///
    /// Whoever gets it must ``release()`` it.
    static func acquire(_ location: ServerLocation, timeout: Duration) async throws(EmbeddedError)
        -> LocationLock
    {
        let path = location.directory + "/server.lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FilePaths.failure(path) }
        let lock = LocationLock(descriptor: descriptor)
        do throws(EmbeddedError) {
            try await lock.wait(location, until: .now + timeout)
        } catch {
            lock.release()
            throw error
        }
        return lock
    }

    /// Gives the lock to whoever waits.
    func release() { close(descriptor) }

    /// Asks again and again instead of waiting inside the system call, which would block a shared thread.
    private func wait(
        _ location: ServerLocation, until deadline: ContinuousClock.Instant
    ) async throws(EmbeddedError) {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw FilePaths.failure(location.directory) }
            guard ContinuousClock.now < deadline else { throw .locationBusy(path: location.directory) }
            do { try await Task.sleep(for: .milliseconds(50)) } catch { throw .cancelled }
        }
    }
}
