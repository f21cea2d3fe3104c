import InMemoryTracing
import MetricsTestKit
import PgSwarm
import Postgres
import Synchronization
import TestSupport
import Testing
import Tracing

@Suite("Telemetry", .database, .timeLimit(.minutes(5)))
struct TelemetryTests {
    @Test("Every verb is a span, errors included")
    func spans() async throws {
        let tracer = InMemoryTracer()
        try await withSwarm { configuration in
            configuration.tracer = tracer
        } _: { swarm, _ in
            try await swarm.enqueue(TaskDraft(queue: "q"))
            let task = try #require(try await swarm.claim(["q"]).first)
            try await swarm.complete(task.handle)
            _ = try? await swarm.why(TaskID(rawValue: 999))
            let spans = tracer.finishedSpans
            #expect(
                spans.map(\.operationName)
                    == ["pgswarm.enqueue", "pgswarm.claim", "pgswarm.complete", "pgswarm.why"])
            #expect(spans[0].attributes.get("pgswarm.queue") == "q")
            #expect(spans[0].attributes.get("pgswarm.agent") == "tester")
            #expect(spans[2].attributes.get("pgswarm.task") == .string(task.id.description))
            #expect(spans[3].errors.map { ($0.error as? SwarmError)?.code } == [.notFound])
            #expect(spans[3].status?.code == .error)
            #expect(tracer.activeSpans.isEmpty)
        }
    }

    @Test("A task carries the trace of who asked for it to who does it")
    func tracePropagation() async throws {
        let tracer = W3CTracer()
        try await withSwarm { configuration in
            configuration.tracer = tracer
        } _: { swarm, _ in
            let asking = tracer.startSpan("asking")
            try await InstrumentationContext.withValue(asking.context) {
                _ = try await swarm.enqueue(TaskDraft(queue: "q"))
                _ = try await swarm.enqueue([TaskDraft(queue: "q"), TaskDraft(queue: "q")])
            }
            asking.end()
            let tasks = try await swarm.claim(["q"], count: 3)
            #expect(tasks.count == 3)
            for task in tasks {
                let context = swarm.traceContext(of: task)
                #expect(context.inMemorySpanContext?.traceID == asking.traceID)
            }
        }
    }

    @Test("A trace of the caller's own is kept")
    func ownTrace() async throws {
        try await withSwarm { configuration in
            configuration.tracer = W3CTracer()
        } _: { swarm, _ in
            var draft = TaskDraft(queue: "q")
            draft.trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            try await swarm.enqueue(draft)
            let task = try #require(try await swarm.claim(["q"]).first)
            #expect(task.trace == draft.trace)
        }
    }

    @Test("Without a tracer a task has no trace")
    func noTracer() async throws {
        try await withSwarm { swarm, _ in
            try await swarm.enqueue(TaskDraft(queue: "q"))
            let task = try #require(try await swarm.claim(["q"]).first)
            #expect(task.trace == nil)
        }
    }

    @Test("What happens is counted by queue, verb and code")
    func counters() async throws {
        try await withSwarm { swarm, metrics in
            try await swarm.enqueue([TaskDraft(queue: "a"), TaskDraft(queue: "a"), TaskDraft(queue: "b")])
            let tasks = try await swarm.claim(["a", "b"], count: 3)
            try await swarm.complete(tasks[0].handle)
            try await swarm.complete(tasks[0].handle)
            try await swarm.fail(tasks[1].handle, error: "x")
            func total(_ label: String, _ dimensions: [(String, String)]) -> Int64 {
                metrics.counterTotal(label: label, dimensions: dimensions)
            }
            #expect(total("pgswarm_enqueued", [("queue", "a")]) == 2)
            #expect(total("pgswarm_claimed", [("queue", "b")]) == 1)
            #expect(total("pgswarm_settled", [("verb", "complete"), ("code", "ok")]) == 1)
            #expect(total("pgswarm_settled", [("verb", "complete"), ("code", "duplicate")]) == 1)
            #expect(total("pgswarm_settled", [("verb", "fail"), ("code", "ok")]) == 1)
            let timers = metrics.timers(
                label: "pgswarm_call_duration", dimensions: [("verb", "complete"), ("code", "ok")])
            #expect(timers.flatMap(\.values).count == 2)
        }
    }
}

/// A tracer in memory that writes and reads the W3C header, as the tracers of production do.
private struct W3CTracer: Tracer {
    let memory = InMemoryTracer(
        idGenerator: .init(
            nextTraceID: { "0af7651916cd43dd8448eb211c80319c" }, nextSpanID: { "b7ad6b7169203331" }))

    func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> InMemorySpan {
        memory.startSpan(
            operationName, context: context(), ofKind: kind, at: instant(), function: function, file: fileID,
            line: line)
    }

    func forceFlush() { memory.forceFlush() }

    func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let span = context.inMemorySpanContext else { return }
        injector.inject("00-\(span.traceID)-\(span.spanID)-01", forKey: "traceparent", into: &carrier)
    }

    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let header = extractor.extract(key: "traceparent", from: carrier) else { return }
        let parts = header.split(separator: "-").map(String.init)
        guard parts.count == 4 else { return }
        context.inMemorySpanContext = InMemorySpanContext(
            traceID: parts[1], spanID: parts[2], parentSpanID: nil)
    }
}
