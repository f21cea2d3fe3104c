public import FoundationEssentials
public import Postgres

extension Connection {
    /// Publishes a version of a contract as a draft; the same again changes nothing.
    ///
    /// - Parameter dryRun: Only tells what would happen, and what agreeing to it would reach.
    /// - Throws: `contract_breaking` where it breaks the version before it within one major version, `conflict` for another
    ///   body under a published version, `contract_mismatch` for an example that the schema does not bear out,
    ///   `invalid_argument`, `too_large`, `not_allowed`.
    public func publishContract(
        _ draft: ContractDraft, dryRun: Bool = false, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> ContractChange {
        try row(ContractsSQL.publish(draft, dryRun: dryRun, agent: agent, session: session)) {
            row throws(PostgresError) in try ContractChange(row)
        }
    }

    /// Makes a draft count; what it breaks is held, told and tainted.
    ///
    /// - Throws: `not_allowed` for the publisher of a version of which nobody knows whether it breaks something,
    ///   `contract_breaking` where a frozen plan is in the way, `wrong_state`, `not_found`.
    public func agreeToContract(
        _ version: ContractVersion, dryRun: Bool = false, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> ContractChange {
        try row(ContractsSQL.agree(version, dryRun: dryRun, agent: agent, session: session)) {
            row throws(PostgresError) in try ContractChange(row)
        }
    }

    /// Says that a version should not be used for new work.
    ///
    /// - Returns: Its status.
    /// - Throws: `wrong_state`, `not_found`.
    @discardableResult
    public func deprecateContract(
        _ version: ContractVersion, reason: String? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> String {
        try row(ContractsSQL.deprecate(version, reason: reason, agent: agent, session: session)) {
            row throws(PostgresError) in try row[0, as: String.self]
        }
    }

    /// Takes a version out of use; what is pinned to it is held, told and tainted.
    ///
    /// - Throws: `contract_breaking` where a frozen plan is in the way, `not_found`.
    public func withdrawContract(
        _ version: ContractVersion, reason: String, dryRun: Bool = false, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> ContractChange {
        try row(ContractsSQL.withdraw(version, reason: reason, dryRun: dryRun, agent: agent, session: session)) {
            row throws(PostgresError) in try ContractChange(row)
        }
    }

    /// One version with its body; without a version, the newest that was agreed.
    ///
    /// - Throws: `not_found`.
    public func contract(_ version: ContractVersion) throws(SwarmError) -> ContractInfo {
        try row(ContractsSQL.get(version)) { row throws(PostgresError) in try ContractInfo(row) }
    }

    /// All versions, by name and in their order.
    ///
    /// - Parameter name: Only those of this contract.
    /// - Parameter statuses: Only these; `nil`: all.
    public func contracts(_ name: String? = nil, statuses: [String]? = nil) throws(SwarmError) -> [ContractInfo] {
        try rows(ContractsSQL.list(name, statuses)) { row throws(PostgresError) in try ContractInfo(row) }
    }

    /// Whether a value keeps a contract.
    ///
    /// - Throws: `not_found`, `too_large` where the check would take too long.
    public func checkContract(_ version: ContractVersion, _ value: JSONText) throws(SwarmError) -> ContractCheck {
        try row(ContractsSQL.check(version, value)) { row throws(PostgresError) in try ContractCheck(row) }
    }

    /// How a new body compares with a version.
    ///
    /// - Throws: `invalid_argument` for a body that is no schema, `not_found`.
    public func compareContract(
        _ version: ContractVersion, _ body: JSONText, mode: ContractDraft.Compatibility? = nil
    ) throws(SwarmError) -> ContractComparison {
        try row(ContractsSQL.compare(version, body, mode: mode?.rawValue)) {
            row throws(PostgresError) in try ContractComparison(row)
        }
    }

    /// The tasks that pin a contract.
    ///
    /// - Throws: `not_found`.
    public func dependents(of version: ContractVersion) throws(SwarmError) -> [ContractDependent] {
        try rows(ContractsSQL.dependents(version)) { row throws(PostgresError) in try ContractDependent(row) }
    }

    /// Pins a task that has not started to another version of a contract.
    ///
    /// - Returns: The state it is in then.
    /// - Throws: `wrong_state` for a task that has started, `not_found`, `invalid_argument`.
    @discardableResult
    public func repin(
        _ task: TaskID, from old: ContractVersion, to new: ContractVersion, agent: AgentName? = nil,
        session: UUID? = nil
    ) throws(SwarmError) -> TaskState {
        try row(ContractsSQL.repin(task, from: old, to: new, agent: agent, session: session)) {
            row throws(PostgresError) in try row[0, as: TaskState.self]
        }
    }

    /// A human's word that tasks may go on by a version that was broken or withdrawn.
    ///
    /// - Returns: For how many that is new.
    /// - Throws: `not_allowed` for anybody but a human, `not_found`.
    @discardableResult
    public func waiveContract(
        _ version: ContractVersion, for tasks: [TaskID], reason: String, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Int {
        try row(ContractsSQL.waive(tasks, version, reason: reason, agent: agent, session: session)) {
            row throws(PostgresError) in try row[0, as: Int.self]
        }
    }
}
