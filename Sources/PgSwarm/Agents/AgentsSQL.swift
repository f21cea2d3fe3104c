import Postgres

import struct FoundationEssentials.UUID

/// The calls that look after agents.
enum AgentsSQL {
    static func register(_ name: AgentName, replaceCredential: Bool) -> SQL {
        "SELECT pgswarm.register_agent(name => \(name), replace_credential => \(replaceCredential))"
    }

    static func register(
        _ draft: AgentDraft, replaceCredential: Bool, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT pgswarm.register_agent(
            name => \(draft.name), role => \(draft.role), owner => \(draft.owner), model => \(draft.model),
            capabilities => \(draft.capabilities), replace_credential => \(replaceCredential), agent => \(agent),
            session => \(session))
        """
    }

    static func mint(_ draft: AgentDraft, expires: Duration?, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT credential, expires_at FROM pgswarm.mint_agent(
            name => \(draft.name), expires => \(expires), role => \(draft.role), model => \(draft.model),
            capabilities => nullif(\(draft.capabilities), '{}'), agent => \(agent), session => \(session))
        """
    }

    static func set(_ name: AgentName, _ settings: JSONText, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT pgswarm.set_agent(
            name => \(name), settings => \(settings), agent => \(agent), session => \(session))
        """
    }

    static func retire(_ name: AgentName, successor: AgentName?, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT pgswarm.retire_agent(
            name => \(name), successor => \(successor), agent => \(agent), session => \(session))
        """
    }

    static func drain(_ name: AgentName, on: Bool) -> SQL {
        "SELECT pgswarm.drain(\(name), \(on))"
    }

    static func setRegistration(open: Bool) -> SQL {
        "SELECT pgswarm.set_registration(\(open))"
    }

    static let list: SQL = """
        SELECT agent, incarnation, sessions_live, running, last_seen, retired_at, has_credential, draining_since, successor,
               role, owner, model, coalesce(capabilities, '{}'), minted_by, expires_at
        FROM pgswarm.agents ORDER BY agent
        """
}
