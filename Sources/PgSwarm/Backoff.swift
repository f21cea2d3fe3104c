/// How long to wait before a repetition: between zero and a bound that doubles each time ("full jitter"), so that a
/// thousand clients of a restarted server don't come back at the same moment.
struct Backoff {
    private var bound: Duration = .milliseconds(50)
    private static let maximum: Duration = .seconds(2)

    /// The next wait.
    mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
        defer { bound = min(bound * 2, Self.maximum) }
        return bound * Double.random(in: 0...1, using: &random)
    }

    /// The next wait.
    mutating func next() -> Duration {
        var random = SystemRandomNumberGenerator()
        return next(using: &random)
    }
}
