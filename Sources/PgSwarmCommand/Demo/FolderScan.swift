import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The files of a folder and of the folders in it, those at the top first, and what was left out.
///
/// All its questions are short local system calls.
struct FolderScan: Sendable {
    /// How much of a folder a demonstration takes on.
    struct Limits: Sendable {
        /// How many files.
        var files = 5000
        /// The size of the largest, in bytes.
        var size: Int64 = 64 << 20
        /// The size of all, in bytes.
        var total: Int64 = 1 << 30
    }

    /// Why something is no task of the demo.
    enum Omission: CaseIterable, Sendable {
        /// A folder of version control or of a build.
        case tools
        /// A link, a socket or whatever else is no regular file.
        case special
        case unreadable
        /// The files of another file system.
        case foreign
        case large

        fileprivate func counted(_ count: Int) -> String {
            switch self {
            case .tools:
                count.counted("folder of version control or builds", "folders of version control or builds")
            case .special: count.counted("link or special file", "links and special files")
            case .unreadable: "\(count.grouped) unreadable"
            case .foreign: count.counted("mounted file system")
            case .large: count.counted("file over 64 MiB", "files over 64 MiB")
            }
        }
    }

    private(set) var files: [FolderFile] = []
    /// The bytes in all files.
    private(set) var size: Int64 = 0
    private(set) var omissions: [Omission: Int] = [:]
    /// Whether there is more than the limits let in.
    private(set) var isCut = false

    private let folder: FilePath
    private let limits: Limits
    private var device: UInt64 = 0
    private var folders: [FilePath] = []

    /// Scans a folder.
    ///
    /// - Parameter exclusion: A folder that is passed over: the demo's own, which may be inside.
    init(_ folder: FilePath, limits: Limits, except exclusion: FilePath) throws {
        self.folder = folder
        self.limits = limits
        guard let top = FolderFile.status(folder), top.st_mode & S_IFMT == S_IFDIR else {
            throw CommandFailure.usage(
                "there is no folder \(folder.string)", hint: "Name a folder with files.")
        }
        guard Self.isReadable(folder, R_OK | X_OK) else {
            throw CommandFailure.usage("the folder \(folder.string) can't be read", hint: "Name another one.")
        }
        device = FolderFile.Stamp(top).device
        let own = FolderFile.status(exclusion).map { FolderFile.Stamp($0).inode }
        folders = [FilePath()]
        var next = 0
        while next < folders.count, !isCut {
            for name in Self.names(in: folder.pushing(folders[next])) where !isCut {
                look(at: folders[next].appending(name), own: own)
            }
            next += 1
        }
    }

    /// One line about what was left out; `nil` when nothing was.
    var note: String? {
        var parts = Omission.allCases.compactMap { reason in
            omissions[reason].map { reason.counted($0) }
        }
        if isCut { parts.append("all that follows the first \(files.count.counted("file"))") }
        return parts.isEmpty ? nil : "left out: " + parts.joined(separator: ", ")
    }

    private mutating func look(at path: FilePath, own: UInt64?) {
        guard let status = FolderFile.status(folder.pushing(path)) else { return omit(.unreadable) }
        let stamp = FolderFile.Stamp(status)
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            if stamp.inode == own, stamp.device == device { return }
            if Self.belongsToTools(path) { return omit(.tools) }
            guard stamp.device == device else { return omit(.foreign) }
            guard Self.isReadable(folder.pushing(path), R_OK | X_OK) else { return omit(.unreadable) }
            folders.append(path)
        case S_IFREG:
            guard Self.isReadable(folder.pushing(path), R_OK) else { return omit(.unreadable) }
            guard stamp.size <= limits.size else { return omit(.large) }
            guard files.count < limits.files, size + stamp.size <= limits.total else { return isCut = true }
            files.append(FolderFile(path: path, stamp: stamp))
            size += stamp.size
        default:
            omit(.special)
        }
    }

    private mutating func omit(_ reason: Omission) {
        omissions[reason, default: 0] += 1
    }

    private static func belongsToTools(_ path: FilePath) -> Bool {
        guard let name = path.lastComponent?.string else { return false }
        return [".git", ".hg", ".svn"].contains(name) || name.hasPrefix(".build")
    }

    private static func isReadable(_ path: FilePath, _ mode: Int32) -> Bool {
        path.withPlatformString { access($0, mode) } == 0
    }

    /// The names in a folder, sorted by their bytes; none when it can't be read.
    private static func names(in path: FilePath) -> [FilePath.Component] {
        guard let stream = path.withPlatformString({ opendir($0) }) else { return [] }
        defer { closedir(stream) }
        var names: [FilePath.Component] = []
        while let entry = readdir(stream) {
            guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { break }
            // By address, because an entry may be shorter than the type says.
            let name = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
            if let component = FilePath.Component(platformString: name), component.kind == .regular {
                names.append(component)
            }
        }
        return names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }
}

extension FilePath.Component {
    fileprivate var bytes: [UInt8] {
        withPlatformString { text in
            Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
        }
    }
}
