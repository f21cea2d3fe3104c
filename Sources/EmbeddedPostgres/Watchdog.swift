#if canImport(System)
import System
#else
import SystemPackage
#endif

/// A shell that stops a server when this process has ended, however it ended.
///
/// It waits for the end of a pipe whose other end this process keeps open and never hands on.
enum Watchdog {
    /// Starts it; what there is to stop and to remove is found out only when its time has come.
    static func start(
        files: ServerFiles, location: ServerLocation, removingFiles: Bool
    ) async throws(EmbeddedError) {
        // The writing end is left open on purpose: closing it is what the system does at our end.
        let reading = try LifePipe.make().readEnd
        // The inner shell is an orphan, so that waiting for the outer one does not wait for it. The process id is
        // read at the end, because the server may have been restarted, and is checked before it is used.
        let script = """
            exec 3<&0
            (
                while read -r line <&3; do :; done
                pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null)
                if [ -n "$pid" ]; then
                    command=$(tr '\\000' ' ' <"/proc/$pid/cmdline" 2>/dev/null || ps -o command= -p "$pid")
                    case $command in *"$1"*)
                        kill -QUIT "$pid"
                        tries=0
                        while kill -0 "$pid" 2>/dev/null && [ $tries -lt 100 ]; do
                            sleep 0.1
                            tries=$((tries + 1))
                        done
                    esac
                fi
                shift
                [ $# -gt 0 ] || exit 0
                # Again and again, because an initdb that is left alone goes on writing for a moment.
                for wait in 0 0.5 1 2; do sleep $wait; rm -rf "$@"; done
            ) </dev/null >/dev/null 2>&1 &
            """
        let invoker = ServerAccount.invoker
        let removed = removingFiles ? [files.home, files.sockets, location.directory] : []
        let ending = try await Program(path: "/bin/sh", account: invoker, input: reading)
            .run(["-c", script, "sh", files.data] + removed, timeout: .seconds(30))
        guard ending.succeeded else { throw .commandFailed(program: "/bin/sh", reason: ending.output) }
    }
}
