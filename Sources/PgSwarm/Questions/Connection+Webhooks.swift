public import FoundationEssentials
public import Postgres

extension Connection {
    /// Sets where people are told of questions; `nil`: nowhere.
    ///
    /// - Returns: The secret that signs, in the form `whsec_…`; it is not shown again.
    public func setWebhook(
        _ url: String?, secret: String? = nil, events: [String]? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> String? {
        try row(WebhooksSQL.set(url, secret: secret, events: events, agent: agent, session: session)) {
            row throws(PostgresError) in try row[0, as: String?.self]
        }
    }

    /// Puts a test on its way.
    ///
    /// - Returns: Whether there is a webhook.
    public func testWebhook(agent: AgentName? = nil, session: UUID? = nil) throws(SwarmError) -> Bool {
        try row(WebhooksSQL.test(agent: agent, session: session)) { row throws(PostgresError) in
            try row[0, as: Bool.self]
        }
    }

    /// The webhook, if one is set.
    public func webhook() throws(SwarmError) -> WebhookInfo? {
        try rows(WebhooksSQL.show) { row throws(PostgresError) in try WebhookInfo(row) }.first
    }

    /// The newest deliveries.
    public func webhookDeliveries(limit: Int = 20) throws(SwarmError) -> [WebhookRecord] {
        try rows(WebhooksSQL.list(limit)) { row throws(PostgresError) in try WebhookRecord(row) }
    }

    /// Takes deliveries that are due, each for a minute.
    public func takeWebhookDeliveries(_ count: Int = 10) throws(SwarmError) -> [WebhookDelivery] {
        try rows(WebhooksSQL.next(count)) { row throws(PostgresError) in try WebhookDelivery(row) }
    }

    /// Says how a delivery went.
    ///
    /// - Returns: `delivered`, `waiting`, `dead`, or `lost` when another has it.
    @discardableResult
    public func finish(_ delivery: WebhookDelivery, error: String?) throws(SwarmError) -> String {
        try row(WebhooksSQL.sent(delivery, error: error)) { row throws(PostgresError) in try row[0, as: String.self] }
    }
}
