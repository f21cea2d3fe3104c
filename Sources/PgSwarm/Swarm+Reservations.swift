import FoundationEssentials
import Postgres

extension Swarm {
    /// Reserves all that a request names, or nothing.
    ///
    /// - Parameter wait: How long to stand in line when somebody else has it: first come, first served. Whoever frees it
    ///   rings; besides the request looks by itself within a second, because tasks end without ringing.
    /// - Returns: What was granted, or who is in the way.
    public func reserve(
        _ request: ReservationRequest, wait: Duration = .zero
    ) async throws(SwarmError) -> Reservation {
        let author = try await author()
        var request = request
        // A lost answer is asked for again, and must not reserve twice.
        request.requestID = request.requestID ?? UUID().uuidString
        guard wait > .zero else { return try await reserveOnce(request, author) }
        let ticket = request.ticket ?? UUID()
        request.ticket = ticket
        let end = ContinuousClock.now + wait
        let call = WakeUpCall()
        // No queue's name begins like this.
        let subscription = wakeUps.subscribe([QueueName("#" + request.namespace)], call)
        defer { wakeUps.unsubscribe(subscription) }
        while true {
            let answer: Reservation
            do throws(SwarmError) {
                answer = try await reserveOnce(request, author)
            } catch {
                if error.code != .cancelled { await leaveLine(ticket, of: request.namespace) }
                throw error
            }
            if answer.isGranted { return answer }
            let pause = min(.seconds(1) * Double.random(in: 0.5...1), end - .now)
            guard pause > .zero, !Task.isCancelled else {
                await leaveLine(ticket, of: request.namespace)
                return answer
            }
            _ = await call.wait(for: pause)
        }
    }

    /// Keeps a reservation, counted from now; a task's handle renews the task.
    @discardableResult
    public func extendReservation(
        _ handle: String, lease: Duration? = nil
    ) async throws(SwarmError) -> ReservationExtension {
        try await write("reserve_extend") { db throws(SwarmError) in
            try db.extendReservation(handle, lease: lease)
        }
    }

    /// Gives up what a handle holds, or only what is named, and wakes those who wait for it.
    ///
    /// - Returns: How many names were freed.
    @discardableResult
    public func freeReservation(
        _ handle: String, patterns: [String] = [], resources: [String] = []
    ) async throws(SwarmError) -> Int {
        try await write("reserve_free") { db throws(SwarmError) in
            let (freed, _, namespaces) = try db.freeReservation(handle, patterns: patterns, resources: resources)
            for namespace in namespaces { try db.ringReservations(namespace) }
            return freed
        }
    }

    /// Says of paths where they lie: inside what the handle, or without one this agent, has reserved; or not.
    public func checkReservations(
        _ namespace: String, paths: [String], handle: String? = nil
    ) async throws(SwarmError) -> [PathCheck] {
        let author = try await author()
        return try await read("reserve_check") { db throws(SwarmError) in
            try db.checkReservations(
                namespace, paths: paths, handle: handle, agent: author.agent, session: author.session)
        }
    }

    /// The live reservations, of one namespace or of all.
    public func reservations(in namespace: String? = nil) async throws(SwarmError) -> [ReservationInfo] {
        try await read("reservations") { db throws(SwarmError) in try db.reservations(in: namespace) }
    }

    private func reserveOnce(
        _ request: ReservationRequest, _ author: EnqueueAuthor
    ) async throws(SwarmError) -> Reservation {
        try await write("reserve_take") { db throws(SwarmError) in
            try db.reserve(request, agent: author.agent, session: author.session)
        }
    }

    /// Those behind need not wait for a place that nobody keeps.
    private func leaveLine(_ ticket: UUID, of namespace: String) async {
        // In a task of its own, because this one may have been cancelled.
        await Task {
            try? await write("reserve_leave") { db throws(SwarmError) in
                try db.leaveReservationLine(ticket)
                try db.ringReservations(namespace)
            }
        }.value
    }
}
