import PgSwarm
import Postgres
import Testing

@testable import PgSwarmCommand

@Suite struct TaskLineTests {
    private func draft(_ line: String) throws -> TaskDraft {
        var template = TaskDraft(queue: "q")
        template.priority = 7
        return try Array(line.utf8).withUnsafeBufferPointer {
            try TaskLine.draft(from: $0, template: template)
        }
    }

    @Test(arguments: [#"{"path":"a"}"#, "\"word\"", "12", "[1,2]", "null", #"{"title":"no payload here"}"#])
    func aLineWithoutPayloadIsThePayload(line: String) throws {
        let draft = try draft(line)
        #expect(draft.payload.text == line)
        #expect(draft.title == nil)
        #expect(draft.priority == 7)
    }

    @Test func aLineWithPayloadMayHaveOptions() throws {
        let draft = try draft(
            #"""
            {"payload": {"n": 1}, "title":"t","kind":"k","priority":-3,"key":"a","max_attempts":2,"max_lost":4,
             "delay":1.5,"lease":"15m","deadline":60,"after":["12",13],"needs":["git"],"trace":null}
            """#)
        #expect(draft.payload.text == #"{"n": 1}"#)
        #expect(draft.title == "t" && draft.kind == "k" && draft.priority == -3 && draft.key == "a")
        #expect(draft.maxAttempts == 2 && draft.maxLost == 4)
        #expect(
            draft.delay == .milliseconds(1500) && draft.lease == .seconds(900)
                && draft.deadline == .seconds(60))
        #expect(draft.after.map(\.task.rawValue) == [12, 13])
        #expect(draft.needs == ["git"] && draft.trace == nil)
    }

    @Test(arguments: [
        (#"{"payload":1,"titel":"x"}"#, "titel"), (#"{"payload":1,"priority":"high"}"#, "priority"),
        (#"{"payload":1,"lease":-5}"#, "lease"), (#"{"payload":1,"at":"tomorrow"}"#, "at"),
        (#"{"payload":1,"after":["x"]}"#, "task ids"), (#"{"payload":1,"needs":"git"}"#, "needs"),
        ("{\"payload\":", "column"),
    ])
    func refusesABrokenLineAndNamesTheFault(line: String, named: String) {
        let fault = #expect(throws: TaskLine.Fault.self) { try draft(line) }
        #expect(fault?.message.contains(named) == true)
    }

    @Test func refusesBytesThatAreNoText() {
        #expect(throws: TaskLine.Fault.self) {
            try [0x22, 0xff, 0x22].withUnsafeBufferPointer {
                try TaskLine.draft(from: $0, template: TaskDraft(queue: "q"))
            }
        }
    }

    @Test func aTextLineBecomesAString() throws {
        let draft = try Array("say \"hi\"".utf8).withUnsafeBufferPointer {
            try TaskLine.text(from: $0, template: TaskDraft(queue: "q"))
        }
        #expect(draft.payload.text == #""say \"hi\"""#)
    }
}
