import FoundationEssentials
import PgSwarm
import Postgres
import SystemPackage

/// Everybody retries at once.
struct ThunderingHerd: Act {
    let name = "thundering herd"
    let plot = "an API is down for five seconds, and forty agents want to call it"
    private static let agents = 40
    private static let outage = Duration.seconds(5)
    /// The API: it writes down each call, and is down until somebody puts the file there.
    private static let call = "{ date +%s.%N >> calls; test -e healthy && sleep 0.3; }"

    func playWithout(_ scene: ActScene) async throws -> ActOutcome {
        // As agents do it: try again every second.
        scene.shell(
            "n=0; while test $n -lt \(Self.agents); do n=$((n + 1)); "
                + "( until \(Self.call); do sleep 1; done; echo $n >> finished ) & done; wait")
        let (during, burst) = try await watch(scene) { scene.text("finished")?.split(separator: "\n").count ?? 0 }
        return ActOutcome(
            wentWrong: burst > Self.agents * 3 / 4,
            text: "\(during) calls of an API that is down; after that \(burst) within a second",
            figures: [("calls_while_down", JSON(during)), ("calls_in_busiest_second", JSON(burst))])
    }

    func playWith(_ scene: ActScene) async throws -> ActOutcome {
        try await scene.ask { db in
            try db.setBreaker("demo-api", JSONText(#"{"open_base": 1, "open_cap": 2, "ramp_step": 1}"#))
            try db.configure("herd", JSONText(#"{"retry_base": 1, "retry_cap": 2}"#))
            _ = try db.enqueue(
                (0..<Self.agents).map { number in
                    var draft = TaskDraft(queue: "herd", payload: JSONText("\(number)"))
                    draft.needs = ["demo-api"]
                    return draft
                })
        }
        for number in 1...4 {
            scene.worker("herd", as: "agent-\(number)", concurrency: Self.agents / 4, Self.call)
        }
        let (during, burst) = try await watch(scene) {
            (try? await scene.ask { db in try db.query(ActSQL.done(in: "herd"))[0][0, as: Int.self] }) ?? 0
        }
        return ActOutcome(
            wentWrong: burst > Self.agents * 3 / 4,
            text: "\(during) calls: the first ones and probes; after that at most \(burst) within a second",
            figures: [("calls_while_down", JSON(during)), ("calls_in_busiest_second", JSON(burst))])
    }

    /// Lets the API come back, waits for the end, and counts: calls while it was down, and the most in a second since.
    private func watch(
        _ scene: ActScene, finished: @escaping @Sendable () async -> Int
    ) async throws -> (during: Int, burst: Int) {
        _ = try await scene.wait(.seconds(20)) { scene.text("calls") }
        try await ContinuousClock().sleep(for: Self.outage)
        let healthy = Date().timeIntervalSince1970
        _ = FileManager.default.createFile(atPath: scene.folder.appending("healthy").string, contents: Data())
        _ = try await scene.wait(.seconds(60)) { await finished() >= Self.agents ? true : nil }
        let calls = (scene.text("calls") ?? "").split(separator: "\n").compactMap { Double($0) }.sorted()
        let after = calls.filter { $0 >= healthy }
        let burst =
            after.indices.map { first in
                after[first...].prefix { $0 < after[first] + 1 }.count
            }.max() ?? 0
        return (calls.count - after.count, burst)
    }
}
