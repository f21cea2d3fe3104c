import SystemPackage
import Testing

@testable import PgSwarmCommand

@Suite struct LineReaderTests {
    private func lines(of text: String, blockSize: Int, limit: Int = 1000) throws -> [String] {
        let (read, write) = try FileDescriptor.pipe()
        try write.closeAfter { _ = try write.writeAll(Array(text.utf8)) }
        return try read.closeAfter {
            var reader = LineReader(read, name: "test", limit: limit, blockSize: blockSize)
            var lines: [String] = []
            while let line = try reader.next({ String(decoding: $0, as: UTF8.self) }) { lines.append(line) }
            return lines
        }
    }

    @Test(arguments: [1, 2, 3, 5, 7, 64])
    func findsLinesWhateverTheBlocks(blockSize: Int) throws {
        #expect(try lines(of: "one\ntwo\n\nfour", blockSize: blockSize) == ["one", "two", "", "four"])
        #expect(try lines(of: "one\n", blockSize: blockSize) == ["one"])
        #expect(try lines(of: "", blockSize: blockSize) == [])
        #expect(try lines(of: "\n", blockSize: blockSize) == [""])
    }

    @Test func refusesALineAboveTheLimit() {
        let error = #expect(throws: LineReader.LineTooLong.self) {
            try lines(of: "ok\n" + String(repeating: "x", count: 101) + "\n", blockSize: 16, limit: 100)
        }
        #expect(error?.line == 2)
    }
}
