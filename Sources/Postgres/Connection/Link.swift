internal import CLibPQ

/// libpq's connection and what belongs to it.
///
/// Used by one thread at a time; released, it is closed.
final class Link {
    let pointer: OpaquePointer
    private let onNotice: (@Sendable (ServerError) -> Void)?
    /// Whether a commit stopped waiting for its standby since the last ``forgetNotices()``.
    private(set) var isReplicationWaitGivenUp = false

    /// What the server said unasked before it ended the session.
    private(set) var farewell: String?

    /// Takes over a connection that may still be connecting.
    init(owning pointer: OpaquePointer, onNotice: (@Sendable (ServerError) -> Void)?) {
        self.pointer = pointer
        self.onNotice = onNotice
        // libpq would print notices to the standard error.
        PQsetNoticeReceiver(pointer, receiveNotice, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        PQfinish(pointer)
    }

    func forgetNotices() {
        isReplicationWaitGivenUp = false
    }

    fileprivate func receive(_ notice: ServerError) {
        if notice.isReplicationWaitGivenUp { isReplicationWaitGivenUp = true }
        if notice.endsSession { farewell = notice.description }
        onNotice?(notice)
    }

    var isBroken: Bool { PQstatus(pointer) != CONNECTION_OK }

    /// Whether the next statement begins, and by itself ends, a transaction.
    var isIdle: Bool { PQtransactionStatus(pointer) == PQTRANS_IDLE }

    /// libpq's last error, on one line.
    var errorMessage: String {
        Link.oneLine(PQerrorMessage(pointer).map { String(cString: $0) } ?? "")
    }

    static let copyIsUnsupported = "COPY between server and client is not supported"

    static func oneLine(_ text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline).map { line in
            line.drop(while: \.isWhitespace)
        }
        return lines.isEmpty ? "libpq gave no reason" : lines.joined(separator: "; ")
    }
}

/// Called by libpq, on the thread that just called libpq, while the link lives.
private func receiveNotice(_ link: UnsafeMutableRawPointer?, _ notice: OpaquePointer?) {
    guard let link, let notice = ServerError(result: notice) else { return }
    Unmanaged<Link>.fromOpaque(link).takeUnretainedValue().receive(notice)
}
