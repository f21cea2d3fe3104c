/// Does the work of a worker's tasks.
///
/// Must bear being called several times at once, and again for the same task: an attempt may be interrupted
/// anywhere.
public protocol WorkHandler: Sendable {
    /// Does one task.
    ///
    /// Long work looks at ``WorkContext/stopReason``, or at the cancellation of its Swift task, and ends early.
    ///
    /// - Returns: How the attempt ended.
    /// - Throws: Whatever made the attempt fail; see ``TaskFailure`` for errors that steer the next one.
    func handle(_ task: ClaimedTask, _ context: WorkContext) async throws -> Verdict
}
