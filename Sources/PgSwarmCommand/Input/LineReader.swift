import SystemPackage

/// Reads a file or standard input line by line without holding more than a line and a block.
struct LineReader {
    /// A line is longer than any payload may be.
    struct LineTooLong: Error {
        /// The number of the line, from 1.
        let line: Int
    }

    /// What a person calls the input.
    let name: String
    /// The number of the line that was read last, from 1.
    private(set) var line = 0

    private let file: FileDescriptor
    private let limit: Int
    private var block: [UInt8]
    private var available = 0..<0
    private var atEnd = false

    /// Reads from an open file, which stays the caller's.
    init(_ file: FileDescriptor, name: String, limit: Int, blockSize: Int = 1 << 18) {
        self.file = file
        self.name = name
        self.limit = limit
        block = [UInt8](repeating: 0, count: blockSize)
    }

    /// Hands the next line, without its end, to `body`; `nil` after the last one.
    mutating func next<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) throws -> Result? {
        line += 1
        var pending: [UInt8] = []
        while true {
            let found = block[available].firstIndex(of: UInt8(ascii: "\n"))
            let part = available.lowerBound..<(found ?? available.upperBound)
            guard pending.count + part.count <= limit else { throw LineTooLong(line: line) }
            available = (found.map { $0 + 1 } ?? part.upperBound)..<available.upperBound
            if found != nil || atEnd {
                if found == nil, part.isEmpty, pending.isEmpty { return nil }
                // Most lines lie whole in the block and need no copy.
                if pending.isEmpty {
                    return try block.withUnsafeBufferPointer {
                        try body(UnsafeBufferPointer(rebasing: $0[part]))
                    }
                }
                pending += block[part]
                return try pending.withUnsafeBufferPointer(body)
            }
            pending += block[part]
            try fill()
        }
    }

    private mutating func fill() throws {
        let file = file
        let count = try block.withUnsafeMutableBytes { try file.read(into: $0) }
        available = 0..<count
        atEnd = count == 0
    }
}
