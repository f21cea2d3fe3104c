import PgSwarm
import Postgres
import SystemPackage

/// The queue of the demo, and the tasks in it.
enum CountQueue {
    static let name = QueueName("files")

    /// Short leases, and patience with tasks whose workers keep having accidents.
    static func settings(lease: Duration) -> JSONText {
        let settings: JSON = [
            "lease": JSON(lease), "max_lost": .integer(1000), "max_attempts": .integer(20),
            "retry_base": .number(0.2), "retry_cap": .integer(2),
        ]
        return JSONText(settings.text)
    }

    /// A task for a file.
    ///
    /// One that speaks is done first.
    static func draft(_ file: FolderFile, pace: Duration, speaks: Bool) throws -> TaskDraft {
        var draft = try TaskDraft(queue: name, CountJob(file.path, pace: pace, speaks: speaks))
        // The end of a long path says more than its beginning.
        draft.title = String(String.UnicodeScalarView(file.path.string.unicodeScalars.suffix(400)))
        draft.priority = speaks ? -1 : nil
        return draft
    }
}
