import Tracing

extension Worker {
    /// Creates a worker that gives every task of its queues to a handler.
    ///
    /// - Throws: `invalid_argument` for a configuration that could not work.
    public convenience init(
        _ swarm: Swarm, queues: [QueueName], configuration: WorkerConfiguration = WorkerConfiguration(),
        handler: some WorkHandler
    ) throws(SwarmError) {
        try self.init(
            source: SwarmSource(swarm, queues: queues, calls: configuration.calls), queues: queues,
            configuration: configuration, handler: TracedHandler(handler: handler, swarm: swarm))
    }

    /// Creates a worker that has a handler for each kind of task.
    ///
    /// ```swift
    /// let worker = try Worker(swarm, queues: ["letters"], kinds: [
    ///     KindHandler("print") { (letter: Letter, context) in try await printer.print(letter) },
    ///     KindHandler("mail") { (letter: Letter, context) in Sent(at: try await post.send(letter)) },
    /// ])
    /// ```
    ///
    /// - Throws: `invalid_argument` for a configuration that could not work, or two handlers of one kind.
    public convenience init(
        _ swarm: Swarm, queues: [QueueName], configuration: WorkerConfiguration = WorkerConfiguration(),
        kinds: [KindHandler]
    ) throws(SwarmError) {
        try self.init(swarm, queues: queues, configuration: configuration, handler: KindRouter(kinds))
    }

    /// Creates a worker for a queue whose payloads read as `Input`; what the body returns becomes the result.
    ///
    /// - Throws: `invalid_argument` for a configuration that could not work.
    public convenience init<Input: Decodable & Sendable, Output: Encodable & Sendable>(
        _ swarm: Swarm, queue: QueueName, configuration: WorkerConfiguration = WorkerConfiguration(),
        _ body: @escaping @Sendable (Input, WorkContext) async throws -> Output
    ) throws(SwarmError) {
        try self.init(swarm, queues: [queue], configuration: configuration, kinds: [KindHandler(nil, body)])
    }
}

/// Runs each task inside the trace of whoever asked for it.
private struct TracedHandler: WorkHandler {
    let handler: any WorkHandler
    let swarm: Swarm

    func handle(_ task: ClaimedTask, _ context: WorkContext) async throws -> Verdict {
        let tracer = swarm.tracer
        // Without a tracer a span costs more than the rest of the worker does for a task.
        if tracer is NoOpTracer { return try await handler.handle(task, context) }
        let parent = swarm.traceContext(of: task)
        return try await tracer.withAnySpan("pgswarm.task", context: parent, ofKind: .consumer) { span in
            span.updateAttributes { attributes in
                attributes["pgswarm.task"] = task.id.description
                attributes["pgswarm.queue"] = task.queue.rawValue
                attributes["pgswarm.attempt"] = task.attempt
            }
            return try await handler.handle(task, context)
        }
    }
}
