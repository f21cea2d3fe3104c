import Postgres

/// Something that a reviewer found.
public struct Finding: Sendable, Hashable {
    /// How bad it is.
    public enum Severity: String, Sendable, CaseIterable {
        /// Worth knowing.
        case info
        /// Small.
        case minor
        /// To be fixed.
        case major
        /// Broken or unsafe.
        case critical
    }

    /// What is said to a finding.
    public enum Answer: String, Sendable, CaseIterable {
        /// It is fixed.
        case fixed
        /// It is not so; the note says why.
        case disputed
        /// It is so, and the risk is taken; the note says why.
        case accepted
    }

    /// How bad it is.
    public var severity: Severity
    /// Where, for example `src/parser.c:17`.
    public var location: String?
    /// What is wrong.
    public var claim: String
    /// How to see it.
    public var check: String?

    /// Describes a finding.
    public init(_ severity: Severity, _ claim: String, location: String? = nil, check: String? = nil) {
        self.severity = severity
        self.claim = claim
        self.location = location
        self.check = check
    }

    /// The finding as a verdict carries it.
    var json: JSONText {
        var object = JSONObjectText()
        object.add("severity", severity.rawValue)
        object.add("location", location)
        object.add("claim", claim)
        object.add("check", check)
        return object.text
    }
}
