/// What was measured, beside what the same server does without pgswarm in the same run.
struct Figure: Sendable {
    /// What a value counts, and whether more of it is better.
    enum Unit: String, Sendable {
        case perSecond = "per_second"
        case milliseconds
        case microseconds
        case bytes
        /// Of one core.
        case percentOfCore = "percent_of_core"
    }

    /// One round: both sides, measured one after the other.
    struct Round: Sendable {
        let value: Double?
        let limit: Double?

        init(_ value: Double?, beside limit: Double?) {
            self.value = value
            self.limit = limit
        }
    }

    let part: BenchPart
    /// For programs: words joined by underscores.
    let name: String
    /// For people.
    let title: String
    let unit: Unit
    let rounds: [Round]
    /// What the limit is.
    let limitTitle: String
    /// The figure of the published measurements that belongs to this one.
    var published: Double?

    /// The median over the rounds; `nil` when it could not be measured or the figure is a mere limit.
    var value: Double? { Samples(rounds.compactMap(\.value)).median }

    /// The median over the rounds.
    var limit: Double? { Samples(rounds.compactMap(\.limit)).median }

    /// The median of the rounds' own ratios: what disturbs the machine disturbs both sides of one round
    /// alike, but not all rounds.
    var ratio: Double? {
        Samples(
            rounds.compactMap { round in
                guard let value = round.value, let limit = round.limit, limit > 0 else { return nil }
                return value / limit
            }
        ).median
    }
}

extension Figure {
    /// The figure as `bench --json` shows it.
    var json: JSON {
        [
            "part": .string(part.rawValue),
            "name": .string(name),
            "title": .string(title),
            "unit": .string(unit.rawValue),
            "better": unit == .perSecond ? "higher" : "lower",
            "pgswarm": JSON(value?.significant),
            "limit": JSON(limit?.significant),
            "limit_is": .string(limitTitle),
            "ratio": JSON(ratio?.significant),
            "published": JSON(published),
            "rounds": .array(
                rounds.map { ["pgswarm": JSON($0.value?.significant), "limit": JSON($0.limit?.significant)] }),
        ]
    }

    /// A value with its unit.
    func text(_ value: Double) -> String {
        switch unit {
        case .perSecond: "\(Int(value.rounded()).grouped)/s"
        case .milliseconds: "\(value.rounded(places: value < 10 ? 2 : 1)) ms"
        case .microseconds: "\(Int(value.rounded()).grouped) us"
        case .bytes: "\(Int(value.rounded()).grouped) B"
        case .percentOfCore: "\(value.rounded(places: 2)) %"
        }
    }
}

extension Double {
    /// Four significant digits: more would pretend to a precision that no measurement here has.
    fileprivate var significant: Double {
        guard isFinite, self != 0 else { return self }
        var scale = 1.0
        var rest = magnitude
        while rest < 1000 {
            rest *= 10
            scale *= 10
        }
        return (self * scale).rounded() / scale
    }

    /// Written with so many digits behind the point.
    func rounded(places: Int) -> String {
        let scale = Array(repeating: 10.0, count: places).reduce(1, *)
        let scaled = Int64((magnitude * scale).rounded())
        let digits = String(scaled % Int64(scale))
        let fraction = String(repeating: "0", count: places - digits.count) + digits
        return (self < 0 && scaled > 0 ? "-" : "") + "\(scaled / Int64(scale)).\(fraction)"
    }
}
