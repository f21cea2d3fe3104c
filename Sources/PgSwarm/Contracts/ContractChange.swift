public import Postgres

/// The answer to a publication, an agreement or a withdrawal.
public struct ContractChange: Sendable {
    /// The version.
    public var version: ContractVersion
    /// `draft`, `agreed`, `deprecated` or `withdrawn`.
    public var status: String
    /// Whether the call changed it, or in a dry run would.
    public var isChanged: Bool
    /// The version that it was compared with.
    public var comparedWith: String?
    /// `compatible`, `incompatible` or `unknown`; `nil`: there was nothing to compare it with.
    public var verdict: String?
    /// Why it is not compatible: an array as ``ContractReason`` reads it, with an `example` that shows it.
    public var reasons: JSONText?
    /// Whether tasks that are pinned to older versions are in its way.
    public var isBreaking: Bool
    /// The tasks that it reaches: an array as ``ContractReach`` reads it.
    public var affected: JSONText

    init(_ row: Row) throws(PostgresError) {
        version = ContractVersion(name: try row[0, as: String.self], version: try row[1, as: String.self])
        status = try row[2, as: String.self]
        isChanged = try row[3, as: Bool.self]
        comparedWith = try row[4, as: String?.self]
        verdict = try row[5, as: String?.self]
        reasons = try row[6, as: JSONText?.self]
        isBreaking = try row[7, as: Bool.self]
        affected = try row[8, as: JSONText.self]
    }
}

/// How a new body compares with a version.
public struct ContractComparison: Sendable {
    /// The version that was there.
    public var comparedWith: String
    /// The rule: `backward`, `forward`, `full` or `none`.
    public var compatibility: String
    /// `compatible` is proven, `incompatible` is shown by an example, `unknown` is neither.
    public var verdict: String
    /// An array as ``ContractReason`` reads it.
    public var reasons: JSONText

    init(_ row: Row) throws(PostgresError) {
        comparedWith = try row[0, as: String.self]
        compatibility = try row[1, as: String.self]
        verdict = try row[2, as: String.self]
        reasons = try row[3, as: JSONText.self]
    }
}

/// Whether a value keeps a contract.
public struct ContractCheck: Sendable {
    /// The version it was checked against.
    public var version: ContractVersion
    /// Whether it does; `nil`: the contract is a text, and the database can't tell.
    public var isValid: Bool?
    /// Where it does not: an array as ``ContractReason`` reads it.
    public var errors: JSONText?
    /// The command that can tell.
    public var check: String?

    init(_ row: Row) throws(PostgresError) {
        version = ContractVersion(name: try row[0, as: String.self], version: try row[1, as: String.self])
        isValid = try row[2, as: Bool?.self]
        errors = try row[3, as: JSONText?.self]
        check = try row[4, as: String?.self]
    }
}
