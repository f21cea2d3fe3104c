import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Many claimers at once", .database, .timeLimit(.minutes(3)))
struct RaceTests {
    @Test("64 connections claim 10,000 tasks: each is granted once, and nobody deadlocks")
    func tenThousand() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 10_000)
        let crowd = try await Crowd(64)
        let claims = try await crowd.each { index, member in
            var mine: [Claim] = []
            while true {
                let some = try await member.claim(count: 1 + index % 30)
                if some.isEmpty { return mine }
                mine += some
                // Some settle and some release as they go, so that all the moves interleave.
                if index % 4 == 1 { try await member.settle(some.map(\.handle)) }
            }
        }.flatMap { $0 }
        #expect(claims.count == 10_000)
        #expect(Set(claims.map(\.id)) == Set(tasks))
        #expect(claims.allSatisfy { $0.epoch == 1 })
        #expect(try await deadlocks() == 0)
        if let log = try await TestServer.shared().logFile {
            let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
            let mine = crowd.members.map { "[\($0.connection.processID)]" }
            #expect(lines.filter { line in line.contains("deadlock") && mine.contains { line.contains($0) } } == [])
        }
        let granted = "SELECT sum(cardinality(tasks)) FROM pgswarm.event WHERE kind = 'claimed'" as SQL
        #expect(try await ada.value(granted, as: Int.self) == 10_000)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.ready", as: Int.self) == 0)
        await crowd.disperse()
    }

    @Test("64 claim one named task: one has it, 63 are told who and until when")
    func oneTask() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        let crowd = try await Crowd(64)
        let answers = try await crowd.each { _, member in
            await refusalMessage { _ = try await member.claimTask(task) }
        }
        let losers = answers.filter { $0.code == "PS005" }
        #expect(answers.filter { $0.code == "accepted" }.count == 1)
        #expect(losers.count == 63)
        let holder: String = try await ada.value("SELECT agent FROM pgswarm.leases")
        #expect(losers.allSatisfy { $0.message.contains("held by \(holder) ") && $0.message.contains("until") })
        await crowd.disperse()
    }
}
