import Postgres

import struct FoundationEssentials.UUID

/// The calls about contracts.
enum ContractsSQL {
    static func publish(_ draft: ContractDraft, dryRun: Bool, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT contract, published, status, created, compared_with, verdict, reasons, breaking, affected
        FROM pgswarm.contract_publish(
            name => \(draft.version.name), version => \(draft.version.version), body => \(draft.body),
            kind => \(draft.kind.rawValue), examples => \(draft.examples), compat => \(draft.compatibility?.rawValue),
            "check" => \(draft.check), note => \(draft.note), dry_run => \(dryRun), agent => \(agent),
            session => \(session))
        """
    }

    static func agree(_ version: ContractVersion, dryRun: Bool, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT contract, agreed, status, changed, compared_with, verdict, reasons, breaking, affected
        FROM pgswarm.contract_agree(
            name => \(version.name), version => \(version.version), dry_run => \(dryRun), agent => \(agent),
            session => \(session))
        """
    }

    static func withdraw(
        _ version: ContractVersion, reason: String, dryRun: Bool, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT contract, withdrawn, status, changed, NULL::text, NULL::text, NULL::jsonb, true, affected
        FROM pgswarm.contract_withdraw(
            name => \(version.name), version => \(version.version), reason => \(reason), dry_run => \(dryRun),
            agent => \(agent), session => \(session))
        """
    }

    static func deprecate(_ version: ContractVersion, reason: String?, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT pgswarm.contract_deprecate(
            name => \(version.name), version => \(version.version), reason => \(reason), agent => \(agent),
            session => \(session))
        """
    }

    static func get(_ version: ContractVersion) -> SQL {
        """
        SELECT contract, contract_version, kind, status, compat, owner, digest, superseded_by, check_command, note,
               published_by, published_at, agreed_by, agreed_at, body, examples
        FROM pgswarm.contract_get(\(version.name), \(version.version))
        """
    }

    static func list(_ name: String?, _ statuses: [String]?) -> SQL {
        """
        SELECT name, version, kind, status, compat, owner, digest, superseded_by, check_command, note, published_by,
               published_at, agreed_by, agreed_at, NULL::jsonb, NULL::jsonb
        FROM pgswarm.contracts
        WHERE name = coalesce(\(name), name) AND status = ANY (coalesce(\(statuses), ARRAY[status]))
        ORDER BY name, place
        """
    }

    static func check(_ version: ContractVersion, _ value: JSONText) -> SQL {
        """
        SELECT contract, checked_version, valid, errors, check_command
        FROM pgswarm.contract_check(\(version.name), \(version.version), \(value))
        """
    }

    static func compare(_ version: ContractVersion, _ body: JSONText, mode: String?) -> SQL {
        """
        SELECT compared_with, compat, verdict, reasons
        FROM pgswarm.contract_compat(\(version.name), \(version.version), \(body), \(mode))
        """
    }

    static func dependents(_ version: ContractVersion) -> SQL {
        """
        SELECT pinned, role, task_id, queue, title, state, agent, plan, superseded_by, waived
        FROM pgswarm.contract_dependents(\(version.name), \(version.version))
        """
    }

    static func repin(
        _ task: TaskID, from old: ContractVersion, to new: ContractVersion, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT pgswarm.contract_repin(
            task => \(task), "from" => \(old.description), "to" => \(new.description), agent => \(agent),
            session => \(session))
        """
    }

    static func waive(
        _ tasks: [TaskID], _ version: ContractVersion, reason: String, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT pgswarm.contract_waive(
            tasks => \(tasks), pin => \(version.description), reason => \(reason), agent => \(agent),
            session => \(session))
        """
    }
}
