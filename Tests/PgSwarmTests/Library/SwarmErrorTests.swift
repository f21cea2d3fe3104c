import FoundationEssentials
import PgSwarm
import Postgres
import Testing

@Suite("Errors")
struct SwarmErrorTests {
    private func server(_ state: String, _ message: String = "pgswarm says no", hint: String? = "ask")
        -> PostgresError
    {
        var error = ServerError(sqlState: SQLState(rawValue: state), message: message)
        error.hint = hint
        return .server(error)
    }

    @Test(
        "Each SQLSTATE of the protocol has its code",
        arguments: [
            ("PS001", "lost_claim"), ("PS002", "not_found"), ("PS003", "invalid_argument"),
            ("PS004", "invalid_handle"),
            ("PS005", "held"), ("PS006", "not_ready"), ("PS007", "queue_full"), ("PS008", "request_mismatch"),
            ("PS009", "too_large"), ("PS010", "wrong_state"), ("PS011", "unknown_agent"),
            ("PS012", "bad_credential"),
            ("PS013", "session_lost"), ("PS014", "not_allowed"), ("PS015", "already_settled"),
            ("PS016", "mailbox_full"), ("PS017", "conflict"), ("PS018", "breaker_open"),
            ("42501", "not_allowed"), ("22P02", "invalid_argument"), ("57P01", "unreachable"),
            ("53300", "unreachable"),
            ("42P01", "not_migrated"), ("3F000", "not_migrated"), ("42883", "not_migrated"),
            ("XX000", "internal"),
        ])
    func sqlStates(state: String, code: String) {
        let error = SwarmError(server(state))
        #expect(error.code.rawValue == code)
        #expect(error.message.contains("pgswarm says no"))
    }

    @Test("The server's words and hint are kept")
    func words() {
        let error = SwarmError(server("PS005", "task 7 is held by ada", hint: "claim another task"))
        #expect(error.message == "task 7 is held by ada")
        #expect(error.hint == "claim another task")
        #expect(error.description == "held: task 7 is held by ada (claim another task)")
    }

    @Test("A missing table of the caller's own is not taken for a missing schema")
    func otherTables() {
        #expect(SwarmError(server("42P01", "relation \"invoice\" does not exist")).code == .internal)
    }

    @Test("Trouble with the connection says whether something may have happened")
    func connection() {
        #expect(SwarmError(.connectFailed("refused")).code == .unreachable)
        #expect(SwarmError(.connectionLost("reset")).code == .unreachable)
        #expect(SwarmError(.deadlineExceeded).code == .unreachable)
        #expect(SwarmError(.poolTimeout).code == .unreachable)
        #expect(SwarmError(.outcomeUnknown("reset")).code == .outcomeUnknown)
        #expect(SwarmError(.cancelled).code == .cancelled)
        #expect(SwarmError(.invalidOptions("no host")).code == .usage)
        #expect(SwarmError(.decoding("column 1")).code == .internal)
    }

    @Test("SQL raises the codes under the SQLSTATEs that are read here, and the article lists them all")
    func agreement() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(
            separator: "/")
        let sql = try String(contentsOfFile: root + "/Migrations/functions/basics.sql", encoding: .utf8)
        var raised: [String: String] = [:]
        for line in sql.split(separator: "\n") {
            let words = line.split { " '".contains($0) }.map(String.init)
            if words.count == 4, words[0] == "WHEN", words[2] == "THEN", words[3].hasPrefix("PS") {
                raised[words[3]] = words[1]
            }
        }
        #expect(raised.count >= 15)
        for (state, code) in raised { #expect(SwarmError(server(state)).code.rawValue == code, "\(state)") }
        let article = try String(
            contentsOfFile: root + "/Sources/PgSwarm/PgSwarm.docc/Errors.md", encoding: .utf8)
        for code in SwarmError.Code.all {
            #expect(article.contains("| `\(code)` |"), "\(code) is not in the article")
        }
    }

    @Test("The closed list has no code twice")
    func closedList() {
        #expect(Set(SwarmError.Code.all).count == SwarmError.Code.all.count)
        #expect(SwarmError.Code.all.count == 30)
    }
}
