import ArgumentParser
import PgSwarm
import Postgres
import SystemPackage

/// `pgswarm demo-count FOLDER`: what the demo's workers run for each task.
///
/// Not for people.
///
/// The payload, a ``CountJob``, comes on standard input; what was found out goes to standard output as JSON.
struct CountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo-count", abstract: "Count one file for the demo.", shouldDisplay: false)

    @Argument var folder: String

    func run() async throws {
        let start = ContinuousClock.now
        let job = try JSONText(try Self.input()).decode(CountJob.self)
        let holder = job.speaks == true ? try Holder() : nil
        await holder?.report()
        let facts = try await FileFacts.read(FilePath(folder).pushing(job.file))
        let result = try JSONText(encoding: facts)
        try await ContinuousClock().sleep(until: start + job.pace)
        try await holder?.complete(result)
        let console = Console.standard()
        console.line(result.text)
        console.flush()
    }

    private static func input() throws -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try FileDescriptor.standardInput.read(into: $0) }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}

/// The holder of a task that speaks to the database itself, with the handle that its worker gave it.
private struct Holder {
    let handle: Handle
    let address: ConnectionOptions

    init() throws {
        handle = try Handle(Environment.value("PGSWARM_HANDLE") ?? "")
        address = try DatabaseAddress.resolve(nil)
    }

    /// Tells that the work has begun, and in which process.
    ///
    /// Without an answer the work goes on all the same.
    func report() async {
        let progress = Progress(
            note: "counting", checkpoint: JSONText("{\"pid\": \(Terminal.processID)}"))
        _ = try? await call { db throws(SwarmError) in try db.progress(handle, progress) }
    }

    /// Completes the task.
    ///
    /// - Throws: `lost_claim` when the task is no longer this holder's. Anything else is left to the worker, which
    ///   brings the same result again.
    func complete(_ result: JSONText) async throws {
        let verdict = Verdict.complete(result)
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            do {
                let answers = try await call { db throws(SwarmError) in try db.settle([(handle, verdict)]) }
                if let error = answers.first?.error, error.code == .lostClaim { throw error }
                return
            } catch let error as SwarmError where error.code == .lostClaim {
                throw error
            } catch {
                // The server may just be starting again.
                guard ContinuousClock.now < deadline else { return }
                try await ContinuousClock().sleep(for: .milliseconds(200))
            }
        }
    }

    /// Makes a call on a connection of its own: the last one may have died with the server.
    private func call<Answer: Sendable>(
        _ body: @Sendable (isolated Connection) throws(SwarmError) -> Answer
    ) async throws -> Answer {
        let deadline = ContinuousClock.now + .seconds(5)
        let connection = try await Connection.connect(address, deadline: deadline)
        let result = await connection.run(deadline: deadline) { db in
            Result { () throws(SwarmError) in try body(db) }
        }
        await connection.close()
        return try result.get()
    }
}
