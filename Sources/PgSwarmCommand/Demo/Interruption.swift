import UnixSignals

/// Lets Control-C end a piece of work in good order.
enum Interruption {
    /// Does the work.
    ///
    /// When a signal asks the process to end, the work is cancelled and waited for.
    ///
    /// - Returns: What came of the work; `nil` when it was interrupted.
    static func guarding<Answer: Sendable>(
        _ work: @escaping @Sendable () async throws -> Answer
    ) async throws -> Answer? {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        return try await withThrowingTaskGroup(of: Answer?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                for await _ in signals { break }
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let answer = first else {
                group.cancelAll()
                _ = try? await group.next()
                return nil
            }
            return answer
        }
    }
}
