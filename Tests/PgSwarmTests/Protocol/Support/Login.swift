import FoundationEssentials
import Postgres
import TestSupport

/// Lets `body` act as a login that has only these roles and nothing else.
func withLogin<T: Sendable>(_ roles: String..., body: (Caller) async throws -> T) async throws -> T {
    let database = try TestDatabase.current
    let owner = try await Caller.named()
    // Roles belong to the whole server: a name of the test's own.
    let login = "login_" + UUID().uuidString.lowercased().prefix(8)
    try await owner.script("CREATE ROLE \(login) LOGIN")
    for role in roles { try await owner.script("GRANT \(role) TO \(login)") }
    var options = database.options
    options.parameters["user"] = login
    let connection = try await Connection.connect(options, deadline: .now + .seconds(30))
    do {
        let answer = try await body(Caller(connection: connection, agent: nil))
        await connection.close()
        try await forget(login, owner)
        return answer
    } catch {
        await connection.close()
        try await forget(login, owner)
        throw error
    }
}

private func forget(_ login: String, _ owner: Caller) async throws {
    try await owner.script("DROP OWNED BY \(login); DROP ROLE \(login)")
}
