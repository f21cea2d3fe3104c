import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Questions about paths, and the few file operations a server's folder needs.
///
/// All of them are short local system calls; none waits for another process.
enum FilePaths {
    /// `path` made absolute and rid of `.`, `..` and doubled slashes.
    static func absolute(_ path: String) -> String {
        let whole = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        var parts: [Substring] = []
        for part in whole.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// `path` with symbolic links resolved, or as it is when it does not exist.
    static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// What is at `path`, without following a symbolic link, or nil when nothing is.
    static func status(_ path: String) -> stat? {
        var result = stat()
        return lstat(path, &result) == 0 ? result : nil
    }

    /// The text of a small file, or nil when it cannot be read.
    static func text(_ path: String) -> String? {
        guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Writes `text` so that a reader sees the whole old or the whole new file, which belongs to `owner`.
    static func write(_ text: String, to path: String, owner: ServerAccount) throws(EmbeddedError) {
        let draft = path + ".new"
        // Root may be writing into another user's folder: only a file that is really new is opened.
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(draft) }
        if owner.isOther, fchown(descriptor, owner.userID, owner.groupID) != 0 {
            close(descriptor)
            throw failure(draft)
        }
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { systemWrite(descriptor, $0) }
            guard count > 0 else {
                close(descriptor)
                throw failure(draft)
            }
            written += count
        }
        fsync(descriptor)
        close(descriptor)
        guard rename(draft, path) == 0 else { throw failure(path) }
    }

    /// Makes the folder `path` and its missing parents; those that exist stay as they are.
    static func makeFolder(_ path: String, mode: mode_t) throws(EmbeddedError) {
        if let found = status(resolved(path)) {
            guard isFolder(found) else {
                throw .unusableLocation(path: path, reason: "it is not a folder")
            }
            return
        }
        let parent = self.parent(of: path)
        if parent != path { try makeFolder(parent, mode: mode) }
        if mkdir(path, mode) == 0 {
            // The umask may have taken rights away that the server's account needs.
            guard chmod(path, mode) == 0 else { throw failure(path) }
        } else if errno != EEXIST {  // Another process may have made it a moment ago: that is as good.
            throw failure(path)
        }
    }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    static func isFolder(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }

    /// The names in the folder `path`; empty when it cannot be read.
    static func names(in path: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    }

    /// The error for the system call that has just failed on `path`.
    static func failure(_ path: String) -> EmbeddedError {
        .unusableLocation(path: path, reason: String(cString: strerror(errno)))
    }

    /// A short name for `text` that stays the same from run to run (FNV-1a, 64 bits).
    static func fingerprint(_ text: String) -> String {
        let hash = text.utf8.reduce(into: UInt64(0xcbf2_9ce4_8422_2325)) { hash, byte in
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// `write(2)`, which the method of the same name hides inside ``FilePaths``.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
