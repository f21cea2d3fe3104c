internal import CLibPQ

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

extension Connection {
    /// Waits for the socket, asks the server to cancel when it is time, and gives up when that fails.
    ///
    /// - Returns: Which of the events, or an error of the socket, came; 0 if the wait was interrupted.
    func wait(_ events: Int32, _ link: Link, _ exchange: inout Exchange) throws(PostgresError) -> Int32 {
        if exchange.mayBeInterrupted(interruption) {
            cancel(.cancelled, link, &exchange)
        } else if let limit = exchange.limit, limit <= .now {
            guard exchange.cause == nil, exchange.mayBeCancelled else {
                throw lost(exchange, "the server did not answer within \(Exchange.grace) of the deadline")
            }
            cancel(.deadlineExceeded, link, &exchange)
        }
        return pollSocket(link, events, until: exchange.limit)
    }

    private func cancel(_ cause: PostgresError, _ link: Link, _ exchange: inout Exchange) {
        exchange.cause = cause
        exchange.limit = .now + Exchange.grace
        exchange.cancelRequest = CancelRequest(connection: link.pointer, wakeup: thread.wakeup)
    }

    /// Waits until a request to cancel is over, because one still under way would hit the next statement.
    ///
    /// The answer is known already; if the wait fails, only the connection is given up.
    func awaitCancelRequest(_ link: Link, _ exchange: inout Exchange) {
        guard let request = exchange.cancelRequest else { return }
        while !request.isDone {
            if let limit = exchange.limit, limit <= .now {
                return disconnect("a request to cancel a statement got no answer")
            }
            pollWakeup(until: exchange.limit)
        }
    }

    /// Waits for the socket, a wake-up or the time, whichever comes first.
    func pollSocket(_ link: Link, _ events: Int32, until limit: ContinuousClock.Instant?) -> Int32 {
        var watched = (
            pollfd(fd: PQsocket(link.pointer), events: Int16(events), revents: 0),
            pollfd(fd: thread.wakeup.descriptor, events: Int16(POLLIN), revents: 0)
        )
        let count = withUnsafeMutableBytes(of: &watched) { bytes in
            poll(bytes.assumingMemoryBound(to: pollfd.self).baseAddress, 2, Self.milliseconds(until: limit))
        }
        guard count > 0 else { return 0 }
        if watched.1.revents != 0 { thread.wakeup.drain() }
        return Int32(watched.0.revents)
    }

    private func pollWakeup(until limit: ContinuousClock.Instant?) {
        var watched = pollfd(fd: thread.wakeup.descriptor, events: Int16(POLLIN), revents: 0)
        if poll(&watched, 1, Self.milliseconds(until: limit)) > 0 { thread.wakeup.drain() }
    }

    /// Rounded up, so that a wait is not followed by a busy one; -1 for ever.
    private static func milliseconds(until limit: ContinuousClock.Instant?) -> Int32 {
        guard let limit else { return -1 }
        let (seconds, attoseconds) = ContinuousClock.now.duration(to: limit).components
        if seconds < 0 || attoseconds < 0 { return 0 }
        if seconds > 3_600 { return 3_600_000 }
        return Int32(seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}

extension Exchange {
    /// Whether somebody wants it cancelled, it may be, and it is not already.
    fileprivate func mayBeInterrupted(_ interruption: Interruption) -> Bool {
        cause == nil && interruption.isCancelled && mayBeCancelled
    }
}
