import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A regular file as the demo found it.
struct FolderFile: Sendable {
    /// Its path from the folder; any bytes, as a file system allows.
    let path: FilePath
    let stamp: Stamp

    /// What changes when somebody writes to a file.
    struct Stamp: Sendable, Equatable {
        let device: UInt64
        let inode: UInt64
        let size: Int64
        let seconds: Int
        let nanoseconds: Int

        init(_ status: stat) {
            device = UInt64(truncatingIfNeeded: status.st_dev)
            inode = UInt64(truncatingIfNeeded: status.st_ino)
            size = Int64(status.st_size)
            #if canImport(Darwin)
            let time = status.st_mtimespec
            #else
            let time = status.st_mtim
            #endif
            seconds = time.tv_sec
            nanoseconds = time.tv_nsec
        }
    }

    /// The path for people, on one line.
    var name: String { path.string.printable }

    /// Whether the file in `folder` is no longer the one that was found.
    func hasChanged(in folder: FilePath) -> Bool {
        Self.status(folder.pushing(path)).map { Stamp($0) } != stamp
    }

    /// What is at a path, without following a symbolic link.
    static func status(_ path: FilePath) -> stat? {
        var status = stat()
        return path.withPlatformString { lstat($0, &status) } == 0 ? status : nil
    }
}
