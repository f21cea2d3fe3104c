import FoundationEssentials
import PgSwarm
import Postgres
import Synchronization

/// What a worker does, shown as it happens: one line for each finished task on a terminal, every event with `--json`,
/// and a summary at the end.
final class WorkOutput: Sendable {
    /// What is known of a task between its start and the database's answer.
    private struct Work {
        var verdict: String?
        var title: String?
        var error: String?
        var started = ContinuousClock.now
    }

    private let console: Console
    private let json: Bool
    private let works = Mutex<[TaskID: Work]>([:])
    private let start = ContinuousClock.now

    init(_ context: CommandContext) {
        // The worker goes on when nobody watches any more.
        console = Console.standard(keepsGoing: true)
        json = context.json
    }

    /// Notes that a task is being worked on.
    func began(_ task: ClaimedTask) {
        guard isShown else { return }
        works.withLock { $0[task.id] = Work(title: task.title ?? task.payload.text) }
    }

    /// Notes how the work on a task ended, before the database has answered.
    func ended(_ task: ClaimedTask, _ verdict: Verdict) {
        guard isShown else { return }
        works.withLock { works in
            switch verdict {
            case .complete: works[task.id]?.verdict = "completed"
            case .fail(let error, _, let dead, _):
                works[task.id]?.verdict = dead ? "dead" : "failed"
                works[task.id]?.error = error
            case .release(let note, _):
                works[task.id]?.verdict = "released"
                works[task.id]?.error = note
            }
        }
    }

    /// Shows events until the worker has ended.
    func follow(_ events: AsyncStream<WorkerEvent>) async {
        for await event in events {
            guard isShown else { continue }
            if json {
                console.json(event.json)
            } else {
                show(event)
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

    private var isShown: Bool { json || console.width != nil }

    private func show(_ event: WorkerEvent) {
        switch event {
        case .settled(let id, let code):
            let work = works.withLock { $0.removeValue(forKey: id) }
            let word = code == .ok || code == .duplicate ? work?.verdict ?? "settled" : code.rawValue
            line(id, word, work)
        case .stopped(let id, let reason): line(id, "stopped (\(reason.rawValue))", nil)
        case .dropped(let id): line(id, "dropped", works.withLock { $0.removeValue(forKey: id) })
        case .disconnected(let error): note("the database does not answer: \(error.message)", .bad)
        case .reconnected: note("the database answers again", .good)
        case .draining: note("draining: no more claims, running work may finish", .warning)
        case .handingBack: note("handing back what is not finished", .warning)
        default: break
        }
    }

    private func line(_ id: TaskID, _ word: String, _ work: Work?) {
        let style = console.style
        let time = work.map { Elapsed.brief(ContinuousClock.now - $0.started) } ?? ""
        let about = [work?.title, work?.error].compactMap { $0?.printable }.joined(separator: " · ")
        let padded = word + String(repeating: " ", count: max(0, 9 - word.count))
        let lead = "\(id)  \(padded)  \(time)  "
        let rest = console.width.map { about.cut(to: max(10, $0 - lead.displayWidth)) } ?? about
        console.line(
            "\(style.apply(.quiet, to: "\(id)"))  \(style.apply(Style.Tone(state: word), to: padded))  \(time)  \(rest)"
        )
    }

    private func note(_ text: String, _ tone: Style.Tone) {
        console.line(console.style.apply(tone, to: text.printable))
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
            output.ended(task, verdict)
            return verdict
        } catch {
            output.ended(task, .fail(error: "\(error)"))
            throw error
        }
    }
}
