#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A command together with all processes it has started, unless they left its group on purpose.
struct ProcessGroup: Sendable {
    /// The process id of the command, which leads the group.
    let leader: pid_t

    /// Asks all of them to end.
    func terminate() { send(SIGTERM) }

    /// Ends all of them.
    ///
    /// Also right after the command itself has ended and was waited for: as long as one member lives, the system gives
    /// the number to no other process.
    func kill() { send(SIGKILL) }

    /// Signals all of them.
    func send(_ signal: Int32) {
        // 0 and 1 would mean this process's own group, or everybody.
        if leader > 1 { _ = killpg(leader, signal) }
    }
}
