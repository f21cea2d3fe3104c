/// Where the worker's chance comes from, so that tests can take it out.
struct Jitter: Sendable {
    let fraction: @Sendable (ClosedRange<Double>) -> Double

    static let random = Jitter { Double.random(in: $0) }
    /// Always the upper end.
    static let none = Jitter { $0.upperBound }
}
