/// The alarms of a timekeeper, the earliest on top.
struct AlarmHeap {
    private var alarms: [Alarm] = []

    var earliest: Alarm? { alarms.first }

    var count: Int { alarms.count }

    init() {}

    init(_ alarms: some Sequence<Alarm>) {
        // A sorted array is a heap.
        self.alarms = alarms.sorted()
    }

    mutating func insert(_ alarm: Alarm) {
        alarms.append(alarm)
        var index = alarms.count - 1
        while index > 0, alarms[index] < alarms[(index - 1) / 2] {
            alarms.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func removeEarliest() {
        guard let last = alarms.popLast(), !alarms.isEmpty else { return }
        alarms[0] = last
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < alarms.count && alarms[child] < alarms[least] {
                least = child
            }
            if least == index { return }
            alarms.swapAt(index, least)
            index = least
        }
    }
}
