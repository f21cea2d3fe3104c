import FoundationEssentials
import Postgres
import TestSupport
import Testing

@Suite("Questions on the command line", .database, .timeLimit(.minutes(5)))
struct QuestionCommandTests {
    @Test("Asked, listed, answered, answered too late, shown")
    func life() async throws {
        let shell = try await Shell()
        try await shell("enqueue", "q", "1")
        let handle = try #require(try await shell.claim("q")["handle"].string)
        let asked = try await shell.json(
            "question", "ask", "Which?", "--option", "a", "--option", "b", "--handle", handle, "--severity", "high")
        #expect(asked["task_state"].string == "parked")
        let id = try #require(asked["id"].string)
        #expect(try await shell("question", "list").contains("Which?"))
        #expect(try await shell.run(["question", "answer", id, "c"]).exitCode == 64)
        #expect(try await shell("question", "answer", id, "a").contains("1 task went on"))
        #expect(try await shell.run(["question", "answer", id, "b"], as: "other").exitCode == 4)
        let shown = try await shell("question", "show", id)
        #expect(shown.contains("a (tester)") && shown.contains("too late"))
        #expect(try await shell.run(["question", "show", "99"]).exitCode != 0)
        #expect(try await shell("question", "list").contains("no question is open"))
    }

    @Test("A coordinator sends what is to be told, signed, and again after a refusal")
    func webhook() async throws {
        let shell = try await Shell()
        let sink = try HTTPSink(answering: [500, 204])
        let set = try await shell.json("webhook", "set", sink.url)
        #expect(set["secret"].string?.hasPrefix("whsec_") == true)
        try await shell("question", "ask", "Say \"yes\"?\n\\ ü")
        let coordinator = try await ChildProcess.start(
            .pgswarm, ["coordinate"], environment: shell.environment)
        try await eventually("the webhook was told twice") { sink.requests.count == 2 }
        try await eventually("the delivery is noted") {
            try await shell("webhook", "list").contains("delivered")
        }
        await coordinator.terminate()
        let request = sink.requests[1]
        #expect(request.headers["webhook-id"] == "msg_1")
        #expect(request.headers["webhook-signature"]?.hasPrefix("v1,") == true)
        #expect(request.headers["content-type"] == "application/json")
        #expect(request.body.contains(#"Say \"yes\"?\n\\ ü"#))
        let stamp = try #require(request.headers["webhook-timestamp"])
        let signature: String = try await shell.database.pool.withConnection { db in
            let rows = try db.query(
                """
                SELECT 'v1,' || replace(encode(pgswarm._hmac_sha256((SELECT secret FROM pgswarm.webhook),
                    convert_to(\("msg_1.\(stamp).\(request.body)"), 'UTF8')), 'base64'), E'\\n', '')
                """)
            return try #require(rows.first)[0, as: String.self]
        }
        #expect(request.headers["webhook-signature"] == signature)
    }
}
