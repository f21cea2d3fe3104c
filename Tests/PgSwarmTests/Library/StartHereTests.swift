import FoundationEssentials
import PgSwarm
import Postgres
import ServiceLifecycle
import TestSupport
import Testing

// The regions between the markers are the code of the article "StartHere": a test below compares them word by word.

// [payload]
struct Letter: Codable {
    var to: String
    var text: String
}

struct Receipt: Codable {
    var postedAt: Date
}
// [end]

@Suite("The article that one starts with", .database, .timeLimit(.minutes(5)))
struct StartHereTests {
    @Test("Its code works: enqueue, claim, complete")
    func firstTask() async throws {
        try await withURL { url in
            // [enqueue]
            let swarm = Swarm(try ConnectionOptions(url: url))
            let letter = Letter(to: "Ada", text: "The engine weaves algebraic patterns.")
            let receipt = try await swarm.enqueue(TaskDraft(queue: "letters", letter))
            print("task \(receipt.id) is waiting for somebody")
            // [end]

            // [claim]
            for task in try await swarm.claim(["letters"], wait: .seconds(10)) {
                let letter = try task.decode(Letter.self)
                print("to \(letter.to): \(letter.text)")
                try await swarm.complete(task.handle, result: Receipt(postedAt: .now))
            }
            // [end]

            // [look]
            let info = try await swarm.task(receipt.id)
            print(info.state, info.result?.text ?? "no result")
            // [end]
            #expect(info.state == .done)

            // [close]
            await swarm.close()
            // [end]
        }
    }

    @Test("Its code works: a worker")
    func worker() async throws {
        try await withURL { url in
            let swarm = Swarm(try ConnectionOptions(url: url))
            for name in ["Ada", "Charles"] {
                try await swarm.enqueue(TaskDraft(queue: "letters", Letter(to: name, text: "Dear \(name)")))
            }
            // [worker]
            var configuration = WorkerConfiguration(concurrency: 8)
            configuration.untilEmpty = true
            let worker = try Worker(swarm, queue: "letters", configuration: configuration) {
                (letter: Letter, context) in
                try await context.progress(note: "looking for an envelope", percent: 10)
                return Receipt(postedAt: .now)
            }
            try await worker.run()
            // [end]
            let states = try await swarm.tasks().map(\.state)
            #expect(states == [.done, .done])
            await swarm.close()
        }
    }

    @Test("Its code works: a transaction of one's own")
    func transaction() async throws {
        try await withURL { url in
            let swarm = Swarm(try ConnectionOptions(url: url))
            try await swarm.withConnection { db in try db.script("CREATE TABLE customer (name text)") }
            let name = "Ada"
            // [transaction]
            let receipt = try await swarm.withConnection { db in
                try db.transaction { db in
                    try db.execute("INSERT INTO customer (name) VALUES (\(name))")
                    return try db.enqueue(TaskDraft(queue: "letters", Letter(to: name, text: "Welcome!")))
                }
            }
            swarm.ring(["letters"])
            // [end]
            let info = try await swarm.task(receipt.id)
            #expect(info.state == .ready)
            await swarm.close()
        }
    }

    @Test("Its code works: errors")
    func errors() async throws {
        try await withURL { url in
            let swarm = Swarm(try ConnectionOptions(url: url))
            try await swarm.enqueue(TaskDraft(queue: "letters", Letter(to: "Ada", text: "")))
            let task = try #require(try await swarm.claim(["letters"]).first)
            // [errors]
            do throws(SwarmError) {
                try await swarm.complete(task.handle)
            } catch {
                switch error.code {
                case .lostClaim: print("somebody else has the task now: drop it")
                case .unreachable, .outcomeUnknown: print("try the same call again")
                default: print(error.code, error.message, error.hint ?? "")
                }
            }
            // [end]
            let state = try await swarm.task(task.id).state
            #expect(state == .done)
            await swarm.close()
        }
    }

    @Test("Its code works: keys and dependencies")
    func drafts() async throws {
        try await withURL { url in
            let swarm = Swarm(try ConnectionOptions(url: url))
            // [drafts]
            var first = TaskDraft(queue: "letters", payload: JSONText(#"{"to": "Ada", "text": "One"}"#))
            first.key = "order-1815"
            first.priority = -10
            first.maxAttempts = 5
            let one = try await swarm.enqueue(first)

            var second = try TaskDraft(queue: "letters", Letter(to: "Ada", text: "Two"))
            second.after = [TaskEdge(one.id)]
            second.delay = .seconds(60)
            let two = try await swarm.enqueue(second)
            let reason = try await swarm.why(two.id)
            print(reason.message)
            // [end]
            #expect(reason.state == .blocked)
            await swarm.close()
        }
    }

    @Test("Its code works: the schema")
    func schema() async throws {
        try await withURL { url in
            // [migrate]
            let connection = try await Connection.connect(ConnectionOptions(url: url))
            let applied = try await connection.run { db in
                let files = try Migrator().migrate(on: db)
                try db.setRegistration(open: true)
                return files
            }
            print("\(applied.count) files were applied")
            await connection.close()
            // [end]
            #expect(applied.isEmpty)
        }
    }

    @Test("Shows the code that is compiled here, word by word")
    func sameCode() throws {
        let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4)
            .joined(separator: "/")
        let article = try String(
            contentsOfFile: folder + "/Sources/PgSwarm/PgSwarm.docc/StartHere.md", encoding: .utf8)
        let source = try String(contentsOfFile: #filePath, encoding: .utf8)
        #expect(blocks(of: article) == regions(of: source))
    }

    private func withURL(_ body: (String) async throws -> Void) async throws {
        try await body(TestDatabase.current.url)
    }

    /// The Swift code blocks of an article, sorted.
    private func blocks(of article: String) -> [String] {
        var blocks: [String] = []
        var block: [Substring]?
        for line in article.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "```swift" {
                block = []
            } else if line == "```", let lines = block {
                blocks.append(lines.joined(separator: "\n"))
                block = nil
            } else {
                block?.append(line)
            }
        }
        return blocks.sorted()
    }

    /// The regions between markers without their indentation, sorted.
    private func regions(of source: String) -> [String] {
        var regions: [String] = []
        var region: [Substring]?
        var indentation = 0
        for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
            let text = line.drop { $0 == " " }
            if text == "// [end]", let lines = region {
                regions.append(lines.map { $0.dropFirst(indentation) }.joined(separator: "\n"))
                region = nil
            } else if text.hasPrefix("// ["), text.hasSuffix("]") {
                region = []
                indentation = line.count - text.count
            } else {
                region?.append(line)
            }
        }
        return regions.sorted()
    }
}
