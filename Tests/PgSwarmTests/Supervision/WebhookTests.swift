import Postgres
import TestSupport
import Testing

@Suite("Webhook deliveries", .database, .timeLimit(.minutes(5)))
struct WebhookTests {
    @Test("HMAC-SHA-256 as RFC 4231 has it")
    func hmac() async throws {
        let ada = try await Caller.named()
        let digests: [String] = try await ada.column(
            """
            SELECT encode(pgswarm._hmac_sha256(decode(k, 'hex'), decode(m, 'hex')), 'hex') FROM (VALUES
                (1, repeat('0b', 20), '4869205468657265'),
                (2, '4a656665', '7768617420646f2079612077616e7420666f72206e6f7468696e673f'),
                (3, repeat('aa', 20), repeat('dd', 50)),
                (6, repeat('aa', 131), '54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374')
            ) v (n, k, m) ORDER BY n
            """)
        #expect(
            digests == [
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ])
    }

    @Test("Written with what happened, taken by one, tried again with jitter, and dead in the end")
    func outbox() async throws {
        let ada = try await Caller.named()
        try await ada.rows("SELECT pgswarm.webhook_set('http://127.0.0.1:9/', events => '{question.asked}')")
        try await ada.script(
            "BEGIN; SELECT pgswarm.question_ask('Gone?'); ROLLBACK; SELECT pgswarm.question_ask('There?')")
        let taken: [Int] = try await ada.column("SELECT id FROM pgswarm.webhook_next(10)")
        #expect(taken.count == 1)
        #expect(try await ada.column("SELECT id FROM pgswarm.webhook_next(10)", as: Int.self) == [])
        // Its sender vanished: it is sent again.
        try await letPass(.seconds(61))
        for attempt in 2...8 {
            let rows = try await ada.rows(
                "SELECT attempt, pgswarm.webhook_sent(id, lease, 'HTTP 500') FROM pgswarm.webhook_next(10)")
            let row = try #require(rows.first)
            #expect(try row[0, as: Int.self] == attempt)
            #expect(try row[1, as: String.self] == (attempt == 8 ? "dead" : "waiting"))
            try await letPass(.seconds(5 * 20_000))
        }
        let error: String = try await ada.value("SELECT state || ': ' || error FROM pgswarm.webhook_deliveries")
        #expect(error == "dead: HTTP 500")
    }

    @Test(
        "Refuses what is no address, and never shows the secret again",
        arguments: [
            "ftp://x/", "http://user@x/", "javascript:alert(1)", "http://", "http://a b/",
        ])
    func refusals(_ url: String) async throws {
        let ada = try await Caller.named()
        #expect(await refusal { try await ada.rows("SELECT pgswarm.webhook_set(\(url))") } == "PS003")
        #expect(
            await refusal { try await ada.rows("SELECT pgswarm.webhook_set('https://x/', secret => 'short')") }
                == "PS003")
        #expect(
            await refusal { try await ada.rows("SELECT pgswarm.webhook_set('https://x/', events => '{all}')") }
                == "PS003")
        let secret: String = try await ada.value("SELECT pgswarm.webhook_set('https://x/')")
        #expect(secret.hasPrefix("whsec_"))
        let seen: String = try await ada.value("SELECT to_jsonb(w)::text FROM pgswarm.webhooks w")
        #expect(!seen.contains(secret.dropFirst(6)))
    }
}
