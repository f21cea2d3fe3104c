import ArgumentParser

/// The parts of the benchmark, in the order in which they run.
enum BenchPart: String, CaseIterable, ExpressibleByArgument {
    /// What the disk allows: the rate of the smallest commits.
    case commits
    case enqueue
    case drain
    case wake
    case claim
    case renewal
    /// Processor time and log volume of the server for the life of a task.
    case cost
}
