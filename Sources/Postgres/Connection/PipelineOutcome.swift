/// An answer that a pipeline has to wait for.
enum PipelineReply {
    case preparation(Int)
    case statement(Int)

    /// The position of the statement concerned.
    var index: Int {
        switch self {
        case .preparation(let index), .statement(let index): index
        }
    }
}

/// What came back from a pipeline.
struct PipelineOutcome {
    /// Why nothing of the pipeline took effect.
    struct Failure {
        /// The statement that failed; nil if it was the commit.
        let index: Int?
        let reason: PostgresError

        /// The error for one statement of the pipeline.
        func error(for position: Int) -> PostgresError {
            guard case .server = reason, let index, index != position else { return reason }
            return .server(
                ServerError(
                    sqlState: .inFailedTransaction,
                    message: "without effect because statement \(index + 1) of the pipeline failed: \(reason)"
                )
            )
        }
    }

    var rows: [Rows?]
    private(set) var failure: Failure?

    init(count: Int) {
        rows = Array(repeating: nil, count: count)
    }

    /// Notes an error; the first is the cause of all others.
    mutating func fail(at index: Int?, with reason: PostgresError) {
        if failure == nil { failure = Failure(index: index, reason: reason) }
    }
}
