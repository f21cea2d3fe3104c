import FoundationEssentials
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The payload of one of the demo's tasks: a file to count.
struct CountJob: Codable, Sendable {
    /// The file's path from the folder, if it is Unicode.
    private var path: String?
    /// The bytes of a path that is not.
    private var pathBytes: Data?
    /// How long the work takes at least, so that people can follow.
    var seconds: Double?
    /// Whether the command speaks for itself, as an agent does: reports progress and completes the task.
    var speaks: Bool?

    private enum CodingKeys: String, CodingKey {
        case path
        case pathBytes = "path_base64"
        case seconds
        case speaks
    }

    init(_ file: FilePath, pace: Duration, speaks: Bool) {
        let bytes = file.withPlatformString {
            UnsafeRawBufferPointer(start: $0, count: strlen($0)).map(\.self)
        }
        path = String(validating: bytes, as: UTF8.self)
        pathBytes = path == nil ? Data(bytes) : nil
        seconds = pace > .zero ? pace.inSeconds : nil
        self.speaks = speaks ? true : nil
    }

    /// The file, seen from the folder.
    var file: FilePath {
        if let path { return FilePath(path) }
        let bytes = (pathBytes.map { [UInt8]($0) } ?? []) + [0]
        return bytes.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { FilePath(platformString: $0) } ?? FilePath()
            }
        }
    }

    /// How long the work takes at least.
    var pace: Duration { .seconds(seconds ?? 0) }
}
