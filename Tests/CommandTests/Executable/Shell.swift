import FoundationEssentials
import Postgres
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The real command on the database of the running test, as its user would call it.
struct Shell {
    let database: TestDatabase
    var environment: [String: String]

    /// A shell on the test's database, where agents may introduce themselves or not.
    init(openRegistration: Bool = true) async throws {
        // A command that refuses its input does not read it all; writing the rest must not kill the tests.
        signal(SIGPIPE, SIG_IGN)
        database = try .current
        environment = database.environment
        environment["PGSWARM_AGENT"] = "tester"
        _ = try await database.pool.withConnection { db in
            try db.query("SELECT pgswarm.set_registration(\(openRegistration))")
        }
    }

    /// Runs the command to its end.
    func run(_ arguments: [String], input: String = "", as agent: String? = nil) async throws -> ChildResult {
        var environment = environment
        if let agent { environment["PGSWARM_AGENT"] = agent }
        return try await Executable.pgswarm.run(arguments, environment: environment, input: input)
    }

    /// Runs the command, which must succeed, and returns what it printed.
    @discardableResult
    func callAsFunction(_ arguments: String..., input: String = "", as agent: String? = nil) async throws
        -> String
    {
        let result = try await run(arguments, input: input, as: agent)
        try #require(result.exitCode == 0, "\(result)")
        return result.output
    }

    /// Runs the command with `--json`; it must print one value and end with `code`.
    func json(
        _ arguments: String..., input: String = "", code: Int32 = 0, as agent: String? = nil
    ) async throws -> Value {
        let result = try await run(arguments + ["--json"], input: input, as: agent)
        try #require(result.exitCode == code, "\(result)")
        return try Value(text: result.output)
    }

    /// Runs the command with `--json`; it must succeed and print one value a line.
    func list(_ arguments: String..., input: String = "") async throws -> [Value] {
        let result = try await run(arguments + ["--json"], input: input)
        try #require(result.exitCode == 0, "\(result)")
        return try result.output.split(separator: "\n").map { try Value(text: String($0)) }
    }

    /// Runs the command with `--json`; it must be refused with this exit code, say nothing on standard output
    /// and one line on standard error.
    ///
    /// Returns what is in that line's `error`.
    func refusal(
        _ arguments: String..., input: String = "", code: Int32, as agent: String? = nil
    ) async throws -> Value {
        let result = try await run(arguments + ["--json"], input: input, as: agent)
        try #require(result.exitCode == code, "\(result)")
        #expect(result.output.isEmpty, "\(result)")
        #expect(result.error.split(separator: "\n").count == 1, "\(result)")
        return try Value(text: result.error)["error"]
    }

    /// Enqueues one task.
    func enqueue(_ queue: String, _ payload: String = "{}", _ options: String...) async throws -> String {
        let result = try await run(["enqueue", queue, payload, "--json"] + options)
        try #require(result.exitCode == 0, "\(result)")
        return try #require(try Value(text: result.output)["id"].string)
    }

    /// Claims one task, which must be there.
    func claim(_ queue: String, _ options: String..., as agent: String? = nil) async throws -> Value {
        let result = try await run(["claim", queue, "--json"] + options, as: agent)
        try #require(result.exitCode == 0, "\(result)")
        return try Value(text: result.output)["tasks"][0]
    }

    /// How many tasks there are.
    func count(_ table: String = "tasks") async throws -> Int {
        try await database.pool.withConnection { db in
            try db.query("SELECT count(*) FROM pgswarm.\(raw: table)")[0][0, as: Int.self]
        }
    }
}

/// A JSON value in a test.
enum Value: Decodable, Equatable, CustomStringConvertible {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([Value])
    case object([String: Value])

    init(text: String) throws {
        self = try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([Value].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: Value].self))
        }
    }

    var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): "\"\(value)\""
        case .array(let values): "\(values)"
        case .object(let members): "\(members)"
        }
    }

    var string: String? { if case .string(let value) = self { value } else { nil } }
    var number: Double? { if case .number(let value) = self { value } else { nil } }
    var array: [Value] { if case .array(let values) = self { values } else { [] } }
    /// The keys of an object.
    var keys: Set<String> { if case .object(let members) = self { Set(members.keys) } else { [] } }

    subscript(key: String) -> Value {
        if case .object(let members) = self { members[key] ?? .null } else { .null }
    }

    subscript(index: Int) -> Value {
        array.indices.contains(index) ? array[index] : .null
    }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int) { self = .number(Double(value)) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
}
