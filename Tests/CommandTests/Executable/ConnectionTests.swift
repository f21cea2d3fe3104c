import FoundationEssentials
import PgSwarm
import Postgres
import TestSupport
import Testing

/// Which database, who, and what a database must be like.
@Suite(.timeLimit(.minutes(5))) struct ConnectionTests {
    @Test(.emptyDatabase) func `A database that is not migrated says so, and migrating mends it`()
        async throws
    {
        let database = try TestDatabase.current
        let refused = try await Executable.pgswarm.run(
            ["enqueue", "q", "--json"], environment: database.environment)
        #expect(refused.exitCode == 4, "\(refused)")
        let error = try Value(text: refused.error)["error"]
        #expect(error["code"] == "not_migrated")
        #expect(error["hint"].string?.contains("pgswarm migrate") == true)

        let migrated = try await Executable.pgswarm.run(
            ["migrate", "up", "--open-registration", "--json"], environment: database.environment)
        #expect(migrated.exitCode == 0, "\(migrated)")
        #expect(try Value(text: migrated.output)["applied"].array.isEmpty == false)
        let repeated = try await Executable.pgswarm.run(
            ["migrate", "up", "--json"], environment: database.environment)
        #expect(try Value(text: repeated.output) == .object(["applied": .array([]), "open_registration": true]))
        let again = try await Executable.pgswarm.run(["migrate"], environment: database.environment)
        #expect(again.output == "the schema is up to date\n")
        let enqueued = try await Executable.pgswarm.run(["enqueue", "q"], environment: database.environment)
        #expect(enqueued.exitCode == 0, "\(enqueued)")
    }

    @Test(.emptyDatabase) func `Migration status, and a printed schema that can be applied by hand`()
        async throws
    {
        let database = try TestDatabase.current
        let before = try await Executable.pgswarm.run(
            ["migrate", "status", "--json"], environment: database.environment)
        #expect(before.exitCode == 4, "files are pending")
        let report = try Value(text: before.output)
        #expect(report["current"] == false && report["files"][0]["state"] == "pending", "\(before)")
        let printed = try await Executable.pgswarm.run(
            ["migrate", "print"], environment: database.environment)
        #expect(printed.exitCode == 0)
        let connection = try await database.connect()
        try await connection.script(printed.output)
        await connection.close()
        let after = try await Executable.pgswarm.run(
            ["migrate", "status", "--json"], environment: database.environment)
        #expect(try Value(text: after.output)["current"] == true, "\(after)")
        #expect(after.exitCode == 0)
    }

    @Test(.database) func `A database that is newer is refused by every command`() async throws {
        let shell = try await Shell()
        try await shell.database.pool.withConnection { db in
            try db.script(
                "UPDATE pgswarm.migration SET name = '9999_later.sql', version = 9999 WHERE version = 2")
        }
        for command in [["enqueue", "q"], ["claim", "q"], ["migrate"], ["work", "q", "--", "true"]] {
            let result = try await shell.run(command + (command.contains("--") ? [] : ["--json"]))
            #expect(result.exitCode == 4, "\(command): \(result)")
            #expect(result.error.contains("newer") || result.error.contains("9999"), "\(result)")
        }
        #expect(try await shell.count() == 0)
        let status = try await shell.json("migrate", "status", code: 4)
        #expect(status["refusal"] == "schema_newer")
    }

    /// What README says under "Several hosts", line by line, with names of the test's own.
    @Test(.emptyDatabase) func `Several hosts, each with a login of its own`() async throws {
        let database = try TestDatabase.current
        let (builder, keeper) = ("builder_\(database.name)", "keeper_\(database.name)")
        func run(_ login: String?, _ arguments: [String], _ more: [String: String] = [:]) async throws -> ChildResult {
            var options = database.options.parameters
            if let login { options["user"] = login }
            var environment = database.environment.merging(more) { $1 }
            environment["PGSWARM_DATABASE_URL"] = options.map { "\($0.key)='\($0.value)'" }.joined(separator: " ")
            return try await Executable.pgswarm.run(arguments, environment: environment)
        }
        #expect(try await run(nil, ["migrate", "up"]).exitCode == 0)
        try await database.pool.withConnection { db in
            try db.script(
                """
                CREATE ROLE \(builder) LOGIN IN ROLE pgswarm_worker;
                CREATE ROLE \(keeper) LOGIN IN ROLE pgswarm_coordinator;
                """)
        }
        let credential = database.folder + "/builder-1.credential"
        let registered = try await run(
            nil, ["agents", "register", "builder-1", "--credential-file", credential])
        #expect(registered.exitCode == 0, "\(registered)")

        let onHost = ["PGSWARM_AGENT": "builder-1", "PGSWARM_CREDENTIAL_FILE": credential]
        let enqueued = try await run(builder, ["enqueue", "lint"], onHost)
        #expect(enqueued.exitCode == 0, "\(enqueued)")
        let work = try await run(builder, ["work", "lint", "--until-empty", "--", "true"], onHost)
        #expect(work.exitCode == 0 && work.output.contains("1 completed"), "\(work)")

        // A login proves its own name: it needs neither a registration nor a credential.
        var options = database.options.parameters
        options["user"] = keeper
        let url = options.map { "\($0.key)='\($0.value)'" }.joined(separator: " ")
        let coordinator = try await ChildProcess.start(
            .pgswarm, ["coordinate", "--agent", keeper, "--json", "--database", url],
            environment: database.environment)
        _ = try await coordinator.line(deadline: .seconds(20)) { $0.contains("\"leading\"") }
        await coordinator.terminate()
        try await coordinator.waitForExit(deadline: .seconds(20))
        try await database.pool.withConnection { db in try db.script("DROP ROLE \(builder), \(keeper)") }
    }

    @Test(.database) func `An empty agent is a wrong call with a way out`() async throws {
        let error = try await Shell().refusal("claim", "q", "--agent", "", code: 64)
        #expect(error["hint"].string?.contains("PGSWARM_AGENT") == true)
    }

    @Test(.database) func `An option goes before the variable, and that before libpq's own`() async throws {
        var shell = try await Shell()
        let url = shell.database.url
        shell.environment["PGSWARM_DATABASE_URL"] = "postgresql://nobody@/x?host=/nonexistent"
        #expect(try await shell.run(["tasks"]).exitCode == 6)
        #expect(try await shell.run(["tasks", "--database", url]).exitCode == 0)
        shell.environment["PGSWARM_DATABASE_URL"] = nil
        for (key, variable) in ["host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"] {
            shell.environment[variable] = shell.database.options.parameters[key]
        }
        #expect(try await shell.run(["tasks"]).exitCode == 0)
    }

    @Test(.database) func `A wrong password is exit code 6`() async throws {
        let shell = try await Shell()
        let role = "wrong_password_\(shell.database.name)"
        try await shell.database.pool.withConnection { db in
            try db.script("CREATE ROLE \(role) LOGIN PASSWORD 'right'")
        }
        // The server of the tests trusts its own socket; a role that may not connect is refused in the same way.
        try await shell.database.pool.withConnection { db in try db.script("ALTER ROLE \(role) NOLOGIN") }
        var options = shell.database.options.parameters
        options["user"] = role
        let conninfo = options.map { "\($0.key)='\($0.value)'" }.joined(separator: " ")
        let result = try await shell.run(["tasks", "--database", conninfo, "--json"])
        #expect(result.exitCode == 6, "\(result)")
        #expect(try Value(text: result.error)["error"]["code"] == "unreachable")
        try await shell.database.pool.withConnection { db in try db.script("DROP ROLE \(role)") }
    }

    @Test(.database) func `A login without the right is refused and told which role has it`() async throws {
        let shell = try await Shell()
        let role = "reader_\(shell.database.name)"
        try await shell.database.pool.withConnection { db in
            try db.script("CREATE ROLE \(role) LOGIN IN ROLE pgswarm_reader")
        }
        var options = shell.database.options.parameters
        options["user"] = role
        let conninfo = options.map { "\($0.key)='\($0.value)'" }.joined(separator: " ")
        #expect(try await shell.run(["tasks", "--database", conninfo]).exitCode == 0)
        let error = try await shell.refusal("claim", "q", "--database", conninfo, code: 4)
        #expect(error["code"] == "not_allowed")
        #expect(error["hint"].string?.contains("pgswarm_worker") == true)
        try await shell.database.pool.withConnection { db in try db.script("DROP ROLE \(role)") }
    }

    @Test(.database) func `The agent is the option, the variable, or user and host`() async throws {
        var shell = try await Shell()
        _ = try await shell.enqueue("q")
        _ = try await shell.enqueue("q")
        _ = try await shell.enqueue("q")
        try await shell("claim", "q")
        try await shell("claim", "q", "--agent", "chosen")
        shell.environment["PGSWARM_AGENT"] = nil
        shell.environment["USER"] = "ada"
        try await shell("claim", "q")
        let agents = Set(try await shell.list("agents").compactMap { $0["agent"].string })
        #expect(agents.isSuperset(of: ["tester", "chosen"]))
        #expect(agents.contains { $0.hasPrefix("ada@") })
    }
}

/// Registered agents and their credentials.
@Suite(.database, .timeLimit(.minutes(5))) struct CredentialTests {
    @Test func `A registered agent is known by its file alone`() async throws {
        let shell = try await Shell(openRegistration: false)
        let answer = try await shell.json("agents", "register", "builder/1")
        let path = try #require(answer["credential_file"].string)
        #expect(path == shell.database.folder + "/.config/pgswarm/credentials/builder%2F1")
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)

        try await shell("agents", "register", "boss", "--role", "human")
        let calls = [
            ["enqueue", "q", "--agent", "builder/1"], ["claim", "q", "--agent", "builder/1"], ["pause", "q"],
            ["resume", "q"], ["queues", "set", "q", "max_lost=5"], ["cancel", "1"], ["retry", "1"],
        ]
        for call in calls {
            let result = try await shell.run(call, as: "boss")
            #expect(result.exitCode == 0, "\(call): \(result)")
        }
        try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
        let missing = try await shell.refusal("claim", "q", "--agent", "builder/1", code: 4)
        #expect(missing["code"] == "bad_credential")
        let elsewhere = try await shell.run([
            "claim", "q", "--agent", "builder/1", "--credential-file", path + ".away",
        ])
        #expect(elsewhere.exitCode != 4, "\(elsewhere)")
        let again = try await shell.refusal("agents", "register", "builder/1", code: 4)
        #expect(again["code"] == "wrong_state")
    }

    @Test func `A credential that others can read is refused`() async throws {
        let shell = try await Shell()
        let answer = try await shell.json("agents", "register", "builder")
        let path = try #require(answer["credential_file"].string)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        let error = try await shell.refusal("claim", "q", "--agent", "builder", code: 4)
        #expect(error["code"] == "bad_credential")
        #expect(error["hint"].string?.contains("chmod 600") == true)
    }

    @Test func `An unknown agent is refused where registration is closed`() async throws {
        let shell = try await Shell(openRegistration: false)
        let error = try await shell.refusal("claim", "q", "--agent", "stranger", code: 4)
        #expect(error["code"] == "unknown_agent")
    }

    @Test func `Draining and retiring`() async throws {
        let shell = try await Shell()
        try await shell("agents", "register", "builder")
        #expect(try await shell.json("agents", "drain", "builder")["draining"] == true)
        let row = try #require(try await shell.list("agents").first { $0["agent"] == "builder" })
        #expect(
            row.keys == [
                "agent", "incarnation", "sessions_live", "running", "last_seen", "has_credential",
                "draining_since", "retired_at", "successor", "role", "owner", "model", "capabilities", "minted_by",
                "expires_at",
            ])
        #expect(row["has_credential"] == true && row["draining_since"] != .null)
        #expect(try await shell("agents").contains("draining"))
        #expect(try await shell.json("agents", "drain", "builder", "--off")["draining"] == false)
        #expect(try await shell.json("agents", "retire", "builder", "--successor", "next")["retired"] == true)
        let error = try await shell.refusal("claim", "q", "--agent", "builder", code: 4)
        #expect(error["message"].string?.contains("retired") == true)
    }
}
