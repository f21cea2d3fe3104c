import ArgumentParser

/// The words at the beginning of a call that name a command, as far as there is one.
struct CommandPath {
    /// `pgswarm queues set`.
    private(set) var text = "pgswarm"
    /// A word that stands where a command should and names none; `nil` when all is well.
    private(set) var unknown: String?
    /// The commands that could stand there.
    private(set) var choices: [String] = []

    /// Follows the words of a call.
    init(_ arguments: [String]) {
        var words = arguments[...]
        // 'help' takes the place of the program: what follows are commands.
        let isHelp = words.first == "help"
        if isHelp { words.removeFirst() }
        var commands = CommandList.groups.flatMap { $0.subcommands }
        for word in words {
            guard let command = commands.first(where: { $0._commandName == word }) else {
                if word.hasPrefix("-") || commands.isEmpty { return }
                unknown = word
                choices = commands.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
                return
            }
            text += " \(word)"
            commands = command.configuration.subcommands
        }
    }

    /// What to say of the unknown word.
    var failure: CommandFailure? {
        unknown.map { word in
            CommandFailure.usage(
                "there is no command '\(text.dropFirst("pgswarm".count).drop { $0 == " " })\(text == "pgswarm" ? "" : " ")\(word)'",
                hint: choices.count > 8 ? "See '\(text) --help'." : "There are \(choices.joined(separator: ", ")).")
        }
    }
}
