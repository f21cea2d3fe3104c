import PgSwarm
import Postgres
import SystemPackage
import Testing

@testable import PgSwarmCommand

@Suite("The demo's files") struct DemoFilesTests {
    @Test("Finds regular files only, those at the top first, and counts what it leaves out")
    func scan() throws {
        let folder = try Folder()
        defer { folder.remove() }
        for name in [".git", ".build-tsan", "a", "own"] { try folder.makeFolder(name) }
        for name in [".git/x", ".build-tsan/x", "a/deep", "own/x", "z", "b"] {
            try folder.write(name, "12345")
        }
        try folder.write("large", "123456")
        let scan = try FolderScan(
            folder.path, limits: .init(files: 10, size: 5, total: 100), except: folder.path.appending("own"))
        #expect(scan.files.map(\.path.string) == ["b", "z", "a/deep"])
        #expect(scan.size == 15)
        #expect(scan.omissions == [.tools: 2, .large: 1])
        #expect(!scan.isCut)
    }

    @Test("Stops at a number of files and at a number of bytes", arguments: [(2, 100), (10, 10)])
    func limits(files: Int, total: Int64) throws {
        let folder = try Folder()
        defer { folder.remove() }
        for name in ["a", "b", "c"] { try folder.write(name, "12345") }
        let limits = FolderScan.Limits(files: files, size: 5, total: total)
        let scan = try FolderScan(folder.path, limits: limits, except: "/nowhere")
        #expect(scan.files.map(\.path.string) == ["a", "b"])
        #expect(scan.isCut)
        #expect(scan.note?.contains("first 2 files") == true)
    }

    @Test("Hashes and counts like sha256sum and wc")
    func facts() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        // Longer than one read, and not a multiple of anything.
        let file = try folder.write("million", String(repeating: "a", count: 999_999) + "\n")
        #expect(
            try await FileFacts.read(file)
                == FileFacts(
                    sha256: "8a80fa0a431336dafc37afe95f24009afc446e49e9e1cea77079876f0a0e7a69",
                    bytes: 1_000_000, lines: 1))
        let missing = try await FileFacts.read(folder.path.appending("missing"))
        #expect(missing == FileFacts(error: "No such file or directory"))
    }

    @Test("Carries any name in a payload", arguments: [Array("a/b \n\"".utf8), [0x62, 0xff, 0x2f, 0xc0]])
    func payload(name: [UInt8]) throws {
        let path = FilePath(platformString: name.map(CChar.init(bitPattern:)) + [0])
        let payload = try JSONText(encoding: CountJob(path, pace: .milliseconds(1500), speaks: true))
        let job = try payload.decode(CountJob.self)
        #expect(job.file == path)
        #expect(job.pace == .milliseconds(1500))
    }

    @Test("Notices files that are written to")
    func changes() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let path = try folder.write("file", "before")
        let scan = try FolderScan(folder.path, limits: .init(), except: "/nowhere")
        let file = try #require(scan.files.first)
        #expect(!file.hasChanged(in: folder.path))
        let descriptor = try FileDescriptor.open(path, .writeOnly, options: .append)
        try descriptor.closeAfter { _ = try descriptor.writeAll(Array("!".utf8)) }
        #expect(file.hasChanged(in: folder.path))
    }
}
