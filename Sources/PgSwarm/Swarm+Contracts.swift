import FoundationEssentials
public import Postgres

extension Swarm {
    /// Publishes a version of a contract as a draft; the same again changes nothing.
    public func publishContract(
        _ draft: ContractDraft, dryRun: Bool = false
    ) async throws(SwarmError) -> ContractChange {
        let author = try await author()
        return try await write("contract_publish") { db throws(SwarmError) in
            try db.publishContract(draft, dryRun: dryRun, agent: author.agent, session: author.session)
        }
    }

    /// Makes a draft count; what it breaks is held, told and tainted.
    public func agreeToContract(
        _ version: ContractVersion, dryRun: Bool = false
    ) async throws(SwarmError) -> ContractChange {
        let author = try await author()
        return try await write("contract_agree") { db throws(SwarmError) in
            try db.agreeToContract(version, dryRun: dryRun, agent: author.agent, session: author.session)
        }
    }

    /// Takes a version out of use; what is pinned to it is held, told and tainted.
    public func withdrawContract(
        _ version: ContractVersion, reason: String, dryRun: Bool = false
    ) async throws(SwarmError) -> ContractChange {
        let author = try await author()
        return try await write("contract_withdraw") { db throws(SwarmError) in
            try db.withdrawContract(
                version, reason: reason, dryRun: dryRun, agent: author.agent, session: author.session)
        }
    }

    /// One version with its body; without a version, the newest that was agreed.
    public func contract(_ version: ContractVersion) async throws(SwarmError) -> ContractInfo {
        try await read("contract_get") { db throws(SwarmError) in try db.contract(version) }
    }

    /// Whether a value keeps a contract: worth asking before a task is completed with it.
    public func checkContract(
        _ version: ContractVersion, _ value: JSONText
    ) async throws(SwarmError) -> ContractCheck {
        try await read("contract_check") { db throws(SwarmError) in try db.checkContract(version, value) }
    }

    /// The tasks that pin a contract.
    public func dependents(of version: ContractVersion) async throws(SwarmError) -> [ContractDependent] {
        try await read("contract_dependents") { db throws(SwarmError) in try db.dependents(of: version) }
    }

    /// Pins a task that has not started to another version of a contract.
    @discardableResult
    public func repin(
        _ task: TaskID, from old: ContractVersion, to new: ContractVersion
    ) async throws(SwarmError) -> TaskState {
        let author = try await author()
        return try await write("contract_repin", repeatable: false) { db throws(SwarmError) in
            try db.repin(task, from: old, to: new, agent: author.agent, session: author.session)
        }
    }
}
