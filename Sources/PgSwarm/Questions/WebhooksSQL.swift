import Postgres

import struct FoundationEssentials.UUID

/// The calls around the webhook.
enum WebhooksSQL {
    static func set(
        _ url: String?, secret: String?, events: [String]?, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT pgswarm.webhook_set(
            url => \(url), secret => \(secret), events => \(events), agent => \(agent), session => \(session))
        """
    }

    static func test(agent: AgentName?, session: UUID?) -> SQL {
        "SELECT pgswarm.webhook_test(agent => \(agent), session => \(session))"
    }

    static func next(_ count: Int) -> SQL {
        """
        SELECT id, lease, url, event, attempt, "timestamp", signature, body
        FROM pgswarm.webhook_next(\(Int32(clamping: count))) ORDER BY id
        """
    }

    static func sent(_ delivery: WebhookDelivery, error: String?) -> SQL {
        "SELECT pgswarm.webhook_sent(\(delivery.id), \(delivery.lease), \(error))"
    }

    static let show: SQL = "SELECT url, events, set_at, set_by, waiting, dead FROM pgswarm.webhooks"

    static func list(_ limit: Int) -> SQL {
        """
        SELECT id, event, state, attempts, at, due, error FROM pgswarm.webhook_deliveries
        ORDER BY id DESC LIMIT \(Int64(limit))
        """
    }
}
