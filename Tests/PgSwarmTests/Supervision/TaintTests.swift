import Postgres
import TestSupport
import Testing

@Suite("Taint", .database, .timeLimit(.minutes(5)))
struct TaintTests {
    /// root ← left, right ← bottom, and a sibling beside.
    private struct Diamond {
        let ada: Caller
        let root: Int, left: Int, right: Int, bottom: Int, sibling: Int

        init() async throws {
            ada = try await Caller.named()
            root = try await ada.enqueue("q", #"{"goal": "root"}"#)
            left = try await ada.enqueue("q", #"{"goal": "left", "after": [\#(root)]}"#)
            right = try await ada.enqueue("q", #"{"goal": "right", "after": [\#(root)]}"#)
            bottom = try await ada.enqueue("q", #"{"goal": "bottom", "after": [\#(left), \#(right)]}"#)
            sibling = try await ada.enqueue("q", #"{"goal": "sibling"}"#)
            for task in [root, left, right, sibling] { try await work(task) }
        }

        func work(_ task: Int) async throws {
            #expect(try await ada.complete(try await ada.claimTask(task).handle, "\(task)") == "done")
        }

        /// "task: what" for each of them.
        func rows(_ sql: String) async throws -> Set<String> {
            let rows = try await ada.rows(SQL(stringLiteral: sql))
            var texts: Set<String> = []
            for row in rows { texts.insert("\(try row[0, as: Int.self]): \(try row[1, as: String.self])") }
            return texts
        }

        func preview() async throws -> Set<String> {
            try await rows("SELECT task_id, action FROM pgswarm.taint_preview(ARRAY[\(root)])")
        }

        func apply(_ more: String = "") async throws -> Set<String> {
            try await rows("SELECT task_id, action FROM pgswarm.taint_apply(ARRAY[\(root)], 'wrong'\(more))")
        }

        func states() async throws -> [String?] {
            var states: [String?] = []
            for task in [root, left, right, bottom, sibling] { states.append(try await ada.state(of: task)) }
            return states
        }
    }

    @Test("A diamond: exactly what has read the wrong version, as the preview said")
    func diamond() async throws {
        let d = try await Diamond()
        let before = try await Picture.taken(by: d.ada)
        let preview = try await d.preview()
        #expect(preview == ["\(d.root): redo", "\(d.left): review", "\(d.right): review"])
        #expect(try await Picture.taken(by: d.ada).differences(from: before) == [])
        #expect(try await d.apply() == preview)
        #expect(try await d.states() == ["ready", "review", "review", "blocked", "done"])
    }

    @Test("What runs is taken back and waits for what it had read; what was read of it goes with it")
    func running() async throws {
        let d = try await Diamond()
        let claim = try await d.ada.claimTask(d.bottom)
        #expect(try await d.preview().contains("\(d.bottom): stop"))
        _ = try await d.apply()
        #expect(try await d.ada.settle(claim.handle).code == "lost_claim")
        #expect(try await d.states() == ["ready", "review", "review", "blocked", "done"])
        let attempts: [String] = try await d.ada.column(
            "SELECT outcome FROM pgswarm.attempts WHERE task_id = \(d.bottom)")
        #expect(attempts == ["lost"])
        let charged: Int = try await d.ada.value("SELECT attempts FROM pgswarm.waiting WHERE task = \(d.bottom)")
        #expect(charged == 0)
    }

    @Test("A holder that is only told goes on, and its result has to be looked at")
    func signal() async throws {
        let d = try await Diamond()
        let claim = try await d.ada.claimTask(d.bottom)
        #expect(try await d.apply(", running => 'signal'").contains("\(d.bottom): signal"))
        #expect(try await d.ada.complete(claim.handle, "4") == "done")
        let open: [Int] = try await d.ada.column("SELECT task_id FROM pgswarm.tainted WHERE cleared IS NULL ORDER BY 1")
        #expect(open == [d.root, d.left, d.right, d.bottom])
    }

    @Test("Who has read a later version only is not reached")
    func versions() async throws {
        let d = try await Diamond()
        _ = try await d.apply()
        try await d.work(d.root)
        // left is looked at again and stands; right is not yet. Now the new root turns out to be wrong as well.
        try await accept(d.left, d.ada)
        let late = try await d.ada.enqueue("q", #"{"goal": "late", "after": [\#(d.root)]}"#)
        try await d.work(late)
        #expect(try await d.preview() == ["\(d.root): redo", "\(late): review"])
    }

    @Test("A result is looked at again only when what it builds on stands again")
    func order() async throws {
        let d = try await Diamond()
        try await d.work(d.bottom)
        _ = try await d.apply()
        #expect(try await d.states() == ["ready", "review", "review", "review", "done"])
        try await d.ada.script(
            """
            CREATE TABLE public.begun (task bigint);
                GRANT ALL ON public.begun TO PUBLIC;
            CREATE OR REPLACE FUNCTION pgswarm._begin_review(submission pgswarm.submission, at timestamptz) RETURNS void
            LANGUAGE sql AS 'INSERT INTO public.begun VALUES (submission.task)';
            """)
        try await d.work(d.root)
        #expect(try await d.ada.column("SELECT task FROM public.begun ORDER BY 1", as: Int.self) == [d.left, d.right])
        try await accept(d.left, d.ada)
        #expect(try await d.ada.column("SELECT count(*) FROM public.begun", as: Int.self) == [2])
        try await accept(d.right, d.ada)
        #expect(
            try await d.ada.column("SELECT task FROM public.begun ORDER BY 1", as: Int.self) == [
                d.left, d.right, d.bottom,
            ])
        try await accept(d.bottom, d.ada)
        let cleared: [String] = try await d.ada.column("SELECT cleared FROM pgswarm.tainted ORDER BY task_id")
        #expect(cleared == ["redone", "verified", "verified", "verified"])
        let open: Int = try await d.ada.value("SELECT open FROM pgswarm.taints")
        #expect(open == 0)
    }

    @Test("What was integrated stays and gets a task that repairs it")
    func integrated() async throws {
        let d = try await Diamond()
        let isNews: Bool = try await d.ada.value("SELECT pgswarm.mark_integrated(\(d.left), 'git:main:1a2b')")
        #expect(isNews)
        #expect(try await d.apply().contains("\(d.left): repair"))
        #expect(try await d.ada.state(of: d.left) == "done")
        let repair: Int = try await d.ada.value("SELECT repair FROM pgswarm.tainted WHERE task_id = \(d.left)")
        let reference: String = try await d.ada.value(
            "SELECT payload ->> 'reference' FROM pgswarm.tasks WHERE id = \(repair)")
        #expect(reference == "git:main:1a2b")
        try await d.work(repair)
        let cleared: String = try await d.ada.value("SELECT cleared FROM pgswarm.tainted WHERE task_id = \(d.left)")
        #expect(cleared == "redone")
    }

    @Test("Waived with a reason, what had gone back to review is accepted")
    func waived() async throws {
        let d = try await Diamond()
        _ = try await d.apply()
        let clear: SQL =
            "SELECT task_id, code FROM pgswarm.taint_clear(1, ARRAY[\(d.left)]::bigint[], 'does not use it')"
        let rows = try await d.ada.rows(clear)
        #expect(try rows.first?[1, as: String.self] == "ok")
        #expect(try await d.states() == ["ready", "done", "review", "blocked", "done"])
        let again = try await d.ada.rows(clear)
        #expect(try again.first?[1, as: String.self] == "already_cleared")
        #expect(await refusal { try await d.ada.rows("SELECT pgswarm.taint_clear(1, NULL, '  ')") } == "PS003")
        #expect(await refusal { try await d.ada.rows("SELECT pgswarm.taint_clear(9, NULL, 'x')") } == "PS002")
        #expect(
            await refusal { try await d.ada.rows("SELECT pgswarm.taint_clear(1, ARRAY[\(d.sibling)]::bigint[], 'x')") }
                == "PS002")
    }

    @Test("Tasks without terms are found by what they waited for")
    func ungoverned() async throws {
        let ada = try await Caller.named()
        let root = try await ada.enqueue()
        let reader = try await ada.enqueue("q", #"{"after": [\#(root)]}"#)
        let other = try await ada.enqueue("q", #"{"after": [\#(root)]}"#)
        _ = try await ada.complete(try await ada.claimTask(root).handle)
        _ = try await ada.complete(try await ada.claimTask(reader).handle)
        try await ada.rows("SELECT pgswarm.taint_apply(ARRAY[\(root)], 'wrong')")
        #expect(try await ada.state(of: reader) == "review")
        #expect(try await ada.state(of: other) == "blocked")
        _ = try await ada.complete(try await ada.claimTask(root).handle)
        let cleared: String? = try await ada.value("SELECT cleared FROM pgswarm.tainted WHERE task_id = \(root)")
        #expect(cleared == "redone")
    }

    @Test("Refuses what can't be taken back, and changes nothing")
    func refusals() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        let before = try await Picture.taken(by: ada)
        #expect(await refusal { try await ada.rows("SELECT pgswarm.taint_apply(ARRAY[\(task)], 'wrong')") } == "PS010")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.taint_apply(ARRAY[99], 'wrong')") } == "PS002")
        #expect(
            await refusal { try await ada.rows("SELECT pgswarm.taint_apply(ARRAY[]::bigint[], 'wrong')") } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.taint_apply(ARRAY[\(task)], NULL)") } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.taint_preview(ARRAY[\(task)], 'burn')") } == "PS003")
        #expect(
            await refusal { try await ada.rows("SELECT pgswarm.taint_preview(ARRAY[\(task)], 'redo', 'kill')") }
                == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.mark_integrated(\(task), 'x')") } == "PS010")
        #expect(try await Picture.taken(by: ada).differences(from: before) == [])
    }

    private func accept(_ task: Int, _ caller: Caller) async throws {
        try await caller.rows(
            """
            SELECT pgswarm._accept((SELECT id FROM pgswarm.submission WHERE task = \(task) AND state = 'open'),
                                   'human', 5, NULL, NULL, pgswarm.clock())
            """)
    }
}
