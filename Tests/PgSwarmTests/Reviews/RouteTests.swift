import Postgres
import TestSupport
import Testing

/// A policy as the route reads it.
private struct Policy {
    var mode = "peers"
    var score = 4
    var minEvidence = 0
    var accept = "human"
    var autoAccept = false
    var autoScore = 5
    var autoRisk = "low"
    var autoEvidence = 3
    var autoOn = true

    var json: String {
        """
        {"mode": "\(mode)", "score": \(score), "rounds": 3, "min_evidence": \(minEvidence), "accept": "\(accept)", \
        "auto_accept": \(autoAccept), "auto_score": \(autoScore), "auto_risk": "\(autoRisk)", \
        "auto_evidence": \(autoEvidence), "auto_on": \(autoOn)}
        """
    }
}

private struct Case {
    let needed: Int
    let scores: [Int]
    let round: Int
    let risk: Int
    let tier: Int?
    let fresh: Bool
    let green: Bool
}

/// The documented routes, written down a second time: as sentences, not as the function has them.
private func expected(_ c: Case, _ p: Policy) -> Character {
    if p.mode == "human" { return "t" }
    guard c.scores.count >= c.needed, let low = c.scores.min(), let high = c.scores.max() else { return "w" }
    let again: Character = c.round < 3 ? "x" : "t"
    let tier = c.fresh ? c.tier ?? 0 : 0
    let disagreement = high - low > 1
    let bad = low < 3
    let short = low < p.score
    let isProven = tier >= p.minEvidence
    if disagreement || bad { return "t" }
    if short { return again }
    if !c.green { return "t" }
    if !isProven { return again }
    let ceiling = ["low": 0, "medium": 1, "high": 2][p.autoRisk] ?? -1
    if p.autoOn, p.autoAccept, low >= p.autoScore, c.risk <= ceiling, tier >= p.autoEvidence { return "a" }
    return p.autoOn && p.accept == "reviewed" ? "r" : "f"
}

@Suite("Routes of submissions", .database, .timeLimit(.minutes(5)))
struct RouteTests {
    @Test("Every combination of scores, spread, round, risk, tier, freshness and checks goes where it is documented")
    func cases() async throws {
        var policies = [Policy(), Policy(mode: "human")]
        for accept in ["human", "reviewed"] {
            for on in [true, false] {
                policies.append(Policy(accept: accept, autoAccept: true, autoOn: on))
                policies.append(
                    Policy(
                        score: 3, minEvidence: 2, accept: accept, autoAccept: true, autoScore: 4, autoRisk: "high",
                        autoOn: on))
            }
        }
        policies.append(Policy(score: 5, minEvidence: 4))
        var verdicts: [(Int, [Int])] = [(1, []), (2, []), (3, [])]
        for a in 1...5 {
            verdicts += [(1, [a]), (2, [a]), (3, [a])]
            for b in 1...5 {
                verdicts += [(2, [a, b]), (3, [a, b])]
                for c in 1...5 { verdicts.append((3, [a, b, c])) }
            }
        }
        var cases: [Case] = []
        for (needed, scores) in verdicts {
            for round in [1, 3] {
                for risk in 0...2 {
                    for tier in [nil, 0, 1, 2, 3, 4] {
                        for fresh in [true, false] {
                            for green in [true, false] {
                                cases.append(
                                    Case(
                                        needed: needed, scores: scores, round: round, risk: risk, tier: tier,
                                        fresh: fresh,
                                        green: green))
                            }
                        }
                    }
                }
            }
        }
        try await compare(cases, policies)
    }

    @Test("Every policy decides alike on results that pass")
    func policies() async throws {
        var policies: [Policy] = []
        for score in 3...5 {
            for minimum in 0...4 {
                for accept in ["human", "reviewed"] {
                    for auto in [true, false] {
                        for autoScore in [4, 5] {
                            for autoRisk in ["low", "medium", "high"] {
                                for autoEvidence in 2...4 {
                                    for on in [true, false] {
                                        policies.append(
                                            Policy(
                                                score: score, minEvidence: minimum, accept: accept, autoAccept: auto,
                                                autoScore: autoScore, autoRisk: autoRisk, autoEvidence: autoEvidence,
                                                autoOn: on))
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        var cases: [Case] = []
        for scores in [[3], [4], [5], [4, 5]] {
            for round in [2, 3] {
                for risk in 0...2 {
                    for tier in [nil, 0, 1, 2, 3, 4] {
                        cases.append(
                            Case(
                                needed: scores.count, scores: scores, round: round, risk: risk, tier: tier, fresh: true,
                                green: true))
                    }
                }
            }
        }
        try await compare(cases, policies)
    }

    /// Asks the function about each case under each policy, in one statement for each policy.
    private func compare(_ cases: [Case], _ policies: [Policy]) async throws {
        let caller = try await Caller.named()
        let written = cases.map { c in
            let scores = c.scores.map(String.init).joined(separator: ",")
            return JSONText(
                """
                {"n": \(c.needed), "s": "{\(scores)}", "r": \(c.round), "k": "\(["low", "medium", "high"][c.risk])", \
                "t": \(c.tier.map(String.init) ?? "null"), "f": \(c.fresh), "g": \(c.green)}
                """)
        }
        try await caller.rows(
            """
            CREATE TABLE cases AS
            SELECT u.ord, (u.c ->> 's')::integer[] AS s, (u.c ->> 'n')::integer AS n, (u.c ->> 'r')::integer AS r, u.c ->> 'k' AS k,
                   (u.c ->> 't')::integer AS t, (u.c ->> 'f')::boolean AS f, (u.c ->> 'g')::boolean AS g
            FROM unnest(\(written)) WITH ORDINALITY u (c, ord)
            """)
        for policy in policies {
            let answer: String = try await caller.value(
                """
                SELECT string_agg(CASE pgswarm.review_route(s, n, r, k, t, f, g, \(JSONText(policy.json)))
                    WHEN 'waiting' THEN 'w' WHEN 'automatic' THEN 'a' WHEN 'reviewed' THEN 'r' WHEN 'fast_lane' THEN 'f'
                    WHEN 'fix_loop' THEN 'x' WHEN 'attention' THEN 't' ELSE '?' END, '' ORDER BY ord)
                FROM cases
                """)
            let wanted = String(cases.map { expected($0, policy) })
            if answer != wanted {
                let first = zip(answer, wanted).enumerated().first { $0.element.0 != $0.element.1 }
                if let first {
                    Issue.record("\(cases[first.offset]) under \(policy): \(first.element.0), not \(first.element.1)")
                }
            }
            #expect(answer.count == cases.count)
        }
    }
}
