/// What happens in a worker, for those who watch it: tests, the demo, a display.
public enum WorkerEvent: Sendable {
    /// The session is open. Comes again when a lost session was replaced by a new one.
    case opened
    /// Tasks were granted to this worker.
    case claimed([TaskID])
    /// A handler began.
    case started(TaskID)
    /// The database answered a verdict.
    case settled(TaskID, Settlement.Code)
    /// The database will not take a verdict, for example because the result is too large; the task is failed instead.
    case refused(TaskID, SwarmError)
    /// Running work was told to stop.
    case stopped(TaskID, StopReason)
    /// A grant was given up without a verdict: its work had been stopped and brought no result.
    case dropped(TaskID)
    /// The leases of so many tasks were renewed.
    case renewed(Int)
    /// The queues have nothing for this worker now; it waits to be woken.
    case idle
    /// A notification ended the waiting.
    case woken
    /// The database doesn't answer; running work goes on until its lease is nearly over.
    case disconnected(SwarmError)
    /// The database answers again.
    case reconnected
    /// Nothing more is claimed; what runs may finish.
    case draining
    /// Running work is stopped and handed back.
    case handingBack
    /// The worker has ended.
    case ended(WorkerReport.Ending)
}
