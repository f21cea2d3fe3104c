import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Where the parts of the server of one location are.
///
/// Usually everything is inside the location. Two things can move out: the home, when root starts the
/// server and the server's account cannot enter the location; and the socket, when its path is longer
/// than a socket address allows. Both are recorded in the location, so that whoever comes later finds them.
struct ServerFiles: Codable, Equatable {
    /// The folder that belongs to the server's account alone.
    var home: String
    /// The folder of the unix socket.
    var sockets: String

    var data: String { home + "/data" }
    var log: String { home + "/server.log" }

    /// Room for `/.s.PGSQL.5432` and its end in `sockaddr_un`: 108 bytes on Linux, 104 on macOS.
    static let longestSocketFolder =
        MemoryLayout.size(ofValue: sockaddr_un().sun_path) - "/.s.PGSQL.5432".utf8.count - 1

    static func recordPath(_ location: ServerLocation) -> String { location.directory + "/server.json" }

    /// What the location records, or nil when no server has been set up there yet.
    static func recorded(in location: ServerLocation) -> ServerFiles? {
        guard let bytes = FileManager.default.contents(atPath: recordPath(location)) else { return nil }
        return try? JSONDecoder().decode(ServerFiles.self, from: bytes)
    }

    func record(in location: ServerLocation) throws(EmbeddedError) {
        let path = Self.recordPath(location)
        guard let bytes = try? JSONEncoder().encode(self) else {
            throw .unusableLocation(path: path, reason: "a path is not valid Unicode")
        }
        try FilePaths.write(String(decoding: bytes, as: UTF8.self) + "\n", to: path, owner: .invoker)
    }

    /// Makes the folders for `account`, those on record if there are any, and records them.
    static func prepare(_ location: ServerLocation, for account: ServerAccount) throws(EmbeddedError)
        -> ServerFiles
    {
        let recorded = recorded(in: location)
        let home = if let recorded { recorded.home } else { try chooseHome(location, for: account) }
        try makePrivate(home, for: account)
        var files = ServerFiles(home: home, sockets: home + "/socket")
        if files.sockets.utf8.count > longestSocketFolder {
            files.sockets = try shortFolder(recorded?.sockets, for: location, account: account)
        } else {
            try makePrivate(files.sockets, for: account)
        }
        if files != recorded { try files.record(in: location) }
        return files
    }

    private static func chooseHome(
        _ location: ServerLocation, for account: ServerAccount
    ) throws(EmbeddedError) -> String {
        if !account.isOther || account.canEnter(location.directory) { return location.directory + "/server" }
        let shared = "/var/lib/pgswarm"
        do {
            try FilePaths.makeFolder(shared, mode: 0o711)
            if access(shared, W_OK) == 0, account.canEnter(shared) {
                return shared + "/" + FilePaths.fingerprint(location.directory)
            }
        } catch {
            // A read-only /var: the temporary folder below still gives a working server.
        }
        return "/tmp/pgswarm-server-" + FilePaths.fingerprint(location.directory)
    }

    /// A folder with a short path; others may have squatted on the first name, so several are tried.
    private static func shortFolder(
        _ recorded: String?, for location: ServerLocation, account: ServerAccount
    ) throws(EmbeddedError) -> String {
        let name = "pgswarm-" + FilePaths.fingerprint(location.directory)
        let temporary = ProcessInfo.processInfo.environment["TMPDIR"].map(FilePaths.absolute) ?? "/tmp"
        var candidates = recorded.map { [$0] } ?? []
        for folder in [temporary, "/tmp"] where account.canEnter(folder) {
            candidates += ["", "-2", "-3"].map { "\(folder)/\(name)\($0)" }
        }
        var problem = EmbeddedError.unusableLocation(path: "/tmp", reason: "no room for a socket")
        for candidate in candidates where candidate.utf8.count <= longestSocketFolder {
            do {
                try makePrivate(candidate, for: account)
                return candidate
            } catch {
                problem = error
            }
        }
        throw problem
    }

    /// Makes `path` a folder that only `account` (and root) can enter, or makes sure that it is one.
    static func makePrivate(_ path: String, for account: ServerAccount) throws(EmbeddedError) {
        try FilePaths.makeFolder(FilePaths.parent(of: path), mode: 0o711)
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FilePaths.failure(path) }
        // All further questions go to the folder that was opened: its name may come to mean another one.
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw FilePaths.failure(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FilePaths.failure(path) }
        if account.isOther, status.st_uid == geteuid() {
            guard fchown(descriptor, account.userID, account.groupID) == 0 else {
                throw FilePaths.failure(path)
            }
        } else if status.st_uid != account.userID {
            throw .unusableLocation(path: path, reason: "it belongs to another user")
        }
        guard fchmod(descriptor, 0o700) == 0 else { throw FilePaths.failure(path) }
    }
}
