import Testing

@testable import Postgres

@Suite struct WaitingLineTests {
    @Test func keepsTheOrderWhoeverLeaves() {
        var line = WaitingLine<Int>()
        var expected: [Int] = []
        var served: [Int] = []
        for number in 0..<1_000 {
            let ticket = line.takeTicket()
            line.join(ticket, number)
            if number.isMultiple(of: 3) {
                #expect(line.leave(ticket) == number)
                #expect(line.leave(ticket) == nil)
            } else {
                expected.append(number)
            }
            if number.isMultiple(of: 2), let next = line.popFirst() { served.append(next) }
        }
        #expect(line.count == expected.count - served.count)
        #expect(served + line.removeAll() == expected)
        #expect(line.isEmpty)
    }

    @Test func pausesGrowToALimitAndBeginAnew() {
        var backoff = Backoff(first: .milliseconds(100), longest: .seconds(1))
        for longest in [100, 200, 400, 800, 1_000, 1_000] {
            let pause = backoff.pause()
            #expect(pause >= .milliseconds(longest / 2) && pause <= .milliseconds(longest))
        }
        backoff.reset()
        #expect(backoff.pause() <= .milliseconds(100))
    }
}
