/// Rows under headings, aligned by columns, cut to the terminal.
struct Table {
    /// A column and how it behaves.
    struct Column {
        let title: String
        var alignment: Alignment = .left
        /// Gives way when the terminal is too narrow.
        var isFlexible = false

        static func left(_ title: String) -> Column { Column(title: title) }
        static func right(_ title: String) -> Column { Column(title: title, alignment: .right) }
        static func flexible(_ title: String) -> Column { Column(title: title, isFlexible: true) }
    }

    /// The side on which a column's text sits.
    enum Alignment { case left, right }

    /// A piece of text and its tone.
    ///
    /// Text is escaped here, so no caller can forget it.
    struct Cell: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
        let text: String
        let tone: Style.Tone?

        init(_ text: String?, _ tone: Style.Tone? = nil) {
            self.text = text?.printable ?? ""
            self.tone = tone
        }

        init(stringLiteral value: String) { self.init(value) }

        /// A count; zero is left out so that what is there stands out.
        static func count(_ value: Int64, _ tone: Style.Tone? = nil) -> Cell {
            value == 0 ? Cell("·", .quiet) : Cell(value.grouped, tone)
        }

        /// A state in its own colour.
        static func state(_ state: String) -> Cell { Cell(state, Style.Tone(state: state)) }
    }

    /// Fewest columns a flexible column keeps.
    private static let narrowest = 12
    private static let gap = 2

    let columns: [Column]
    private(set) var rows: [[Cell]] = []

    init(_ columns: [Column]) {
        self.columns = columns
    }

    /// Adds a row; missing cells are empty.
    mutating func add(_ cells: [Cell]) {
        rows.append(cells)
    }

    /// The lines of the table.
    ///
    /// `width` is that of the terminal, `nil` for no limit.
    func render(width: Int?, style: Style) -> [String] {
        let widths = fitted(to: width)
        let head = columns.map { Cell($0.title, .quiet) }
        return ([head] + rows).map { line($0, widths: widths, style: style) }
    }

    private func line(_ cells: [Cell], widths: [Int], style: Style) -> String {
        var line = ""
        var owed = 0
        for (index, column) in columns.enumerated() {
            let cell = index < cells.count ? cells[index] : ""
            let text = cell.text.cut(to: widths[index])
            let padding = widths[index] - text.displayWidth
            if column.alignment == .right { owed += padding }
            // Spaces are written only when something follows: no line ends in blanks.
            if !text.isEmpty {
                line += String(repeating: " ", count: owed) + style.apply(cell.tone, to: text)
                owed = 0
            } else {
                owed += text.displayWidth
            }
            owed += (column.alignment == .left ? padding : 0) + Table.gap
        }
        return line
    }

    private func fitted(to width: Int?) -> [Int] {
        var widths = columns.enumerated().map { index, column in
            rows.reduce(column.title.displayWidth) { widest, row in
                index < row.count ? max(widest, row[index].text.displayWidth) : widest
            }
        }
        guard let width else { return widths }
        var excess = widths.reduce(0, +) + Table.gap * (columns.count - 1) - width
        // The widest flexible column gives way first, down to what is still readable.
        while excess > 0 {
            let candidates = columns.indices.filter { columns[$0].isFlexible && widths[$0] > Table.narrowest }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            let second = candidates.filter { $0 != widest }.map { widths[$0] }.max() ?? Table.narrowest
            let step = min(excess, max(1, widths[widest] - max(second, Table.narrowest)))
            widths[widest] -= step
            excess -= step
        }
        return widths
    }
}
