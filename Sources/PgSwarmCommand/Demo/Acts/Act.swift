import SystemPackage

/// One failure mode of agent swarms, acted out twice: as it happens without pgswarm, and with it.
protocol Act: Sendable {
    /// What the failure is called.
    var name: String { get }
    /// What happens in it, in a line.
    var plot: String { get }

    /// Plays it as people do without a coordinator; tells what went wrong.
    func playWithout(_ scene: ActScene) async throws -> ActOutcome
    /// Plays the same with pgswarm.
    func playWith(_ scene: ActScene) async throws -> ActOutcome
}

/// How one playing of an act ended.
struct ActOutcome: Sendable {
    /// Whether the failure happened.
    var wentWrong: Bool
    /// What was seen, in a line.
    var text: String
    /// What was counted.
    var figures: [(String, JSON)] = []
}

/// An act and how it ended both ways.
struct ActResult: Sendable {
    let name: String
    let without: ActOutcome
    let with: ActOutcome

    /// Whether it shows what it should: the failure without, and none with.
    var isConvincing: Bool { without.wentWrong && !with.wentWrong }

    var json: JSON {
        [
            "act": .string(name), "ok": .bool(isConvincing),
            "without": outcome(without), "with": outcome(with),
        ]
    }

    private func outcome(_ outcome: ActOutcome) -> JSON {
        .object(
            [("went_wrong", .bool(outcome.wentWrong)), ("text", .string(outcome.text))] + outcome.figures)
    }
}
