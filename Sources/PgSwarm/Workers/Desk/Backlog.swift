/// Granted tasks that wait for a slot, first come first served.
struct Backlog {
    private var holdings: [Holding] = []
    private var start = 0

    var isEmpty: Bool { start == holdings.count }
    var count: Int { holdings.count - start }
    var first: Holding? { isEmpty ? nil : holdings[start] }

    mutating func append(_ holding: Holding) { holdings.append(holding) }

    mutating func takeFirst() -> Holding? {
        guard !isEmpty else { return nil }
        defer {
            start += 1
            if isEmpty {
                holdings.removeAll(keepingCapacity: true)
                start = 0
            }
        }
        return holdings[start]
    }

    mutating func remove(_ holding: Holding) {
        guard let index = holdings[start...].firstIndex(where: { $0 === holding }) else { return }
        holdings.remove(at: index)
    }

    /// Empties the backlog.
    @discardableResult
    mutating func removeAll() -> [Holding] {
        defer {
            holdings.removeAll(keepingCapacity: true)
            start = 0
        }
        return Array(holdings[start...])
    }
}
