import TestSupport
import Testing

/// The acts as their audience sees them.
@Suite("The acts of the demo", .children, .serialized, .timeLimit(.minutes(3))) struct ActTests {
    @Test("Each failure happens without pgswarm and not with it")
    func acts() async throws {
        let result = try await Executable.pgswarm.run(["demo", "--acts", "--json"], deadline: .seconds(150))
        #expect(result.exitCode == 0, "\(result)")
        let acts = try result.output.split(separator: "\n").map { try Value(text: String($0)) }
        #expect(acts.map { $0["act"] } == ["stale lock", "split brain", "thundering herd"])
        for act in acts {
            #expect(act["ok"] == true, "\(act)")
            #expect(act["without"]["went_wrong"] == true && act["with"]["went_wrong"] == false, "\(act)")
        }
        let herd = try #require(acts.last)
        let calls = [herd["without"]["calls_while_down"].number ?? 0, herd["with"]["calls_while_down"].number ?? 0]
        #expect(calls[0] > 2 * calls[1], "\(herd)")
    }
}
