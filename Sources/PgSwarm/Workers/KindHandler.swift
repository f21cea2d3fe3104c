import Postgres

/// Does the tasks of one kind, with a typed payload and result.
public struct KindHandler: Sendable {
    /// The kind it does; `nil`: every kind no other handler does.
    public let kind: String?
    private let body: @Sendable (ClaimedTask, WorkContext) async throws -> Verdict

    /// Does the tasks of a kind whose payload reads as `Input`; what the body returns becomes the result.
    public init<Input: Decodable & Sendable, Output: Encodable & Sendable>(
        _ kind: String? = nil, _ body: @escaping @Sendable (Input, WorkContext) async throws -> Output
    ) {
        self.kind = kind
        self.body = { task, context in
            .complete(try JSONText(encoding: try await body(task.decode(Input.self), context)))
        }
    }

    /// Does the tasks of a kind whose payload reads as `Input`, without a result.
    public init<Input: Decodable & Sendable>(
        _ kind: String? = nil, _ body: @escaping @Sendable (Input, WorkContext) async throws -> Void
    ) {
        self.kind = kind
        self.body = { task, context in
            try await body(task.decode(Input.self), context)
            return .complete()
        }
    }

    func handle(_ task: ClaimedTask, _ context: WorkContext) async throws -> Verdict {
        try await body(task, context)
    }
}

/// Gives each task to the handler of its kind.
struct KindRouter: WorkHandler {
    private let handlers: [String: KindHandler]
    private let fallback: KindHandler?

    init(_ handlers: [KindHandler]) throws(SwarmError) {
        var byKind: [String: KindHandler] = [:]
        var fallback: KindHandler?
        for handler in handlers {
            let earlier = handler.kind.map { byKind.updateValue(handler, forKey: $0) } ?? fallback
            guard earlier == nil else {
                throw SwarmError(
                    .invalidArgument,
                    "two handlers for \(handler.kind.map { "the kind \"\($0)\"" } ?? "all other kinds")")
            }
            if handler.kind == nil { fallback = handler }
        }
        self.handlers = byKind
        self.fallback = fallback
    }

    func handle(_ task: ClaimedTask, _ context: WorkContext) async throws -> Verdict {
        guard let handler = task.kind.flatMap({ handlers[$0] }) ?? fallback else {
            // Not the task's fault: another worker may know the kind, so it costs no attempt. The delay keeps two
            // workers that both don't from passing it to and fro without a pause.
            let kind = task.kind.map { "the kind \"\($0)\"" } ?? "tasks without a kind"
            return .release(note: "this worker has no handler for \(kind)", delay: .seconds(15))
        }
        return try await handler.handle(task, context)
    }
}
