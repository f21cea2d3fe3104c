import Postgres

import struct FoundationEssentials.UUID

/// The calls of the problem log.
enum ProblemsSQL {
    /// The columns in the order in which ``ProblemInfo/init(_:)`` reads them.
    private static let columns = """
        id, status, resolution, duplicate_of, scope, kind, title, occurrences, seen_at, created_at, reporter, symptom, \
        signature, environment, tags, solver, solver_since, solver_until, waiting, solutions
        """

    static func list(_ statuses: [String]?, limit: Int) -> SQL {
        """
        SELECT \(raw: columns) FROM pgswarm.problems
        WHERE status = ANY (coalesce(\(statuses), ARRAY['open', 'solving', 'solved']))
        ORDER BY seen_at DESC, id DESC LIMIT \(Int64(limit))
        """
    }

    static func show(_ id: Int64) -> SQL {
        """
        SELECT \(raw: columns) FROM pgswarm.problems
        WHERE id = coalesce((SELECT s.problem_id FROM pgswarm.solutions s WHERE s.id = \(id)), \(id))
        """
    }

    static func solutions(of problem: Int64) -> SQL {
        """
        SELECT id, problem_id, status, stale, superseded_by, solution, evidence, author, created_at, confirmed_by, flags
        FROM pgswarm.solutions WHERE problem_id = \(problem) ORDER BY id
        """
    }

    static func find(_ text: String, scope: String?, kind: String?, tags: [String]?, count: Int) -> SQL {
        """
        SELECT id, score, match, status, scope, kind, title, occurrences, seen_at, tags, solutions, solver,
               solver_since, solver_until
        FROM pgswarm.problem_find(\(text), \(scope), \(kind), \(tags), \(Int32(clamping: count)))
        """
    }

    static func report(_ draft: ProblemDraft, requestID: String?, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT id, created, occurrences, status, entry, similar_entries FROM pgswarm.problem_report(
            symptom => \(draft.symptom), title => \(draft.title), scope => \(draft.scope), kind => \(draft.kind),
            environment => \(draft.environment), tags => \(draft.tags), handle => \(draft.handle?.text),
            same_as => \(draft.sameAs), request_id => \(requestID), agent => \(agent), session => \(session))
        """
    }

    static func begin(_ problem: Int64, lease: Duration, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT id, handle, until, title, waiting FROM pgswarm.problem_begin(
            problem => \(problem), lease => \(lease), agent => \(agent), session => \(session))
        """
    }

    static func abandon(_ solver: String, note: String?) -> SQL {
        "SELECT id, NULL::bigint, NULL::text, resumed, queues FROM pgswarm.problem_abandon(\(solver), \(note))"
    }

    static func solve(
        _ problem: Int64, _ solution: String, evidence: String, solver: String?, requestID: String?, agent: AgentName?,
        session: UUID?
    ) -> SQL {
        """
        SELECT id, solution_id, status, resumed, queues FROM pgswarm.problem_solve(
            problem => \(problem), solution => \(solution), evidence => \(evidence), solver => \(solver),
            request_id => \(requestID), agent => \(agent), session => \(session))
        """
    }

    static func supersede(
        _ old: Int64, _ solution: String, evidence: String, solver: String?, requestID: String?, agent: AgentName?,
        session: UUID?
    ) -> SQL {
        """
        SELECT id, solution_id, status, resumed, queues FROM pgswarm.problem_supersede(
            old => \(old), solution => \(solution), evidence => \(evidence), solver => \(solver),
            request_id => \(requestID), agent => \(agent), session => \(session))
        """
    }

    static func close(
        _ problem: Int64, _ resolution: String, duplicateOf: Int64?, note: String?, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT id, NULL::bigint, status, resumed, queues FROM pgswarm.problem_close(
            problem => \(problem), resolution => \(resolution), duplicate_of => \(duplicateOf), note => \(note),
            agent => \(agent), session => \(session))
        """
    }

    static func confirm(_ solution: Int64, note: String?, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT id, solution_id, status FROM pgswarm.problem_confirm(
            solution => \(solution), note => \(note), agent => \(agent), session => \(session))
        """
    }

    static func flag(_ solution: Int64, _ reason: String, note: String?, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT id, solution_id, status FROM pgswarm.problem_flag(
            solution => \(solution), reason => \(reason), note => \(note), agent => \(agent), session => \(session))
        """
    }

    static func park(_ handle: Handle, _ problem: Int64, for length: Duration?, note: String?) -> SQL {
        """
        SELECT task, state, solver, until FROM pgswarm.park_on_problem(
            handle => \(handle.text), problem => \(problem), "for" => \(length), note => \(note))
        """
    }

    static let export: SQL = "SELECT e FROM pgswarm.problem_export() e"

    static func `import`(_ entries: [JSONText], dryRun: Bool, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT ord, id, code, changes, message FROM pgswarm.problem_import(
            entries => \(entries), dry_run => \(dryRun), agent => \(agent), session => \(session))
        """
    }
}
