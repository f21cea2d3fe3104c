#if canImport(System)
package import System
#else
package import SystemPackage
#endif

#if canImport(Darwin)
import Darwin
#endif

/// A pipe whose end tells a watchdog that this process has ended.
package enum LifePipe {
    /// Makes the pipe; no program started later inherits an end of it by accident.
    ///
    /// One inherited writing end would be enough for the watchdog to sleep on.
    package static func make() throws(EmbeddedError) -> (readEnd: FileDescriptor, writeEnd: FileDescriptor) {
        do {
            #if canImport(Darwin)
            // Programs are started with POSIX_SPAWN_CLOEXEC_DEFAULT there, so the gap does no harm.
            let ends = try FileDescriptor.pipe()
            for end in [ends.readEnd, ends.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
            return ends
            #else
            return try FileDescriptor.pipe(options: .closeOnExec)
            #endif
        } catch {
            throw .commandFailed(program: "pipe", reason: "\(error)")
        }
    }
}
