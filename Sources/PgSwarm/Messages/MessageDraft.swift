public import Postgres

/// A message before it is sent.
///
/// Sender, time and the number of hops are the database's word; there is no field for them.
public struct MessageDraft: Sendable {
    /// Who is meant; empty for an answer, which goes to who asked.
    public var recipients: [MailAddress]
    /// What is said, up to 4 KB of JSON.
    public var body: JSONText?
    /// In a few words, for lists.
    public var subject: String?
    /// The conversation.
    ///
    /// Messages of one conversation are delivered one after the other; by default a new one begins, or
    /// that of the message that is answered goes on.
    public var thread: String?
    /// What sort of message this is, for programs.
    public var kind: String?
    /// Is delivered before others, and goes into the reserve of a full mailbox.
    public var isUrgent = false
    /// Replaces the sender's unread message with the same key.
    public var key: String?
    /// The message that this one answers.
    public var inReplyTo: MessageID?
    /// Within which time an answer is expected; without one a human is told.
    public var replyWithin: Duration?
    /// After which time an unread message expires; `nil`: the relay's, a week.
    public var ttl: Duration?
    /// The task as whose holder this is said; the call is refused when it has been lost.
    public var handle: Handle?
    /// A repetition with the same id sends nothing more and gets the same answer, for a week.
    public var requestID: String?

    /// A message of JSON.
    public init(to recipients: [MailAddress] = [], json: JSONText?) {
        self.recipients = recipients
        body = json
    }

    /// A message of text, or of anything that can be written as JSON.
    public init(to recipients: [MailAddress] = [], _ body: some Encodable) throws(SwarmError) {
        self.init(to: recipients, json: try JSONText(encoding: body))
    }

    /// An answer, which goes to who sent the message.
    public init(replyTo message: MessageID, _ body: some Encodable) throws(SwarmError) {
        try self.init(body)
        inReplyTo = message
    }
}
