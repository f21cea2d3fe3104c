/// How a circuit breaker stands.
public struct BreakerState: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The database's word.
    public let rawValue: String

    /// Names a state by the database's word.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The database's word.
    public var description: String { rawValue }

    /// Lets everything through.
    public static let closed = Self(rawValue: "closed")
    /// Lets nothing through.
    public static let open = Self(rawValue: "open")
    /// Lets a few probes through.
    public static let halfOpen = Self(rawValue: "half_open")
    /// Closed again; lets more through step by step.
    public static let recovering = Self(rawValue: "recovering")
    /// Somebody was told to come back later, so all wait.
    public static let waiting = Self(rawValue: "waiting")
    /// A human opened it.
    public static let forcedOpen = Self(rawValue: "forced_open")
    /// A human closed it.
    public static let forcedClosed = Self(rawValue: "forced_closed")
    /// Counts nothing.
    public static let off = Self(rawValue: "off")
    /// Not a breaker, but what new ones of its scope begin with.
    public static let defaults = Self(rawValue: "defaults")
}
