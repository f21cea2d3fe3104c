import EmbeddedPostgres
import FoundationEssentials
import Testing

@Suite struct EmbeddedServerTests {
    @Test func `A second start finds the first server`() async throws {
        try await withTemporaryLocation { location in
            #expect(EmbeddedServer.running(at: location) == nil)
            let first = try await EmbeddedServer.startForTest(location)
            #expect(!first.wasRunning)
            let second = try await EmbeddedServer.startForTest(location)
            #expect(second.wasRunning)
            #expect(second.processID == first.processID)
            #expect(second.databaseURL == first.databaseURL)
            try await second.stop()
            #expect(EmbeddedServer.running(at: location) == nil)
        }
    }
}
