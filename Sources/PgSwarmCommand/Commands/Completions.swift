import ArgumentParser

/// `pgswarm completions SHELL`: the script that makes a shell complete commands and options.
struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print the completion script of a shell.",
        discussion: """
            EXAMPLE
              pgswarm completions bash > ~/.local/share/bash-completion/completions/pgswarm
            """
    )

    @Argument(help: "bash, zsh or fish.")
    var shell: String

    func validate() throws {
        guard CompletionShell(rawValue: shell) != nil else {
            throw ValidationError(
                "'\(shell.printable)' is no shell with completions; choose bash, zsh or fish")
        }
    }

    func run() throws {
        guard let shell = CompletionShell(rawValue: shell) else { return }
        let console = Console.standard()
        console.line(RootCommand.completionScript(for: shell))
        console.flush()
    }
}
