public import FoundationEssentials
public import Postgres

extension Connection {
    /// Asks people; under a handle, the task waits at no cost and comes back with the answer.
    ///
    /// - Throws: `lost_claim` when the handle is no longer the current one, `too_large` when the agent has asked too much.
    public func ask(
        _ draft: QuestionDraft, handle: Handle? = nil, requestID: String? = nil, agent: AgentName? = nil,
        session: UUID? = nil
    ) throws(SwarmError) -> QuestionReceipt {
        let sql = QuestionsSQL.ask(draft, handle: handle, requestID: requestID, agent: agent, session: session)
        return try row(sql) { row throws(PostgresError) in try QuestionReceipt(row) }
    }

    /// Answers a question.
    ///
    /// - Parameters:
    ///   - asDecision: Whoever asks the same later gets the answer at once.
    ///   - resume: Tasks that a deadline has denied begin again with this answer.
    /// - Returns: `ok`, or `late` when it has an answer already: then this one is kept beside it.
    /// - Throws: `not_allowed` for whoever may not answer, `invalid_argument` for what is none of the options.
    public func answer(
        question id: Int64, _ answer: String, note: String? = nil, asDecision: Bool = false, resume: Bool = false,
        agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> AnswerReceipt {
        let sql = QuestionsSQL.answer(
            id, answer, note: note, asDecision: asDecision, resume: resume, agent: agent, session: session)
        return try row(sql) { row throws(PostgresError) in try AnswerReceipt(row) }
    }

    /// Takes a question back; what waits for it comes back without an answer.
    ///
    /// - Returns: How many tasks had waited.
    public func withdraw(
        question id: Int64, reason: String? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Int {
        try row(QuestionsSQL.withdraw(id, reason: reason, agent: agent, session: session)) {
            row throws(PostgresError) in try row[0, as: Int.self]
        }
    }

    /// The questions, the most urgent first.
    public func questions(openOnly: Bool = true, limit: Int = 100) throws(SwarmError) -> [QuestionInfo] {
        try rows(QuestionsSQL.list(openOnly: openOnly, limit: limit)) { row throws(PostgresError) in
            try QuestionInfo(row)
        }
    }

    /// One question.
    ///
    /// - Throws: `not_found`.
    public func question(_ id: Int64) throws(SwarmError) -> QuestionInfo {
        let found = try rows(QuestionsSQL.show(id)) { row throws(PostgresError) in try QuestionInfo(row) }
        guard let question = found.first else {
            throw SwarmError(
                .notFound, "there is no question \(id)", hint: "List them with 'pgswarm question list --all'.")
        }
        return question
    }

    /// Everything that was answered to a question, oldest first.
    public func answers(to question: Int64) throws(SwarmError) -> [GivenAnswer] {
        try rows(QuestionsSQL.answers(question)) { row throws(PostgresError) in try GivenAnswer(row) }
    }
}
