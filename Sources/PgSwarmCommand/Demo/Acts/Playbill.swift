import SystemPackage

/// The acts of `pgswarm demo --acts`, one after the other, on a server of their own.
struct Playbill: Sendable {
    let stage: Stage
    private let acts: [any Act] = [StaleLock(), SplitBrain(), ThunderingHerd()]

    init(stage: Stage) {
        self.stage = stage
    }

    /// Plays all of them.
    func run() async throws -> [ActResult] {
        let place = try DemoServer.makeFolder()
        do {
            stage.title("pgswarm demo --acts", "each failure without pgswarm, and with it")
            let server = try await DemoServer.start(in: place, isKept: false)
            do {
                var results: [ActResult] = []
                for (index, act) in acts.enumerated() {
                    results.append(try await play(act, in: place.appending("act-\(index)"), on: server))
                }
                await server.end()
                return results
            } catch {
                await server.end()
                throw error
            }
        } catch {
            DemoServer.removeFolder(place)
            throw error
        }
    }

    private func play(_ act: any Act, in folder: FilePath, on server: DemoServer) async throws -> ActResult {
        stage.say(.step, "\(act.name): \(act.plot)")
        let without = try ActScene(folder: folder.appending("without"), databaseURL: server.databaseURL)
        let before = try await without.play { try await act.playWithout(without) }
        stage.say(before.wentWrong ? .kill : .step, "without pgswarm: \(before.text)")
        let with = try ActScene(folder: folder.appending("with"), databaseURL: server.databaseURL)
        let after = try await with.play { try await act.playWith(with) }
        stage.say(after.wentWrong ? .kill : .done, "with pgswarm: \(after.text)")
        return ActResult(name: act.name, without: before, with: after)
    }
}
