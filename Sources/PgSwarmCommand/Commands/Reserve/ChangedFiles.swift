import FoundationEssentials
import Subprocess

/// The files that git says are changed.
enum ChangedFiles {
    /// What is staged, or with a base the working tree against it: names from the root of the repository.
    static func list(since base: String?) async throws -> [String] {
        if let base, base.hasPrefix("-") {
            throw CommandFailure.usage(
                "'\(base)' is no commit", hint: "Name a branch, a tag or a commit, such as main.")
        }
        // Both names of what was renamed, and names as they are, whatever characters they have.
        var arguments = ["diff", "--name-only", "--no-renames", "--no-ext-diff", "--no-relative", "-z"]
        arguments += base.map { [$0] } ?? ["--cached"]
        let output = try await git(arguments + ["--"])
        return output.split(separator: "\0").map(String.init)
    }

    /// Where git keeps the hooks of this repository.
    static func hooks() async throws -> String {
        let path = try await git(["rev-parse", "--git-path", "hooks"])
        return String(path.prefix { $0 != "\n" })
    }

    private static func git(_ arguments: [String]) async throws -> String {
        do {
            let result = try await Subprocess.run(
                .name("git"), arguments: Arguments(arguments), output: .string(limit: 64 << 20),
                error: .string(limit: 1 << 16))
            guard result.terminationStatus.isSuccess else {
                let complaint = result.standardError.split(separator: "\n").first.map(String.init)
                throw CommandFailure(
                    "failed", "git could not tell: \(complaint ?? "\(result.terminationStatus)")",
                    hint: "Call it inside a git repository, with a base that is there.")
            }
            return result.standardOutput
        } catch let error as SubprocessError {
            throw CommandFailure("failed", "git could not be run: \(error)", hint: "Install git, or name the paths.")
        }
    }
}
