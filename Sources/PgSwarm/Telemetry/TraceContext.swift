import Tracing

/// Carries a trace from who asks for work to who does it, as a W3C `traceparent`.
struct TraceContext {
    /// The header of that name, the one form in which the database keeps a trace.
    private static let header = "traceparent"

    private struct Carrier: Injector, Extractor {
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
            carrier[key] = value
        }

        func extract(key: String, from carrier: [String: String]) -> String? {
            carrier[key]
        }
    }

    /// The context in the form in which a task carries it; `nil` when no tracer is at work that writes it.
    static func write(_ context: InstrumentationContext, with tracer: any Tracer) -> String? {
        if tracer is NoOpTracer { return nil }
        var fields: [String: String] = [:]
        tracer.inject(context, into: &fields, using: Carrier())
        return fields[header]
    }

    /// The context that a task carries.
    static func read(_ trace: String?, with tracer: any Tracer) -> InstrumentationContext {
        var context = InstrumentationContext.topLevel
        if let trace { tracer.extract([header: trace], into: &context, using: Carrier()) }
        return context
    }
}
