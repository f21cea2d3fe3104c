import FoundationEssentials
import TestSupport
import Testing

@testable import EmbeddedPostgres

@Suite struct PostgresBinariesTests {
    @Test func `A named folder is the only one that is tried`() async throws {
        let error = await #expect(throws: EmbeddedError.self) {
            try await find(environment: ["PGSWARM_POSTGRES_BIN": "/nowhere", "PATH": "/usr/bin"])
        }
        #expect(error == .binariesNotFound(searched: ["/nowhere"]))
        #expect(error?.hint?.contains("apt-get install postgresql") == true)
    }

    @Test func `Programs that are too old are named`() async throws {
        try await withPrograms(saying: "echo postgres '(PostgreSQL)' 12.22") { folder in
            await #expect(throws: EmbeddedError.unsupportedVersion(folder: folder, found: 12, oldest: 15)) {
                try await find(environment: ["PGSWARM_POSTGRES_BIN": folder])
            }
        }
    }

    @Test func `A beta and a vendor's addition are understood`() async throws {
        try await withPrograms(saying: "echo postgres '(PostgreSQL)' 18beta1 '(Debian 18~beta1-1)'") {
            folder in
            let found = try await find(environment: ["PGSWARM_POSTGRES_BIN": folder])
            #expect(found == PostgresBinaries(folder: folder, major: 18))
        }
    }

    @Test func `Programs that do not run give the reason`() async throws {
        try await withPrograms(saying: "echo libxml2.so.2: not found; exit 127") { folder in
            let problem = EmbeddedError.commandFailed(
                program: folder + "/postgres", reason: "libxml2.so.2: not found")
            await #expect(throws: problem) { try await find(environment: ["PGSWARM_POSTGRES_BIN": folder]) }
        }
    }

    @Test func `Existing data decides the version`() async throws {
        try await withPrograms(saying: "echo postgres '(PostgreSQL)' 17.2") { folder in
            let environment = ["PGSWARM_POSTGRES_BIN": folder]
            let found = try await find(dataVersion: 17, environment: environment)
            #expect(found.major == 17)
            let problem = EmbeddedError.versionMismatch(
                dataDirectory: "/data", dataVersion: 16, installed: [17])
            await #expect(throws: problem) { try await find(dataVersion: 16, environment: environment) }
        }
    }

    private func find(
        dataVersion: Int? = nil, environment: [String: String]
    ) async throws -> PostgresBinaries {
        try await PostgresBinaries.find(
            dataVersion: dataVersion, data: "/data", account: .choose(owner: nil), environment: environment)
    }

    /// A folder with scripts in the place of the programs.
    private func withPrograms(saying command: String, _ body: (String) async throws -> Void) async throws {
        let folder = "/tmp/pgswarm-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // A shell writes them: had this process a program open for writing, a test beside this one could be
        // starting a process at that moment, which has it open too until it is what it shall be, and the
        // system refuses to run a program that is open for writing.
        let made = try await Executable(path: "/bin/sh").run([
            "-c",
            "mkdir $1 && for p in initdb postgres; do printf '#!/bin/sh\n%s\n' \"$2\" >$1/$p && chmod 755 $1/$p; done",
            "sh", folder, command,
        ])
        try #require(made.exitCode == 0, "\(made)")
        try await body(folder)
    }
}
