/// What happens in a coordinator, for those who watch it.
public enum CoordinatorEvent: Sendable {
    /// It leads now. The number grows with every change of the leader.
    case leading(epoch: Int64)
    /// Another leads.
    case standingBy(holder: String?)
    /// It leads no more, although nobody has said so: the seat could not be taken again in time.
    case steppedDown
    /// A sweep found something.
    case swept(SweepReport)
    /// So many tasks became ready.
    case promoted(Int)
    /// History was put in order.
    case maintained(MaintenanceReport)
    /// A call failed; it is made again.
    case troubled(SwarmError)
}
