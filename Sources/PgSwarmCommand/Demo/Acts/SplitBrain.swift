import PgSwarm
import Postgres
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Two owners of one task.
struct SplitBrain: Act {
    let name = "split brain"
    let plot = "an agent sleeps through its time, another takes over, and then it wakes up and writes"

    func playWithout(_ scene: ActScene) async throws -> ActOutcome {
        // A lock with a time limit is no help: nobody asks the late one whether it still owns what it writes to.
        let first = scene.shell("mkdir lock && echo A > owner; sleep 0.2; echo 'old, of A' > result; rmdir lock")
        guard try await scene.wait(.seconds(10), for: { scene.text("owner") }) != nil else {
            return ActOutcome(wentWrong: false, text: "the first agent never got the lock")
        }
        first.send(SIGSTOP)
        scene.shell(
            "n=0; until mkdir lock 2>/dev/null; do n=$((n + 1)); test $n -lt 10 || rmdir lock; sleep 0.1; done; "
                + "echo 'new, of B' > result; rmdir lock")
        guard try await scene.wait(.seconds(10), for: { scene.text("result") == "new, of B" ? true : nil }) != nil
        else {
            return ActOutcome(wentWrong: false, text: "the second agent never got the lock")
        }
        first.send(SIGCONT)
        let overwritten = try await scene.wait(.seconds(5)) { scene.text("result") == "old, of A" ? true : nil }
        return ActOutcome(
            wentWrong: overwritten != nil,
            text: overwritten != nil
                ? "both believed to own it; the old result overwrote the new one" : "the new result stayed")
    }

    func playWith(_ scene: ActScene) async throws -> ActOutcome {
        let task = try await scene.ask { db in
            try db.configure("split-brain", JSONText(#"{"lease": 1, "retry_base": 0}"#))
            return try db.enqueue([TaskDraft(queue: "split-brain", payload: JSONText("{}"))])[0].id
        }
        let script =
            "echo $PGSWARM_ATTEMPT > attempt; test $PGSWARM_ATTEMPT != 1 || { sleep 0.3; echo '\"old, of A\"'; exit; }; "
            + "echo '\"new, of B\"'"
        let first = scene.worker("split-brain", as: "agent-a", script)
        guard try await scene.wait(.seconds(20), for: { scene.text("attempt") }) != nil else {
            return ActOutcome(wentWrong: true, text: "the first agent never began")
        }
        first.send(SIGSTOP)
        scene.worker("split-brain", as: "agent-b", script)
        let isDone = try await scene.wait(.seconds(20)) {
            try await scene.ask { db in try db.query(ActSQL.state(of: task))[0][0, as: String.self] } == "done"
                ? true : nil
        }
        first.send(SIGCONT)
        let late = try await scene.wait(.seconds(20)) {
            try await scene.ask { db in try db.query(ActSQL.lateResults(of: task))[0][0, as: Int.self] } > 0
                ? true : nil
        }
        let result = try await scene.ask { db in try db.query(ActSQL.result(of: task))[0][0, as: String?.self] } ?? ""
        guard isDone != nil, late != nil, result.contains("new, of B") else {
            return ActOutcome(wentWrong: true, text: "the result is \(result)")
        }
        return ActOutcome(
            wentWrong: false, text: "the late write was refused (lost_claim) and kept aside; the new result stands",
            figures: [("stale_writes_refused", .integer(1))])
    }
}
