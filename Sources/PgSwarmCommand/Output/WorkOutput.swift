import FoundationEssentials
import PgSwarm
import Postgres
import Synchronization

/// What a worker does, shown as it happens: on standard output one line for each finished task if that is a terminal,
/// every event with `--json`, and a summary at the end; on standard error, for people, what it begins with and each
/// task that was not completed.
final class WorkOutput: Sendable {
    private struct State {
        /// In the order of their beginning: a task that was handed back may come again before that is shown.
        var works: [TaskID: [WorkRecord]] = [:]
        /// Tasks granted and not yet settled.
        var inHand = 0
        /// Since when nothing is in hand.
        var idleSince: ContinuousClock.Instant?
    }

    private let console: Console
    private let json: Bool
    /// For looking at tasks.
    private let swarm: Swarm
    private let state = Mutex(State())
    private let start = ContinuousClock.now

    init(_ context: CommandContext, looking swarm: Swarm) {
        // The worker goes on when nobody watches any more.
        console = Console.standard(keepsGoing: true)
        json = context.json
        self.swarm = swarm
    }

    /// Says what is about to be worked on.
    func begin(_ queues: [QueueName], concurrency: Int, untilEmpty: Bool) {
        state.withLock { $0.idleSince = .now }
        let names = queues.map { "\"\($0.rawValue.printable)\"" }.joined(separator: ", ")
        let end = untilEmpty ? ", until nothing is left" : ""
        tell("working on \(names), \(concurrency.counted("task")) at once\(end)")
    }

    /// Notes that a task is being worked on.
    func began(_ task: ClaimedTask) {
        state.withLock { $0.works[task.id, default: []].append(WorkRecord(task)) }
    }

    /// Notes how the work on a task ended, before the database has answered.
    func ended(_ task: ClaimedTask, _ ending: WorkRecord.Ending) {
        state.withLock { state in
            guard let last = state.works[task.id]?.indices.last else { return }
            state.works[task.id]?[last].ending = ending
        }
    }

    /// Shows events until the worker has ended.
    func follow(_ events: AsyncStream<WorkerEvent>) async {
        for await event in events {
            let ending = note(event)
            var taskState: TaskState?
            if case .settled(let id, let code) = event {
                taskState = await ending?.state(of: id, after: code, asking: swarm)
            }
            if json {
                console.json(event.json(verdict: ending?.verdict?.rawValue, state: taskState))
            } else {
                show(event, ending, taskState)
            }
            console.flush()
        }
    }

    /// Shows what was done in all.
    func summarise(_ report: WorkerReport) {
        if json {
            console.json(report.json)
        } else {
            let counts = [
                (report.completed, "completed"), (report.failed, "failed"), (report.released, "released"),
                (report.lost, "lost"), (report.refused, "refused"),
            ]
            let parts = counts.filter { $0.0 > 0 }.map { "\($0.0.grouped) \($0.1)" }
            let time = Elapsed.brief(ContinuousClock.now - start)
            console.line(
                "\(report.claimed.counted("task")) in \(time)"
                    + (parts.isEmpty ? "" : ": " + parts.joined(separator: ", ")))
        }
        console.flush()
    }

    /// Since when the worker has had nothing in hand; `nil` while it works.
    var idleSince: ContinuousClock.Instant? { state.withLock { $0.idleSince } }

    /// Says what an idle worker waits for.
    func waits(for queues: [EmptyQueue]) {
        if json {
            console.json([
                "event": "waiting", "at": JSON(Date()), "queues": .array(queues.map(\.json)),
            ])
            console.flush()
        } else {
            tell("waiting: " + queues.compactMap { $0.holdUp(at: Date()) }.joined(separator: "; "))
        }
    }

    /// Keeps the books.
    ///
    /// - Returns: What is known of the work on a task that the event ends.
    private func note(_ event: WorkerEvent) -> WorkRecord? {
        state.withLock { state in
            switch event {
            case .claimed(let ids):
                state.inHand += ids.count
                if state.inHand > 0 { state.idleSince = nil }
                return nil
            case .settled(let id, _), .dropped(let id):
                state.inHand -= 1
                if state.inHand <= 0 { state.idleSince = .now }
                // What was handed back before it began is known by its number alone.
                guard var works = state.works.removeValue(forKey: id) else { return .notBegun }
                let work = works.removeFirst()
                if !works.isEmpty { state.works[id] = works }
                return work
            case .stopped(let id, let reason):
                state.works[id]?[0].stopReason = reason
                return nil
            case .refused(let id, let error):
                // As the worker has it: a failure that is not repeated.
                let failure = Verdict.fail(error: "the verdict was refused: \(error)", dead: true)
                state.works[id]?[0].ending = .verdict(failure)
                return nil
            default: return nil
            }
        }
    }

    private func show(_ event: WorkerEvent, _ work: WorkRecord?, _ taskState: TaskState?) {
        switch event {
        case .settled(let id, let code):
            guard let work else { break }
            if work.verdict == .complete, code.isAccepted {
                line(id, code == .late ? code.rawValue : "completed", work)
            } else {
                tell(work.report(of: id, code, taskState))
            }
        case .dropped(let id):
            if let work { tell(work.reportOfLoss(of: id)) }
        case .disconnected(let error): note("the database does not answer: \(error.message)", .bad)
        case .reconnected: note("the database answers again", .good)
        case .draining: note("draining: no more claims, running work may finish", .warning)
        case .handingBack: note("handing back what is not finished", .warning)
        default: break
        }
    }

    private func line(_ id: TaskID, _ word: String, _ work: WorkRecord) {
        guard console.width != nil else { return }
        let style = console.style
        let time = work.started.map { Elapsed.brief(ContinuousClock.now - $0) } ?? ""
        let about = work.title?.printable ?? ""
        let padded = word + String(repeating: " ", count: max(0, 9 - word.count))
        let lead = "\(id)  \(padded)  \(time)  "
        let rest = console.width.map { about.cut(to: max(10, $0 - lead.displayWidth)) } ?? about
        console.line(
            "\(style.apply(.quiet, to: "\(id)"))  \(style.apply(Style.Tone(state: word), to: padded))  \(time)  \(rest)"
        )
    }

    private func note(_ text: String, _ tone: Style.Tone) {
        guard console.width != nil else { return }
        console.line(console.style.apply(tone, to: text.printable))
    }

    /// Tells people something that must not get lost in the output.
    private func tell(_ text: String) {
        if !json { console.report(text + "\n") }
    }
}

/// A handler whose work is shown.
struct ReportedHandler<Handler: WorkHandler>: WorkHandler {
    let handler: Handler
    let output: WorkOutput

    func handle(_ task: ClaimedTask, _ context: WorkContext) async throws -> Verdict {
        output.began(task)
        do {
            let verdict = try await handler.handle(task, context)
            output.ended(task, .verdict(verdict))
            return verdict
        } catch {
            output.ended(task, .thrown("\(error)"))
            throw error
        }
    }
}
