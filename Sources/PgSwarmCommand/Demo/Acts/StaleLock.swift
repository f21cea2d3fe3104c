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

/// A lock outlives its owner.
struct StaleLock: Act {
    let name = "stale lock"
    let plot = "an agent locks its work and is killed; another wants to go on"
    private static let patience = Duration.seconds(3)

    func playWithout(_ scene: ActScene) async throws -> ActOutcome {
        let first = scene.shell("mkdir lock && echo A > owner && exec sleep 60")
        guard try await scene.wait(.seconds(10), for: { scene.text("owner") }) != nil else {
            return ActOutcome(wentWrong: false, text: "the first agent never got the lock")
        }
        first.send(SIGKILL)
        scene.shell("until mkdir lock 2>/dev/null; do sleep 0.05; done; echo B > owner")
        let taken = try await scene.wait(Self.patience) { scene.text("owner") == "B" ? true : nil }
        return ActOutcome(
            wentWrong: taken == nil,
            text: taken == nil
                ? "after \(Elapsed.brief(Self.patience)) the second still waits for a dead one's lock file"
                : "the lock was free")
    }

    func playWith(_ scene: ActScene) async throws -> ActOutcome {
        let task = try await scene.ask { db in
            try db.configure("stale-lock", JSONText(#"{"lease": 1, "retry_base": 0}"#))
            return try db.enqueue([TaskDraft(queue: "stale-lock", payload: JSONText("{}"))])[0].id
        }
        let script = "echo $PGSWARM_ATTEMPT > attempt; test $PGSWARM_ATTEMPT != 1 || exec sleep 60; echo '\"done\"'"
        let first = scene.worker("stale-lock", as: "agent-a", script)
        guard try await scene.wait(.seconds(20), for: { scene.text("attempt") }) != nil else {
            return ActOutcome(wentWrong: true, text: "the first agent never began")
        }
        first.send(SIGKILL)
        let killed = ContinuousClock.now
        scene.worker("stale-lock", as: "agent-b", script)
        let began = try await scene.wait(.seconds(20)) { scene.text("attempt") == "2" ? ContinuousClock.now : nil }
        let isDone = try await scene.wait(.seconds(20)) {
            try await scene.ask { db in try db.query(ActSQL.state(of: task))[0][0, as: String.self] } == "done"
                ? true : nil
        }
        guard let began, isDone != nil else {
            return ActOutcome(wentWrong: true, text: "the second agent never got the task")
        }
        let pause = began - killed
        return ActOutcome(
            wentWrong: false, text: "its lease ran out; the second went on after \(Elapsed.brief(pause)) and finished",
            figures: [("seconds_until_taken_over", JSON(pause))])
    }
}
