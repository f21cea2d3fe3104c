import TestSupport
import Testing

/// A hold on a task: the task and the epoch of its grant.
struct Hold: Hashable {
    let task: Int
    let epoch: Int

    init(_ pair: (Int, Int)) { (task, epoch) = pair }

    /// The hold that a handle names.
    init(handle: String) {
        let parts = handle.split(separator: ".").map { Int($0) ?? 0 }
        self.init((parts[0], parts[1]))
    }
}

/// What all callers were told, in the order in which they heard it.
actor Ledger {
    private var time = 0
    private var tasks: [Int] = []
    private var handles: [String] = []
    private var grants: [Hold: Int] = [:]
    private var settlements: [Hold: String] = [:]

    /// A moment, to say later that something began after it.
    func now() -> Int { time }

    func enqueued(_ task: Int) { tasks.append(task) }

    /// Tasks to do something with, the newer ones rather than the older.
    func tasks(upTo count: Int, using seed: UInt64) -> [Int] {
        var random = SeededRandom(seed: seed)
        return (0..<count).compactMap { _ in tasks.suffix(15).randomElement(using: &random) }
    }

    /// A handle that somebody has or had.
    func handle(using seed: UInt64) -> String? {
        var random = SeededRandom(seed: seed)
        return handles.suffix(20).randomElement(using: &random)
    }

    func granted(_ claims: [Claim]) {
        time += 1
        for claim in claims {
            let hold = Hold(handle: claim.handle)
            #expect(grants[hold] == nil, "granted twice: \(claim.handle)")
            grants[hold] = time
            handles.append(claim.handle)
        }
    }

    /// A settlement was accepted that began after `moment`.
    func settled(_ handle: String, _ verdict: String, since moment: Int) {
        let hold = Hold(handle: handle)
        #expect(settlements[hold] == nil, "settled twice: \(handle)")
        settlements[hold] = verdict
        wrote(handle, since: moment)
    }

    /// A holder's write was accepted that began after `moment`: nobody may have held the task after it by then.
    func wrote(_ handle: String, since moment: Int) {
        let hold = Hold(handle: handle)
        let rivals = grants.filter { $0.key.task == hold.task && $0.key.epoch > hold.epoch && $0.value <= moment }
        #expect(rivals.isEmpty, "\(handle) wrote after \(rivals)")
    }

    /// Compares with what the database says of all grants, and of those that were completed.
    func check(grants known: Set<Hold>, done: Set<Hold>) {
        #expect(Set(grants.keys) == known)
        #expect(Set(settlements.filter { $0.value == "complete" }.keys) == done)
    }
}
