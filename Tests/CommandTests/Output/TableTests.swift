import Testing

@testable import PgSwarmCommand

@Suite struct TableTests {
    private func sample() -> Table {
        var table = Table([.right("ID"), .left("QUEUE"), .left("STATE"), .flexible("TITLE")])
        table.add(["7", "words", .state("running"), "count the words of a rather long file name.txt"])
        table.add(["1042", "日本語", .state("done"), "naïve café 👩‍👩‍👧"])
        table.add(["3", "x", .state("dead"), "evil \u{1b}[31mred\nnext"])
        return table
    }

    @Test func alignsColumnsByWhatIsSeen() {
        let lines = sample().render(width: nil, style: Style(enabled: false))
        #expect(
            lines == [
                "  ID  QUEUE   STATE    TITLE",
                "   7  words   running  count the words of a rather long file name.txt",
                "1042  日本語  done     naïve café 👩‍👩‍👧",
                "   3  x       dead     evil \\x1b[31mred\\nnext",
            ])
    }

    @Test func cutsTheFlexibleColumnToTheTerminal() {
        let lines = sample().render(width: 42, style: Style(enabled: false))
        #expect(lines.allSatisfy { $0.displayWidth <= 42 })
        #expect(lines[1] == "   7  words   running  count the words of…")
    }

    @Test func keepsFlexibleColumnsReadableOnANarrowTerminal() {
        let lines = sample().render(width: 10, style: Style(enabled: false))
        #expect(lines[1].hasSuffix("count the w…"))
    }

    @Test func coloursOnlyWhereItIsAllowed() {
        let coloured = sample().render(width: nil, style: Style(enabled: true))
        #expect(coloured[1].contains("\u{1b}[36mrunning\u{1b}[0m"))
        #expect(coloured[3].contains("\\x1b[31mred"))
        #expect(!sample().render(width: nil, style: Style(enabled: false)).joined().contains("\u{1b}"))
    }

    @Test func leavesNoBlanksAtTheEndOfALine() {
        var table = Table([.left("A"), .left("B")])
        table.add(["long text", ""])
        table.add(["x"])
        #expect(table.render(width: nil, style: Style(enabled: false)) == ["A          B", "long text", "x"])
    }
}
