import SystemPackage

/// Bytes from a file, or from standard input when the path is `-`, as they are.
enum BytesInput {
    /// No artifact is larger, whatever the setting.
    static let limit = 1 << 20

    static func read(file path: String) throws -> [UInt8] {
        if path == "-" { return try bytes(of: .standardInput, "standard input") }
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(FilePath(path), .readOnly)
        } catch {
            throw CommandFailure.usage(
                "'\(path.printable)' can't be read: \(error)", hint: "Give the path of a file, or - for standard input."
            )
        }
        return try file.closeAfter { try bytes(of: file, path.printable) }
    }

    private static func bytes(of file: FileDescriptor, _ place: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count: Int
            do {
                count = try block.withUnsafeMutableBytes { try file.read(into: $0) }
            } catch {
                throw CommandFailure.usage("\(place) can't be read: \(error)", hint: "Give the path of a file.")
            }
            if count == 0 { return bytes }
            bytes += block[..<count]
            guard bytes.count <= limit else {
                throw CommandFailure(
                    "too_large", "\(place) has more than \(limit) bytes",
                    hint: "Store it elsewhere, and put a --reference with --sha256 and --size.")
            }
        }
    }
}
