#if canImport(Darwin)
package import Darwin
#elseif canImport(Musl)
package import Musl
#else
package import Glibc
#endif

/// A command together with all processes it has started, unless they left its group on purpose.
package struct ProcessGroup: Sendable {
    /// The process id of the command, which leads the group.
    package let leader: pid_t

    /// Names the group by its leader.
    package init(leader: pid_t) {
        self.leader = leader
    }

    /// Whether the command has ended, be it waited for or not.
    package var hasEnded: Bool {
        var state = siginfo_t()
        // Looks without taking: whoever waits for the process finds it still there.
        let result = waitid(P_PID, id_t(leader), &state, WEXITED | WNOHANG | WNOWAIT)
        return result != 0 || state.si_signo == SIGCHLD
    }

    /// Asks all of them to end.
    package func terminate() { send(SIGTERM) }

    /// Ends all of them.
    ///
    /// Also right after the command itself has ended and was waited for: as long as one member lives, the system gives
    /// the number to no other process.
    package func kill() { send(SIGKILL) }

    /// Signals all of them.
    package func send(_ signal: Int32) {
        // 0 and 1 would mean this process's own group, or everybody.
        if leader > 1 { _ = killpg(leader, signal) }
    }
}
