import Postgres
import Testing

@Suite struct OptionsTests {
    /// Every password here contains "s3cret" or is made of its parts; no error may repeat any of it.
    @Test(arguments: [
        "", " ", "postgres", "http://localhost/db", "mysql://u:s3cret@h/db?x=y", "postgresql:/u:s3cret@h/db",
        "postgresql//u:s3cret@h", "postgres://u:s3%zzcret@h/db", "postgres://u:s3%@h/db",
        "postgres://u:s3cret%00@h/db", "postgres://u:s3/cret@h/db",
        "postgres://u:s3#cret@h:port/db", "postgres://u:s3@cret@h/db", "postgres://u:s3:cret@h:x/db",
        "postgres://u:s3cret@h:0/db", "postgres://u:s3cret@h:65536/db", "postgres://u:s3cret@h:-1/db",
        "postgres://u:s3cret@[::1/db", "postgres://u:s3cret@h/db?sslmode=never",
        "postgres://u:s3cret@h/db?nonsense=1", "postgres://u:s3cret@h/db?sslmode",
        "postgres://u:s3cret@h/db?connect_timeout=soon", "postgres://u:s3cret@h/db?target_session_attrs=best",
        "postgres://u:s3cret@h1,h2/db?port=1,2,3", "postgres://u:s3cret@h/db?keepalives_idle=1s",
        "host=h password=s3 cret", "host=h password='s3cret", "host=h password=s3 cret=x", "=s3cret",
        "host=h s3cret", "postgres://u:s3cret\0@h/db", "postgres://u:\"s3cret\"%@h/db",
    ])
    func badURLsAreRefusedWithoutRepeatingThePassword(url: String) {
        #expect {
            try ConnectionOptions(url: url)
        } throws: { error in
            let text = "\(error)"
            return (error as? PostgresError)?.optionsReason?.isEmpty == false
                && !text.contains("s3") && !text.contains("cret") && !text.contains("\n")
        }
    }

    @Test(arguments: [
        ("postgresql://", [:]),
        (
            "postgres://u:p%40ss%2F@h:5433/db",
            ["user": "u", "password": "p@ss/", "host": "h", "port": "5433", "dbname": "db"]
        ),
        (
            "postgresql://h1:1,h2:2/db?target_session_attrs=read-write",
            ["host": "h1,h2", "port": "1,2", "dbname": "db", "target_session_attrs": "read-write"]
        ),
        ("postgresql:///db?host=/run/x&connect_timeout=3", ["dbname": "db", "host": "/run/x", "connect_timeout": "3"]),
        ("postgres://u:s3?cret@h/db", ["user": "u", "password": "s3?cret", "host": "h", "dbname": "db"]),
        ("postgresql://[::1]/db", ["host": "::1", "dbname": "db"]),
        ("host = '/tmp/a b' dbname=x", ["host": "/tmp/a b", "dbname": "x"]),
    ])
    func goodURLsBecomeParameters(url: String, parameters: [String: String]) throws {
        #expect(try ConnectionOptions(url: url).parameters == parameters)
    }

    @Test func theDescriptionHidesSecrets() throws {
        let options = try ConnectionOptions(url: "postgres://u:s3cret@h/db?sslpassword=s3cret")
        #expect(!"\(options)".contains("s3cret"))
    }

    @Test func connectTimeoutComesFromTheURL() throws {
        #expect(try ConnectionOptions(url: "postgres://h?connect_timeout=3").connectTimeout == .seconds(3))
        #expect(try ConnectionOptions(url: "postgres://h").connectTimeout == .seconds(10))
    }

    @Test func unknownParametersAreFoundBeforeConnecting() async throws {
        let error = try await postgresError {
            try await Connection.connect(ConnectionOptions(parameters: ["hots": "x"]))
        }
        #expect(error.optionsReason?.contains("hots") == true)
    }

    @Test func settingsAreSentWhileConnecting() async throws {
        var options = try await PrivateServer.shared().options(["options": "-c work_mem=1MB"])
        options.settings = ["search_path": #""a b", "c\d""#, "statement_timeout": "1234ms"]
        let db = try await Connection.connect(options)
        let row = try await db.query(
            "SELECT current_setting('search_path'), current_setting('statement_timeout'), current_setting('work_mem'), current_setting('application_name'), current_setting('client_encoding')"
        )[0]
        #expect(
            try row.decode((String, String, String, String, String).self)
                == (#""a b", "c\d""#, "1234ms", "1MB", "pgswarm", "UTF8")
        )
        await db.close()
        options.settings = ["a b": "c"]
        let error = try await postgresError { try await Connection.connect(options) }
        #expect(error.optionsReason != nil)
    }

    @Test func aServerThatIsNotThereIsAConnectFailure() async throws {
        let options = ConnectionOptions(parameters: ["host": "/nonexistent", "password": "s3cret"])
        let error = try await postgresError { try await Connection.connect(options) }
        #expect(error.isConnectFailed && error.isConnectionProblem)
        #expect("\(error)".contains("/nonexistent") && !"\(error)".contains("s3cret"))
    }

    @Test func anUnknownDatabaseIsAConnectFailure() async throws {
        let options = try await PrivateServer.shared().options(["dbname": "nowhere"])
        let error = try await postgresError { try await Connection.connect(options) }
        #expect(error.isConnectFailed && "\(error)".contains("nowhere"))
    }

    @Test func theNextHostIsTried() async throws {
        let server = try await PrivateServer.shared()
        let db = try await Connection.connect(
            server.options(["host": "/nonexistent,\(server.folder)", "target_session_attrs": "read-write"])
        )
        #expect(try await db.query("SELECT 1").count == 1)
        await db.close()
    }

    @Test func oneThatNeverAnswersIsGivenUp() async throws {
        let deaf = try DeafServer()
        var options = ConnectionOptions(parameters: ["host": deaf.folder, "sslmode": "disable"])
        options.connectTimeout = .milliseconds(100)
        let error = try await postgresError { try await Connection.connect(options) }
        #expect(error.isConnectFailed)
        options.connectTimeout = .seconds(30)
        let late = try await postgresError {
            try await Connection.connect(options, deadline: .now + .milliseconds(50))
        }
        #expect(late.isDeadlineExceeded)
        let task = Task { [options] in try await postgresError { try await Connection.connect(options) } }
        task.cancel()
        #expect(try await task.value.isCancelled)
    }
}
