/// Waits until `condition` holds, for something that happens outside and sends no event.
///
/// - Throws: When `deadline` has passed, naming the condition.
public func eventually(
    _ what: String, within deadline: Duration = .seconds(30),
    _ condition: @Sendable () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + deadline
    while try await !condition() {
        guard ContinuousClock.now < end else { throw NeverHappened(what: what) }
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// What ``eventually(_:within:_:)`` waited for did not come.
struct NeverHappened: Error, CustomStringConvertible {
    let what: String

    var description: String { "never happened: \(what)" }
}
