import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

extension AgentsCommand {
    /// What is said of an agent when it is made.
    struct Description: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "What it is for, for good: worker (default), coordinator, reviewer, human.", valueName: "role"))
        var role: AgentRole?

        @Option(help: ArgumentHelp("What it runs on: family/version.", valueName: "model"))
        var model: String?

        @Option(
            name: .customLong("capability"),
            help: ArgumentHelp("What it can do; as often as needed.", valueName: "word"))
        var capabilities: [String] = []
    }

    /// `pgswarm agents register`: a name, what it is for, and its secret.
    struct Register: SwarmCommand {
        static let configuration = CommandConfiguration(
            abstract: "Register an agent and write its credential to a file.",
            discussion: """
                The credential is written to --credential-file, or where that agent's commands look for it, \
                readable by its owner alone. It is not printed.

                People register agents. Register yourself first, with --role human: agents that a name without a role \
                has registered count as its own line, and do not review one another.

                EXAMPLES
                  pgswarm agents register ann --role human
                  pgswarm agents register judge-1 --role reviewer --owner ann --model sonnet/4.5 --agent ann
                """
        )

        @Argument(help: "The agent's lasting name.")
        var name: String

        @OptionGroup var description: Description

        @Option(help: ArgumentHelp("Who answers for it.", valueName: "name"))
        var owner: String?

        @Flag(help: "Replace the credential of a registered agent; the old one is void.")
        var replaceCredential = false

        @OptionGroup(title: "Common") var options: CommonOptions

        /// The file is to be written; whoever registers shows the credential that lies in its usual place.
        var callerOptions: CommonOptions {
            var own = options
            own.credentialFile = nil
            return own
        }

        func run(in context: CommandContext) async throws -> ExitStatus {
            let agent = AgentName(name)
            let path = options.credentialFile ?? Identity.defaultPath(for: agent)
            let connection = try await context.connect()
            let caller = try await context.caller(on: connection)
            let draft = AgentDraft(
                agent, role: description.role, owner: owner, model: description.model,
                capabilities: description.capabilities)
            let credential = try await connection.register(
                draft, replaceCredential: replaceCredential, agent: caller.agent, session: caller.session)
            try CredentialFile(path: path).keep(
                credential,
                orElse: "The agent is registered; repeat with --replace-credential and another --credential-file.")
            let role = AgentRole(credential: credential)?.rawValue ?? ""
            if context.json {
                context.console.json([
                    "agent": .string(name), "role": .string(role), "credential_file": .string(path),
                ])
            } else {
                context.console.line(
                    "registered \(name.printable) as a \(role); its credential is in \(path.printable)")
            }
            return .ok
        }
    }

    /// `pgswarm agents mint`: a child of the calling agent.
    struct Mint: SwarmCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a child of the calling agent, with its own secret.",
            discussion: """
                A worker or reviewer gives a helper of its own a credential: of the same role, ending with its own or \
                after --expires. Work and reviews of its line count as its own.

                EXAMPLE
                  pgswarm agents mint builder-1/tests --expires 2h --agent builder-1
                """
        )

        @Argument(help: "The child's lasting name.")
        var name: String

        @OptionGroup var description: Description

        @Option(
            parsing: .unconditional, help: ArgumentHelp("How long its credential lasts.", valueName: "duration"),
            transform: DurationArgument.parsePositive)
        var expires: Duration?

        @OptionGroup(title: "Common") var options: CommonOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            let agent = AgentName(name)
            let path = Identity.defaultPath(for: agent)
            let connection = try await context.connect()
            let caller = try await context.caller(on: connection)
            let draft = AgentDraft(
                agent, role: description.role, model: description.model, capabilities: description.capabilities)
            let (credential, end) = try await connection.mint(
                draft, expires: expires, agent: caller.agent, session: caller.session)
            try CredentialFile(path: path).keep(
                credential, orElse: "The agent is made, but nobody has its credential: retire it and mint another name."
            )
            if context.json {
                context.console.json([
                    "agent": .string(name), "credential_file": .string(path), "expires_at": JSON(end),
                ])
            } else {
                let until = end.map { " until \(Timestamp.format($0))" } ?? ""
                context.console.line("minted \(name.printable)\(until); its credential is in \(path.printable)")
            }
            return .ok
        }
    }

    /// `pgswarm agents set`: owner, model and capabilities.
    struct Change: SwarmCommand {
        static let configuration = CommandConfiguration(
            commandName: "set",
            abstract: "Change an agent's owner, model or capabilities.",
            discussion: """
                owner and model: a name, and family/version. capabilities: words with commas between. 'default' takes \
                one back. A role is for good.

                EXAMPLE
                  pgswarm agents set builder-1 model=sonnet/4.5 capabilities=swift,postgres
                """
        )

        @Argument(help: "The agent.")
        var name: String

        @Argument(help: ArgumentHelp("A setting and its value.", valueName: "key=value"))
        var settings: [String]

        @OptionGroup(title: "Common") var options: CommonOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            let wanted = try SettingArguments.parse(settings) { key, text in
                if text == "default" { return .null }
                return key == "capabilities" ? JSON(text.split(separator: ",").map(String.init)) : .string(text)
            }
            let connection = try await context.connect()
            let caller = try await context.caller(on: connection)
            let all = try await connection.configure(
                agent: AgentName(name), JSONText(wanted.text), as: caller.agent, session: caller.session)
            if context.json {
                context.console.json(["agent": .string(name), "settings": .raw(all.text)])
            } else {
                context.console.line("\(name.printable): \(all.text.printable)")
            }
            return .ok
        }
    }
}

extension CredentialFile {
    /// Writes a secret that can not be had again, and says what to do when that fails.
    fileprivate func keep(_ credential: String, orElse hint: String) throws {
        do {
            try write(credential)
        } catch let failure as CommandFailure {
            throw CommandFailure(failure.code, failure.message, hint: hint)
        }
    }
}
