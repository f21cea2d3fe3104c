import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm question list`: what waits for people.
struct QuestionList: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List open questions, the most urgent first.",
        discussion: """
            EXAMPLE
              pgswarm question list --all
            """
    )

    @Flag(help: "Also those that are answered.")
    var all = false

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let questions = try await context.connect().questions(openOnly: !all)
        if context.json {
            for question in questions { context.console.json(question.json) }
        } else if questions.isEmpty {
            context.console.line(all ? "nobody has asked anything" : "no question is open")
        } else {
            context.console.lines(
                table(questions).render(width: context.console.width, style: context.console.style))
        }
        return .ok
    }

    private func table(_ questions: [QuestionInfo]) -> Table {
        let now = Date()
        var table = Table([
            .right("QUESTION"), .left("SEVERITY"), .left("STATE"), .right("BLOCKS"), .flexible("ASKER"), .left("ASKED"),
            .left("DEADLINE"), .flexible("TEXT"), .flexible("ANSWERS"),
        ])
        for question in questions {
            let isUrgent = question.severity == "blocking" || question.severity == "high"
            table.add([
                Table.Cell("\(question.id)", .heading),
                Table.Cell(question.severity, isUrgent ? .warning : .quiet),
                Table.Cell(question.state), Table.Cell("\(question.blocks)"), Table.Cell(question.asker),
                Table.Cell(Elapsed.relative(question.at, to: now)),
                Table.Cell(
                    question.overdueSince != nil ? "overdue" : question.deadline.map { Elapsed.expected($0, at: now) }),
                Table.Cell(question.text),
                Table.Cell(question.answer ?? question.options.joined(separator: " | ")),
            ])
        }
        return table
    }
}

/// `pgswarm question show`: one question with everything that was answered.
struct QuestionShow: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one question and all that was answered.",
        discussion: """
            EXAMPLE
              pgswarm question show 7
            """
    )

    @Argument(help: "The question.")
    var id: Int64

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let question = try await connection.question(id)
        let answers = try await connection.answers(to: id)
        if context.json {
            context.console.json(.object(question.members + [("answers", .array(answers.map(\.json)))]))
        } else {
            context.console.lines(lines(question, answers, in: context))
        }
        return .ok
    }

    private func lines(
        _ question: QuestionInfo, _ answers: [GivenAnswer], in context: CommandContext
    ) -> [String] {
        let now = Date()
        var fields = Fields()
        fields.add("question", "\(question.id)", .heading)
        fields.add("text", question.text)
        fields.add("options", question.options.isEmpty ? nil : question.options.joined(separator: " | "))
        fields.add("state", question.state)
        fields.add("severity", question.severity)
        fields.add("scope", question.scope)
        fields.add("plan", question.plan)
        fields.add("asked", "\(Elapsed.relative(question.at, to: now)) by \(question.asker ?? "?")")
        fields.add("who answers", question.state == "open" ? question.rung : nil)
        fields.add("deadline", question.deadline.map { "\(Elapsed.expected($0, at: now)): \(question.onDeadline)" })
        fields.add("overdue", question.overdueSince.map { Elapsed.relative($0, to: now) }, .warning)
        fields.add("fallback", question.fallback)
        fields.add("tasks", question.tasks.isEmpty ? nil : question.tasks.map(\.description).joined(separator: ", "))
        fields.add("blocks", question.blocks > 0 ? question.blocks.counted("task") : nil)
        fields.add("answer", question.answer.map { "\($0) (\(question.answeredBy ?? "?"))" }, .active)
        fields.add("note", question.note)
        for answer in answers where answer.isLate {
            fields.add(
                "too late", "\(answer.answer) (\(answer.by ?? "?"), \(Elapsed.relative(answer.at, to: now)))", .warning)
        }
        return fields.render(style: context.console.style)
    }
}

extension QuestionInfo {
    /// The question as `question list --json` shows it.
    var json: JSON { .object(members) }

    /// The members of ``json``.
    var members: [(String, JSON)] {
        [
            ("id", .string("\(id)")), ("state", .string(state)), ("severity", .string(severity)),
            ("text", .string(text)), ("options", JSON(options)), ("fallback", JSON(fallback)), ("topic", JSON(topic)),
            ("scope", .string(scope)), ("plan", JSON(plan)), ("asker", JSON(asker)), ("rung", JSON(rung)),
            ("on_deadline", .string(onDeadline)), ("deadline", JSON(deadline)), ("overdue_since", JSON(overdueSince)),
            ("answer", JSON(answer)), ("note", JSON(note)), ("answered_by", JSON(answeredBy)),
            ("answered_at", JSON(answeredAt)), ("decision", .bool(isDecision)),
            ("tasks", JSON(tasks.map(\.description))), ("blocks", JSON(blocks)), ("late_answers", JSON(lateAnswers)),
            ("at", JSON(at)),
        ]
    }
}

extension GivenAnswer {
    fileprivate var json: JSON {
        [
            "at": JSON(at), "by": JSON(by), "separated": .bool(isSeparated), "answer": .string(answer),
            "note": JSON(note), "late": .bool(isLate),
        ]
    }
}
