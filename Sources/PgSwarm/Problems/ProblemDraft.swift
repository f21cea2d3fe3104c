/// A problem to be reported.
public struct ProblemDraft: Sendable {
    /// The error as it was printed, up to 16 KB: the fingerprint is made of it.
    public var symptom: String
    /// Up to 200 characters; without one it is the first line of the symptom.
    public var title: String?
    /// In which the fingerprint is unique; `nil`: the whole swarm.
    public var scope: String?
    /// What sort of problem.
    public var kind: String?
    /// Where it is met: versions, hosts, settings.
    public var environment: String?
    /// Words by which it is found; a task's kind and needs lead to entries tagged with them.
    public var tags: [String]
    /// The task that met it: then its next claim shows the entry first.
    public var handle: Handle?
    /// The entry that this is, judged by the reporter: nothing new is entered then.
    public var sameAs: Int64?

    /// A draft.
    public init(
        _ symptom: String, title: String? = nil, scope: String? = nil, kind: String? = nil, environment: String? = nil,
        tags: [String] = [], handle: Handle? = nil, sameAs: Int64? = nil
    ) {
        self.symptom = symptom
        self.title = title
        self.scope = scope
        self.kind = kind
        self.environment = environment
        self.tags = tags
        self.handle = handle
        self.sameAs = sameAs
    }
}
