import ArgumentParser
import PgSwarm
import Postgres

/// What a herd command is for: a queue, a task, an agent or the whole swarm.
struct ControlOptions: ParsableArguments {
    @Argument(help: "The queue; it comes into being if it is not there.")
    var queue: QueueName?

    @Option(help: ArgumentHelp("One task instead.", valueName: "id"))
    var task: TaskID?

    @Option(help: ArgumentHelp("An agent instead, with all its sessions.", valueName: "name"))
    var targetAgent: String?

    @Flag(help: "Everything.")
    var swarm = false

    func validate() throws {
        let given = [queue != nil, task != nil, targetAgent != nil, swarm].filter { $0 }.count
        guard given == 1 else {
            throw ValidationError(
                given == 0
                    ? "name a queue, or give --task, --target-agent or --swarm"
                    : "name one of: a queue, --task, --target-agent, --swarm")
        }
    }

    private var target: ControlTarget {
        if let task { return .task(task) }
        if let targetAgent { return .agent(AgentName(targetAgent)) }
        return queue.map { .queue($0) } ?? .swarm
    }

    /// Does it and reports it.
    func apply(_ action: ControlAction, reason: String?, in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let isKnown = if let queue { try await connection.knows(queue) } else { true }
        let answer = try await connection.control(
            target, action, reason: reason.flatMap { $0.isEmpty ? nil : $0 }, agent: caller.agent,
            session: caller.session)
        if action == .resume {
            let queues = if let queue { [queue] } else { try await connection.queues().map(\.queue) }
            _ = try? await connection.ring(queues)
        }
        report(answer, action, created: !isKnown, in: context)
        return .ok
    }

    private func report(_ answer: ControlAnswer, _ action: ControlAction, created: Bool, in context: CommandContext) {
        if context.json {
            var members: [(String, JSON)] = []
            if let queue { members.append(("queue", .string(queue.rawValue))) }
            if let task { members.append(("task", .string(task.description))) }
            if let targetAgent { members.append(("agent", .string(targetAgent))) }
            if swarm { members.append(("swarm", true)) }
            members += [
                ("paused", .bool(action != .resume)), ("action", .string(action.rawValue)),
                ("changed", .bool(answer.changed)), ("taken_back", JSON(answer.takenBack)),
            ]
            if queue != nil { members.append(("created", .bool(created))) }
            context.console.json(.object(members))
            return
        }
        let name =
            queue.map { "\"\($0.rawValue.printable)\"" } ?? task.map { "task \($0)" }
            ?? targetAgent.map(\.printable) ?? "the swarm"
        let state =
            switch action {
            case .pause: "paused"
            case .drain: "draining"
            case .stop: "stopped"
            case .resume: "open"
            }
        let back = answer.takenBack > 0 ? "; \(answer.takenBack.counted("task")) taken back" : ""
        context.console.line(
            "\(name) \(answer.changed ? "is" : "was already") \(state)\(back)\(created ? "; it is a new queue" : "")")
    }
}
