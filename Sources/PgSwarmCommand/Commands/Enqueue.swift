import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm enqueue`: one task, or all tasks of a file in one transaction.
struct EnqueueCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "enqueue",
        abstract: "Add a task, or a file of tasks.",
        discussion: """
            With --file, every line is a task, and all of them are added or none. A line that is an object with the \
            member "payload" may also have title, kind, priority, at, delay, key, max_attempts, max_lost, lease, \
            deadline, after, needs and trace; any other line is the payload itself. Blank lines are skipped.

            A payload may have 1 MiB, unless the database's owner has set another limit (max_payload).

            EXAMPLES
              pgswarm enqueue thumbnails '{"path":"cat.jpg"}' --key cat.jpg
              pgswarm enqueue words --file words.jsonl
            """
    )

    @Argument(help: "The queue; it comes into being with its first task.")
    var queue: QueueName

    @Argument(
        help: ArgumentHelp("What the worker gets, '-' for standard input. Default: {}.", valueName: "json"))
    var payload: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Add a task for each line, '-' for standard input.", valueName: "path"))
    var file: String?

    @Flag(help: "With --file: each line is a text, not JSON.")
    var text = false

    @OptionGroup(title: "Task") var task: TaskOptions
    @OptionGroup(title: "Terms") var terms: TermsOptions
    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard file == nil || payload == nil else {
            throw ValidationError("give either a payload or --file, not both")
        }
        guard !text || file != nil else { throw ValidationError("--text belongs to --file") }
        guard file == nil || task.key == nil else {
            throw ValidationError("one --key cannot name many tasks; write the keys into the lines")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        if let file { return try await enqueue(file: file, in: context) }
        var draft = try task.draft(for: queue)
        draft.terms = try terms.terms()
        if let payload { draft.payload = try JSONInput.read(payload, as: "payload") }
        let parent = try task.parentHandle()

        let connection = try await context.connect()
        let author = try await context.caller(on: connection).author(of: parent)
        let receipt: EnqueueReceipt
        do {
            receipt = try await connection.enqueue(draft, by: author)
        } catch {
            throw error.withoutItem
        }
        // The task is there whether or not a sleeping worker hears of it now.
        _ = try? await connection.ring([queue])
        if context.json {
            context.console.json(EnqueueOutput.json(receipt))
        } else {
            let known = receipt.created ? "" : ", which was there with this key"
            context.console.line("task \(receipt.id) in \"\(queue.rawValue.printable)\"\(known)")
        }
        return .ok
    }

    private func enqueue(file: String, in context: CommandContext) async throws -> ExitStatus {
        var template = try task.draft(for: queue)
        template.terms = try terms.terms()
        let parent = try task.parentHandle()
        let bulk = BulkEnqueue(path: file, template: template, linesAreText: text)
        let connection = try await context.connect(limit: .seconds(3600))
        let author = try await context.caller(on: connection).author(of: parent)
        let receipts = try await bulk.run(on: connection, by: author)
        _ = try? await connection.ring([queue])
        if context.json {
            for receipt in receipts { context.console.json(EnqueueOutput.json(receipt)) }
        } else {
            let new = receipts.count { $0.created }
            context.console.line(
                "enqueued \(receipts.count.counted("task")) in \"\(queue.rawValue.printable)\" (\(new.grouped) new)"
            )
        }
        return receipts.isEmpty ? .nothingToDo : .ok
    }
}

/// How an enqueued task is reported.
enum EnqueueOutput {
    static func json(_ receipt: EnqueueReceipt) -> JSON {
        ["id": .string(receipt.id.description), "created": .bool(receipt.created)]
    }
}
