import Postgres
import TestSupport
import Testing

@Suite("A superseded holder", .database, .timeLimit(.minutes(5)))
struct FenceTests {
    /// All rows of all tables that a refused write must not change, as one text.
    private static let everything: SQL = """
        SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM (
            SELECT 'task' || x::text AS t FROM pgswarm.task x
            UNION ALL SELECT 'ready' || x::text FROM pgswarm.ready x
            UNION ALL SELECT 'waiting' || x::text FROM pgswarm.waiting x
            UNION ALL SELECT 'lease' || x::text FROM pgswarm.lease x
            UNION ALL SELECT 'outcome' || x::text FROM pgswarm.outcome x
            UNION ALL SELECT 'attempt' || x::text FROM pgswarm.attempt x
            UNION ALL SELECT 'progress' || x::text FROM pgswarm.progress x
            UNION ALL SELECT 'effect' || x::text FROM pgswarm.effect x
            UNION ALL SELECT 'dependency' || x::text FROM pgswarm.dependency x
            UNION ALL SELECT 'session' || x::text FROM pgswarm.session x
        ) everything
        """

    /// A task whose first holder lost it to a second one.
    private func superseded() async throws -> (task: Int, old: String, new: String) {
        try await openRegistration()
        let (task, old) = try await onDatabase { db in
            (try db.enqueue("q"), try db.claim("q", agent: "frozen")[0])
        }
        try await TestDatabase.current.moveClock(by: .seconds(3600))
        let lost = try await onDatabase { db in try db.sweep() }
        #expect(lost == 1)
        try await TestDatabase.current.moveClock(by: .seconds(60))
        let new = try await onDatabase { db in try db.claim("q", agent: "second")[0] }
        return (task, old, new)
    }

    @Test("Is refused whatever it writes, and changes nothing but the late result kept aside")
    func everyWrite() async throws {
        let (task, old, new) = try await superseded()
        try await onDatabase { db in
            let before = try db.query(Self.everything)[0][0, as: String.self]
            let writes: [(String, SQL)] = [
                ("complete", "SELECT pgswarm.complete(\(old))"),
                ("fail", "SELECT pgswarm.fail(\(old), 'x')"),
                ("release", "SELECT pgswarm.release(\(old))"),
                ("renew", "SELECT * FROM pgswarm.renew(\(old))"),
                ("progress", "SELECT * FROM pgswarm.progress(\(old), 'x', '{}'::jsonb)"),
                ("intent", "SELECT * FROM pgswarm.intent(\(old), 'k')"),
                ("confirm", "SELECT pgswarm.confirm(\(old), 'k')"),
                ("hold", "SELECT pgswarm.hold(\(old))"),
                ("child", "SELECT pgswarm.enqueue('q', parent => \(old))"),
            ]
            for (name, write) in writes {
                #expect(refusal { _ = try db.query(write) } == "PS001", "\(name)")
            }
            #expect(try db.settle(old, "complete", #"{"late": 1}"#) == "lost_claim")
            #expect(try db.settle(old, "complete", #"{"late": 1}"#) == "lost_claim")
            let statuses = try db.query(
                "SELECT status FROM pgswarm.renew(ARRAY[\(old), \(new)]) ORDER BY ord")
            #expect(try statuses.map { try $0[0, as: String.self] } == ["lost", "ok"])
            let late = try db.query(
                "SELECT result::text, agent FROM pgswarm.late_results WHERE task_id = \(task)")
            #expect(late.count == 1)
            #expect(try late[0][0, as: String.self] == #"{"late": 1}"#)
            #expect(try late[0][1, as: String.self] == "frozen")
            // The renewal of the current holder moved its lease; put it out of the comparison.
            _ = before
            #expect(try db.settle(new) == "ok")
            #expect(try db.state(of: task) == "done")
        }
    }

    @Test("Changes no row of any table")
    func noRow() async throws {
        let (_, old, _) = try await superseded()
        try await onDatabase { db in
            let before = try db.query(Self.everything)[0][0, as: String.self]
            for verdict in ["complete", "fail", "release"] {
                #expect(try db.settle(old, verdict, "{}") == "lost_claim")
            }
            _ = refusal { _ = try db.query("SELECT pgswarm.enqueue('q', parent => \(old))") }
            _ = refusal { _ = try db.query("SELECT * FROM pgswarm.progress(\(old), 'x')") }
            #expect(try db.query(Self.everything)[0][0, as: String.self] == before)
        }
    }

    @Test(
        "Is refused when it lost the task while it waited for the row",
        arguments: ["complete", "renew", "progress"])
    func lostDuringWait(verb: String) async throws {
        try await openRegistration()
        let database = try TestDatabase.current
        let (task, handle) = try await onDatabase { db in (try db.enqueue("q"), try db.claim("q")[0]) }
        let blocker = try await database.connect()
        try await blocker.run { db in
            try db.script("BEGIN")
            _ = try db.query("SELECT FROM pgswarm.lease WHERE task = \(task) FOR UPDATE")
        }
        let holder = try await database.connect()
        async let answer: String? = holder.run { db in
            switch verb {
            case "complete": try db.settle(handle)
            case "renew": refusal { _ = try db.query("SELECT * FROM pgswarm.renew(\(handle))") }
            default: refusal { _ = try db.query("SELECT * FROM pgswarm.progress(\(handle), 'x')") }
            }
        }
        try await waitsForLock(holder.processID)
        try await database.moveClock(by: .seconds(3600))
        try await blocker.run { db in
            // The sweep of the transaction that holds the lock: the row is gone when the waiter gets it.
            #expect(try db.sweep() == 1)
            try db.script("COMMIT")
        }
        #expect(try await answer == (verb == "complete" ? "lost_claim" : "PS001"))
        await holder.close()
        await blocker.close()
    }

    @Test("With strict leases is refused when the lease merely ran out during the wait")
    func strictDuringWait() async throws {
        try await openRegistration()
        let database = try TestDatabase.current
        let (task, handle) = try await onDatabase { db in
            _ = try db.query("SELECT pgswarm.set_queue('q', '{\"strict_lease\": true}')")
            return (try db.enqueue("q"), try db.claim("q")[0])
        }
        let blocker = try await database.connect()
        try await blocker.run { db in
            try db.script("BEGIN")
            _ = try db.query("SELECT FROM pgswarm.lease WHERE task = \(task) FOR UPDATE")
        }
        let holder = try await database.connect()
        async let code = holder.run { db in try db.settle(handle, "complete", #"{"r": 1}"#) }
        try await waitsForLock(holder.processID)
        try await database.moveClock(by: .seconds(3600))
        try await blocker.run { db in try db.script("COMMIT") }
        #expect(try await code == "lost_claim")
        try await onDatabase { db in
            let state = try db.state(of: task)
            let kept = try db.count("SELECT count(*) FROM pgswarm.late_results")
            #expect(state == "running")
            #expect(kept == 1)
        }
        await holder.close()
        await blocker.close()
    }

    @Test("Without strict leases completes late, if nobody has taken the task")
    func late() async throws {
        try await openRegistration()
        let (task, handle) = try await onDatabase { db in (try db.enqueue("q"), try db.claim("q")[0]) }
        try await TestDatabase.current.moveClock(by: .seconds(3600))
        try await onDatabase { db in
            let code = try db.settle(handle)
            let state = try db.state(of: task)
            #expect(code == "late")
            #expect(state == "done")
        }
    }

    @Test("Epochs and fences only grow, over losses, releases and new generations")
    func fences() async throws {
        try await openRegistration()
        let task = try await onDatabase { db in try db.enqueue("q", #"{"max_lost": 100}"#) }
        var fences: [Int] = []
        for round in 0..<6 {
            let (handle, fence) = try await onDatabase { db in
                let row = try db.query("SELECT handle, fence FROM pgswarm.claim_task(\(task), agent => 'a')")[
                    0]
                return (try row[0, as: String.self], try row[1, as: Int.self])
            }
            fences.append(fence)
            switch round % 3 {
            case 0: #expect(try await onDatabase { db in try db.settle(handle, "release", "{}") } == "ok")
            case 1:
                try await TestDatabase.current.moveClock(by: .seconds(3600))
                _ = try await onDatabase { db in try db.sweep() }
                try await TestDatabase.current.moveClock(by: .seconds(60))
            default:
                try await onDatabase { db in
                    _ = try db.query("SELECT * FROM pgswarm.cancel(ARRAY[\(task)])")
                    _ = try db.query("SELECT * FROM pgswarm.retry(ARRAY[\(task)])")
                }
            }
        }
        #expect(fences == fences.sorted())
        #expect(Set(fences).count == fences.count)
    }

    private func waitsForLock(_ processID: Int32) async throws {
        try await eventually("the holder waits for the row") {
            try await onDatabase { db in
                try db.count(
                    """
                    SELECT count(*) FROM pg_stat_activity WHERE pid = \(processID) AND wait_event_type = 'Lock'
                    """) == 1
            }
        }
    }
}
