import PgSwarm

/// What cancel and retry have in common.
enum Steering {
    /// Shows each answer; a refused one makes the command fail after all were shown.
    ///
    /// Where only one was asked for, its refusal is told by the error alone.
    static func show(_ answers: [SteeringAnswer], in context: CommandContext) throws -> ExitStatus {
        for answer in answers where answer.wasAccepted || answers.count > 1 {
            if context.json {
                context.console.json([
                    "id": .string(answer.id.description), "code": .string(answer.code),
                    "state": JSON(answer.state?.rawValue),
                ])
            } else if answer.wasAccepted {
                let before = answer.code == "already_cancelled" ? " already" : ""
                context.console.line(
                    "task \(answer.id) is \(answer.state?.rawValue.printable ?? "gone")\(before)")
            }
        }
        let refused = answers.filter { !$0.wasAccepted }
        guard let first = refused.first else { return .ok }
        if refused.count > 1 {
            let ids = refused.map(\.id.description).joined(separator: ", ")
            throw CommandFailure(
                first.code, "\(refused.count.counted("task")) refused: \(ids)", hint: hint(first))
        }
        throw CommandFailure(first.code, message(first), hint: hint(first))
    }

    private static func message(_ answer: SteeringAnswer) -> String {
        answer.code == "not_found"
            ? "there is no task \(answer.id)"
            : "task \(answer.id) is \(answer.state?.rawValue ?? "in another state") and can't be changed so"
    }

    private static func hint(_ answer: SteeringAnswer) -> String {
        answer.code == "not_found"
            ? "List tasks with 'pgswarm tasks'." : "Look at it with 'pgswarm show \(answer.id)'."
    }
}
