/// What a budget counts.
public enum BudgetAxis: String, Sendable, CaseIterable {
    /// Money, in whatever currency the reports are in.
    case money
    /// Tokens of language models.
    case tokens
    /// Attempts: each claim is one.
    case attempts
    /// The time for which tasks are held, in seconds.
    case seconds
}
