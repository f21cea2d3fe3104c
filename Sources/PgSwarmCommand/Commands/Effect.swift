import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm effect`: the ledger of what a task does outside the database.
struct EffectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "effect",
        abstract: "Keep account of what a task does outside.",
        discussion: """
            Announce before, confirm afterwards. The next holder of an interrupted task sees what was announced and \
            never confirmed, and can look before doing it again.

            EXAMPLES
              pgswarm effect intent $HANDLE invoice-17 --detail '{"to":"anna"}'
              pgswarm effect confirm $HANDLE invoice-17 --result '{"message_id":"abc"}'
            """,
        subcommands: [Intent.self, Confirm.self]
    )

    /// `pgswarm effect intent`: to be done; or, it was announced before.
    struct Intent: SwarmCommand {
        static let configuration = CommandConfiguration(
            abstract: "Announce an effect; the state is new, unconfirmed or confirmed.",
            discussion: """
                EXAMPLE
                  pgswarm effect intent $HANDLE invoice-17
                """
        )

        @Argument(help: "The handle that claim gave.")
        var handle: String

        @Argument(help: "Which effect of the task it is.")
        var key: String

        @Option(help: ArgumentHelp("What is going to be done.", valueName: "json"))
        var detail: String?

        @OptionGroup(title: "Common") var options: CommonOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            let handle = try Handle(handle)
            let detail = try detail.map { try JSONInput.read($0, as: "detail") }
            let effect = try await context.connect().intent(handle, key: key, detail: detail)
            if context.json {
                context.console.json([
                    "key": .string(effect.key), "state": .string(effect.state.rawValue),
                    "detail": JSON(effect.detail),
                    "result": JSON(effect.result), "epoch": JSON(effect.epoch),
                ])
            } else {
                context.console.line("\(effect.key.printable): \(sentence(effect.state))")
            }
            return .ok
        }

        private func sentence(_ state: PgSwarm.Effect.State) -> String {
            switch state {
            case .new: "announced; do it, then confirm it"
            case .unconfirmed: "announced before and never confirmed; find out whether it happened"
            case .confirmed: "it happened already; do not do it again"
            default: state.rawValue.printable
            }
        }
    }

    /// `pgswarm effect confirm`: it is done.
    struct Confirm: SwarmCommand {
        static let configuration = CommandConfiguration(
            abstract: "Record that an announced effect happened.",
            discussion: """
                EXAMPLE
                  pgswarm effect confirm $HANDLE invoice-17
                """
        )

        @Argument(help: "The handle that claim gave.")
        var handle: String

        @Argument(help: "Which effect of the task it is.")
        var key: String

        @Option(help: ArgumentHelp("What came of it.", valueName: "json"))
        var result: String?

        @OptionGroup(title: "Common") var options: CommonOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            let handle = try Handle(handle)
            let result = try result.map { try JSONInput.read($0, as: "result") }
            try await context.connect().confirm(handle, key: key, result: result)
            if context.json {
                context.console.json(["key": .string(key), "state": "confirmed"])
            } else {
                context.console.line("\(key.printable): confirmed")
            }
            return .ok
        }
    }
}
