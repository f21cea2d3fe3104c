import FoundationEssentials
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The processes of a server on this machine, as far as `/proc` shows them.
struct ServerProcesses: Sendable {
    /// The server's first process, the parent of all others.
    let postmaster: Int32

    /// Finds the server through one of its backends.
    ///
    /// - Parameter database: Only there can the backend belong: a server elsewhere, or in a container of
    /// its own, uses
    ///   numbers that mean other processes here. `nil` is returned then, and where there is no `/proc`.
    init?(backend: Int32, database: String) {
        guard backend > 0, let command = Self.read("/proc/\(backend)/cmdline"), command.hasPrefix("postgres"),
            command.contains(database), let status = ProcessStatus(of: backend),
            Self.read("/proc/\(status.parent)/comm")?.hasPrefix("postgres") == true
        else { return nil }
        postmaster = status.parent
    }

    /// The processor time of all of them so far, those that have ended included, in seconds; `nil` if the
    /// server has gone.
    var processorTime: Double? {
        guard let first = ProcessStatus(of: postmaster),
            let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc")
        else { return nil }
        return names.compactMap(Int32.init).compactMap(ProcessStatus.init)
            .filter { $0.parent == postmaster }
            .reduce(first.ownTime + first.endedChildrenTime) { $0 + $1.ownTime }
    }

    fileprivate static func read(_ path: String) -> String? {
        guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return nil }
        return try? file.closeAfter {
            let bytes = try [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
                count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}

/// What `/proc` says about the times of a process, in seconds.
private struct ProcessStatus {
    let parent: Int32
    /// Used by the process itself.
    let ownTime: Double
    /// Used by children that have ended.
    let endedChildrenTime: Double

    init?(of process: Int32) {
        // The name comes in parentheses and may hold any character; the numbers follow behind the last one.
        guard let text = ServerProcesses.read("/proc/\(process)/stat"), let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[end...].dropFirst().split(separator: " ")
        guard fields.count > 14, let parent = Int32(fields[1]) else { return nil }
        let ticks = fields[11...14].compactMap { Double($0) }
        guard ticks.count == 4 else { return nil }
        self.parent = parent
        let perSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
        // Ticks are hundredths of a second, rounded down for each process; the scheduler knows nanoseconds.
        let nanoseconds = ServerProcesses.read("/proc/\(process)/schedstat")?.split(separator: " ").first
            .flatMap { Double($0) }
        ownTime = nanoseconds.map { $0 / 1e9 } ?? (ticks[0] + ticks[1]) / perSecond
        endedChildrenTime = (ticks[2] + ticks[3]) / perSecond
    }
}
