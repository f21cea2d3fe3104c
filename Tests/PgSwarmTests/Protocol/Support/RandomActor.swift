import Postgres
import TestSupport
import Testing

/// Somebody who does whatever comes to mind, with their own handles and with those of others, old and new.
struct RandomActor {
    let caller: Caller
    let ledger: Ledger
    var random: SeededRandom

    /// One call, refused or not.
    ///
    /// What must not happen is any error but the protocol's own.
    mutating func move() async throws {
        let seed = random.next()
        let code = await refusal { [self] in
            try await persistently {
                var actor = self
                actor.random = SeededRandom(seed: seed)
                try await actor.act()
            }
        }
        #expect(code == "accepted" || code.hasPrefix("PS0"), "\(code)")
    }

    private mutating func act() async throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<18: try await enqueue()
        case 18..<40: try await claim()
        case 40..<62: try await settle()
        case 62..<70: try await settleMany()
        case 70..<76: try await report()
        case 76..<82: try await steer()
        case 82..<88: try await caller.sweep()
        case 88..<92: try await letPass(.seconds(Int.random(in: 1...400, using: &random)))
        case 92..<94: try await step()
        case 94..<96: _ = try await caller.openSession(takeOver: true)
        default: try await claimTask()
        }
    }

    private var queue: String { mutating get { Bool.random(using: &random) ? "q" : "strict" } }

    private mutating func enqueue() async throws {
        var options = ["\"priority\": \(Int.random(in: -1...1, using: &random))"]
        if Int.random(in: 0..<3, using: &random) == 0 {
            let upstream = await ledger.tasks(upTo: 3, using: random.next())
            options.append("\"after\": \(upstream)")
        }
        if Int.random(in: 0..<4, using: &random) == 0 {
            options.append("\"delay\": \(Int.random(in: 0...60, using: &random))")
        }
        if Int.random(in: 0..<4, using: &random) == 0 {
            options.append("\"key\": \"\(Int.random(in: 0...9, using: &random))\"")
        }
        let parent = Int.random(in: 0..<5, using: &random) == 0 ? await ledger.handle(using: random.next()) : nil
        let task = try await caller.enqueue(queue, "{\(options.joined(separator: ", "))}", parent: parent)
        await ledger.enqueued(task)
    }

    private mutating func claim() async throws {
        let count = Int.random(in: 1...4, using: &random)
        let queues = [queue, queue]
        await ledger.granted(try await caller.claim(queues[0], queues[1], count: count))
    }

    private mutating func claimTask() async throws {
        guard let task = await ledger.tasks(upTo: 1, using: random.next()).first else { return }
        await ledger.granted([try await caller.claimTask(task)])
    }

    private mutating func verdict() -> (String, String?) {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: ("fail", #"{"error": "x"}"#)
        case 1: ("fail", #"{"error": "x", "retry_in": 0}"#)
        case 2: ("release", "{}")
        case 3: ("fail", #"{"dead": true}"#)
        default: ("complete", "1")
        }
    }

    private mutating func settle() async throws {
        guard let handle = await ledger.handle(using: random.next()) else { return }
        let (verdict, body) = verdict()
        let since = await ledger.now()
        let code = try await caller.settle(handle, verdict, body).code
        if ["ok", "late"].contains(code) { await ledger.settled(handle, verdict, since: since) }
    }

    private mutating func settleMany() async throws {
        var handles: [String] = []
        for _ in 0..<5 { if let handle = await ledger.handle(using: random.next()) { handles.append(handle) } }
        let verdicts = handles.map { _ in verdict() }
        let since = await ledger.now()
        let codes = try await caller.settle(handles, verdicts.map(\.0), verdicts.map(\.1))
        for (index, code) in codes.enumerated() where ["ok", "late"].contains(code) {
            await ledger.settled(handles[index], verdicts[index].0, since: since)
        }
    }

    private mutating func step() async throws {
        guard let handle = await ledger.handle(using: random.next()) else { return }
        let session = try await caller.openSession()
        let since = await ledger.now()
        let (code, claims) = try await caller.step(session, handle, queue: queue, count: 2)
        if let code, ["ok", "late"].contains(code) { await ledger.settled(handle, "complete", since: since) }
        await ledger.granted(claims)
    }

    private mutating func report() async throws {
        guard let handle = await ledger.handle(using: random.next()) else { return }
        let since = await ledger.now()
        switch Int.random(in: 0..<4, using: &random) {
        case 0: try await caller.renew(handle)
        case 1: try await caller.progress(handle, note: "x", checkpoint: "1")
        case 2: try await caller.intent(handle, "effect")
        default:
            _ = try await caller.renew([handle, handle])
            return
        }
        await ledger.wrote(handle, since: since)
    }

    private mutating func steer() async throws {
        let tasks = await ledger.tasks(upTo: 3, using: random.next())
        guard !tasks.isEmpty else { return }
        if Bool.random(using: &random) {
            try await caller.rows("SELECT pgswarm.cancel(\(tasks))")
        } else {
            try await caller.rows("SELECT pgswarm.retry(\(tasks))")
        }
    }
}
