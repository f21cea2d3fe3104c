/// One request to the server and the wait for its answer.
struct Exchange {
    /// What it means when no answer comes, and whether it may be cancelled.
    enum Kind {
        /// A statement of the user.
        case statement
        /// Changes nothing that outlives the session: `BEGIN`, a preparation.
        case harmless
        /// Is never cancelled once sent: whether it took effect must become known.
        case commit
        /// Is never cancelled either: the connection cannot be used before it is done.
        case rollback
    }

    let kind: Kind
    /// The text, for error messages.
    let text: String
    /// Whether the statement is a transaction by itself.
    let isAutocommit: Bool
    /// When the wait ends: the deadline, or the bound on the answer to a request to cancel.
    var limit: ContinuousClock.Instant?
    /// Whether the server may have got it.
    var isSent = false
    /// Why it was cancelled.
    var cause: PostgresError?
    /// The request to cancel it, which must be over before the connection is used again.
    var cancelRequest: CancelRequest?
    /// What the server refused it with.
    var error: ServerError?

    init(_ kind: Kind, _ text: String, isAutocommit: Bool, limit: ContinuousClock.Instant?) {
        self.kind = kind
        self.text = text
        self.isAutocommit = isAutocommit
        self.limit = limit
    }

    /// How long a cancelled statement, a rollback, or a commit after the deadline is waited for before
    /// the connection is given up.
    static let grace: Duration = .seconds(5)

    /// Whether a lost answer leaves open what happened.
    var mayHaveCommitted: Bool {
        guard isSent else { return false }
        switch kind {
        case .commit: return true
        case .harmless, .rollback: return false
        case .statement: return isAutocommit || endsTransaction
        }
    }

    var mayBeCancelled: Bool {
        kind == .harmless || (kind == .statement && !endsTransaction)
    }

    /// Whether the user commits by hand.
    private var endsTransaction: Bool {
        let word = text.drop { $0.isWhitespace }.prefix { $0.isLetter }.uppercased()
        return word == "COMMIT" || word == "END" || word == "PREPARE"
    }
}
