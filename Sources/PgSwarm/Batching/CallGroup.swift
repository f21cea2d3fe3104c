internal import Synchronization

/// Lets single calls that arrive while earlier ones are under way leave together as the next array call.
///
/// There is no timer. Under no load a call leaves at once and alone; under load the groups grow by themselves to what
/// arrives during one round trip. Every caller gets their own item's answer or error.
///
/// The state is behind a lock and not an actor's, because a cancellation handler can't wait.
final class CallGroup<Item: Sendable, Answer: Sendable, Lane: Hashable & Sendable>: Sendable {
    /// Sends the items in one call and answers for each, in their order; a throw is the failure of the whole call.
    typealias Call = @Sendable ([Item]) async throws(SwarmError) -> [Result<Answer, SwarmError>]

    private let call: Call
    private let state: Mutex<Queue>

    private typealias Queue = CallQueue<Item, Lane, Waiter>
    private typealias Waiter = CheckedContinuation<Result<Answer, SwarmError>, Never>

    /// Creates a group.
    ///
    /// - Parameters:
    ///   - slots: How many calls may be under way at the same time.
    ///   - limits: What one call may carry at most.
    ///   - lane: Items with different lanes don't travel together; `nil` goes with any.
    init(
        slots: Int, limits: CallLimits<Item>, lane: @escaping @Sendable (Item) -> Lane?,
        call: @escaping Call
    ) {
        self.call = call
        state = Mutex(CallQueue(slots: slots, limits: limits, lane: lane))
    }

    /// Sends an item with the next call.
    ///
    /// - Throws: The item's own error; `cancelled` when the caller's Swift task was cancelled before the item had
    ///   left. Once it has left, its answer decides.
    func submit(_ item: Item) async throws(SwarmError) -> Answer {
        let ticket = state.withLock { $0.takeTicket() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in
                arrive(ticket, item, waiter)
            }
        } onCancel: {
            state.withLock { $0.withdraw(ticket) }?.resume(returning: .failure(.cancelledBeforeItLeft))
        }
        return try result.get()
    }

    /// How many items wait for a slot.
    var waitingCount: Int { state.withLock { $0.waitingCount } }
    /// How many calls are under way.
    var busySlots: Int { state.withLock { $0.underWay } }

    private func arrive(_ ticket: UInt64, _ item: Item, _ waiter: Waiter) {
        // A cancellation sets the flag before its handler runs: whichever takes the lock second sees the other.
        switch state.withLock({ $0.arrive(ticket, item, waiter, isCancelled: Task.isCancelled) }) {
        case .wait: break
        case .withdrawn: waiter.resume(returning: .failure(.cancelledBeforeItLeft))
        case .depart(let batch):
            // Not a child of the caller's task: the call belongs to everybody who joins it, and must not end when
            // the one who happened to start it is cancelled.
            Task.detached { await self.serve(batch) }
        }
    }

    /// Sends batch after batch until nothing waits.
    private func serve(_ first: Queue.Batch) async {
        var next: Queue.Batch? = first
        while let batch = next {
            let results = await answers(to: batch.items)
            // The slot takes the next batch before the waiters run, so that it never stands idle for their sake.
            next = state.withLock { $0.depart() }
            for (waiter, result) in zip(batch.waiters, results) { waiter.resume(returning: result) }
        }
    }

    /// One result for each item.
    ///
    /// When a call is refused for the sake of some of its items, halves of it are tried, so that one bad item
    /// does not fail its neighbours: a refused call has changed nothing.
    private func answers(to items: [Item]) async -> [Result<Answer, SwarmError>] {
        do throws(SwarmError) {
            let results = try await call(items)
            guard results.count == items.count else {
                throw SwarmError(.internal, "a call of \(items.count) items had \(results.count) answers")
            }
            return results
        } catch {
            guard items.count > 1, error.code.mayConcernSingleItems else {
                return Array(repeating: .failure(error), count: items.count)
            }
            let middle = items.count / 2
            return await answers(to: Array(items[..<middle])) + answers(to: Array(items[middle...]))
        }
    }
}

extension SwarmError {
    fileprivate static let cancelledBeforeItLeft = SwarmError(
        .cancelled, "the call was cancelled before it was sent; nothing was changed")
}

extension SwarmError.Code {
    /// Whether a refused call of many items may be acceptable in parts.
    fileprivate var mayConcernSingleItems: Bool {
        switch self {
        case .invalidArgument, .invalidHandle, .tooLarge, .requestMismatch, .notFound, .queueFull, .lostClaim,
            .wrongState, .alreadySettled, .notReady, .internal:
            true
        default: false
        }
    }
}
