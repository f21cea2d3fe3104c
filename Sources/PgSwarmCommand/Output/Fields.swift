/// Labels and values beneath each other, the values aligned.
struct Fields {
    private var fields: [(label: String, cell: Table.Cell)] = []

    /// Adds a field; one without a value is left out.
    mutating func add(_ label: String, _ value: String?, _ tone: Style.Tone? = nil) {
        guard let value else { return }
        fields.append((label, Table.Cell(value, tone)))
    }

    /// The lines, each moved to the right by `indent` columns.
    func render(style: Style, indent: Int = 0) -> [String] {
        let width = fields.map(\.label.displayWidth).max() ?? 0
        return fields.map { label, cell in
            let gap = String(repeating: " ", count: width - label.displayWidth + 2)
            return String(repeating: " ", count: indent) + style.apply(.quiet, to: label) + gap
                + style.apply(cell.tone, to: cell.text)
        }
    }
}
