import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// Contracts as their users call them.
@Suite(.database, .timeLimit(.minutes(5))) struct ContractCommandTests {
    private let schema = #"{"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}"#

    @Test func `A contract is published, agreed, kept, broken and pinned anew`() async throws {
        let shell = try await Shell()
        let published = try await shell.json("contract", "publish", "api", "1.0.0", "-", input: schema)
        #expect(published["status"] == "draft" && published["changed"] == true && published["verdict"] == .null)
        #expect(try await shell.json("contract", "publish", "api", "1.0.0", "-", input: schema)["changed"] == false)
        #expect(
            try await shell.refusal("contract", "publish", "api", "1.0.0", "-", input: "{}", code: 4)["code"]
                == "conflict")
        #expect(try await shell.json("contract", "agree", "api@1.0.0")["status"] == "agreed")
        try await shell("enqueue", "q", "{}", "--produces", "api@1.0.0")
        let handle = try #require(try await shell.claim("q")["handle"].string)
        let refused = try await shell.refusal("complete", handle, #"{"n": "x"}"#, code: 4)
        #expect(refused["code"] == "contract_mismatch")
        #expect(refused["message"] == "the result does not keep contract api 1.0.0: /n must be integer, not string")
        #expect(try await shell.json("contract", "check", "api", #"{"n": "x"}"#, code: 4)["errors"][0]["path"] == "/n")
        #expect(try await shell.json("contract", "check", "api@1.0.0", #"{"n": 1}"#)["valid"] == true)
        try await shell("complete", handle, #"{"n": 1}"#)

        let task = try #require(try await shell.json("enqueue", "q", "{}", "--consumes", "api@1.0.0")["id"].string)
        let next = #"{"type": "object", "required": ["m"]}"#
        #expect(
            try await shell.json("contract", "compat", "api", "-", input: next, code: 4)["verdict"] == "incompatible")
        #expect(
            try await shell.json("contract", "compat", "api", "-", "--mode", "none", input: next)["verdict"]
                == "compatible")
        #expect(
            try await shell.refusal("contract", "publish", "api", "1.1.0", "-", input: next, code: 4)["code"]
                == "contract_breaking")
        #expect(
            try await shell.json("contract", "publish", "api", "2.0.0", "-", "--dry-run", input: next)["affected"][1][
                "effect"] == "hold")
        try await shell("contract", "publish", "api", "2.0.0", "-", input: next)
        #expect(try await shell.json("contract", "agree", "api@2.0.0")["breaking"] == true)
        #expect(try await shell("why", task).contains("api@1.0.0 was broken by api@2.0.0"))
        #expect(try await shell.json("contract", "repin", task, "api@1.0.0", "api@2.0.0")["state"] == "ready")
        #expect(try await shell.list("contract", "dependents", "api").count == 2)
        #expect(try await shell.list("contract", "list").map { $0["version"] } == ["1.0.0", "2.0.0"])
        let withdrawn = try await shell.json("contract", "withdraw", "api@2.0.0", "--reason", "wrong")
        #expect(withdrawn["affected"][0]["effect"] == "hold")
        #expect(try await shell.json("contract", "waive", "api@2.0.0", task, "--reason", "it will do")["waived"] == 1)
        #expect(try await shell.json("contract", "deprecate", "api@1.0.0")["status"] == "deprecated")
        #expect(try await shell.json("contract", "get", "api@1.0.0")["body"]["required"][0] == "n")
    }

    @Test func `A text is kept as it is`() async throws {
        let shell = try await Shell()
        let text = "int f(int);\n\tint \u{1b}[31mg();\n"
        try await shell(
            "contract", "publish", "sig", "1.0.0", "-", "--kind", "signature", "--check", "cc -c -", input: text)
        #expect(try await shell.json("contract", "get", "sig@1.0.0")["body"] == .string(text))
        for arguments in [["get", "sig@1.0.0"], ["get", "sig@1.0.0", "--body"], ["list"]] {
            #expect(try await !shell.run(["contract"] + arguments).output.unicodeScalars.contains("\u{1b}"))
        }
        #expect(try await shell("contract", "check", "sig@1.0.0", "1").contains("check it with: cc -c -"))
    }

    @Test(arguments: [
        ["publish", "api", "1", "-"], ["publish", "api", "1.0.0", "/nowhere/x.json"], ["publish", " ", "1.0.0", "-"],
        ["publish", "api", "1.0.0", "-", "--kind", "xml"], ["agree", "api"], ["agree", "a@b@c"], ["check", "api", "{"],
        ["list", "--status", "bad"], ["withdraw", "api@1.0.0"], ["repin", "x", "a@1.0.0", "a@2.0.0"],
    ])
    func `Bad input is told as such, with the next step`(arguments: [String]) async throws {
        let shell = try await Shell()
        let result = try await shell.run(["contract"] + arguments + ["--json"], input: schema)
        #expect(result.exitCode == 64, "\(result)")
        #expect(try Value(text: result.error)["error"]["hint"] != .null, "\(result)")
    }
}
