import Postgres
import TestSupport
import Testing

@Suite("Edges", .database, .timeLimit(.minutes(5)))
struct EdgeTests {
    @Test("finished is met by the completion, accepted by the acceptance, a minimal score by that score")
    func conditions() async throws {
        let ada = try await Caller.named()
        let source = try await ada.enqueue("q", #"{"review": "peers"}"#)
        let finished = try await ada.enqueue("q", after(source, #""until": "finished""#))
        let accepted = try await ada.enqueue("q", after(source))
        let good = try await ada.enqueue("q", after(source, #""min_score": 4"#))
        let best = try await ada.enqueue("q", after(source, #""min_score": 5"#))
        #expect(try await ada.complete(try await ada.claimTask(source).handle, "1") == "review")
        #expect(
            try await states(of: [finished, accepted, good, best], ada) == ["ready", "blocked", "blocked", "blocked"])
        try await ada.rows(
            "SELECT pgswarm._accept((SELECT id FROM pgswarm.submission), 'human', 4, NULL, NULL, pgswarm.clock())")
        #expect(try await states(of: [finished, accepted, good, best], ada) == ["ready", "ready", "ready", "blocked"])
        // What comes later is asked the same.
        #expect(try await ada.state(of: try await ada.enqueue("q", after(source, #""min_score": 4"#))) == "ready")
        #expect(try await ada.state(of: try await ada.enqueue("q", after(source, #""min_score": 5"#))) == "blocked")
    }

    @Test(
        "A task that fails for good takes along, lets go or keeps waiting, as each edge says",
        arguments: ["dead", "cancelled"])
    func failures(_ end: String) async throws {
        let ada = try await Caller.named()
        let source = try await ada.enqueue()
        let kept = try await ada.enqueue("q", after(source))
        let dropped = try await ada.enqueue("q", after(source, #""on_failure": "cancel""#))
        let next = try await ada.enqueue("q", after(dropped, #""on_failure": "cancel""#))
        let alone = try await ada.enqueue("q", after(source, #""on_failure": "continue""#))
        if end == "dead" {
            _ = try await ada.fail(try await ada.claimTask(source).handle, dead: true)
        } else {
            _ = try await ada.cancel(source)
        }
        #expect(
            try await states(of: [source, kept, dropped, next, alone], ada) == [
                end, "blocked", "cancelled", "cancelled", "ready",
            ])
        // A retry serves those that wait.
        _ = try await ada.retry(source)
        _ = try await ada.complete(try await ada.claimTask(source).handle)
        #expect(try await ada.state(of: kept) == "ready")
    }

    @Test(
        "Refuses what is no edge, and changes nothing",
        arguments: [
            #"{"after": [{"task": 1, "until": "done"}]}"#, #"{"after": [{"task": 1, "min_score": 6}]}"#,
            #"{"after": [{"task": 1, "until": "finished", "min_score": 3}]}"#,
            #"{"after": [{"task": 1, "when": "x"}]}"#,
            #"{"after": [{"until": "finished"}]}"#, #"{"after": [{"task": 1, "on_failure": "explode"}]}"#,
            #"{"after": ["x"]}"#, #"{"after": [null]}"#, #"{"size": "huge"}"#, #"{"criteria": "one"}"#,
            #"{"criteria": [1]}"#, #"{"paths": "src"}"#, #"{"prefer_for": -1}"#, #"{"goal": "g", "colour": "red"}"#,
        ])
    func refusals(_ options: String) async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        let before = try await Picture.taken(by: ada)
        #expect(await refusal { _ = try await ada.enqueue("q", options) } == "PS003")
        #expect(try await Picture.taken(by: ada).differences(from: before) == [])
    }

    private func after(_ task: Int, _ more: String = #""until": "accepted""#) -> String {
        #"{"after": [{"task": \#(task), \#(more)}]}"#
    }

    private func states(of tasks: [Int], _ caller: Caller) async throws -> [String?] {
        var states: [String?] = []
        for task in tasks { states.append(try await caller.state(of: task)) }
        return states
    }
}
