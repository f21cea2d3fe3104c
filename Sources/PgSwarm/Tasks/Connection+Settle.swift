public import FoundationEssentials
public import Postgres

extension Connection {
    /// Ends attempts.
    ///
    /// A superseded one is an answer, not an error.
    ///
    /// - Parameter session: Beaten by the call if it is given.
    /// - Returns: One answer for each verdict, in their order.
    public func settle(
        _ verdicts: [(handle: Handle, verdict: Verdict)], session: UUID? = nil
    ) throws(SwarmError) -> [Settlement] {
        let sql = SettleSQL.settle(verdicts.map { ($0.handle, $0.verdict) }, session: session)
        let answers = try rows(sql, count: verdicts.count) { row throws(PostgresError) in
            try SettlementAnswer(row, from: 0)
        }
        return zip(verdicts, answers).map { item, answer in Settlement(item.handle, answer) }
    }

    /// Ends attempts and claims the next tasks in one commit.
    ///
    /// - Returns: One answer for each verdict in their order, and the tasks that were granted.
    public func step(
        _ verdicts: [(handle: Handle, verdict: Verdict)], claiming request: ClaimRequest, session: UUID
    ) throws(SwarmError) -> (settled: [Settlement], claimed: [ClaimedTask]) {
        let sql = SettleSQL.step(verdicts.map { ($0.handle, $0.verdict) }, request, session: session)
        var answers: [String: SettlementAnswer] = [:]
        var claimed: [ClaimedTask] = []
        let settledColumns = 5
        _ = try rows(sql) { row throws(PostgresError) in
            if let handle = try row[0, as: String?.self] {
                answers[handle] = try SettlementAnswer(row, from: 1)
            } else {
                claimed.append(try ClaimedTask(row, from: settledColumns))
            }
        }
        // The call answers only what is to be said: whatever it doesn't name was completed in time.
        let settled = verdicts.map { item in
            answers.isEmpty
                ? Settlement(handle: item.handle, code: .ok, state: .done)
                : Settlement(item.handle, answers[item.handle.text] ?? SettlementAnswer(code: "ok", state: "done"))
        }
        return (settled, claimed)
    }

    /// Reports progress under a lease and renews it.
    ///
    /// - Returns: What the holder should do now.
    /// - Throws: `lost_claim` when the lease was superseded; the report is then not taken.
    public func progress(_ handle: Handle, _ progress: Progress) throws(SwarmError) -> Renewal {
        try row(SettleSQL.progress(handle, progress)) { row throws(PostgresError) in
            let (status, until) = try row.decode((String, Date?).self)
            return Renewal(
                handle: handle, status: .init(rawValue: status), leaseUntil: until, leaseDuration: nil, unread: nil)
        }
    }

    /// Announces an effect outside the database before it is done.
    ///
    /// - Returns: `new`, or what an earlier attempt announced under the same key.
    /// - Throws: `lost_claim` when the lease was superseded: don't do it.
    public func intent(_ handle: Handle, key: String, detail: JSONText? = nil) throws(SwarmError) -> Effect {
        try row(SettleSQL.intent(handle, key: key, detail: detail)) { row throws(PostgresError) in
            try Effect(key: key, row)
        }
    }

    /// Records that an announced effect happened.
    ///
    /// - Throws: `lost_claim` when the lease was superseded, `not_found` when the effect was not announced.
    public func confirm(_ handle: Handle, key: String, result: JSONText? = nil) throws(SwarmError) {
        _ = try rows(SettleSQL.confirm(handle, key: key, result: result)) { _ in () }
    }

    /// Locks the lease until the end of the caller's transaction: what the transaction writes, it writes as the holder.
    ///
    /// - Returns: The fence.
    /// - Throws: `lost_claim` when the lease was superseded: roll back.
    @discardableResult
    public func hold(_ handle: Handle) throws(SwarmError) -> Int64 {
        try row(SettleSQL.hold(handle)) { row throws(PostgresError) in try row[0, as: Int64.self] }
    }
}

/// The columns of ``SettleSQL/columns``.
private struct SettlementAnswer {
    var code: String
    var state: String?
    var message: String?
    var dueAt: Date?

    init(code: String, state: String) {
        self.code = code
        self.state = state
    }

    init(_ row: Row, from first: Int) throws(PostgresError) {
        code = try row[first, as: String.self]
        state = try row[first + 1, as: String?.self]
        message = try row[first + 2, as: String?.self]
        dueAt = try row[first + 3, as: Date?.self]
    }
}

extension Settlement {
    fileprivate init(_ handle: Handle, _ answer: SettlementAnswer) {
        self.init(
            handle: handle, code: Code(rawValue: answer.code),
            state: answer.state.map(TaskState.init(rawValue:)),
            message: answer.message, dueAt: answer.dueAt)
    }
}
