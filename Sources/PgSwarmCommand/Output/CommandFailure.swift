/// Why a command did not do what it was asked to: what people and programs are told, and how the process ends.
struct CommandFailure: Error, Equatable {
    /// One of the closed list of codes, such as `lost_claim`.
    let code: String
    /// What happened, in one line.
    let message: String
    /// What to do next.
    let hint: String?
    /// Who is in the way, as JSON, for programs.
    let blockers: String?

    init(_ code: String, _ message: String, hint: String? = nil, blockers: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.blockers = blockers
    }

    /// A wrong call of the command itself.
    static func usage(_ message: String, hint: String? = nil) -> CommandFailure {
        CommandFailure("usage", message, hint: hint)
    }

    /// How the process ends.
    var exitCode: Int32 { ExitStatus(code: code).rawValue }

    /// For standard error: one line of JSON, or the message and beneath it the next step.
    func text(json: Bool) -> String {
        if json {
            var error: [(String, JSON)] = [
                ("code", .string(code)), ("message", .string(message)), ("hint", JSON(hint)),
            ]
            if let blockers { error.append(("blockers", .raw(blockers))) }
            return JSON.object([("error", .object(error))]).text + "\n"
        }
        return "error: \(message.printable)\n" + (hint.map { "  \($0.printable)\n" } ?? "")
    }
}
