import PgSwarm
import Subprocess
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// One `pgswarm work` process of the demo, from its start until it was waited for.
final class WorkerProcess: Sendable {
    /// What can be said of it at a moment.
    enum Condition: Sendable, Equatable {
        case starting
        case working
        case frozen
        case killed
        /// Asked to end.
        case dismissed
        case ended
        /// It ended although nobody had told it to.
        case failed(String)
    }

    private struct State {
        var condition = Condition.starting
        var processID: pid_t?
        var isOver = false
    }

    /// Counts the workers from 1.
    let number: Int
    private let state = Mutex(State())

    init(number: Int) {
        self.number = number
    }

    /// The name as people read it.
    var name: String { "worker \(number)" }
    /// The name under which it claims.
    var agent: String { "worker-\(number)" }

    var condition: Condition { state.withLock { $0.condition } }
    /// The process id, once it has started.
    var processID: pid_t? { state.withLock { $0.processID } }
    /// Whether nothing is left of it.
    var isOver: Bool { state.withLock { $0.isOver } }

    /// Sends a signal, unless the process has ended and its number may be another's.
    func send(_ signal: Int32) {
        state.withLock { state in
            guard !state.isOver, let processID = state.processID else { return }
            kill(processID, signal)
            switch signal {
            case SIGKILL: state.condition = .killed
            case SIGTERM: state.condition = .dismissed
            case SIGSTOP: state.condition = .frozen
            case SIGCONT: state.condition = .working
            default: break
            }
        }
    }

    /// Runs the process to its end.
    func run(_ configuration: Configuration, log: FileDescriptor, guardedBy processGuard: ProcessGuard) async {
        var configuration = configuration
        // Its own group: Control-C in the terminal is the demo's affair.
        configuration.platformOptions.processGroupID = 0
        var ending = "it could not be started"
        do {
            let result = try await Subprocess.run(
                configuration, input: .none, output: .discarded,
                error: .fileDescriptor(log, closeAfterSpawningProcess: true)
            ) { execution in
                let processID = execution.processIdentifier.value
                processGuard.add(ProcessGroup(leader: processID))
                state.withLock { state in
                    state.processID = processID
                    // It may have been abandoned before it was there.
                    if state.condition == .killed {
                        kill(processID, SIGKILL)
                    } else {
                        state.condition = .working
                    }
                }
            }
            ending = "\(result.terminationStatus)"
        } catch {
            ending = "\(error)"
        }
        state.withLock { state in
            state.isOver = true
            if let processID = state.processID { processGuard.remove(ProcessGroup(leader: processID)) }
            switch state.condition {
            case .killed: break
            case .dismissed: state.condition = .ended
            default: state.condition = .failed(ending)
            }
        }
    }

    /// Kills it, also if it is only about to start.
    func abandon() {
        send(SIGKILL)
        state.withLock { state in
            if state.processID == nil { state.condition = .killed }
        }
    }
}
