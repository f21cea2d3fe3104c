import FoundationEssentials
import Testing

@testable import PgSwarm

@Suite("The embedded migrations")
struct EmbeddedMigrationsTests {
    private static let folder: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(4).joined(separator: "/") + "/Migrations"
    }()

    @Test("Are the files of the folder, no more and no less")
    func sameFiles() throws {
        let manager = FileManager.default
        let top = try manager.contentsOfDirectory(atPath: Self.folder).filter { $0.hasSuffix(".sql") }
        let functions = try manager.contentsOfDirectory(atPath: Self.folder + "/functions").map {
            "functions/\($0)"
        }
        #expect(Set(Migration.embedded.map(\.name)) == Set(top + functions))
        #expect(Set(Migration.embedded.map(\.name)).count == Migration.embedded.count)
    }

    @Test("Have the text of the files")
    func sameText() throws {
        for migration in Migration.embedded {
            let text = try String(contentsOfFile: Self.folder + "/" + migration.name, encoding: .utf8)
            #expect(text == migration.text, "\(migration.name)")
        }
    }

    @Test("Are numbered without gaps, in order, before the repeatable ones")
    func order() {
        let numbered = Migration.embedded.prefix { !$0.isRepeatable }
        #expect(numbered.map(\.version) == Array(1...numbered.count))
        #expect(Migration.embedded.dropFirst(numbered.count).allSatisfy { $0.isRepeatable })
        #expect(Migration.embeddedVersion == numbered.count)
    }
}
