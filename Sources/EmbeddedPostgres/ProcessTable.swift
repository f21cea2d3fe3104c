#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What the operating system says about a process that need not be ours.
enum ProcessTable {
    /// Whether a process with this id runs; one that has ended and waits for its parent does not.
    static func isAlive(_ processID: pid_t) -> Bool {
        guard processID > 0, kill(processID, 0) == 0 || errno == EPERM else { return false }
        return !isZombie(processID)
    }

    /// Whether this process is the postmaster of the data folder `data`.
    ///
    /// A process id on its own proves nothing: after a crash or a reboot it may be anybody's.
    static func isServer(_ processID: pid_t, data: String) -> Bool {
        guard isAlive(processID), name(processID) == "postgres" else { return false }
        let folder = FilePaths.resolved(data)
        // The arguments can be read across users, the working folder, which holds however the server
        // was started, only by its own user.
        if let arguments = arguments(processID), arguments.contains(where: { $0 == data || $0 == folder }) {
            return true
        }
        return workingFolder(processID) == folder
    }

    #if os(Linux)
    private static func isZombie(_ processID: pid_t) -> Bool {
        // "PID (name) STATE …": the name may hold anything, so the state is found from its end.
        guard let status = FilePaths.text("/proc/\(processID)/stat"), let close = status.lastIndex(of: ")")
        else { return false }
        return status[close...].dropFirst(2).first == "Z"
    }

    private static func name(_ processID: pid_t) -> String? {
        FilePaths.text("/proc/\(processID)/comm").map { String($0.prefix { $0 != "\n" }) }
    }

    private static func arguments(_ processID: pid_t) -> [Substring]? {
        FilePaths.text("/proc/\(processID)/cmdline").map { $0.split(separator: "\0") }
    }

    private static func workingFolder(_ processID: pid_t) -> String? {
        let link = "/proc/\(processID)/cwd"
        guard let path = realpath(link, nil) else { return nil }
        defer { free(path) }
        return String(cString: path)
    }
    #else
    private static func isZombie(_ processID: pid_t) -> Bool {
        var info = proc_bsdinfo()
        let size = Int32(MemoryLayout<proc_bsdinfo>.size)
        guard proc_pidinfo(processID, PROC_PIDTBSDINFO, 0, &info, size) == size else { return false }
        return info.pbi_status == UInt32(SZOMB)
    }

    private static func name(_ processID: pid_t) -> String? {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = proc_name(processID, &buffer, UInt32(buffer.count))
        return count > 0 ? String(decoding: buffer.prefix(Int(count)), as: UTF8.self) : nil
    }

    private static func arguments(_ processID: pid_t) -> [Substring]? { nil }

    private static func workingFolder(_ processID: pid_t) -> String? {
        var info = proc_vnodepathinfo()
        let size = Int32(MemoryLayout<proc_vnodepathinfo>.size)
        guard proc_pidinfo(processID, PROC_PIDVNODEPATHINFO, 0, &info, size) == size else { return nil }
        return withUnsafeBytes(of: info.pvi_cdir.vip_path) { path in
            String(decoding: path.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
    #endif
}
