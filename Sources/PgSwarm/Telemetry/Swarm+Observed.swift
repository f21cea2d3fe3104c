public import Tracing

extension Swarm {
    /// Where spans go.
    var tracer: any Tracer { configuration.tracer ?? InstrumentationSystem.tracer }

    /// Runs a verb under a span and a timer.
    func observed<Answer>(
        _ verb: Verb, queue: QueueName? = nil, task: TaskID? = nil,
        _ body: (InstrumentationContext) async throws(SwarmError) -> Answer
    ) async throws(SwarmError) -> Answer {
        let start = ContinuousClock.now
        let span = span(for: verb, queue: queue, task: task)
        defer { span?.end() }
        do throws(SwarmError) {
            if let duty = verb.duty { try check(duty) }
            let answer = try await body(span?.context ?? .current ?? .topLevel)
            metrics.called(verb, .now - start, error: nil)
            return answer
        } catch {
            span?.recordError(error)
            span?.setStatus(SpanStatus(code: .error, message: error.code.rawValue))
            metrics.called(verb, .now - start, error: error)
            throw error
        }
    }

    /// A span if anybody wants one: without a tracer it would cost more than the call's other work in this process.
    private func span(for verb: Verb, queue: QueueName?, task: TaskID?) -> (any Tracing.Span)? {
        let tracer = tracer
        if tracer is NoOpTracer { return nil }
        let span = tracer.startAnySpan(
            "pgswarm.\(verb.rawValue)", context: InstrumentationContext.current ?? .topLevel, ofKind: .client)
        span.updateAttributes { attributes in
            attributes["pgswarm.agent"] = configuration.agent.rawValue
            if let queue { attributes["pgswarm.queue"] = queue.rawValue }
            if let task { attributes["pgswarm.task"] = task.description }
        }
        return span
    }

    /// The trace of whoever asked for the work: run the work inside it, and its spans belong to that trace.
    ///
    /// ```swift
    /// await InstrumentationContext.withValue(swarm.traceContext(of: task)) { … }
    /// ```
    public func traceContext(of task: ClaimedTask) -> InstrumentationContext {
        TraceContext.read(task.trace, with: tracer)
    }
}
