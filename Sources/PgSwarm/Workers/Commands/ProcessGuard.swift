package import Logging
import Subprocess
import Synchronization
import SystemPackage

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Ends the commands of a worker that was killed and couldn't end them itself.
///
/// A small shell process reads from a socket which groups of processes run, and learns by the end of the socket that
/// the worker is no more, however it died. (A signal at the parent's death, which Linux offers, would reach the command
/// but none of its children, and would be lost in a program that changes its user.) What is not covered is the moment
/// between the start of a command and the note of it, well under a millisecond.
package final class ProcessGuard: Sendable {
    private let socket: FileDescriptor
    private let isGone = Mutex(false)
    private let logger: Logger

    private static let script = """
        trap '' TERM INT HUP QUIT
        groups=' '
        while read -r verb group; do
            case $verb in
                +) groups="$groups$group " ;;
                -) groups="${groups%%" $group "*} ${groups#*" $group "}" ;;
            esac
        done
        [ -n "${groups# }" ] || exit 0
        for group in $groups; do kill -s TERM -- "-$group"; done 2>/dev/null
        sleep 1
        for group in $groups; do kill -s KILL -- "-$group"; done 2>/dev/null
        """

    /// Starts the shell process.
    ///
    /// It ends with this object.
    package init(logger: Logger) throws(SwarmError) {
        var ends: [Int32] = [-1, -1]
        #if os(Linux)
        let kind = Int32(SOCK_STREAM.rawValue)
        #else
        let kind = SOCK_STREAM
        #endif
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw SwarmError(
                .internal, "no more files can be opened: \(Errno(rawValue: errno))",
                hint: "Raise the limit on open files.")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        #if canImport(Darwin)
        var yes: Int32 = 1
        setsockopt(ends[0], SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<Int32>.size))
        #endif
        socket = FileDescriptor(rawValue: ends[0])
        self.logger = logger
        let input = FileDescriptor(rawValue: ends[1])
        var options = PlatformOptions()
        // A session of its own, so that no signal from a terminal ends it before its time.
        options.createSession = true
        let configuration = Configuration(
            executable: .path("/bin/sh"), arguments: ["-c", Self.script], platformOptions: options)
        // Not structured, because it belongs to no single task: it ends when the socket is closed.
        Task.detached {
            do {
                _ = try await Subprocess.run(
                    configuration, input: .fileDescriptor(input, closeAfterSpawningProcess: true),
                    output: .discarded, error: .discarded)
            } catch {
                logger.warning("no guard for commands", metadata: ["error": "\(error)"])
            }
        }
    }

    deinit {
        try? socket.close()
    }

    /// Notes that a group runs.
    package func add(_ group: ProcessGroup) { tell("+", group) }

    /// Notes that a group has ended.
    package func remove(_ group: ProcessGroup) { tell("-", group) }

    private func tell(_ verb: String, _ group: ProcessGroup) {
        var line = "\(verb) \(group.leader)\n"
        #if os(Linux)
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        #else
        let flags = MSG_DONTWAIT
        #endif
        let sent = line.withUTF8 { send(socket.rawValue, $0.baseAddress, $0.count, flags) }
        guard sent < 0, !isGone.withLock({ was in (was, was = true).0 }) else { return }
        logger.warning("the guard of commands is gone; they would outlive a killed worker")
    }
}
