/// How fast the demo is played.
struct Tempo: Sendable {
    /// How long a grant lasts without a renewal.
    ///
    /// Short, or it would be a long wait for what a dead worker held.
    let lease: Duration
    /// How long a task takes whose worker is about to have an accident.
    let careful: Duration
    /// How long all tasks together should keep the workers busy at least.
    let work: Duration
    /// How long the audience gets to read.
    let beat: Duration

    /// For an audience.
    static let show = Tempo(
        lease: .seconds(2.5), careful: .seconds(2.5), work: .seconds(9), beat: .seconds(1))
    /// For tests: as short as leaves no doubt about what was in whose hands.
    static let fast = Tempo(
        lease: .seconds(1.5), careful: .seconds(1.5), work: .seconds(1), beat: .milliseconds(100))

    /// How long each of so many tasks takes at least.
    func pace(files: Int, workers: Int) -> Duration {
        min(careful, work * workers / max(files, 1))
    }
}
