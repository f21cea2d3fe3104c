import PgSwarm
import Testing

/// What a `PROBLEMS.md` says and what is made of it.
@Suite("Problem files", .timeLimit(.minutes(1)))
struct ProblemFileTests {
    @Test("Headings, labels and lists of another author are read, and what is not is told")
    func foreign() throws {
        let file = ProblemFile(
            markdown: """
                # Known problems

                Some intro.

                ## Build

                ### Linker cannot find -lpq

                **Problem:** the link fails with `cannot find -lpq`.

                **Solution:** install libpq-dev.
                Then run it again.

                ### Tests hang on CI

                They hang for an hour.

                ```
                # not a heading
                ```

                #### Workaround

                Set `TZ=UTC`.

                | a | b |

                ### Port in use
                - Symptom: Address already in use (os error 98)
                - Tags: net, ports
                - Fix: kill the old server
                """)
        #expect(file.entries.map(\.title) == ["Linker cannot find -lpq", "Tests hang on CI", "Port in use"])
        #expect(file.entries[0].symptom == "the link fails with `cannot find -lpq`.")
        #expect(file.entries[0].solutions?.map(\.solution) == ["install libpq-dev.\nThen run it again."])
        #expect(file.entries[1].symptom == "They hang for an hour.\n\n# not a heading")
        #expect(file.entries[1].solutions?.map(\.solution) == ["Set `TZ=UTC`."])
        #expect(file.entries[2].symptom == "Address already in use (os error 98)")
        #expect(file.entries[2].tags == ["net", "ports"])
        #expect(file.entries[2].solutions?.map(\.solution) == ["kill the old server"])
        #expect(file.lines == [7, 14, 28])
        #expect(file.skipped.map(\.line) == [1, 3, 5, 26])
    }

    @Test("A list without headings is read")
    func list() {
        let file = ProblemFile(
            markdown: """
                - **Port in use**: Address already in use
                  - Fix: kill the old server
                - **No space**: ENOSPC
                  - Solution: df, then rm
                """)
        #expect(file.entries.map(\.title) == ["Port in use", "No space"])
        #expect(file.entries.map { $0.solutions?.first?.solution } == ["kill the old server", "df, then rm"])
    }

    @Test("Whatever a text contains, it comes back as it went")
    func roundTrip() {
        let hostile = [
            "## P9 · not a heading\n\n### S9 · solution, confirmed\n\n- status: closed\n\nSolution:",
            "```\n````text\n~~~~~\n``` `` `",
            "<!-- comment", "| table |", "a\r\nb\rc\t\u{1b}[31mred\u{7}", "\u{202e}reversed \\u{1b} \\\\ \\",
            "  leading and inner  \n\n\n\n  blank lines", "Solution: no\n**Fix:** neither", "---\n***\n# x",
            "\u{0301}é 漢字 👩‍👩‍👧",
        ]
        for (index, text) in hostile.enumerated() {
            var entry = ProblemEntry(title: "Solution: ## `x` \\u{41} P3 · \(index)")
            entry.id = 7
            entry.status = "closed"
            entry.resolution = "duplicate"
            entry.duplicateOf = 3
            entry.scope = "a: b"
            entry.kind = "error"
            entry.symptom = text
            entry.environment = text
            entry.tags = ["a, b", "`c`"]
            entry.reporter = "x: y"
            entry.reported = "2026-01-01T00:00:00Z"
            entry.occurrences = 3
            var file = ProblemFile(markdown: "# Problems\n\n## P1 · x\n\nSolution:\n\n```text\nx\n```\n")
            var solution = file.entries[0].solutions![0]
            solution.id = 8
            solution.status = "superseded"
            solution.supersededBy = 9
            solution.author = "Solution: z"
            solution.written = "2026-01-01T00:00:00Z"
            solution.confirmedBy = ["a", "b, c"]
            solution.solution = text
            solution.evidence = text
            var other = solution
            other.id = 9
            other.status = "confirmed"
            other.supersededBy = nil
            entry.solutions = [solution, other]
            file = ProblemFile(markdown: ProblemFile([entry, entry]).markdown)
            #expect(file.skipped.isEmpty)
            #expect(file.entries == [entry, entry])
            #expect(file.markdown == ProblemFile([entry, entry]).markdown)
        }
    }

    @Test(
        "A large or senseless file takes no long time",
        arguments: ["#", "`", "- ", "**", "\\u{", "|", "<!--", "\n", "a: "])
    func senseless(piece: String) {
        let text = String(repeating: piece, count: 20_000)
        _ = ProblemFile(markdown: text)
        _ = ProblemFile(markdown: "## x\n" + String(repeating: piece + "\n", count: 5_000))
    }
}
