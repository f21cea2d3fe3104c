import ArgumentParser

/// The command `pgswarm`: parses, runs one command and turns whatever went wrong into a message and an exit code.
@main
struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pgswarm",
        abstract: "PostgreSQL as the coordination point for a swarm of workers.",
        discussion: """
            Begin with 'pgswarm up', then 'pgswarm enqueue demo 1' and 'pgswarm work demo -- cat'.
            Exit codes: 0 ok, 1 failed, 3 nothing to do, 4 refused, 5 lost claim, 6 database unreachable, 64 usage.
            """,
        version: Version.current,
        groupedSubcommands: CommandList.groups
    )

    /// Runs the program.
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            // The parser would complain of an option first, or show the general help.
            if let failure = CommandPath(arguments).failure { throw failure }
            var command = try await asyncParseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error, json: wantsJSON(arguments))
        }
    }

    /// Says what went wrong and ends the process.
    private static func end(with error: any Error, json: Bool) -> Never {
        let console = Console.standard()
        switch error {
        case let status as ExitStatus: Terminal.exitNow(status.rawValue)
        case let code as ExitCode: Terminal.exitNow(code.rawValue)
        default: break
        }
        let failure: CommandFailure
        switch exitCode(for: error) {
        case .success:
            // A request for help, for the version or for a completion script.
            console.line(fullMessage(for: error))
            console.flush()
            Terminal.exitNow(ExitStatus.ok.rawValue)
        case .validationFailure: failure = usageFailure(message(for: error))
        default: failure = CommandFailure(error)
        }
        console.report(failure.text(json: json))
        Terminal.exitNow(failure.exitCode)
    }

    /// The parser's complaint on one line, with where to read on.
    private static func usageFailure(_ complaint: String) -> CommandFailure {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let path = CommandPath(arguments).text
        if let value = misreadValue(in: arguments, complaint) {
            return .usage(
                "'\(value.printable)' is no option; a value that begins with a dash goes behind --",
                hint: "Write '\(path) … -- \(value)', or see '\(path) --help'.")
        }
        let line = complaint.replacing("one of the following:\n  - ", with: "one of: ")
            .replacing("\n  - ", with: ", ").replacing("\n", with: " ")
        return .usage(line, hint: "See '\(path) --help'.")
    }

    /// The value that the parser took for an option because it begins with a dash, such as `-5`.
    ///
    /// Its complaint is of an unknown option then, or of the value that is missing.
    private static func misreadValue(in arguments: [String], _ complaint: String) -> String? {
        let options = arguments.prefix { $0 != "--" }
        let value = zip(options, options.dropFirst()).first { before, word in
            // What follows an option is its value, and no option begins so.
            !before.hasPrefix("-") && word.hasPrefix("-")
                && word.dropFirst().first.map { $0 != "-" && !$0.isLetter } ?? false
        }?.1
        guard let value else { return nil }
        let isMeant =
            complaint.hasPrefix("Missing expected argument")
            || complaint.hasPrefix("Unknown option '\(value.prefix(2))")
        return isMeant ? value : nil
    }

    /// Whether `--json` was given, for errors that come before the arguments are understood.
    static func wantsJSON(_ arguments: [String]) -> Bool {
        arguments.prefix { $0 != "--" }.contains("--json")
    }
}
