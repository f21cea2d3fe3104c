import Foundation

/// A shell script running as a child process that can be told one line on its standard input.
///
/// Not Foundation's `Process`: its children inherit the blocked signals of the thread that happened to
/// start them, and a shell that cannot see SIGCHLD waits for ever.
struct ChildShell {
    let pid: pid_t
    /// Ends when this process ends, however that comes about.
    private let input: Int32

    /// Starts the script, as the user `postgres` when this process is root.
    init(_ script: String) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw PrivateServer.Failure(reason: "no pipe") }
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        // A group of its own: what is sent to the group of the tests (Ctrl-C, a time limit) must not end
        // the shell before it has stopped the server.
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        let shell = ["/bin/sh", "-c", script]
        let asPostgres = ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        let words = getuid() == 0 ? asPostgres + shell : shell
        var arguments = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, words[0], &actions, &attributes, &arguments, environ)
        close(ends[0])
        guard status == 0 else { throw PrivateServer.Failure(reason: "cannot start \(words[0])") }
        self.pid = pid
        input = ends[1]
    }

    /// Writes a line.
    func tell(_ line: String) {
        let line = line + "\n"
        _ = line.withCString { write(input, $0, strlen($0)) }
    }

    /// Ends its standard input, and with it the server and its folder.
    func abandon() {
        close(input)
    }

    /// Waits for the end and returns the exit status.
    func ended() async -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, WNOHANG) == 0 { try? await Task.sleep(for: .milliseconds(5)) }
        close(input)
        return status
    }
}
