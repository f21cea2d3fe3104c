import Logging
import Postgres

import struct FoundationEssentials.UUID

/// Opens the session of a ``Swarm`` when it is first needed, and again when it was lost.
actor SessionKeeper {
    private let caller: Caller
    private let introduction: Introduction
    private let fixedKind: Session.Kind?
    /// Whether somebody beats.
    private(set) var isBeaten = false
    private var session: Session?
    private var opening: Task<Session, any Error>?
    private(set) var status: Session.Status = .ok

    init(caller: Caller, introduction: Introduction, kind: Session.Kind?, joining: UUID?) {
        self.caller = caller
        self.introduction = introduction
        fixedKind = kind
        session = joining.map { .joined($0, agent: introduction.agent) }
    }

    /// The session if one is open.
    var current: Session? { session }

    /// Says that from now on somebody beats, or no longer does.
    func setBeaten(_ isBeaten: Bool) {
        self.isBeaten = isBeaten
    }

    /// The session; opened if there is none.
    func open() async throws(SwarmError) -> Session {
        if let session { return session }
        if opening == nil {
            var introduction = introduction
            introduction.kind = fixedKind ?? (isBeaten ? .runtime : .bare)
            // Not a child of the caller's task: everybody who needs the session waits for it, also when the one who
            // happened to ask first is cancelled.
            opening = Task { [caller] in
                let filled = introduction
                return try await caller.call("open_session", repeatable: true) { db throws(SwarmError) in
                    try db.openSession(filled)
                }
            }
        }
        guard let pending = opening else { throw SwarmError(.internal, "no session is being opened") }
        do {
            let opened = try await pending.value
            if opening == pending {
                opening = nil
                session = opened
                status = .ok
            }
            return opened
        } catch {
            if opening == pending { opening = nil }
            throw SwarmError(any: error)
        }
    }

    /// Keeps the session alive, if one is open.
    ///
    /// - Returns: What the database answered; `ok` without a session.
    func beat() async throws(SwarmError) -> Session.Status {
        guard let session, session.kind != .joined else { return .ok }
        let status = try await caller.call("beat", repeatable: true) { db throws(SwarmError) in
            try db.beat(session.token)
        }
        note(status, of: session)
        return status
    }

    /// Takes note that the session is gone, so that the next claim opens another.
    ///
    /// - Returns: Whether it may: one who took the agent over from others doesn't take it back when it was taken over
    ///   in turn.
    func mayReplace(_ lost: Session) -> Bool {
        guard lost.kind != .joined else { return false }
        if session?.token == lost.token { session = nil }
        return !introduction.takeOver
    }

    /// Ends the session in order, if one is open.
    func close(note: String?) async throws(SwarmError) {
        guard let ending = session, ending.kind != .joined else { return }
        session = nil
        _ = try await caller.call("close_session", repeatable: true) { db throws(SwarmError) in
            try db.closeSession(ending.token, note: note)
        }
    }

    private func note(_ status: Session.Status, of beaten: Session) {
        self.status = status
        if status == .lost { _ = mayReplace(beaten) }
    }
}
