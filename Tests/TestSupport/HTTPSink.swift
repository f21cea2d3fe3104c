import Foundation
import Synchronization

/// A small HTTP server on loopback that takes what is posted and answers with what it is told to.
public final class HTTPSink: Sendable {
    /// A request as it came.
    public struct Request: Sendable {
        /// Header fields, names in lower case.
        public var headers: [String: String]
        /// What was posted.
        public var body: String
    }

    private struct State {
        var requests: [Request] = []
        var statuses: [Int]
    }

    /// Where it listens.
    public let url: String
    private let descriptor: Int32
    private let state: Mutex<State>

    /// Listens on a free port.
    ///
    /// - Parameter statuses: The answers, one after the other; the last one again and again.
    public init(answering statuses: [Int]) throws {
        let listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listening, $0, length) == 0 && listen(listening, 16) == 0
                    && getsockname(listening, $0, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRNOTAVAIL) }
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/hook"
        descriptor = listening
        state = Mutex(State(statuses: statuses))
        let thread = Thread { [weak self] in
            while true {
                let connection = accept(listening, nil, nil)
                guard connection >= 0 else { return }
                self?.serve(connection)
                close(connection)
            }
        }
        thread.start()
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    /// What has come so far.
    public var requests: [Request] { state.withLock { $0.requests } }

    private func serve(_ connection: Int32) {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(connection, &block, block.count)
            guard count > 0 else { return }
            bytes += block[..<count]
            guard let request = Self.parse(bytes) else { continue }
            let status = state.withLock { state in
                state.requests.append(request)
                return state.statuses.count > 1 ? state.statuses.removeFirst() : state.statuses[0]
            }
            let answer = Array("HTTP/1.1 \(status) X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8)
            _ = write(connection, answer, answer.count)
            return
        }
    }

    private static func parse(_ bytes: [UInt8]) -> Request? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        var headers: [String: String] = [:]
        for line in text[..<end.lowerBound].components(separatedBy: "\r\n").dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        let body = String(text[end.upperBound...])
        guard body.utf8.count >= Int(headers["content-length"] ?? "0") ?? 0 else { return nil }
        return Request(headers: headers, body: body)
    }
}
