internal import CLibPQ
internal import Synchronization

/// A request to the server to cancel what one of its sessions is doing, under way.
///
/// libpq's call blocks until the server has acted on it, and for ever if the server is frozen. So it
/// runs on a thread of its own, and the connection waits for ``isDone`` with a bound. The connection
/// must not send another statement before that: the request would hit it.
final class CancelRequest: Sendable {
    private let done = Atomic(false)

    /// Sends the request.
    ///
    /// Must be called on the connection's own thread.
    ///
    /// - Parameter wakeup: Is signalled when the request is done.
    init(connection: OpaquePointer, wakeup: Wakeup) {
        // From here on only the request's own thread uses it.
        nonisolated(unsafe) let request = libpq_cancel_prepare(connection)
        guard request != nil else {
            done.store(true, ordering: .releasing)
            return
        }
        let isStarted = startThread(stackSize: 256 * 1024) {
            _ = libpq_cancel_send(request)
            libpq_cancel_free(request)
            self.done.store(true, ordering: .releasing)
            wakeup.signal()
        }
        if !isStarted {
            libpq_cancel_free(request)
            done.store(true, ordering: .releasing)
        }
    }

    /// Whether the server has acted on the request, or it has failed.
    var isDone: Bool { done.load(ordering: .acquiring) }
}
