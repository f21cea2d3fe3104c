extension SwarmError {
    /// The closed list of codes.
    ///
    /// A code's text is stable: scripts and agents decide by it.
    ///
    /// A structure, not an enumeration, so that a later code does not break a caller's `switch`.
    public struct Code: RawRepresentable, Sendable, Hashable, Codable, CustomStringConvertible {
        /// The code in the words of SQL and of the command, for example `lost_claim`.
        public let rawValue: String

        /// Names a code.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The code in the words of SQL and of the command.
        public var description: String { rawValue }
    }
}

// Raised by the database.
extension SwarmError.Code {
    /// The lease was superseded: the write took no effect.
    ///
    /// Stop working on the task.
    public static let lostClaim = Self(rawValue: "lost_claim")
    /// No such task, queue or agent.
    public static let notFound = Self(rawValue: "not_found")
    /// An argument that can't be accepted; the message names it.
    public static let invalidArgument = Self(rawValue: "invalid_argument")
    /// A handle that is malformed or was never granted.
    public static let invalidHandle = Self(rawValue: "invalid_handle")
    /// Somebody else holds it; the message says who and until when.
    public static let held = Self(rawValue: "held")
    /// The task can't be claimed now; `why` tells the reason.
    public static let notReady = Self(rawValue: "not_ready")
    /// The queue's backlog limit is reached.
    public static let queueFull = Self(rawValue: "queue_full")
    /// The key or request id was used before with another body.
    public static let requestMismatch = Self(rawValue: "request_mismatch")
    /// A value above the size limit.
    public static let tooLarge = Self(rawValue: "too_large")
    /// The task is in a state in which this can't be done.
    public static let wrongState = Self(rawValue: "wrong_state")
    /// The agent is not registered, and registration is closed.
    public static let unknownAgent = Self(rawValue: "unknown_agent")
    /// The credential is not the agent's.
    public static let badCredential = Self(rawValue: "bad_credential")
    /// The session has expired or was taken over; its leases are void.
    public static let sessionLost = Self(rawValue: "session_lost")
    /// The database role or the agent may not do this.
    public static let notAllowed = Self(rawValue: "not_allowed")
    /// The attempt was settled before in another way; the first verdict stands.
    public static let alreadySettled = Self(rawValue: "already_settled")
    /// The recipient's mailbox, or the sender's share of it, is full.
    public static let mailboxFull = Self(rawValue: "mailbox_full")
    /// Somebody else has reserved what was asked for, or something that overlaps it.
    public static let conflict = Self(rawValue: "conflict")
    /// A circuit breaker is open; the message says until when.
    public static let breakerOpen = Self(rawValue: "breaker_open")
    /// The result doesn't fit the contract that the task produces; the message names the path that fails.
    public static let contractMismatch = Self(rawValue: "contract_mismatch")
    /// A contract's new version breaks what others rely on.
    public static let contractBreaking = Self(rawValue: "contract_breaking")
    /// It would go beyond a budget.
    public static let budgetExhausted = Self(rawValue: "budget_exhausted")
    /// Somebody else has changed it since it was read.
    public static let staleVersion = Self(rawValue: "stale_version")
}

// Found by the client.
extension SwarmError.Code {
    /// The database has no pgswarm schema.
    public static let notMigrated = Self(rawValue: "not_migrated")
    /// The database's schema is newer than this program.
    public static let schemaNewer = Self(rawValue: "schema_newer")
    /// A migration file that was applied has changed since.
    public static let schemaChanged = Self(rawValue: "schema_changed")
    /// The database can't be reached or didn't answer in time.
    ///
    /// Nothing was changed.
    public static let unreachable = Self(rawValue: "unreachable")
    /// The connection broke before the answer came: the write may or may not have taken effect.
    public static let outcomeUnknown = Self(rawValue: "outcome_unknown")
    /// The calling Swift task was cancelled before anything took effect.
    public static let cancelled = Self(rawValue: "cancelled")
    /// A command was called wrongly.
    public static let usage = Self(rawValue: "usage")
    /// A fault of pgswarm itself, or an answer it doesn't understand.
    public static let `internal` = Self(rawValue: "internal")

    /// Every code of the list, those of the database first.
    public static let all: [Self] = [
        .lostClaim, .notFound, .invalidArgument, .invalidHandle, .held, .notReady, .queueFull,
        .requestMismatch,
        .tooLarge, .wrongState, .unknownAgent, .badCredential, .sessionLost, .notAllowed,
        .alreadySettled, .mailboxFull, .conflict, .breakerOpen,
        .contractMismatch, .contractBreaking, .budgetExhausted, .staleVersion,
        .notMigrated, .schemaNewer, .schemaChanged, .unreachable, .outcomeUnknown, .cancelled, .usage,
        .internal,
    ]
}
