import PgSwarm
import Postgres
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Enqueues the lines of a file in one transaction, reading on while the database works its way through.
struct BulkEnqueue: Sendable {
    /// The file, or `-`.
    let path: String
    /// What the lines leave open.
    let template: TaskDraft
    /// True when each line is a text and not JSON.
    let linesAreText: Bool

    /// Tasks in one call: enough that round trips do not count, little enough that memory does not either.
    private static let batch = 1000
    /// Bytes of payload in one call.
    private static let batchBytes = 8 << 20

    /// Adds all tasks or none.
    func run(on connection: Connection, by author: EnqueueAuthor) async throws -> [EnqueueReceipt] {
        let file = try open()
        defer { if path != "-" { try? file.close() } }
        let limit = ContinuousClock.now + .seconds(3600)
        // Reading blocks, but only the connection's own thread.
        return try await connection.run(deadline: limit) { db in
            try db.transaction { db in try add(linesOf: file, to: db, by: author) }
        }
    }

    private func add(
        linesOf file: FileDescriptor, to db: isolated Connection, by author: EnqueueAuthor
    ) throws -> [EnqueueReceipt] {
        var reader = LineReader(file, name: path == "-" ? "standard input" : path, limit: JSONInput.limit)
        var receipts: [EnqueueReceipt] = []
        while true {
            let batch = try read(&reader)
            if batch.isEmpty { return receipts }
            do {
                // A savepoint: after a refusal, the line at fault can still be looked for.
                receipts += try db.transaction { db in try db.enqueue(batch.map(\.draft), by: author) }
            } catch let error as SwarmError {
                throw refusal(error, of: batch, on: db, by: author, in: reader)
            }
        }
    }

    private func open() throws -> FileDescriptor {
        if path == "-" { return .standardInput }
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
            guard !Self.isFolder(file) else {
                try? file.close()
                throw Errno.isDirectory
            }
            return file
        } catch {
            throw CommandFailure.usage(
                "the file \(path) can't be read: \(error)",
                hint: error as? Errno == .isDirectory
                    ? "Name a file with a task a line." : "Check the path and its rights.")
        }
    }

    private static func isFolder(_ file: FileDescriptor) -> Bool {
        var status = stat()
        return fstat(file.rawValue, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The next lines that go in one call; none at the end of the file.
    private func read(_ reader: inout LineReader) throws -> [(line: Int, draft: TaskDraft)] {
        var batch: [(line: Int, draft: TaskDraft)] = []
        var bytes = 0
        while batch.count < Self.batch, bytes < Self.batchBytes {
            do {
                let read = try reader.next { line -> TaskDraft? in
                    bytes += line.count
                    if line.allSatisfy(\.isSpace) { return nil }
                    return linesAreText
                        ? try TaskLine.text(from: line, template: template)
                        : try TaskLine.draft(from: line, template: template)
                }
                guard let read else { break }
                if let draft = read { batch.append((reader.line, draft)) }
            } catch let fault as TaskLine.Fault {
                throw failure("usage", "\(reader.name), line \(reader.line): \(fault.message)")
            } catch is LineReader.LineTooLong {
                throw failure(
                    "too_large",
                    "\(reader.name), line \(reader.line): "
                        + JSONInput.tooLarge("payload").message)
            } catch let error as Errno {
                throw CommandFailure(
                    "failed", "\(reader.name) can't be read: \(error)", hint: "Nothing was enqueued.")
            }
        }
        return batch
    }

    /// The database's refusal with the line that it concerns.
    private func refusal(
        _ error: SwarmError, of batch: [(line: Int, draft: TaskDraft)], on db: isolated Connection,
        by author: EnqueueAuthor, in reader: LineReader
    ) -> any Error {
        if error.code == .unreachable || error.code == .outcomeUnknown { return error }
        guard error.isAboutItems else {
            let hint = ["Nothing was enqueued.", error.hint].compactMap(\.self).joined(separator: " ")
            return CommandFailure(error.code.rawValue, error.message, hint: hint)
        }
        if let (item, message) = error.refusedItem, batch.indices.contains(item - 1) {
            return failure(error.code.rawValue, "\(reader.name), line \(batch[item - 1].line): \(message)")
        }
        // The database did not say which. Nothing of this is going to be committed, so it can be tried line by line.
        for (line, draft) in batch {
            do throws(SwarmError) {
                try db.enqueue([draft], by: author)
            } catch {
                let message = error.refusedItem?.1 ?? error.message
                return failure(error.code.rawValue, "\(reader.name), line \(line): \(message)")
            }
        }
        return failure(error.code.rawValue, "\(reader.name), up to line \(reader.line): \(error.message)")
    }

    private func failure(_ code: String, _ message: String) -> CommandFailure {
        CommandFailure(code, message, hint: "Nothing was enqueued. Mend the line and run the command again.")
    }
}

extension SwarmError {
    /// Whether other tasks would be accepted.
    fileprivate var isAboutItems: Bool {
        switch code {
        case .invalidArgument, .notFound, .requestMismatch, .tooLarge, .wrongState, .internal: true
        default: false
        }
    }
}

extension UInt8 {
    fileprivate var isSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0d }
}
