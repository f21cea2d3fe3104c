public import FoundationEssentials

/// The database's answer to a settled attempt.
public struct Settlement: Sendable {
    /// What became of one settled attempt.
    public struct Code: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        /// The word the database uses.
        public let rawValue: String

        /// Names a code by the database's word.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The word the database uses.
        public var description: String { rawValue }

        /// It took effect.
        public static let ok = Code(rawValue: "ok")
        /// It took effect although the lease had run out, because nobody had superseded it.
        public static let late = Code(rawValue: "late")
        /// It had taken effect before; the repetition changed nothing.
        public static let duplicate = Code(rawValue: "duplicate")
        /// The attempt was superseded: nothing changed, the result is kept aside.
        public static let lostClaim = Code(rawValue: "lost_claim")
        /// The same attempt was settled before in another way.
        public static let alreadySettled = Code(rawValue: "already_settled")
        /// The handle was never granted.
        public static let invalidHandle = Code(rawValue: "invalid_handle")
        /// The result doesn't fit the contract of the task; the lease stays, the result is kept aside.
        public static let contractMismatch = Code(rawValue: "contract_mismatch")
        /// Something has to be done first, such as answering what a review found; the lease stays.
        public static let wrongState = Code(rawValue: "wrong_state")
    }

    /// The attempt.
    public var handle: Handle
    /// What became of it.
    public var code: Code
    /// The state the task is in now, if it exists.
    public var state: TaskState?
    /// Why it was refused.
    public var message: String?
    /// When the task is due again, after a failure or a delayed release.
    public var dueAt: Date?

    /// Whether the verdict stands, now or from an earlier call.
    public var wasAccepted: Bool { code == .ok || code == .late || code == .duplicate }

    /// Whether a refused completion has left the lease with its holder, who can mend the result.
    public var isStillHeld: Bool { code == .contractMismatch || code == .wrongState }

    /// The refusal as an error; `nil` when the verdict stands.
    public var error: SwarmError? {
        guard !wasAccepted else { return nil }
        let text = message ?? "the verdict on task \(handle.taskID) was refused: \(code)"
        switch code {
        case .invalidHandle:
            return SwarmError(.invalidHandle, text, hint: "Pass the handle exactly as claim returned it.")
        case .contractMismatch:
            return SwarmError(
                .contractMismatch, text, hint: "Mend the result and complete again: the task is still yours.")
        case .wrongState:
            return SwarmError(.wrongState, text, hint: "Then complete again: the task is still yours.")
        case .alreadySettled:
            return SwarmError(.alreadySettled, text, hint: "The first verdict stands; look at the task.")
        default:
            return SwarmError(.lostClaim, text, hint: "Stop working on the task and claim another.")
        }
    }
}
