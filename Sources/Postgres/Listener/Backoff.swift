/// The pauses between attempts that fail: each up to twice as long as the last, and at random, so that
/// many clients of a server that comes back don't come all at once.
struct Backoff {
    private let first: Duration
    private let longest: Duration
    private var next: Duration

    init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = max(first, longest)
        next = first
    }

    mutating func pause() -> Duration {
        defer { next = min(next * 2, longest) }
        return next * Double.random(in: 0.5...1)
    }

    mutating func reset() {
        next = first
    }
}
