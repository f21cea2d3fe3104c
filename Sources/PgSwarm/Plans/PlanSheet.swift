/// A plan as it stands, with all its tasks.
public struct PlanSheet: Sendable, Decodable {
    /// Its name.
    public var plan: String
    /// What is there when all is done.
    public var goal: String?
    /// How often it was written.
    public var version: Int
    /// `open`, `paused`, `failing` (a task is dead), `done` or `ended`.
    public var state: String
    /// How much of it is done, in percent of its tasks.
    public var percent: Int?
    /// How many tasks are in each state.
    public var counts: [String: Int]?
    /// The keys of the unfinished tasks that decide when it ends, first to last.
    public var criticalPath: [String]
    /// How many follow-ups wait for a decision.
    public var proposed: Int
    /// Who froze it.
    public var frozenBy: String?
    /// Why.
    public var frozenReason: String?
    /// Who paused it.
    public var pausedBy: String?
    /// Why.
    public var pausedReason: String?
    /// Its tasks, by level and then in the order of the file.
    public var tasks: [Item]

    /// A task of a plan.
    public struct Item: Sendable, Decodable {
        /// Its key.
        public var key: String
        /// Its id.
        public var task: String
        /// How many tasks stand on the longest way to it, itself included.
        public var level: Int
        /// Its queue.
        public var queue: String
        /// Its title.
        public var title: String?
        /// Its state.
        public var state: String
        /// Why it is in that state, in a word.
        public var reason: String?
        /// Who holds it or did it.
        public var agent: String?
        /// How often it was begun.
        public var attempts: Int
        /// The score of its accepted result.
        public var score: Int?
        /// What it waits for.
        public var after: [Edge]
    }

    /// An edge of a plan.
    public struct Edge: Sendable, Decodable {
        /// The key of the task before.
        public var task: String
        /// `finished`, or `nil` for accepted.
        public var until: String?
        /// The least score of the accepted result.
        public var minScore: Int?
        /// What becomes of the task when that can not come: `cancel`, `continue`, or `nil` for waiting.
        public var onFailure: String?
        /// Whether it is a fact.
        public var met: Bool

        enum CodingKeys: String, CodingKey {
            case task, until, met
            case minScore = "min_score"
            case onFailure = "on_failure"
        }
    }

    enum CodingKeys: String, CodingKey {
        case plan, goal, version, state, percent, counts, proposed, tasks
        case criticalPath = "critical_path"
        case frozenBy = "frozen_by"
        case frozenReason = "frozen_reason"
        case pausedBy = "paused_by"
        case pausedReason = "paused_reason"
    }
}
