import FoundationEssentials
import Postgres

extension Swarm {
    /// Asks people; under a handle, the task waits at no cost and comes back with the answer.
    ///
    /// The hold has ended when this returns with `parked`: stop working on the task.
    public func ask(_ draft: QuestionDraft, handle: Handle? = nil) async throws(SwarmError) -> QuestionReceipt {
        let author = try await author()
        let request = UUID().uuidString  // a lost answer is asked for again, and must not ask twice
        return try await write("question_ask") { db throws(SwarmError) in
            try db.ask(draft, handle: handle, requestID: request, agent: author.agent, session: author.session)
        }
    }

    /// Answers a question; the first answer counts.
    public func answer(
        question id: Int64, _ answer: String, note: String? = nil, asDecision: Bool = false, resume: Bool = false
    ) async throws(SwarmError) -> AnswerReceipt {
        let author = try await author()
        return try await write("question_answer") { db throws(SwarmError) in
            try db.answer(
                question: id, answer, note: note, asDecision: asDecision, resume: resume, agent: author.agent,
                session: author.session)
        }
    }

    /// The questions, the most urgent first.
    public func questions(openOnly: Bool = true) async throws(SwarmError) -> [QuestionInfo] {
        try await read("questions") { db throws(SwarmError) in try db.questions(openOnly: openOnly) }
    }
}
