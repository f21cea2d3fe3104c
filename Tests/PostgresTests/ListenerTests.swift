import Postgres
import Testing

@Suite struct ListenerTests {
    private func configuration() -> Listener.Configuration {
        var configuration = Listener.Configuration()
        configuration.firstPause = .milliseconds(20)
        configuration.longestPause = .milliseconds(100)
        return configuration
    }

    /// Reads on until an event fits.
    private func next(
        _ events: inout AsyncStream<ListenerEvent>.Iterator, _ fits: (ListenerEvent) -> Bool
    ) async -> ListenerEvent? {
        while let event = await events.next() {
            if fits(event) { return event }
        }
        return nil
    }

    private func isListening(_ event: ListenerEvent) -> Bool { if case .listening = event { true } else { false } }
    private func isMissed(_ event: ListenerEvent) -> Bool { if case .mayHaveMissed = event { true } else { false } }
    private func isInterrupted(_ event: ListenerEvent) -> Bool { if case .interrupted = event { true } else { false } }

    @Test func receivesWhatIsSent() async throws {
        let server = try await PrivateServer.shared()
        let db = try await server.connect()
        let channel = "Odd \"name\""
        try await Listener(server.options()).withNotifications(on: [channel, "other"]) { stream in
            var events = stream.makeAsyncIterator()
            let first = try #require(await events.next())
            #expect(isListening(first))
            for index in 0..<100 { _ = try await db.query("SELECT pg_notify(\(channel), \("payload \(index)"))") }
            for index in 0..<100 {
                guard case .notification(channel, "payload \(index)", db.processID)? = await events.next() else {
                    Issue.record("not the notification")
                    return
                }
            }
        }
        await db.close()
    }

    @Test func theSessionEndsWithTheScope() async throws {
        let server = try await PrivateServer.shared()
        var options = server.options(["application_name": "scope-test"])
        options.settings = ["application_name": "scope-test"]
        try await Listener(options).withNotifications(on: ["x"]) { stream in
            var events = stream.makeAsyncIterator()
            _ = await events.next()
        }
        try await server.wait(
            until: "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'scope-test')"
        )
    }

    @Test func comesBackAfterItsSessionWasEnded() async throws {
        let server = try await PrivateServer.shared()
        let db = try await server.connect()
        let options = server.options(["application_name": "listener-test"])
        try await Listener(options, configuration: configuration()).withNotifications(on: ["x"]) { stream in
            var events = stream.makeAsyncIterator()
            _ = await next(&events, isListening)
            _ = try await db.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'listener-test'"
            )
            _ = try #require(await next(&events, isInterrupted))
            _ = try #require(await next(&events, isListening))
            _ = try #require(await next(&events, isMissed))
            _ = try await db.query("SELECT pg_notify('x', 'again')")
            guard case .notification("x", "again", _)? = await events.next() else {
                Issue.record("not the notification")
                return
            }
        }
        await db.close()
    }

    @Test func comesBackAfterARestartOfTheServer() async throws {
        let server = try await PrivateServer()
        try await Listener(server.options(), configuration: configuration()).withNotifications(on: ["x"]) { stream in
            var events = stream.makeAsyncIterator()
            _ = await next(&events, isListening)
            await server.stop(crash: true)
            _ = try #require(await next(&events, isInterrupted))
            try await server.start()
            _ = try #require(await next(&events, isListening))
            _ = try #require(await next(&events, isMissed))
        }
        await server.stop()
    }

    @Test func waitsForAServerThatIsNotThere() async throws {
        let options = ConnectionOptions(parameters: ["host": "/nonexistent"])
        try await Listener(options, configuration: configuration()).withNotifications(on: ["x"]) { stream in
            var events = stream.makeAsyncIterator()
            for _ in 0..<3 {
                guard case .interrupted(let error)? = await events.next() else {
                    Issue.record("not interrupted")
                    return
                }
                #expect(error.isConnectFailed)
            }
        }
    }

    @Test func noticesThatItDoesNotListenAnyMore() async throws {
        let server = try await PrivateServer.shared()
        var configuration = configuration()
        configuration.heartbeat = .milliseconds(30)
        // What a pooler does that lends sessions by transaction: the session forgets its channels.
        var options = server.options(["application_name": "forgetful"])
        options.settings = ["search_path": "forgetful, pg_catalog"]
        let db = try await server.connect()
        try await db.script(
            """
            CREATE SCHEMA IF NOT EXISTS forgetful;
            CREATE OR REPLACE FUNCTION forgetful.pg_listening_channels() RETURNS SETOF text
                LANGUAGE sql AS $$ SELECT 'nothing' WHERE false $$
            """
        )
        try await Listener(options, configuration: configuration).withNotifications(on: ["x"]) { stream in
            var events = stream.makeAsyncIterator()
            guard case .interrupted(let error)? = await events.next() else {
                Issue.record("not interrupted")
                return
            }
            #expect("\(error)".contains("pooler"))
        }
        await db.close()
    }

    @Test func saysSoWhenEventsDidNotFit() async throws {
        let server = try await PrivateServer.shared()
        let db = try await server.connect()
        var configuration = configuration()
        configuration.capacity = 3
        configuration.heartbeat = .milliseconds(50)
        try await Listener(server.options(), configuration: configuration).withNotifications(on: ["flood"]) { stream in
            var events = stream.makeAsyncIterator()
            _ = await next(&events, isListening)
            _ = try await db.query("SELECT pg_notify('flood', i::text) FROM generate_series(1, 100) AS i")
            _ = try #require(await next(&events, isMissed))
        }
        await db.close()
    }

    @Test func refusesImpossibleChannels() async throws {
        let listener = Listener(ConnectionOptions())
        for channel in ["", "a\0b", String(repeating: "x", count: 64)] {
            let error = try await postgresError { try await listener.withNotifications(on: [channel]) { _ in } }
            #expect(error.optionsReason != nil)
        }
    }
}
