import Glibc

@testable import PgSwarm

/// A named pipe through which processes tell a test that they live: its stream ends when the last of them is dead.
final class NamedPipe: Sendable {
    let path: String
    /// What the processes write.
    let words: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation

    init() throws {
        path = "/tmp/pgswarm-test-\(getpid())-\(Int.random(in: 0...Int.max))"
        (words, continuation) = AsyncStream.makeStream(of: String.self)
        guard mkfifo(path, 0o600) == 0 else { throw SwarmError(.internal, "no named pipe: \(errno)") }
        // A thread of its own, because opening a pipe waits for the first writer.
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<NamedPipe>.fromOpaque(context).takeRetainedValue().read() }
                return nil
            }, context)
        pthread_detach(thread)
    }

    private func read() {
        let file = open(path, O_RDONLY)
        unlink(path)
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            guard count > 0 else { break }
            for word in String(decoding: buffer.prefix(count), as: UTF8.self).split(
                whereSeparator: \.isWhitespace)
            {
                continuation.yield(String(word))
            }
        }
        close(file)
        continuation.finish()
    }
}
