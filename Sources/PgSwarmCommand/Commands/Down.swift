import ArgumentParser
import EmbeddedPostgres

/// `pgswarm down`: stops the embedded server.
struct DownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "Stop the embedded server; its data stays.",
        discussion: """
            EXAMPLE
              pgswarm down
            """
    )

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let console = Console.standard()
        let server = EmbeddedServer.running()
        try await server?.stop()
        if output.json {
            console.json(["stopped": .bool(server != nil), "data_directory": JSON(server?.dataDirectory)])
        } else if let server {
            console.line("stopped; the data stays in \(server.dataDirectory)")
        } else {
            console.line("no embedded server is running")
        }
        console.flush()
    }
}
