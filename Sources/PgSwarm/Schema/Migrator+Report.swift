extension Migrator {
    /// Compares the files with what the database remembers.
    func report(_ applied: [AppliedMigration]) -> MigrationReport {
        let memory = Dictionary(applied.map { ($0.name, $0) }) { first, _ in first }
        let known = Set(files.map(\.name))
        var entries = files.map { file in
            entry(file.name, memory[file.name], state(of: file, memory[file.name]))
        }
        // A numbered file that only the database knows came with a later version; a repeatable one may just as well
        // come from an earlier, so there the tool's version decides.
        entries += applied.filter { !known.contains($0.name) && (!$0.isRepeatable || isNewer($0)) }
            .map { entry($0.name, $0, .unknown) }
        return MigrationReport(
            files: entries,
            databaseVersion: applied.filter { !$0.isRepeatable }.map(\.version).max() ?? 0,
            programVersion: files.map(\.version).max() ?? 0,
            hasLeftOvers: applied.contains { !known.contains($0.name) && $0.isRepeatable })
    }

    private func state(of file: Migration, _ applied: AppliedMigration?) -> MigrationReport.State {
        guard let applied else { return .pending }
        if applied.checksum == file.checksum { return .applied }
        guard file.isRepeatable else { return .changed }
        return isNewer(applied) ? .unknown : .outdated
    }

    private func entry(
        _ name: String, _ applied: AppliedMigration?, _ state: MigrationReport.State
    ) -> MigrationReport.File {
        MigrationReport.File(
            name: name, state: state, appliedAt: applied?.appliedAt, appliedBy: applied?.appliedBy,
            toolVersion: applied?.toolVersion)
    }

    /// Whether a later version of pgswarm than this one applied it.
    private func isNewer(_ applied: AppliedMigration) -> Bool {
        numbers(toolVersion).lexicographicallyPrecedes(numbers(applied.toolVersion))
    }

    private func numbers(_ version: String) -> [Int] {
        version.split(separator: "-").first.map { $0.split(separator: ".").map { Int($0) ?? 0 } } ?? []
    }
}
