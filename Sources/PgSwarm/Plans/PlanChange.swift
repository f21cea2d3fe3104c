import Postgres

/// What writing a plan has changed, or would.
public struct PlanChange: Sendable, Equatable, Decodable {
    /// The plan.
    public var plan: String
    /// Its version now.
    public var version: Int
    /// Its version before; 0: there was none.
    public var was: Int
    /// Whether anything changed.
    public var changed: Bool
    /// Whether all of it was undone again.
    public var dryRun: Bool
    /// How many keys are as they were.
    public var unchanged: Int
    /// What became of each key that differs, in the order of the file; what goes away comes last.
    public var items: [Item]
    /// Living tasks outside the plan that look like new ones of it.
    public var similar: [Likeness]
    /// Queues with something new; ring them after the commit.
    public var queues: [QueueName]

    /// What became of one key.
    public struct Item: Sendable, Equatable, Decodable {
        /// The key.
        public var key: String
        /// `added`, `changed` (where it stood), `replaced` (by a new task), `removed` (cancelled), `kept` (it is done), `detached`
        /// (it has ended, and belongs to the plan no more), or, in a dry run, `refused` (it has begun).
        public var action: String
        /// The task that stands for the key now.
        public var task: TaskID
        /// The task that stood for it before.
        public var wasTask: TaskID?
        /// In which state.
        public var wasState: String?
        /// The parts that differ.
        public var changes: [String]?

        enum CodingKeys: String, CodingKey {
            case key, action, task, changes
            case wasTask = "was_task"
            case wasState = "was_state"
        }

        /// Decodes an item.
        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            key = try values.decode(String.self, forKey: .key)
            action = try values.decode(String.self, forKey: .action)
            let text = try values.decode(String.self, forKey: .task)
            guard let task = TaskID(text) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .task, in: values, debugDescription: "no task id: \(text)")
            }
            self.task = task
            wasTask = try values.decodeIfPresent(String.self, forKey: .wasTask).flatMap { TaskID($0) }
            wasState = try values.decodeIfPresent(String.self, forKey: .wasState)
            changes = try values.decodeIfPresent([String].self, forKey: .changes)
        }
    }

    /// A new task beside a living one that looks like it.
    public struct Likeness: Sendable, Equatable, Decodable {
        /// The key of the new one.
        public var key: String
        /// The other task.
        public var similar: String
        /// Its plan, if it has one.
        public var plan: String?
        /// Its key there.
        public var similarKey: String?
        /// Its queue.
        public var queue: String
        /// Its title.
        public var title: String?
        /// Its state.
        public var state: String
        /// The share of words that both have, 0.6 to 1.
        public var likeness: Double

        enum CodingKeys: String, CodingKey {
            case key, similar, plan, queue, title, state, likeness
            case similarKey = "similar_key"
        }
    }

    enum CodingKeys: String, CodingKey {
        case plan, version, was, changed, unchanged, items, similar, queues
        case dryRun = "dry_run"
    }

    /// Decodes what `plan_apply` answers.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        plan = try values.decode(String.self, forKey: .plan)
        version = try values.decode(Int.self, forKey: .version)
        was = try values.decode(Int.self, forKey: .was)
        changed = try values.decode(Bool.self, forKey: .changed)
        dryRun = try values.decode(Bool.self, forKey: .dryRun)
        unchanged = try values.decode(Int.self, forKey: .unchanged)
        items = try values.decode([Item].self, forKey: .items)
        similar = try values.decode([Likeness].self, forKey: .similar)
        queues = try values.decode([String].self, forKey: .queues).map { QueueName($0) }
    }

    init(_ json: JSONText) throws(SwarmError) { self = try json.decode() }
}
