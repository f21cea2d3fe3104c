import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// The example of a whole plan, run as its reader runs it.
@Suite("The calculator", .database, .timeLimit(.minutes(6)))
struct CalculatorTests {
    private static let program = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Examples/calculator/run")

    private static var hasCompiler: Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").contains { folder in
            ["cc", "gcc", "clang"].contains { FileManager.default.isExecutableFile(atPath: "\(folder)/\($0)") }
        }
    }

    @Test(
        "Forty tasks are accepted, once each, though their workers are killed",
        .enabled(if: hasCompiler, "the example compiles C, and there is no C compiler in PATH"))
    func wholePlan() async throws {
        let shell = try await Shell()
        var environment = shell.environment
        environment["PGSWARM"] = try Executable.pgswarm.path
        let result = try await Executable(path: Self.program.path).run(
            ["--seed", "4", "--kills", "5", "--deadline", "280", "--database", shell.database.url],
            environment: environment, deadline: .seconds(320))
        try #require(result.exitCode == 0, "\(result)")
        #expect(result.output.contains("40 of 40 tasks accepted; 5 processes killed"), "\(result)")
        #expect(result.output.contains("12 tests of the program pass"), "\(result)")
        for fact in Self.facts {
            let count = try await shell.database.pool.withConnection { db in
                try db.query("SELECT count(*) FROM \(raw: fact.rows)")[0][0, as: Int.self]
            }
            #expect(fact.expected.contains(count), "\(fact.what): \(count)")
        }
    }

    /// What must be found in the database afterwards.
    private struct Fact {
        let what: String
        let expected: ClosedRange<Int>
        let rows: String

        init(_ what: String, _ expected: ClosedRange<Int>, _ rows: String) {
            self.what = what
            self.expected = expected
            self.rows = rows
        }
    }

    private static let facts = [
        Fact("tasks done", 40...40, "pgswarm.plan_tasks WHERE plan = 'calculator' AND state = 'done'"),
        Fact("outcomes", 40...40, "pgswarm.outcome o JOIN pgswarm.plan_tasks t ON t.task_id = o.task"),
        Fact(
            "tasks with more than one outcome", 0...0,
            "(SELECT o.task FROM pgswarm.outcome o GROUP BY o.task HAVING count(*) > 1) x"),
        Fact(
            "tasks with more than one accepted result", 0...0,
            """
            (SELECT s.task_id FROM pgswarm.submissions s WHERE s.state = 'accepted' GROUP BY s.task_id HAVING count(*) > 1) x
            """),
        Fact("accepted by reviewers, as good", 22...22, "pgswarm.outcome WHERE acceptance = 'reviewed' AND score >= 4"),
        Fact("accepted by a person", 1...1, "pgswarm.outcome WHERE acceptance = 'human'"),
        Fact(
            "not reviewed though its queue says so", 0...0,
            """
            pgswarm.plan_tasks t JOIN pgswarm.outcome o ON o.task = t.task_id
            WHERE t.queue = 'build' AND o.acceptance IS NULL
            """),
        Fact(
            "verdicts by others than reviewers", 0...0,
            """
            pgswarm.reviews r JOIN pgswarm.submissions s ON s.id = r.submission_id
            WHERE r.agent = s.agent OR r.agent NOT LIKE 'reviewer%'
            """),
        Fact(
            "accepted by two different reviewers where the plan wants two", 2...2,
            """
            (SELECT s.id FROM pgswarm.submissions s JOIN pgswarm.reviews r ON r.submission_id = s.id
             WHERE s.title IN ('parser', 'evaluator') AND s.state = 'accepted'
             GROUP BY s.id HAVING count(DISTINCT r.agent) = 2) x
            """),
        Fact("attempts lost", 3...1000, "pgswarm.attempts WHERE outcome = 'lost'"),
        Fact("attempts failed", 0...0, "pgswarm.attempts WHERE outcome = 'failed'"),
        Fact("results sent back", 1...1000, "pgswarm.submissions WHERE state = 'sent_back'"),
        Fact(
            "findings of them without an answer", 0...0,
            """
            pgswarm.findings f JOIN pgswarm.submissions s ON s.id = f.submission_id
            WHERE s.state = 'sent_back' AND f.answer IS DISTINCT FROM 'fixed'
            """),
        Fact(
            "tasks that began before what they wait for was accepted", 0...0,
            """
            pgswarm.plan_tasks t CROSS JOIN jsonb_array_elements(t.after) e
            JOIN pgswarm.plan_tasks u ON u.plan = t.plan AND u.key = e ->> 'task'
            JOIN pgswarm.tasks v ON v.id = u.task_id
            JOIN pgswarm.attempts a ON a.task_id = t.task_id
            WHERE e ->> 'until' IS DISTINCT FROM 'finished' AND a.started_at < v.finished_at
            """),
        Fact("holds left", 0...0, "pgswarm.leases"),
    ]
}
