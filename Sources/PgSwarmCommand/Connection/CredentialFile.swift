import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file with an agent's secret, which nobody but its owner may read.
struct CredentialFile {
    let path: String

    /// A credential is 64 characters or so; whatever is longer than this is another file.
    private static let limit = 4096

    /// The secret.
    ///
    /// A file that is not there is `nil`, or an error when it is required.
    func read(required: Bool) throws -> String? {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
            guard required else { return nil }
            throw failure(
                "there is no credential file \(path)", hint: "Write the credential to it, mode 0600.")
        } catch {
            throw failure("the credential file \(path) can't be read: \(error)", hint: "See who owns it.")
        }
        return try file.closeAfter { try read(file) }
    }

    private func read(_ file: FileDescriptor) throws -> String {
        // The open file is examined, not the path, which could be another file a moment later.
        var status = stat()
        guard fstat(file.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw failure("the credential file \(path) is not a file", hint: "Name a regular file.")
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw failure(
                "the credential file \(path) has mode 0\(mode): others can get at it",
                hint: "chmod 600 \(path)")
        }
        let bytes = try [UInt8](unsafeUninitializedCapacity: Self.limit + 1) { buffer, count in
            count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
        guard bytes.count <= Self.limit, let text = String(validating: bytes, as: UTF8.self) else {
            throw failure(
                "the credential file \(path) holds no credential", hint: "It must hold one line of text.")
        }
        let credential = text.split(whereSeparator: \.isWhitespace)
        guard credential.count == 1 else {
            throw failure(
                "the credential file \(path) holds no credential", hint: "It must hold one line of text.")
        }
        return String(credential[0])
    }

    /// Writes the secret for its owner alone.
    ///
    /// A file that is there already is replaced as a whole.
    func write(_ credential: String) throws {
        do {
            try makeFolder()
            let draft = path + ".new"
            let file = try FileDescriptor.open(
                draft, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: .ownerReadWrite)
            try file.closeAfter {
                // A draft that was left behind may have had other rights.
                guard fchmod(file.rawValue, 0o600) == 0 else { throw Errno(rawValue: errno) }
                _ = try file.writeAll(Array((credential + "\n").utf8))
            }
            guard rename(draft, path) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            throw failure(
                "the credential file \(path) can't be written: \(error)",
                hint: "Choose another --credential-file.")
        }
    }

    private func makeFolder() throws {
        var folder = FilePath(path).removingLastComponent()
        var missing: [FilePath] = []
        while !folder.isEmpty, access(folder.string, F_OK) != 0 {
            missing.append(folder)
            folder = folder.removingLastComponent()
        }
        for folder in missing.reversed() where mkdir(folder.string, 0o700) != 0 && errno != EEXIST {
            throw Errno(rawValue: errno)
        }
    }

    private func failure(_ message: String, hint: String) -> CommandFailure {
        CommandFailure("bad_credential", message, hint: hint)
    }
}
