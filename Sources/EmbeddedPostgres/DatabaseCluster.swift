#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The data folder of a private server: made once, then kept.
struct DatabaseCluster {
    /// The superuser's name, which is also the name of the database.
    static let name = "pgswarm"

    let files: ServerFiles
    let account: ServerAccount

    /// The major version that wrote the data, or nil when there is none yet.
    var version: Int? {
        FilePaths.text(files.data + "/PG_VERSION").flatMap { Int($0.prefix { $0.isNumber }) }
    }

    /// Sees to the data and the settings of a server that does not run, and chooses its programs.
    func prepare(settings: [String: String]) async throws(EmbeddedError) -> PostgresBinaries {
        let binaries = try await PostgresBinaries.find(
            dataVersion: version, data: files.data, account: account)
        if version == nil { try await create(with: binaries, durably: settings["fsync"] != "off") }
        try write(
            ServerSettings.text(overrides: settings, sockets: files.sockets), to: files.data + "/pgswarm.conf"
        )
        try ServerLog(path: files.log).rotate()
        return binaries
    }

    /// Makes the data folder with one empty database.
    ///
    /// The work happens in a folder of another name that is moved into place at the end: a data folder
    /// that exists is complete, also when this was killed half-way.
    private func create(with binaries: PostgresBinaries, durably: Bool) async throws(EmbeddedError) {
        let draft = files.data + ".new"
        try await run("/bin/rm", ["-rf", draft])
        var arguments = [
            "--pgdata", draft, "--username", Self.name, "--auth", "trust", "--encoding", "UTF8",
            // The plain C order is the same on every system and in every version.
            "--locale", "C",
        ]
        if !durably { arguments.append("--no-sync") }
        try await run(binaries.initdb, arguments)
        // A server without sockets: it runs one statement and ends. The shell writes the statement, because
        // writing to a server that has failed already would end this process with SIGPIPE.
        let script = "statement=$1; shift; echo \"$statement\" | \"$@\""
        try await run(
            "/bin/sh",
            ["-c", script, "sh", "CREATE DATABASE \(Self.name)", binaries.postgres, "--single", "-D", draft]
                + (durably ? [] : ["-F"]) + ["postgres"])
        try include(in: draft)
        guard rename(draft, files.data) == 0 else { throw FilePaths.failure(files.data) }
    }

    private func include(in folder: String) throws(EmbeddedError) {
        let path = folder + "/postgresql.conf"
        let text = FilePaths.text(path) ?? ""
        try write(text + "\ninclude_if_exists = 'pgswarm.conf'\n", to: path)
    }

    private func write(_ text: String, to path: String) throws(EmbeddedError) {
        try FilePaths.write(text, to: path, owner: account)
    }

    private func run(_ path: String, _ arguments: [String]) async throws(EmbeddedError) {
        let program = Program(path: path, account: account)
        let ending = try await program.run(arguments, timeout: .seconds(120))
        // A standalone server reports a failed statement only in what it prints.
        guard ending.succeeded, !ending.output.contains("ERROR:"), !ending.output.contains("FATAL:") else {
            throw .initializationFailed(output: ServerLog.essence(ending.output))
        }
    }
}
