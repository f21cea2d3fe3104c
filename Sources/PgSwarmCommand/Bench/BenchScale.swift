/// How much is measured: enough for figures that can be repeated, or just enough to see that all of it works.
struct BenchScale: Sendable {
    let isQuick: Bool
    /// How often each measurement alternates with its limit.
    let rounds: Int
    /// How long a measurement that has no natural end runs.
    let window: Duration
    /// Tasks to drain, by batch size.
    let drained: [(batch: Int, tasks: Int)]
    /// Tasks for the Swift tasks that claim and complete one at a time.
    let grouped: (callers: Int, tasks: Int)
    let wakeUps: Int
    /// How many ready tasks a claim is measured against, the fewest first.
    let depths: [Int]
    let claims: Int
    /// How many leases are renewed; multiples of ``leasesPerSession``.
    let leases: [Int]

    /// What one session holds, and renews in one call.
    static let leasesPerSession = 1000

    static let standard = BenchScale(
        isQuick: false, rounds: 3, window: .milliseconds(1200),
        drained: [(1, 3000), (10, 15_000), (100, 50_000)], grouped: (1000, 30_000), wakeUps: 200,
        depths: [1000, 100_000, 1_000_000], claims: 400, leases: [10_000, 100_000])

    static let quick = BenchScale(
        isQuick: true, rounds: 1, window: .milliseconds(150),
        drained: [(1, 200), (10, 1000), (100, 5000)], grouped: (200, 3000), wakeUps: 20,
        depths: [1000, 10_000, 50_000], claims: 50, leases: [1000, 5000])
}
