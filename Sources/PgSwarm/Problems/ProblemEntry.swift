import Postgres

/// A problem with its solutions, as files carry it from one database to another.
public struct ProblemEntry: Sendable, Equatable, Codable {
    /// Its number where it was written; where it is read the fingerprint decides.
    public var id: Int64?
    /// `open`, `solved` or `closed`.
    public var status: String?
    /// How it was closed.
    public var resolution: String?
    /// The entry that stays, if this one is a duplicate.
    public var duplicateOf: Int64?
    /// Its scope.
    public var scope: String?
    /// Its kind.
    public var kind: String?
    /// Names it in a line.
    public var title: String
    /// The error as it was printed.
    public var symptom: String?
    /// Where it is met.
    public var environment: String?
    /// Words by which it is found.
    public var tags: [String]?
    /// Who reported it.
    public var reporter: String?
    /// When, in RFC 3339.
    public var reported: String?
    /// How often it was met.
    public var occurrences: Int64?
    /// What helps.
    public var solutions: [Solution]?

    /// A solution in a file.
    public struct Solution: Sendable, Equatable, Codable {
        /// Its number where it was written.
        public var id: Int64?
        /// `proposed`, `confirmed`, `flagged` or `superseded`.
        public var status: String?
        /// The solution that replaced it.
        public var supersededBy: Int64?
        /// Who wrote it.
        public var author: String?
        /// When, in RFC 3339.
        public var written: String?
        /// Who confirmed it.
        public var confirmedBy: [String]?
        /// What to do.
        public var solution: String
        /// How its author knows.
        public var evidence: String?

        enum CodingKeys: String, CodingKey {
            case id, status, author, written, solution, evidence
            case supersededBy = "superseded_by"
            case confirmedBy = "confirmed_by"
        }

        init(solution: String = "") { self.solution = solution }
    }

    enum CodingKeys: String, CodingKey {
        case id, status, resolution, scope, kind, title, symptom, environment, tags, reporter, reported, occurrences
        case solutions
        case duplicateOf = "duplicate_of"
    }

    /// An entry with nothing but its title.
    public init(title: String) { self.title = title }

    init(_ json: JSONText) throws(SwarmError) { self = try json.decode() }

    var json: JSONText {
        get throws(SwarmError) { try JSONText(encoding: self) }
    }
}
