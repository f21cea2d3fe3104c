internal import CLibPQ

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// The parameters as they are given to libpq: those of the user and what a long-lived client needs.
struct StartupParameters {
    private(set) var values: [String: String]

    init(_ options: ConnectionOptions) throws(PostgresError) {
        try ParameterCheck.check(options.parameters)
        values = options.parameters
        values["client_encoding"] = "UTF8"
        values["fallback_application_name"] = values["fallback_application_name"] ?? "pgswarm"
        // A service file may say these itself, and it would lose against what is passed here.
        if values["service"] == nil, getenv("PGSERVICE") == nil {
            values.merge(Self.patience) { user, _ in user }
        }
        if !options.settings.isEmpty {
            values["options"] = try Self.merged(options.settings, with: values["options"])
        }
    }

    /// The system's defaults notice a vanished peer after two hours; these after eight seconds.
    private static let patience = [
        "keepalives_idle": "5", "keepalives_interval": "1", "keepalives_count": "3",
        "tcp_user_timeout": "8000",
    ]

    /// How many hosts may have to be tried.
    var hostCount: Int {
        let hosts = values["host"] ?? values["hostaddr"] ?? getenv("PGHOST").map { String(cString: $0) } ?? ""
        return hosts.split(separator: ",", omittingEmptySubsequences: false).count
    }

    /// Calls `body` with the two null-terminated arrays that libpq wants.
    func withArrays<R>(
        _ body: (
            _ keywords: UnsafePointer<UnsafePointer<CChar>?>, _ values: UnsafePointer<UnsafePointer<CChar>?>
        ) -> R
    ) -> R {
        let pairs = values.map { (strdup($0.key), strdup($0.value)) }
        defer {
            for pair in pairs {
                free(pair.0)
                free(pair.1)
            }
        }
        let keywords = pairs.map { UnsafePointer($0.0) } + [nil]
        let values = pairs.map { UnsafePointer($0.1) } + [nil]
        return body(keywords, values)
    }

    private static func merged(
        _ settings: [String: String], with options: String?
    ) throws(PostgresError) -> String {
        var words = (options ?? getenv("PGOPTIONS").map { String(cString: $0) }).map { [$0] } ?? []
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
            guard !name.isEmpty, name.utf8.allSatisfy(isNameCharacter), !value.utf8.contains(0) else {
                throw .invalidOptions("\"\(name)\" is not a name of a setting, or its value contains NUL")
            }
            var escaped = ""
            for character in value {
                if character == "\\" || character.isWhitespace { escaped += "\\" }
                escaped.append(character)
            }
            words.append("-c \(name)=\(escaped)")
        }
        return words.joined(separator: " ")
    }

    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
