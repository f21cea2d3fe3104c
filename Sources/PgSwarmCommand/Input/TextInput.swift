import FoundationEssentials
import SystemPackage

/// A text from an argument, from standard input when the argument is `-`, or from a file.
enum TextInput {
    /// What is refused before it is read whole.
    static let limit = 64 << 20

    /// The text of an argument.
    ///
    /// - Parameter noun: What the text is, for messages.
    static func read(_ argument: String, as noun: String) throws -> String {
        argument == "-" ? try text(of: .standardInput, noun, "standard input") : argument
    }

    /// The text of a file, or of standard input when the path is `-`.
    static func read(file path: String, as noun: String) throws -> String {
        if path == "-" { return try text(of: .standardInput, noun, "standard input") }
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(FilePath(path), .readOnly)
        } catch {
            throw CommandFailure.usage(
                "'\(path.printable)' can't be read: \(error)", hint: "Give the path of a file, or - for standard input."
            )
        }
        return try file.closeAfter { try text(of: file, noun, path.printable) }
    }

    /// Writes a file, whole or not at all.
    static func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw CommandFailure(
                "failed", "'\(path.printable)' can't be written: \(error)",
                hint: "Check that its folder exists and is yours.")
        }
    }

    private static func text(of file: FileDescriptor, _ noun: String, _ place: String) throws -> String {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try block.withUnsafeMutableBytes { try file.read(into: $0) }
            if count == 0 { break }
            bytes += block[..<count]
            guard bytes.count <= limit else { throw JSONInput.tooLarge(noun) }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure.usage("the \(noun) in \(place) is not UTF-8", hint: "Convert it to UTF-8 first.")
        }
        guard !text.utf8.contains(0) else {
            throw CommandFailure.usage(
                "the \(noun) in \(place) contains a zero byte", hint: "Give text, not binary data.")
        }
        return text
    }
}
