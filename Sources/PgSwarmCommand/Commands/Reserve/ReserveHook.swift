import ArgumentParser
import FoundationEssentials
import SystemPackage

/// `pgswarm reserve hook`: lets git refuse a commit of files that were not reserved.
struct ReserveHook: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "hook",
        abstract: "Print the pre-commit hook, or install it in this repository.",
        discussion: """
            The hook calls 'pgswarm reserve check --diff' before each commit.

            EXAMPLE
              pgswarm reserve hook --install
            """
    )

    @Flag(help: "Write it to this repository's hooks; a hook that is there is left alone.")
    var install = false

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        guard install else {
            context.console.text(Self.script)
            return .ok
        }
        let folder = try await ChangedFiles.hooks()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let path = folder + "/pre-commit"
        do {
            let file = try FileDescriptor.open(
                FilePath(path), .writeOnly, options: [.create, .exclusiveCreate],
                permissions: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
            try file.closeAfter { _ = try file.writeAll(Array(Self.script.utf8)) }
        } catch Errno.fileExists {
            throw CommandFailure(
                "wrong_state", "there is a pre-commit hook already: \(path)",
                hint: "Add the line 'pgswarm reserve check --diff || exit 1' to it.")
        }
        if context.json {
            context.console.json(["hook": .string(path)])
        } else {
            context.console.line("installed \(path.printable)")
        }
        return .ok
    }

    /// The same as `Examples/hooks/pre-commit`; a test compares them.
    static let script = """
        #!/bin/sh
        # Refuses a commit of files that whoever commits has not reserved, or that somebody else has.
        # Who that is: PGSWARM_HANDLE (a task's, set by 'pgswarm work'), else the agent PGSWARM_AGENT.
        # Which repository this is: PGSWARM_NAMESPACE. Once in a while without it: git commit --no-verify

        if ! command -v pgswarm >/dev/null 2>&1; then
            echo "pre-commit: pgswarm is not installed here, reservations are not checked" >&2
            exit 0
        fi
        pgswarm reserve check --diff && exit 0
        status=$?
        echo "pre-commit: not committed; reserve the files first, or commit with --no-verify" >&2
        exit $status

        """
}
