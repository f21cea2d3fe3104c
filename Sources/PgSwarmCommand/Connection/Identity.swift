import PgSwarm

/// Who is calling, and the proof of it.
struct Identity: Sendable {
    /// The lasting name.
    let agent: AgentName
    /// The secret from the credential file; `nil` when there is none.
    let credential: String?

    /// The identity that options and environment name.
    ///
    /// The credential is read from a file and never from an argument: arguments are visible to every user of the host.
    static func resolve(agent: String?, credentialFile: String?) throws -> Identity {
        let name = agent.map { AgentName($0) } ?? .current
        guard !name.rawValue.isEmpty else {
            throw CommandFailure.usage(
                "the agent's name is empty", hint: "Give --agent or PGSWARM_AGENT a name, such as builder-1.")
        }
        if let path = credentialFile ?? Environment.value("PGSWARM_CREDENTIAL_FILE") {
            return Identity(agent: name, credential: try CredentialFile(path: path).read(required: true))
        }
        let file = CredentialFile(path: defaultPath(for: name))
        return Identity(agent: name, credential: try file.read(required: false))
    }

    /// Where an agent's credential is kept unless somebody says otherwise.
    static func defaultPath(for agent: AgentName) -> String {
        let folder =
            Environment.value("XDG_CONFIG_HOME").flatMap { $0.hasPrefix("/") ? $0 : nil }
            ?? (Environment.value("HOME") ?? "/") + "/.config"
        return "\(folder)/pgswarm/credentials/\(fileName(for: agent.rawValue))"
    }

    /// The name as one component of a path, so that no agent's name leads out of the folder.
    private static func fileName(for agent: String) -> String {
        let name = agent.replacing("%", with: "%25").replacing("/", with: "%2F")
        return name.hasPrefix(".") ? "%2E" + name.dropFirst() : name
    }
}
