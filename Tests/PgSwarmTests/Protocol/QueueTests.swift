import Postgres
import TestSupport
import Testing

@Suite("Queues and their settings", .database, .timeLimit(.minutes(5)))
struct QueueTests {
    @Test("Answers all settings; null sets the default again")
    func settings() async throws {
        let ada = try await Caller.named()
        let all = """
            {"lease": 60, "max_attempts": 7, "max_lost": 2, "retry_base": 1.5, "retry_cap": 99, "strict_lease": true, \
            "backlog_limit": 10, "max_running": 4, "stall_after": 5, "stall_limit": 50, "retry_rate": 9}
            """
        let answer: Bool = try await ada.value(
            "SELECT pgswarm.set_queue('q', \(JSONText(all))) = \(JSONText(all))::jsonb")
        #expect(answer)
        let row = try await ada.rows(
            """
            SELECT lease_seconds, max_attempts, max_lost, retry_base_seconds, retry_cap_seconds, strict_lease,
                   backlog_limit, max_running, stall_after_seconds, stall_limit_seconds
            FROM pgswarm.queues
            """)[0]
        let shown = try row.decode(
            (Double, Int, Int, Double, Double, Bool, Int, Int, Double, Double).self)
        #expect(shown.0 == 60 && shown.1 == 7 && shown.2 == 2 && shown.3 == 1.5 && shown.4 == 99)
        #expect(shown.5 && shown.6 == 10 && shown.7 == 4 && shown.8 == 5 && shown.9 == 50)
        try await ada.setQueue("q", #"{"max_running": null, "lease": null, "strict_lease": null}"#)
        let reset = try await ada.rows("SELECT max_running, lease_seconds, strict_lease FROM pgswarm.queues")[0]
        #expect(try reset.decode((Int?, Double, Bool).self) == (nil, 900, false))
    }

    @Test(
        "Refuses what is no setting or no value, and then changes nothing",
        arguments: [
            #"{"leese": 1}"#, #"{"lease": -1}"#, #"{"lease": 0}"#, #"{"lease": "long"}"#, #"{"lease": "NaN"}"#,
            #"{"lease": 864000}"#, #"{"max_attempts": 0}"#, #"{"max_attempts": 1.5}"#, #"{"max_lost": -1}"#,
            #"{"retry_base": -1}"#, #"{"retry_cap": "x"}"#, #"{"strict_lease": "perhaps"}"#, #"{"backlog_limit": 0}"#,
            #"{"max_running": 0}"#, #"{"max_running": 99999999999}"#, #"{"stall_after": 0}"#, #"{"stall_limit": -5}"#,
            "[]", "5", "null",
        ])
    func refusals(settings: String) async throws {
        let ada = try await Caller.named()
        try await ada.setQueue("q", "{}")
        let before = try await Picture.taken(by: ada)
        let good = settings.hasPrefix("{") ? #"{"max_lost": 9, "# + settings.dropFirst() : settings
        #expect(await refusal { try await ada.setQueue("q", good) } == "PS003")
        #expect(try await Picture.taken(by: ada).differences(from: before) == [])
    }

    @Test("Counts what is where")
    func counts() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 7)
        try await ada.enqueue("q", #"{"delay": 60}"#)
        try await ada.enqueue("q", #"{"after": [\#(tasks[6])]}"#)
        let claims = try await ada.claim(count: 3)
        try await ada.complete(claims[0].handle)
        try await ada.fail(claims[1].handle, dead: true)
        try await ada.cancel(tasks[5])
        try await letPass(.seconds(30))
        let row = try await ada.rows(
            """
            SELECT ready, running, scheduled, blocked, done, dead, cancelled, oldest_ready_seconds >= 30 FROM pgswarm.queues
            """)[0]
        let counts = try row.decode((Int, Int, Int, Int, Int, Int, Int, Bool).self)
        #expect(counts.0 == 3 && counts.1 == 1 && counts.2 == 1 && counts.3 == 1)
        #expect(counts.4 == 1 && counts.5 == 1 && counts.6 == 1 && counts.7)
    }
}
