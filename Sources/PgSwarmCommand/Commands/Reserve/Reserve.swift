public import ArgumentParser
public import PgSwarm

/// `pgswarm reserve`: who may touch what.
struct ReserveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reserve",
        abstract: "Say who may touch which files, ports and other things.",
        discussion: """
            Globs: * any characters of a name, ? one, [abc] [a-z] [!a-z] one of a set, ** any number of folders, \\ takes \
            the next character as it is; docs/ is docs and all in it. Quote them, or the shell expands them.

            EXAMPLES
              pgswarm reserve take 'src/api/**' docs/api.md --for 30m
              pgswarm reserve take --resource port:8080 --wait 2m
              pgswarm reserve check --diff
              pgswarm reserve list
            """,
        subcommands: [
            ReserveTake.self, ReserveExtend.self, ReserveFree.self, ReserveList.self, ReserveCheck.self,
            ReserveHook.self, ReserveNamespace.self,
        ],
        defaultSubcommand: ReserveList.self
    )
}

/// Whose names are meant.
struct NamespaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Whose names these are, such as a repository. Default: PGSWARM_NAMESPACE, else 'default'.",
            valueName: "name"))
    var namespace: String?

    var name: String { namespace ?? Environment.value("PGSWARM_NAMESPACE") ?? "default" }
}

/// What is reserved: names of paths, and others.
enum ReservedNames {
    /// A name without its wildcards: every character stands for itself.
    static func literal(_ path: String) -> String {
        var text = ""
        for character in path {
            if "*?[\\{".contains(character) { text.append("\\") }
            text.append(character)
        }
        return text
    }

    /// How a name is shown: others than paths behind their kind.
    static func text(_ kind: String, _ pattern: String) -> String {
        kind == "path" ? pattern : "\(kind):\(pattern)"
    }

    /// The handle that was named, or the one of the task that `pgswarm work` runs this for.
    static func handle(_ named: String?) throws -> String {
        guard let handle = named ?? Environment.value("PGSWARM_HANDLE") else {
            throw CommandFailure.usage(
                "no handle was named", hint: "Name the one that 'reserve take' printed, or a task's.")
        }
        return handle
    }
}

extension ReservationMode: ExpressibleByArgument {}
