import Logging
import PgSwarm
import Postgres
import ServiceLifecycle

/// Sends what is to be told to the webhook, beside a coordinator.
///
/// Any number may run: each takes deliveries by lease.
struct WebhookSender: Service {
    let swarm: Swarm
    let logger: Logger
    /// How long to wait when nothing is due.
    var pause = Duration.seconds(1)

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let isIdle = await sendOnce()
                if isIdle { try await Task.sleep(for: pause * Double.random(in: 0.8...1.2)) }
            }
        }
    }

    /// - Returns: Whether nothing was due.
    private func sendOnce() async -> Bool {
        let deliveries: [WebhookDelivery]
        do {
            deliveries = try await swarm.withConnection(deadline: .now + .seconds(10)) { db in
                try db.takeWebhookDeliveries()
            }
        } catch {
            logger.debug("the deliveries can't be looked at", metadata: ["error": "\(error)"])
            return true
        }
        await withTaskGroup(of: Void.self) { group in
            for delivery in deliveries {
                group.addTask { await send(delivery) }
            }
        }
        return deliveries.isEmpty
    }

    private func send(_ delivery: WebhookDelivery) async {
        let failure = await WebhookPost(delivery).send()
        if let failure {
            logger.warning(
                "the webhook was not reached",
                metadata: ["delivery": "\(delivery.id)", "try": "\(delivery.attempt)", "error": "\(failure)"])
        }
        do {
            _ = try await swarm.withConnection(deadline: .now + .seconds(10)) { db in
                try db.finish(delivery, error: failure)
            }
        } catch {
            // Its lease ends in a minute, then it is sent again: at least once.
            logger.info(
                "how a delivery went was not noted", metadata: ["delivery": "\(delivery.id)", "error": "\(error)"])
        }
    }
}
