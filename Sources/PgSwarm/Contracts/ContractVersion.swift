/// One version of a contract by name, as tasks pin it: `api@1.2.0`.
public struct ContractVersion: Sendable, Hashable, CustomStringConvertible {
    /// The name of the contract.
    public var name: String
    /// Its version; `nil`: the newest that was agreed.
    public var version: String?

    /// A version by its parts.
    public init(name: String, version: String? = nil) {
        self.name = name
        self.version = version
    }

    /// Reads `NAME@VERSION` or `NAME`.
    ///
    /// - Throws: `invalid_argument`.
    public init(_ text: String) throws(SwarmError) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2, !parts.contains(where: \.isEmpty), let name = parts.first else {
            throw SwarmError(
                .invalidArgument, "'\(text)' is not the name of a contract",
                hint: "Write NAME@VERSION, such as api@1.2.0, or only NAME for the newest agreed version.")
        }
        self.init(name: String(name), version: parts.count == 2 ? String(parts[1]) : nil)
    }

    /// `NAME@VERSION`, or `NAME`.
    public var description: String { version.map { "\(name)@\($0)" } ?? name }
}
