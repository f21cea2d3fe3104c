#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// `postmaster.pid`, in which a server says who it is and how far it has come.
struct PostmasterFile: Equatable {
    let processID: pid_t
    /// Whether the server accepts connections.
    let isReady: Bool

    static func path(data: String) -> String { data + "/postmaster.pid" }

    /// What the data folder's file says, which a crash may have left behind; nil without a readable one.
    static func read(data: String) -> PostmasterFile? {
        FilePaths.text(path(data: data)).flatMap(PostmasterFile.init(text:))
    }

    init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        // A standalone backend writes its id negated; it is no server.
        guard let first = lines.first, let processID = pid_t(first), processID > 0 else { return nil }
        self.processID = processID
        // Line 8 is the state, padded with spaces; it is missing until the server has its sockets.
        isReady = lines.count > 7 && lines[7].hasPrefix("ready")
    }
}
