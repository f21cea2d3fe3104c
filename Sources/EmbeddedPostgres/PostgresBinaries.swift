import FoundationEssentials

/// A folder with the server programs of one PostgreSQL version.
struct PostgresBinaries: Equatable {
    /// The oldest major version whose SQL the product uses.
    static let oldest = 15

    let folder: String
    let major: Int

    var initdb: String { folder + "/initdb" }
    var postgres: String { folder + "/postgres" }

    /// The programs to use: for data that exists those of its version, else the first that are found.
    static func find(
        dataVersion: Int?, data: String, account: ServerAccount,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws(EmbeddedError) -> PostgresBinaries {
        let folders = await candidates(environment: environment, account: account)
        var found: [PostgresBinaries] = []
        var problem: EmbeddedError?
        for folder in folders where hasPrograms(folder) {
            let major: Int
            do {
                major = try await version(folder, account: account)
            } catch {
                problem = problem ?? error
                continue
            }
            let binaries = PostgresBinaries(folder: folder, major: major)
            if dataVersion.map({ $0 == major }) ?? (major >= oldest) { return binaries }
            found.append(binaries)
        }
        if let dataVersion, !found.isEmpty {
            throw .versionMismatch(
                dataDirectory: data, dataVersion: dataVersion,
                installed: Array(Set(found.map(\.major))).sorted())
        }
        guard let old = found.first else { throw problem ?? .binariesNotFound(searched: folders) }
        throw .unsupportedVersion(folder: old.folder, found: old.major, oldest: oldest)
    }

    /// Where the programs may be, the most explicit wish first.
    static func candidates(environment: [String: String], account: ServerAccount) async -> [String] {
        // A folder somebody named is the only one to try: a silent second choice would surprise.
        if let wish = environment["PGSWARM_POSTGRES_BIN"], !wish.isEmpty { return [FilePaths.absolute(wish)] }
        let path = (environment["PATH"] ?? "").split(separator: ":").map(String.init).filter {
            $0.hasPrefix("/")
        }
        var folders = path
        if let tool = path.map({ $0 + "/pg_config" }).first(where: FilePaths.exists),
            let ending = try? await Program(path: tool, account: account).run(
                ["--bindir"], timeout: .seconds(10)),
            ending.succeeded
        {
            folders.insert(ending.output, at: 0)
        }
        folders += versioned("/usr/lib/postgresql", suffix: "/bin")
        folders += versioned("/usr", prefix: "pgsql-", suffix: "/bin")
        for cellar in ["/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"] {
            folders += versioned(cellar, prefix: "postgresql@", suffix: "/bin")
            folders.append(cellar + "/postgresql/bin")
        }
        folders.append("/Applications/Postgres.app/Contents/Versions/latest/bin")
        return folders.reduce(into: []) { result, folder in
            if !result.contains(folder) { result.append(folder) }
        }
    }

    /// The folders below `parent` that are named by a version, the highest first.
    private static func versioned(_ parent: String, prefix: String = "", suffix: String) -> [String] {
        FilePaths.names(in: parent)
            .compactMap { name -> (version: Double, name: String)? in
                guard name.hasPrefix(prefix), let version = Double(name.dropFirst(prefix.count)) else {
                    return nil
                }
                return (version, name)
            }
            .sorted { $0.version > $1.version }
            .map { "\(parent)/\($0.name)\(suffix)" }
    }

    private static func hasPrograms(_ folder: String) -> Bool {
        FilePaths.exists(folder + "/initdb") && FilePaths.exists(folder + "/postgres")
    }

    /// The major version that `postgres --version` prints, for example 17 of "postgres (PostgreSQL) 17.2".
    private static func version(_ folder: String, account: ServerAccount) async throws(EmbeddedError) -> Int {
        let program = Program(path: folder + "/postgres", account: account)
        let ending = try await program.run(["--version"], timeout: .seconds(10))
        guard ending.succeeded,
            let number = ending.output.split(separator: " ").first(where: { $0.first?.isNumber == true }),
            let major = Int(number.prefix { $0.isNumber })
        else { throw .commandFailed(program: program.path, reason: ending.output) }
        return major
    }
}
