import FoundationEssentials
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A folder of a test's own.
///
/// Remove it at the end.
struct Folder {
    let path: FilePath

    init() throws {
        var template = Array("/tmp/pgswarm-folder-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        path = FilePath(platformString: template)
        // A server that runs as another user must be able to pass.
        chmod(path.string, 0o711)
    }

    /// Writes a file whose name may be any bytes.
    @discardableResult
    func write(_ name: [UInt8], _ content: String) throws -> FilePath {
        let name = name.map(CChar.init(bitPattern:)) + [0]
        let file = path.pushing(FilePath(platformString: name))
        let descriptor = try FileDescriptor.open(
            file, .writeOnly, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
        try descriptor.closeAfter { _ = try descriptor.writeAll(Array(content.utf8)) }
        return file
    }

    /// Writes a file.
    @discardableResult
    func write(_ name: String, _ content: String) throws -> FilePath {
        try write(Array(name.utf8), content)
    }

    /// Makes a folder inside.
    func makeFolder(_ name: String) throws {
        guard mkdir(path.appending(name).string, 0o700) == 0 else { throw Errno(rawValue: errno) }
    }

    /// The names inside.
    var names: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: path.string)) ?? []
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path.string)
    }
}
