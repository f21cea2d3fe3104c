import Testing

@testable import PgSwarmCommand

@Suite struct BenchFigureTests {
    private func make(_ rounds: [Figure.Round], in unit: Figure.Unit = .perSecond) -> Figure {
        Figure(part: .drain, name: "drain", title: "drain", unit: unit, rounds: rounds, limitTitle: "bare")
    }

    @Test func `Medians and percentiles`() {
        #expect(Samples([]).median == nil)
        #expect(Samples([]).percentile(0.5) == nil)
        #expect(Samples([3, 1, 2]).median == 2)
        #expect(Samples([4, 1, 3, 2]).median == 2.5)
        let hundred = Samples((1...100).map(Double.init).shuffled())
        #expect(hundred.percentile(0.5) == 50)
        #expect(hundred.percentile(0.99) == 99)
        #expect(hundred.percentile(1) == 100)
        #expect(hundred.percentile(0) == 1)
    }

    @Test func `A ratio is that of a round, not that of two medians`() {
        // The machine was disturbed in the second round: both sides halve.
        let figure = make([
            Figure.Round(80, beside: 100), Figure.Round(40, beside: 50), Figure.Round(70, beside: 100),
        ])
        #expect(figure.value == 70)
        #expect(figure.limit == 100)
        #expect(figure.ratio == 0.8)
    }

    @Test func `What could not be measured has no ratio`() {
        let figure = make([Figure.Round(nil, beside: 100), Figure.Round(3, beside: 0)])
        #expect(figure.value == 3)
        #expect(figure.ratio == nil)
        #expect(figure.json.text.contains(#""ratio":null"#))
    }

    @Test func `Values are written with their units`() {
        #expect(make([], in: .perSecond).text(12_345.6) == "12,346/s")
        #expect(make([], in: .milliseconds).text(1.234) == "1.23 ms")
        #expect(make([], in: .milliseconds).text(12.34) == "12.3 ms")
        #expect(make([], in: .microseconds).text(1500) == "1,500 us")
        #expect(make([], in: .bytes).text(640) == "640 B")
        #expect(make([], in: .percentOfCore).text(0.056) == "0.06 %")
    }

    @Test func `JSON has four significant digits`() {
        let text = make([Figure.Round(12_345.678, beside: 0.000123456)]).json.text
        #expect(text.contains(#""pgswarm":12346,"#))
        #expect(text.contains(#""limit":0.0001235,"#))
    }

    @Test func `The processor time of a server is that of its processes`() {
        // Not a server: this process's parent is no postgres.
        #expect(ServerProcesses(backend: 1, database: "postgres") == nil)
        #expect(ServerProcesses(backend: -1, database: "postgres") == nil)
    }
}
