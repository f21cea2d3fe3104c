import Postgres
import SystemPackage

/// A JSON value from an argument, or from standard input when the argument is `-`.
enum JSONInput {
    /// What is refused before it is sent, or even read whole.
    ///
    /// The limit that counts is the database's (1 MiB, unless its owner set another); this one only keeps
    /// what can never fit away from memory and network.
    static let limit = 64 << 20

    /// The checked value.
    ///
    /// - Parameter noun: What the value is, for messages: "payload", "result".
    static func read(_ argument: String, as noun: String) throws -> JSONText {
        let text = argument == "-" ? try standardInput(noun) : argument
        guard text.utf8.count <= limit else { throw tooLarge(noun) }
        do {
            try JSONScanner.check(text)
        } catch {
            let advice =
                argument == "-" && error.message == "something follows the value" && noun == "payload"
                ? "For one task a line, use --file -."
                : "Pass one JSON value; a text needs quotes: '\"text\"'."
            throw CommandFailure.usage(
                "the \(noun) is not JSON: at character \(error.offset + 1), \(error.message)", hint: advice)
        }
        return JSONText(text)
    }

    /// The refusal of a value above the limit.
    static func tooLarge(_ noun: String) -> CommandFailure {
        CommandFailure(
            "too_large",
            "the \(noun) has more than \(limit) bytes, the limit is 1048576 unless the database has another",
            hint: "store large data elsewhere and pass a reference to it")
    }

    /// A text from standard input, without the line break at its end.
    static func text(_ noun: String) throws -> String {
        let text = try standardInput(noun)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    private static func standardInput(_ noun: String) throws -> String {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try block.withUnsafeMutableBytes { try FileDescriptor.standardInput.read(into: $0) }
            if count == 0 { break }
            bytes += block[..<count]
            guard bytes.count <= limit else { throw tooLarge(noun) }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure.usage(
                "the \(noun) on standard input is not UTF-8", hint: "JSON is written in UTF-8: convert it first.")
        }
        return text
    }
}
