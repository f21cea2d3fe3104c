import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Files of the demo's own, for those who stand in an empty folder.
enum SampleFiles {
    private static let count = 48

    /// Writes them into a new folder.
    static func write(to folder: FilePath) throws {
        guard mkdir(folder.string, 0o700) == 0 else { throw Errno(rawValue: errno) }
        for number in 1...count {
            let path = folder.appending("sample-\(number < 10 ? "0" : "")\(number).txt")
            let text = (1...number * 20).map { "line \($0) of sample \(number)\n" }.joined()
            let file = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: .ownerReadWrite)
            try file.closeAfter { _ = try file.writeAll(Array(text.utf8)) }
        }
    }
}
