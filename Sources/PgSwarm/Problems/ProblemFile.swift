/// Problems in a Markdown file such as `PROBLEMS.md`: the log's own form, or somebody else's headings, labels and lists.
public struct ProblemFile: Sendable {
    /// What was understood, in the order of the file.
    public var entries: [ProblemEntry] = []
    /// The line of each entry's heading.
    public internal(set) var lines: [Int] = []
    /// What was not taken in, and why.
    public internal(set) var skipped: [Skipped] = []

    /// A part of a file that no entry was made of.
    public struct Skipped: Sendable, Equatable {
        /// The number of its line.
        public var line: Int
        /// Why.
        public var reason: String
        /// The line, cut to 80 characters.
        public var text: String
    }

    /// Entries to be written.
    public init(_ entries: [ProblemEntry]) {
        self.entries = entries
    }

    /// Reads a file.
    ///
    /// Headings begin entries; `**Solution:**`, `Fix:`, `### Workaround` and the like begin the parts of an entry. Whatever
    /// is not understood is in ``skipped``.
    public init(markdown: String) {
        // By scalars: a carriage return and a line feed are one character.
        let lines = markdown.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var reader = ProblemFileReader(ProblemOutline(lines))
        for (index, line) in lines.enumerated() { reader.read(line, index + 1) }
        reader.end()
        self = reader.file
    }

    /// The file as text; the same entries always give the same text.
    public var markdown: String { ProblemFileText.render(entries) }
}
