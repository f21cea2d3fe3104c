import Postgres
import TestSupport
import Testing

@Suite("Globs", .database, .timeLimit(.minutes(5)))
struct GlobTests {
    @Test("10,000 random pairs overlap exactly when some path of a small world matches both")
    func bruteForce() async throws {
        var random = SeededRandom()
        let short = Self.names(upTo: 2)
        var paths = Self.names(upTo: 6)
        var longer = short
        for _ in 2...4 {
            longer = longer.flatMap { path in short.map { "\(path)/\($0)" } }
            paths += longer
        }
        let pool = (0..<700).map { _ in Self.glob(&random) }
        let matched = pool.map { glob in Set(paths.indices.filter { GlobPath.matches(glob, paths[$0]) }) }
        var (a, b, overlap): ([String], [String], [Bool]) = ([], [], [])
        for _ in 0..<10_000 {
            let (i, j) = (Int.random(in: pool.indices, using: &random), Int.random(in: pool.indices, using: &random))
            a.append(pool[i])
            b.append(pool[j])
            overlap.append(!matched[i].isDisjoint(with: matched[j]))
        }
        #expect((2000..<8000).contains(overlap.count { $0 }))
        let ada = try await Caller.named()
        let differences = try await ada.rows(
            """
            SELECT p.a, p.b, p.overlap FROM unnest(\(a), \(b), \(overlap)) p (a, b, overlap)
            WHERE pgswarm.globs_overlap(p.a, p.b) <> p.overlap OR pgswarm.globs_overlap(p.b, p.a) <> p.overlap
            """
        ).map { row in try row.decode((String, String, Bool).self) }
        for (a, b, overlap) in differences.prefix(10) { Issue.record("\(a) and \(b): \(overlap) by enumeration") }
        #expect(differences.isEmpty)
        // What is asked before the exact question never hides an overlap.
        let hidden: Int = try await ada.value(
            """
            SELECT count(*) FROM unnest(\(a), \(b), \(overlap)) p (a, b, overlap)
            CROSS JOIN LATERAL pgswarm._normal_glob(p.a, true) x CROSS JOIN LATERAL pgswarm._normal_glob(p.b, true) y
            WHERE p.overlap AND NOT pgswarm._resources_meet('path', x.normal, x.head, x.tail,
                                                            'path', y.normal, y.head, y.tail)
            """)
        #expect(hidden == 0)
    }

    /// All names of the letters a and b.
    private static func names(upTo length: Int) -> [String] {
        var (all, last): ([String], [String]) = ([], [""])
        for _ in 1...length {
            last = last.flatMap { ["\($0)a", "\($0)b"] }
            all += last
        }
        return all
    }

    private static func glob(_ random: inout SeededRandom) -> String {
        func segment(_ length: Int) -> String {
            let tokens = ["a", "b", "a", "b", "*", "?", "[ab]", "[!a]", "[b-c]"]
            return (1...Int.random(in: 1...length, using: &random))
                .map { _ in tokens.randomElement(using: &random) ?? "a" }.joined()
        }
        if Int.random(in: 0..<10, using: &random) < 4 { return segment(4) }
        return (1...Int.random(in: 1...3, using: &random)).map { _ in
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<3: "**"
            case 3: "*"
            default: segment(2)
            }
        }.joined(separator: "/")
    }

    @Test(
        "Globs that people write",
        arguments: [
            ("src/*/a.ts", "src/b/*.ts", true), ("src/**", "src", true), ("src/", "src/a/b.ts", true),
            ("src/", "srcs/a", false), ("**/*.ts", "docs/**", true), ("**/*.ts", "docs/*.md", false),
            ("a/**/z", "a/z", true), ("a/**/z", "a/b/c/z", true), ("a/*/z", "a/z", false),
            ("file?.txt", "file10.txt", false), ("file[0-9].txt", "file[!0-9].txt", false),
            (#"app/\[id\]/page.tsx"#, "app/[id]/page.tsx", false), (#"app/\[id\]/*"#, "app/*/page.tsx", true),
            ("x/[]a]", "x/]", true), ("cafe\u{301}", "caf\u{e9}", true), ("./a//b/../c/", "/a/c/**", true),
            ("*", ".hidden", true), ("a", "A", false),
        ])
    func examples(a: String, b: String, overlap: Bool) async throws {
        let ada = try await Caller.named()
        #expect(try await ada.value("SELECT pgswarm.globs_overlap(\(a), \(b))") == overlap)
        #expect(try await ada.value("SELECT pgswarm.globs_overlap(\(b), \(a))") == overlap)
    }

    @Test(
        "One normal form for all spellings",
        arguments: [
            ("./src//a/../b.ts", "src/b.ts"), ("/src/b.ts", "src/b.ts"), ("src/", "src/**"), ("a/**/**/b", "a/**/b"),
            ("a***b", "a*b"), (#"\a\*"#, #"a\*"#), ("src/./x/.", "src/x"), ("/", "**"),
            ("cafe\u{301}", "caf\u{e9}"),
        ])
    func normalForm(spelling: String, form: String) async throws {
        let ada = try await Caller.named()
        #expect(try await ada.value("SELECT normal FROM pgswarm._normal_glob(\(spelling), true)") == form)
        #expect(try await ada.value("SELECT normal FROM pgswarm._normal_glob(\(form), true)") == form)
    }

    @Test("What is no glob is refused, in no time")
    func refused() async throws {
        let ada = try await Caller.named()
        let cases = [
            ("", "PS003"), (".", "PS003"), ("..", "PS003"), ("a/../../b", "PS003"), ("**/../a", "PS003"),
            ("a[b", "PS003"), ("a[z-a]", "PS003"), ("[[:alpha:]]", "PS003"), ("a{b,c}", "PS003"), (#"a\"#, "PS003"),
            ("a\nb", "PS003"), ("\u{1b}[2J", "PS003"), (String(repeating: "ab*", count: 80), "accepted"),
            (String(repeating: "a*", count: 511), "PS003"), (String(repeating: "a/", count: 10_000), "PS009"),
            (String(repeating: "a/", count: 129), "PS009"), (String(repeating: "abc/", count: 300), "PS009"),
            (String(repeating: "x", count: 1_000_000), "PS009"),
        ]
        for (glob, code) in cases {
            let start = ContinuousClock.now
            let answer = await refusal { try await ada.rows("SELECT pgswarm.globs_overlap(\(glob), 'a')") }
            #expect(answer == code, "\(glob.prefix(40)) of \(glob.count) characters")
            #expect(.now - start < .seconds(2))
        }
    }

    @Test("The dearest pair of globs is decided in bounded time, and 5,000 stars are two")
    func bounded() async throws {
        let ada = try await Caller.named()
        let sky = String(repeating: "*", count: 5000)
        #expect(try await ada.value("SELECT normal FROM pgswarm._normal_glob(\(sky), true)") == "**")
        let long = Array(repeating: String(repeating: "?", count: 250), count: 4).joined(separator: "/")
        let stars = Array(repeating: String(repeating: "a*", count: 120) + "b", count: 4).joined(separator: "/")
        let deep = String(repeating: "a/", count: 127) + "a"
        let gaps = String(repeating: "**/?/", count: 63) + "b"
        let start = ContinuousClock.now
        #expect(try await ada.value("SELECT pgswarm.globs_overlap(\(long), \(stars))"))
        #expect(try await !ada.value("SELECT pgswarm.globs_overlap(\(deep), \(gaps))", as: Bool.self))
        #expect(.now - start < .seconds(3))
    }
}
