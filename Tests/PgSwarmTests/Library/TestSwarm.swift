import Logging
import MetricsTestKit
import PgSwarm
import TestSupport

/// A swarm on the test's database whose metrics can be read.
func withSwarm<Answer>(
    agent: AgentName = "tester", configure: (inout SwarmConfiguration) -> Void = { _ in },
    _ body: (Swarm, TestMetrics) async throws -> Answer
) async throws -> Answer {
    let metrics = TestMetrics()
    var configuration = SwarmConfiguration(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    configuration.agent = agent
    configuration.sessionKind = .runtime
    configuration.metricsFactory = metrics
    configure(&configuration)
    let swarm = Swarm(try TestDatabase.current.options, configuration: configuration)
    do {
        let answer = try await body(swarm, metrics)
        await swarm.close()
        return answer
    } catch {
        await swarm.close()
        throw error
    }
}
