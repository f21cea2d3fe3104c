public import ArgumentParser
public import PgSwarm

/// `pgswarm contract`: what tasks promise one another.
struct ContractCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contract",
        abstract: "Fix what tasks promise one another.",
        discussion: """
            Tasks pin the versions that they produce and consume (enqueue --produces, --consumes). They begin when all of \
            them are agreed, and a result that does not keep its schema is refused.

            EXAMPLES
              pgswarm contract publish report 1.0.0 report.schema.json
              pgswarm contract agree report@1.0.0
              pgswarm contract check report '{"pages": 3}'
              pgswarm contract dependents report
            """,
        subcommands: [
            ContractPublish.self, ContractAgree.self, ContractDeprecate.self, ContractWithdraw.self, ContractGet.self,
            ContractList.self, ContractCheckCommand.self, ContractCompat.self, ContractDependents.self,
            ContractRepin.self, ContractWaive.self,
        ],
        defaultSubcommand: ContractList.self
    )
}

extension ContractDraft.Kind: ExpressibleByArgument {}
extension ContractDraft.Compatibility: ExpressibleByArgument {}

extension ContractVersion: ExpressibleByArgument {
    /// Reads `NAME@VERSION` or `NAME`.
    public init?(argument: String) {
        guard let version = try? ContractVersion(argument) else { return nil }
        self = version
    }
}

extension ContractVersion {
    /// One that names its version too: acts are on exactly one.
    func exact() throws -> ContractVersion {
        guard version != nil else {
            throw CommandFailure.usage(
                "'\(name)' names no version", hint: "Write \(name)@VERSION; see: pgswarm contract list \(name)")
        }
        return self
    }
}
