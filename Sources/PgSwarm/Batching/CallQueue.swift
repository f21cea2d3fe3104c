/// What one call may carry at most.
struct CallLimits<Item: Sendable>: Sendable {
    /// How many items.
    var count: Int
    /// How heavy they may be together, in the unit of ``weigh``; a single item travels whatever its weight.
    var weight: Int
    /// The weight of an item, usually bytes.
    var weigh: @Sendable (Item) -> Int

    init(count: Int, weight: Int = .max, weigh: @escaping @Sendable (Item) -> Int = { _ in 1 }) {
        self.count = count
        self.weight = weight
        self.weigh = weigh
    }
}

/// The bookkeeping of a ``CallGroup``: who waits, and which calls are under way.
///
/// Pure, so that tests need no server.
struct CallQueue<Item: Sendable, Lane: Hashable, Waiter> {
    /// Items that leave together.
    struct Batch {
        var items: [Item] = []
        var waiters: [Waiter] = []
    }

    /// What an arriving item leads to.
    enum Arrival {
        /// All slots are busy: it leaves with a later batch.
        case wait
        /// A slot is free: this batch leaves now.
        case depart(Batch)
        /// Its caller was cancelled already.
        case withdrawn
    }

    private struct Waiting {
        var ticket: UInt64
        var item: Item
        var waiter: Waiter
    }

    private let slots: Int
    private let limits: CallLimits<Item>
    private let lane: @Sendable (Item) -> Lane?
    private(set) var underWay = 0
    private var lastTicket: UInt64 = 0
    private var waiting: [Waiting] = []

    init(slots: Int, limits: CallLimits<Item>, lane: @escaping @Sendable (Item) -> Lane?) {
        self.slots = max(1, slots)
        self.limits = limits
        self.lane = lane
    }

    /// How many items wait for a slot.
    var waitingCount: Int { waiting.count }

    /// A number under which an item arrives and can be withdrawn.
    mutating func takeTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    mutating func arrive(_ ticket: UInt64, _ item: Item, _ waiter: Waiter, isCancelled: Bool) -> Arrival {
        if isCancelled { return .withdrawn }
        waiting.append(Waiting(ticket: ticket, item: item, waiter: waiter))
        guard underWay < slots else { return .wait }
        underWay += 1
        return depart().map(Arrival.depart) ?? .wait
    }

    /// Takes an item out if it still waits.
    mutating func withdraw(_ ticket: UInt64) -> Waiter? {
        guard let index = waiting.firstIndex(where: { $0.ticket == ticket }) else { return nil }
        return waiting.remove(at: index).waiter
    }

    /// The next batch for a slot that became free; without one the slot rests.
    mutating func depart() -> Batch? {
        guard !waiting.isEmpty else {
            underWay -= 1
            return nil
        }
        var batch = Batch()
        var staying: [Waiting] = []
        var weight = 0
        var common: Lane?
        for candidate in waiting {
            let candidateLane = lane(candidate.item)
            let sum = weight + limits.weigh(candidate.item)
            let fits = batch.items.count < limits.count && (batch.items.isEmpty || sum <= limits.weight)
            guard fits, candidateLane == nil || common == nil || candidateLane == common else {
                staying.append(candidate)
                continue
            }
            common = common ?? candidateLane
            weight = sum
            batch.items.append(candidate.item)
            batch.waiters.append(candidate.waiter)
        }
        waiting = staying
        return batch
    }
}
