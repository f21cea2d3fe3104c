import PgSwarm

/// A time in which the database can't be reached, sat out by a command that waits or follows.
struct Outage {
    /// When waiting makes no sense any more; `nil`: never.
    let end: ContinuousClock.Instant?
    private let console: Console
    private let json: Bool
    private var isTold = false
    private var pause = Self.shortest

    private static let shortest: Duration = .milliseconds(50)
    private static let longest: Duration = .seconds(2)

    init(_ context: CommandContext, until end: ContinuousClock.Instant? = nil) {
        console = context.console
        json = context.json
        self.end = end
    }

    /// Waits a little, longer each time, for a repetition to make sense; says so the first time.
    ///
    /// - Throws: The error itself when it is no outage, or when the end has come.
    mutating func wait(after error: any Error) async throws {
        let failure = CommandFailure(error)
        guard ExitStatus(code: failure.code) == .unreachable, end.map({ $0 > .now }) ?? true else { throw error }
        if !isTold {
            isTold = true
            let message = "\(failure.message); trying again until it answers"
            console.report(
                json
                    ? JSON.object([("warning", ["code": .string(failure.code), "message": .string(message)])]).text
                        + "\n"
                    : "\(message.printable)\n")
        }
        // With jitter, so that the many clients of a restarted server don't come back at the same moment.
        let moment = ContinuousClock.now + pause * Double.random(in: 0.5...1)
        pause = min(pause * 2, Self.longest)
        try await Task.sleep(until: end.map { min($0, moment) } ?? moment)
    }

    /// The database has answered: the next outage begins anew.
    mutating func isOver() {
        isTold = false
        pause = Self.shortest
    }
}
