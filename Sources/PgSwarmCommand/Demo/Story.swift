import PgSwarm
import Postgres
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The acts of the demo, one after the other.
struct Story: Sendable {
    let ledger: Ledger
    let crew: Crew
    let server: DemoServer
    let stage: Stage
    let tempo: Tempo

    /// The file that each task is about.
    private(set) var files: [TaskID: FolderFile] = [:]
    private(set) var tally = Tally()
    /// Files whose tasks are enqueued when somebody is to have an accident in the middle of one.
    private var reserve: [FolderFile] = []
    private let total: Int

    /// What was done to the swarm.
    struct Tally: Sendable {
        var workersKilled = 0
        var workersFrozen = 0
        var serversKilled = 0
    }

    /// A story with a task for each of the files.
    init(ledger: Ledger, crew: Crew, server: DemoServer, stage: Stage, tempo: Tempo, total: Int) {
        self.ledger = ledger
        self.crew = crew
        self.server = server
        self.stage = stage
        self.tempo = tempo
        self.total = total
    }

    /// Plays it until every task is done and every worker has gone home.
    mutating func play(_ found: [FolderFile], workers: Int) async throws {
        try await enqueue(found, workers: workers)
        for _ in 0..<workers { crew.hire() }
        try await wait(for: "the workers") { crew.working.count == workers ? () : nil }
        let processIDs = crew.members.compactMap(\.processID).map(String.init).joined(separator: ", ")
        stage.say(.step, "\(workers.counted("worker")) started: pgswarm work, pids \(processIDs)")
        try await pause(tempo.beat)
        try await killWorker()
        try await pause(tempo.beat)
        let frozen = try await freezeWorker()
        // Nobody else has an accident in the middle of a task.
        try await add(reserve, pace: tempo.beat, speaks: false)
        try await pause(tempo.beat)
        try await killServer()
        try await thaw(frozen)
        try await finish()
    }

    /// Keeps the bar moving until the task is cancelled.
    func showProgress() async {
        while !Task.isCancelled {
            if let done = try? await ledger.done() {
                stage.update(
                    Stage.Progress(done: done, total: total, workers: crew.members.map(\.condition)))
            }
            try? await ContinuousClock().sleep(for: .milliseconds(150))
        }
        stage.update(nil)
    }

    private mutating func enqueue(_ found: [FolderFile], workers: Int) async throws {
        let pace = tempo.pace(files: found.count, workers: workers)
        // In a small folder every task lasts long enough for an accident.
        let isSmall = found.count <= 2 * workers
        reserve = isSmall ? [] : Array(found.suffix(workers))
        let first = found.dropLast(reserve.count)
        try await add(first, pace: isSmall ? tempo.careful : pace, speaks: isSmall)
        stage.say(.step, "\(found.count.counted("task")) enqueued, one for each file: SHA-256, bytes, lines")
    }

    @discardableResult
    private mutating func add(
        _ added: some Collection<FolderFile>, pace: Duration, speaks: Bool
    ) async throws -> [TaskID] {
        let drafts = try added.map { try CountQueue.draft($0, pace: pace, speaks: speaks) }
        guard !drafts.isEmpty else { return [] }
        let ids = try await ledger.enqueue(drafts, lease: tempo.lease)
        for (id, file) in zip(ids, added) { files[id] = file }
        return ids
    }

    // MARK: Accidents

    private mutating func killWorker() async throws {
        while true {
            let (hold, worker) = try await nextHold()
            worker.send(SIGKILL)
            tally.workersKilled += 1
            let name = name(of: hold)
            stage.say(.kill, "kill -9 \(worker.name)\(pid(worker)) in the middle of \(name)")
            stage.say(.step, "\(crew.hire().name) takes its place")
            let ending = try await wait(for: "the end of the dead worker's lease") {
                try await ledger.attempts(at: hold.task).first {
                    $0.epoch == hold.epoch && $0.outcome != "running"
                }
            }
            // Its command may have finished in that very moment; then nothing was interrupted.
            guard ending.outcome == "lost" else { continue }
            let next = try await successor(of: hold) { _ in true }
            stage.say(
                .takeover,
                "\(worker.name)'s lease ran out; \(people(next.agent)) has \(name) now, attempt \(next.number)"
            )
            return
        }
    }

    private mutating func freezeWorker() async throws -> (Ledger.Hold, WorkerProcess) {
        while true {
            let (hold, worker) = try await nextHold()
            let command = ProcessGroup(leader: hold.processID)
            // The worker first, so that it can't settle what its command finishes.
            worker.send(SIGSTOP)
            command.send(SIGSTOP)
            // What either had sent before may still arrive.
            try await pause(.milliseconds(200))
            let attempt = try await ledger.attempts(at: hold.task).first { $0.epoch == hold.epoch }
            if attempt?.outcome == "running" {
                tally.workersFrozen += 1
                stage.say(
                    .freeze,
                    "freeze \(worker.name)\(pid(worker)) and its command in the middle of \(name(of: hold)): SIGSTOP"
                )
                return (hold, worker)
            }
            command.send(SIGCONT)
            worker.send(SIGCONT)
        }
    }

    private mutating func killServer() async throws {
        let before = try await ledger.done()
        await server.crash()
        tally.serversKilled += 1
        stage.say(
            .kill,
            "kill -9 PostgreSQL (pid \(await server.processID)), with \(before) of \(total) results in it")
        try await pause(tempo.beat / 2)
        let start = ContinuousClock.now
        try await server.restart()
        let after = try await ledger.done()
        guard after >= before else {
            throw CommandFailure("failed", "\((before - after).counted("result")) got lost with the server")
        }
        let time = Elapsed.brief(ContinuousClock.now - start)
        stage.say(
            .done,
            "PostgreSQL is back after \(time), every result still there; the workers reconnect by themselves")
    }

    private mutating func thaw(_ frozen: (hold: Ledger.Hold, worker: WorkerProcess)) async throws {
        let (hold, worker) = frozen
        let name = name(of: hold)
        let next = try await successor(of: hold) { $0.outcome == "completed" }
        stage.say(
            .takeover,
            "the frozen \(worker.name)'s lease ran out; \(people(next.agent)) did \(name) instead, attempt \(next.number)"
        )
        try await pause(tempo.beat)
        stage.say(
            .thaw, "thaw \(worker.name): it wakes up in the past, finishes \(name) and writes its result")
        // The command alone at first: its worker would end it before it could say anything.
        ProcessGroup(leader: hold.processID).send(SIGCONT)
        try await wait(for: "the stale write") { try await ledger.hasLateResult(of: hold) ? () : nil }
        worker.send(SIGCONT)
        stage.say(.refused, "refused: lost_claim. The late result is kept aside, never applied")
    }

    private mutating func finish() async throws {
        var done = 0
        while done < total {
            // However long it takes in all, it has to go on.
            done = try await wait(for: "the remaining tasks") { [done] in
                let now = try await ledger.done()
                return now > done ? now : nil
            }
        }
        stage.say(.done, total == 1 ? "the task is done" : "all \(total.grouped) tasks are done")
        crew.close()
        for worker in crew.members where !worker.isOver { worker.send(SIGTERM) }
        let patience = ContinuousClock.now + .seconds(10)
        while !crew.members.allSatisfy(\.isOver) {
            if ContinuousClock.now > patience { crew.abandon() }
            try await pause(.milliseconds(50))
        }
    }

    // MARK: Watching

    /// A task in the hands of a worker whose command has said that it is at work.
    private mutating func nextHold() async throws -> (Ledger.Hold, WorkerProcess) {
        var wanted: TaskID?
        if let file = reserve.popLast() {
            wanted = try await add([file], pace: tempo.careful, speaks: true).first
        }
        return try await wait(for: "a task in the middle") { [wanted] in
            for hold in try await ledger.holds() where wanted == nil || hold.task == wanted {
                guard getpgid(hold.processID) == hold.processID, let worker = crew.member(agent: hold.agent),
                    worker.condition == .working
                else { continue }
                return (hold, worker)
            }
            return nil
        }
    }

    private func successor(
        of hold: Ledger.Hold, where condition: @escaping @Sendable (Ledger.Attempt) -> Bool
    ) async throws -> Ledger.Attempt {
        try await wait(for: "another worker to take \(name(of: hold))") {
            try await ledger.attempts(at: hold.task).first { $0.epoch > hold.epoch && condition($0) }
        }
    }

    @discardableResult
    private func wait<Answer>(
        for goal: String, _ condition: () async throws -> Answer?
    ) async throws -> Answer {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            if let failure = crew.failure { throw failure }
            if let answer = try await condition() { return answer }
            guard ContinuousClock.now < deadline else {
                throw CommandFailure(
                    "failed", "waited too long for \(goal)", hint: "The machine may be too busy; try again.")
            }
            try await pause(.milliseconds(50))
        }
    }

    private func pause(_ time: Duration) async throws {
        try await ContinuousClock().sleep(for: time)
    }

    private func name(of hold: Ledger.Hold) -> String {
        let name = files[hold.task]?.name ?? "task \(hold.task)"
        // The end of a long path says more than its beginning.
        return name.count > 48 ? "…" + name.suffix(47) : name
    }

    private func people(_ agent: String) -> String { crew.member(agent: agent)?.name ?? agent }

    private func pid(_ worker: WorkerProcess) -> String { worker.processID.map { " (pid \($0))" } ?? "" }
}
