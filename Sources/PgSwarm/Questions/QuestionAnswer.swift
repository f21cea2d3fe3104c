public import FoundationEssentials
import Postgres

/// What became of an answer.
public struct AnswerReceipt: Sendable {
    /// `ok`, or `late` when the question had its answer already.
    public var code: String
    /// The question's state now.
    public var state: String
    /// In a sentence.
    public var message: String
    /// The answer that counts.
    public var answer: String?
    /// How many tasks it has sent back to work.
    public var resumed: Int

    init(_ row: Row) throws(PostgresError) {
        code = try row[0, as: String.self]
        state = try row[1, as: String.self]
        message = try row[2, as: String.self]
        answer = try row[3, as: String?.self]
        resumed = try row[4, as: Int.self]
    }
}

/// An answer that somebody gave, in time or too late.
public struct GivenAnswer: Sendable {
    /// When.
    public var at: Date
    /// Who.
    public var by: String?
    /// Whether that was proven to be a person.
    public var isSeparated: Bool
    /// The answer.
    public var answer: String
    /// What was said with it.
    public var note: String?
    /// Whether the question had an answer already.
    public var isLate: Bool

    init(_ row: Row) throws(PostgresError) {
        at = try row[0, as: Date.self]
        by = try row[1, as: String?.self]
        isSeparated = try row[2, as: Bool.self]
        answer = try row[3, as: String.self]
        note = try row[4, as: String?.self]
        isLate = try row[5, as: Bool.self]
    }
}
