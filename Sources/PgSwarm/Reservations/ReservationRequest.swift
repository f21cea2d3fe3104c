public import FoundationEssentials

/// What somebody wants to reserve: all of it or nothing.
public struct ReservationRequest: Sendable {
    /// Whose names these are, such as a repository.
    public var namespace: String
    /// Paths and globs from the root of the namespace: `src/**/*.ts`, `docs/`, `a?[bc].md`.
    public var patterns: [String]
    /// Other things with a name, written `kind:name`: `port:8080`, `environment:staging`.
    public var resources: [String]
    /// How much others are kept out.
    public var mode: ReservationMode
    /// How long it lasts unless extended; `nil` for fifteen minutes.
    ///
    /// Under a task it lasts as long as the task's lease.
    public var lease: Duration?
    /// The handle of the task under which it is reserved, or of a reservation that is to cover more.
    public var handle: String?
    /// A place in line: a refused request that is repeated with the same ticket is served in the order of arrival.
    public var ticket: UUID?
    /// A repetition with the same id gets the same answer.
    public var requestID: String?

    /// A request without a handle, and without a place in line.
    public init(
        _ namespace: String, _ patterns: [String] = [], resources: [String] = [], mode: ReservationMode = .exclusive,
        lease: Duration? = nil, handle: String? = nil, ticket: UUID? = nil, requestID: String? = nil
    ) {
        self.namespace = namespace
        self.patterns = patterns
        self.resources = resources
        self.mode = mode
        self.lease = lease
        self.handle = handle
        self.ticket = ticket
        self.requestID = requestID
    }
}
