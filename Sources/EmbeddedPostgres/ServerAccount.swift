#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The user a server runs as: PostgreSQL refuses to be root.
struct ServerAccount: Equatable {
    let userID: uid_t
    let groupID: gid_t

    /// The account for the server whose files `owner` owns, or for a new server when that is nil.
    ///
    /// An ordinary user runs the server itself. Root runs it as whoever owns the data, and a new one
    /// as `postgres`, which comes with every packaged server, or else as `nobody`.
    static func choose(owner: uid_t?) throws(EmbeddedError) -> ServerAccount {
        let invoker = self.invoker
        guard invoker.isRoot else { return invoker }
        if let owner, owner != 0, let account = lookUp({ getpwuid_r(owner, $0, $1, $2, $3) })?.account {
            return account
        }
        for name in ["postgres", "nobody"] {
            if let account = lookUp({ getpwnam_r(name, $0, $1, $2, $3) })?.account, !account.isRoot {
                return account
            }
        }
        throw .noServerAccount
    }

    /// The home folder of the current user as the user database knows it.
    static func homeDirectory() -> String {
        lookUp({ getpwuid_r(geteuid(), $0, $1, $2, $3) })?.home ?? "/tmp/pgswarm-\(geteuid())"
    }

    /// The user of the current process.
    static var invoker: ServerAccount { ServerAccount(userID: geteuid(), groupID: getegid()) }

    var isRoot: Bool { userID == 0 }

    /// Whether this is not the user of the current process.
    var isOther: Bool { userID != geteuid() }

    /// Whether this account may pass through the folder `path` and all folders above it.
    func canEnter(_ path: String) -> Bool {
        var folder = FilePaths.resolved(path)
        while true {
            guard let status = FilePaths.status(folder), permitsEntry(status) else { return false }
            if folder == "/" { return true }
            folder = FilePaths.parent(of: folder)
        }
    }

    private func permitsEntry(_ status: stat) -> Bool {
        let bit: mode_t =
            if status.st_uid == userID { 0o100 } else if status.st_gid == groupID { 0o010 } else { 0o001 }
        return status.st_mode & bit != 0
    }

    /// The words of a command line that runs `words` as this account.
    ///
    /// A program does the switch. In a process with several threads it cannot be done safely between fork
    /// and exec: setuid() then waits for threads that the child does not have.
    func command(for words: [String]) throws(EmbeddedError) -> [String] {
        guard isOther else { return words }
        let folders = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
        func find(_ name: String) -> String? {
            folders.map { $0 + "/" + name }.first { access($0, X_OK) == 0 }
        }
        if let setpriv = find("setpriv") {
            return [setpriv, "--reuid=\(userID)", "--regid=\(groupID)", "--clear-groups", "--"] + words
        }
        if let sudo = find("sudo") {
            // sudo empties the environment; the locale is the part of it that matters.
            return [sudo, "-n", "-u", "#\(userID)", "-g", "#\(groupID)", "--", "/usr/bin/env", "LC_ALL=C"]
                + words
        }
        throw .commandFailed(
            program: "setpriv", reason: "it (or sudo) is needed to run the server as another user")
    }

    private typealias Query = (
        UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
        UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
    ) -> Int32

    private static func lookUp(_ query: Query) -> (account: ServerAccount, home: String)? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        return buffer.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress, query(&entry, base, buffer.count, &found) == 0, found != nil
            else { return nil }
            let account = ServerAccount(userID: entry.pw_uid, groupID: entry.pw_gid)
            // The strings live in the buffer: they must be copied before it goes.
            return (account, entry.pw_dir.map { String(cString: $0) } ?? "/")
        }
    }
}
