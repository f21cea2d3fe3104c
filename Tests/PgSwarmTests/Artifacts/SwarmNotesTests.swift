import PgSwarm
import Postgres
import TestSupport
import Testing

@Suite("Artifacts and notes in the library", .database, .timeLimit(.minutes(3)))
struct SwarmNotesTests {
    @Test("Put, read by number and name, list")
    func artifacts() async throws {
        try await withSwarm { swarm, _ in
            let one = try await swarm.put(ArtifactDraft("report", text: "first", name: "a.txt"))
            let two = try await swarm.put(ArtifactDraft("report", text: "second", name: "a.txt"))
            #expect(one.isNew && two.version == 2)
            #expect(try await swarm.artifact(.id(one.id)).text == "first")
            let newest = try await swarm.artifact(.plan(nil, "a.txt"), acceptedOnly: true)
            #expect(newest.text == "second" && newest.info.state == "given" && newest.info.sha256 == two.sha256)
            #expect(try await swarm.artifact(.plan("swarm", "a.txt", version: 1)).text == "first")
            #expect(try await swarm.artifacts().count == 1)
            #expect(try await swarm.artifacts(ArtifactFilter(allVersions: true)).count == 2)
            await #expect(throws: SwarmError.self) { try await swarm.artifact(.id(99)) }
        }
    }

    @Test("Changes on top of one another: none of eight at once is lost")
    func update() async throws {
        try await withSwarm { swarm, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<10 {
                            try await swarm.updateNote("n") { old throws(SwarmError) in
                                JSONText("\((old.flatMap { Int($0.text) } ?? 0) + 1)")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let note = try #require(try await swarm.note("n"))
            #expect(note.value?.text == "80" && note.version == 80 && note.author == "tester")
            #expect(try await swarm.notes().count == 1)
            let id = try await swarm.log(DecisionDraft("tabs", why: "habit", paths: ["src/**"]))
            try await swarm.log(DecisionDraft("spaces", supersedes: id))
            #expect(try await swarm.decisions().map(\.text) == ["spaces"])
        }
    }
}
