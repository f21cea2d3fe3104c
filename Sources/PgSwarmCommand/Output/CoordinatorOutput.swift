import FoundationEssentials
import PgSwarm

/// What a coordinator does, shown as it happens.
struct CoordinatorOutput: Sendable {
    private let console: Console
    private let json: Bool

    init(_ context: CommandContext) {
        // The coordinator goes on when nobody watches any more.
        console = Console.standard(keepsGoing: true)
        json = context.json
    }

    /// Shows events until the coordinator has ended.
    func follow(_ events: AsyncStream<CoordinatorEvent>) async {
        for await event in events {
            if json {
                console.json(event.json)
            } else if let (text, tone) = event.sentence {
                console.line(
                    console.style.apply(.quiet, to: Timestamp.format(Date())) + "  "
                        + console.style.apply(tone, to: text.printable))
            }
            console.flush()
        }
    }
}

extension CoordinatorEvent {
    fileprivate var sentence: (String, Style.Tone?)? {
        switch self {
        case .leading(let epoch): ("leading (epoch \(epoch))", .good)
        case .standingBy(let holder): ("standing by" + (holder.map { ": \($0) leads" } ?? ""), .quiet)
        case .steppedDown: ("leading no more: the seat could not be kept", .warning)
        case .swept(let report):
            (
                "took back \(report.lost.counted("lost lease")), "
                    + "\(report.dead.counted("task")) to the dead letters, \(report.promoted.grouped) made ready",
                nil
            )
        case .promoted(let count): ("made \(count.counted("due task")) ready", nil)
        case .maintained(let report):
            (
                "made or dropped \(report.partitions.counted("partition")), removed \(report.removed.counted("row"))",
                nil
            )
        // The log says it, with the time and the level.
        case .troubled: nil
        }
    }

    /// The event as `coordinate --json` gives it.
    fileprivate var json: JSON {
        var members: [(String, JSON)] = [("event", .string(name)), ("at", JSON(Date()))]
        switch self {
        case .leading(let epoch): members.append(("epoch", JSON(epoch)))
        case .standingBy(let holder): members.append(("holder", JSON(holder)))
        case .steppedDown: break
        case .swept(let report):
            members += [
                ("lost", JSON(report.lost)), ("dead", JSON(report.dead)), ("promoted", JSON(report.promoted)),
            ]
        case .promoted(let count): members.append(("count", JSON(count)))
        case .maintained(let report):
            members += [("partitions", JSON(report.partitions)), ("removed", JSON(report.removed))]
        case .troubled(let error):
            members += [("code", .string(error.code.rawValue)), ("message", .string(error.message))]
        }
        return .object(members)
    }

    private var name: String {
        switch self {
        case .leading: "leading"
        case .standingBy: "standing_by"
        case .steppedDown: "stepped_down"
        case .swept: "swept"
        case .promoted: "promoted"
        case .maintained: "maintained"
        case .troubled: "troubled"
        }
    }
}
