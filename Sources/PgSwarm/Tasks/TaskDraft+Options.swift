import Postgres

extension TaskDraft {
    /// The draft's own wishes in the form in which `enqueue_many` takes them, `nil` when it has none.
    var options: JSONText? {
        var object = JSONObjectText()
        object.add("kind", kind)
        object.add("title", title)
        object.add("priority", priority)
        object.add("at", at?.rfc3339)
        object.add("delay", delay)
        object.add("key", key)
        object.add("max_attempts", maxAttempts)
        object.add("max_lost", maxLost)
        object.add("lease", lease)
        object.add("deadline", deadline)
        object.add("after", list: after.map(\.json))
        object.add("needs", list: needs.map(JSONObjectText.quoted))
        object.add("trace", trace)
        terms?.add(to: &object)
        return object.isEmpty ? nil : object.text
    }

    /// Whether a worker could claim it as soon as it is committed.
    var isReadyAtOnce: Bool { at == nil && delay == nil && after.isEmpty }
}
