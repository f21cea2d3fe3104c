import PgSwarm
import Postgres
import SystemPackage

/// A swarm's bad day, acted out with real processes on the files of a folder.
struct Demonstration: Sendable {
    let folder: FilePath
    let workers: Int
    let tempo: Tempo
    let limits: FolderScan.Limits
    let isKept: Bool
    let stage: Stage

    /// What came of it.
    struct Result: Sendable {
        let report: DemoReport
        let scan: FolderScan
        let folder: FilePath
        let databaseURL: String
        let serverFolder: FilePath
        let serverProcessID: Int32
    }

    /// Plays the demo to its end, and cleans up whatever the end is.
    func run() async throws -> Result {
        let place = try DemoServer.makeFolder()
        do {
            let (folder, scan) = try findFiles(place)
            let size = Self.size(scan.size)
            stage.title(
                "pgswarm demo", "\(self.folder.string) · \(scan.files.count.counted("file")), \(size)")
            if folder != self.folder {
                stage.say(
                    .step, "there are no files, so the demo has written some of its own to \(folder.string)")
            }
            if let note = scan.note { stage.say(.step, note) }
            stage.say(.step, "starting a PostgreSQL of the demo's own, on a unix socket only")
            let server = try await DemoServer.start(in: place, isKept: isKept)
            do {
                stage.say(.step, "it runs (pid \(await server.processID)), its schema is in place")
                let report = try await play(scan, in: folder, on: server)
                let result = Result(
                    report: report, scan: scan, folder: folder, databaseURL: server.databaseURL,
                    serverFolder: place, serverProcessID: await server.processID)
                await server.end()
                return result
            } catch {
                await server.end()
                throw error
            }
        } catch {
            DemoServer.removeFolder(place)
            throw error
        }
    }

    private func findFiles(_ place: FilePath) throws -> (FilePath, FolderScan) {
        let scan = try FolderScan(folder, limits: limits, except: place)
        guard scan.files.isEmpty else { return (folder, scan) }
        let samples = place.appending("files")
        try SampleFiles.write(to: samples)
        return (samples, try FolderScan(samples, limits: limits, except: place.appending("server")))
    }

    private func play(_ scan: FolderScan, in folder: FilePath, on server: DemoServer) async throws
        -> DemoReport
    {
        let ledger = try Ledger(databaseURL: server.databaseURL)
        let crew = try Crew(folder: folder, databaseURL: server.databaseURL, logs: server.folder)
        let beginning = Story(
            ledger: ledger, crew: crew, server: server, stage: stage, tempo: tempo, total: scan.files.count)
        let story = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await crew.run() }
            group.addTask { await beginning.showProgress() }
            // Also when the story ends badly: the group waits for the workers.
            defer {
                crew.abandon()
                group.cancelAll()
            }
            var story = beginning
            try await story.play(scan.files, workers: workers)
            return story
        }
        stage.say(.step, "reading all files again, to compare")
        let audit = try await Audit(story.files, in: folder, results: try await ledger.results())
        let report = DemoReport(
            tasks: scan.files.count, tally: story.tally, totals: try await ledger.totals(), audit: audit,
            workers: crew.members.count, survivors: crew.members.count { !$0.isOver }, time: stage.elapsed)
        await ledger.close()
        return report
    }

    private static func size(_ bytes: Int64) -> String {
        switch bytes {
        case ..<1000: return bytes.counted("byte")
        case ..<1_000_000: return "\(bytes / 1000) kB"
        default: return "\(bytes / 1_000_000).\(bytes / 100_000 % 10) MB"
        }
    }
}
