import FoundationEssentials
import Postgres
public import Testing

/// Gives each test (each case of a parameterised one) a database of its own.
public struct DatabaseTrait: TestTrait, SuiteTrait, TestScoping {
    let isMigrated: Bool

    /// On a suite it means each of the suite's tests.
    public var isRecursive: Bool { true }

    /// Makes the database, runs the test and drops the database.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // Called for a suite as a whole too: only its tests need a database.
        guard testCase != nil else { return try await function() }
        let server = try await TestServer.shared()
        let template = isMigrated ? try await TemplateDatabase.name(on: server) : "template1"
        let name = "test_" + UUID().uuidString.lowercased().filter { $0 != "-" }
        try await server.administration.withConnection { connection in
            try connection.script("CREATE DATABASE \(name) TEMPLATE \(template)")
        }
        // A short path, so that a socket has room below it.
        let folder = server.folder + "/" + name.suffix(8)
        let database = try TestDatabase(name: name, server: server, folder: folder)
        let outcome = await Result {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try await TestDatabase.$scoped.withValue(database) {
                try await ChildProcess.withRegistry { try await function() }
            }
        }
        await database.pool.close()
        try? FileManager.default.removeItem(atPath: folder)
        // Without this the suite's databases would pile up to gigabytes. The test may have been cancelled by
        // its time limit, which must not keep its database alive: hence a task of its own.
        try await Task {
            try await server.administration.withConnection { connection in
                try connection.script("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
            }
        }.value
        try outcome.get()
    }
}

extension Trait where Self == DatabaseTrait {
    /// A database with the schema in it.
    public static var database: Self { DatabaseTrait(isMigrated: true) }

    /// A database with nothing in it.
    public static var emptyDatabase: Self { DatabaseTrait(isMigrated: false) }
}

extension Result where Failure == any Error, Success == Void {
    /// What an asynchronous piece of work came to.
    fileprivate init(_ work: () async throws -> Void) async {
        do {
            try await work()
            self = .success(())
        } catch {
            self = .failure(error)
        }
    }
}
