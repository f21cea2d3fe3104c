/// The listener's end of the stream: bounded, and honest about what did not fit.
struct ListenerOutlet {
    private let continuation: AsyncStream<ListenerEvent>.Continuation
    private var hasDropped = false

    init(_ continuation: AsyncStream<ListenerEvent>.Continuation) {
        self.continuation = continuation
    }

    mutating func send(_ event: ListenerEvent) {
        confess()
        if hasDropped { return }
        if case .dropped = continuation.yield(event) { hasDropped = true }
    }

    /// Tells, as soon as there is room, that something was dropped.
    mutating func confess() {
        guard hasDropped else { return }
        if case .enqueued = continuation.yield(.mayHaveMissed) { hasDropped = false }
    }

    func finish() {
        continuation.finish()
    }
}
