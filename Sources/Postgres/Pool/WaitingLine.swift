/// Those who wait, in the order in which they came; anybody may leave it early.
struct WaitingLine<Element> {
    private var waiting: [UInt64: Element] = [:]
    private var order: [UInt64] = []
    private var first = 0
    private var lastTicket: UInt64 = 0

    var isEmpty: Bool { waiting.isEmpty }
    var count: Int { waiting.count }

    /// A number under which one can join and leave.
    mutating func takeTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    mutating func join(_ ticket: UInt64, _ element: Element) {
        waiting[ticket] = element
        order.append(ticket)
    }

    /// Takes one out of the line; nil if it has left already.
    mutating func leave(_ ticket: UInt64) -> Element? {
        waiting.removeValue(forKey: ticket)
    }

    mutating func popFirst() -> Element? {
        while first < order.count {
            let ticket = order[first]
            first += 1
            // Moving the rest down only now and then keeps it cheap however long the line is.
            if first > 64 && first * 2 > order.count {
                order.removeFirst(first)
                first = 0
            }
            if let element = waiting.removeValue(forKey: ticket) { return element }
        }
        return nil
    }

    /// Takes all out of the line.
    mutating func removeAll() -> [Element] {
        var all: [Element] = []
        while let element = popFirst() { all.append(element) }
        return all
    }
}
