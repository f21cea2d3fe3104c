import FoundationEssentials
import TestSupport
import Testing

@Suite("Chapters", .database, .timeLimit(.minutes(3)))
struct ChapterTests {
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources/PgSwarm/PgSwarm.docc")

    /// The chapters that show a terminal.
    static let chapters: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
        .filter { name in
            guard name.hasSuffix(".md"),
                let text = try? String(contentsOf: folder.appending(path: name), encoding: .utf8)
            else { return false }
            return text.contains("```console")
        }
        .sorted()

    @Test("The commands of a chapter print what it shows", arguments: chapters)
    func transcript(chapter: String) async throws {
        let text = try String(contentsOf: Self.folder.appending(path: chapter), encoding: .utf8)
        let transcript = Transcript(markdown: text)
        try #require(!transcript.steps.isEmpty)
        let shell = try await Shell()
        let work = FileManager.default.temporaryDirectory.appending(path: "chapter-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: work) }
        let marker = "--- \(UUID().uuidString)"
        let file = work.appending(path: ".script")
        try transcript.script(marker: marker).write(to: file, atomically: true, encoding: .utf8)
        var environment = shell.environment
        let command = URL(filePath: try Executable.pgswarm.path).deletingLastPathComponent().path
        environment["PATH"] = "\(command):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"
        environment["HOME"] = work.path
        let result = try await Executable(path: "/bin/sh").run(
            ["-c", "cd '\(work.path)' && exec sh '\(file.path)'"], environment: environment)
        for difference in transcript.differences(from: result.output, marker: marker) {
            Issue.record("\(chapter)\n\(difference)")
        }
    }

    @Test("What differs is told")
    func differences() {
        let transcript = Transcript(
            markdown: """
                ```console
                $ one \\
                  more
                id  … of 7
                …
                end
                $ two
                ```
                """)
        #expect(transcript.steps.map(\.command) == ["one \\\n  more", "two"])
        #expect(transcript.differences(from: "id 3 of 7\na\nb\nend\n\nM\n\nM\n", marker: "M").isEmpty)
        #expect(transcript.differences(from: "id 3 of 8\nend\n\nM\n\nM\n", marker: "M").count == 1)
        #expect(transcript.differences(from: "id 3 of 7\nend\n\nM\nmore\n\nM\n", marker: "M").count == 1)
        #expect(transcript.differences(from: "id 3 of 7\nend\n\nM\n", marker: "M").count == 1)
    }
}
