import ArgumentParser
import PgSwarm
import Testing

@testable import PgSwarmCommand

@Suite("Edges on the command line")
struct EdgeArgumentTests {
    @Test("An id, and what differs from the usual behind colons")
    func reads() throws {
        let id = try #require(TaskID("12"))
        #expect(try EdgeArgument.parse("12") == TaskEdge(id))
        #expect(try EdgeArgument.parse("12:finished") == TaskEdge(id, until: .finished))
        #expect(try EdgeArgument.parse("12:score=4:cancel") == TaskEdge(id, minScore: 4, onFailure: .cancel))
        #expect(try EdgeArgument.parse("12:continue") == TaskEdge(id, onFailure: .continue))
    }

    @Test(
        "Anything else is refused with what it may be",
        arguments: ["", "x", "12:", "12:score=6", "12:score=", "12:done", "12:finished:score=3", ":finished"])
    func refuses(_ text: String) {
        #expect(throws: ValidationError.self) { try EdgeArgument.parse(text) }
    }
}
