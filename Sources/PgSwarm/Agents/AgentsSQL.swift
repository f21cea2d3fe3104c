import Postgres

/// The calls that look after agents.
enum AgentsSQL {
    static func register(_ name: AgentName, replaceCredential: Bool) -> SQL {
        "SELECT pgswarm.register_agent(name => \(name), replace_credential => \(replaceCredential))"
    }

    static func retire(_ name: AgentName, successor: AgentName?) -> SQL {
        "SELECT pgswarm.retire_agent(name => \(name), successor => \(successor))"
    }

    static func drain(_ name: AgentName, on: Bool) -> SQL {
        "SELECT pgswarm.drain(\(name), \(on))"
    }

    static func setRegistration(open: Bool) -> SQL {
        "SELECT pgswarm.set_registration(\(open))"
    }

    static let list: SQL = """
        SELECT agent, incarnation, sessions_live, running, last_seen, retired_at, has_credential, draining_since, successor
        FROM pgswarm.agents ORDER BY agent
        """
}
