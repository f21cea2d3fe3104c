import Foundation

/// Accepts connections on a unix socket, as the kernel does for whoever listens, and never answers.
final class DeafServer: Sendable {
    let folder: String
    private let descriptor: Int32

    init() throws {
        var template = Array("/tmp/pgdeaf-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw PrivateServer.Failure(reason: "no temporary folder") }
        let folder = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let listening = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            path.copyBytes(from: "\(folder)/.s.PGSQL.5432".utf8)
        }
        let bound = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listening, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(listening, 8) == 0 else { throw PrivateServer.Failure(reason: "no socket") }
        self.folder = folder
        descriptor = listening
    }

    deinit {
        close(descriptor)
        try? FileManager.default.removeItem(atPath: folder)
    }
}
