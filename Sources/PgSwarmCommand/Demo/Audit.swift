import PgSwarm
import Postgres
import SystemPackage

/// The results in the database, compared with the files themselves.
struct Audit: Sendable {
    /// Results that agree with their files.
    private(set) var matching = 0
    /// Files that somebody has written to since the demo found them: nothing to compare.
    private(set) var changed = 0
    /// Files whose result is missing or wrong.
    private(set) var wrong: [FolderFile] = []

    private enum Verdict { case matches, changed, wrong }

    /// Reads every file again.
    init(_ files: [TaskID: FolderFile], in folder: FilePath, results: [TaskID: JSONText]) async throws {
        let pairs = Array(files)
        let share = 4
        try await withThrowingTaskGroup(of: [(FolderFile, Verdict)].self) { group in
            for first in 0..<share {
                group.addTask {
                    var verdicts: [(FolderFile, Verdict)] = []
                    for index in stride(from: first, to: pairs.count, by: share) {
                        try Task.checkCancellation()
                        let (task, file) = pairs[index]
                        verdicts.append((file, try await Self.judge(file, in: folder, result: results[task])))
                    }
                    return verdicts
                }
            }
            for try await verdicts in group {
                for (file, verdict) in verdicts { note(file, verdict) }
            }
        }
    }

    private mutating func note(_ file: FolderFile, _ verdict: Verdict) {
        switch verdict {
        case .matches: matching += 1
        case .changed: changed += 1
        case .wrong: wrong.append(file)
        }
    }

    private static func judge(
        _ file: FolderFile, in folder: FilePath, result: JSONText?
    ) async throws -> Verdict {
        guard let result, let found = try? result.decode(FileFacts.self) else { return .wrong }
        let facts = try await FileFacts.read(folder.pushing(file.path))
        if facts == found { return .matches }
        return file.hasChanged(in: folder) ? .changed : .wrong
    }
}
