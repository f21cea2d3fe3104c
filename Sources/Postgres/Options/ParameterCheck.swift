internal import CLibPQ

/// Finds wrong parameters before anything is connected, so that a mistake has the same clear error
/// whether or not a server is there.
enum ParameterCheck {
    /// The parameters that this libpq knows.
    static let keywords: Set<String> = {
        guard let defaults = PQconndefaults() else { return [] }
        defer { PQconninfoFree(defaults) }
        var keywords: Set<String> = []
        var option = defaults
        while let keyword = option.pointee.keyword {
            keywords.insert(String(cString: keyword))
            option += 1
        }
        return keywords
    }()

    private static let choices: [String: [String]] = [
        "sslmode": ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
        "channel_binding": ["disable", "prefer", "require"],
        "gssencmode": ["disable", "prefer", "require"],
        "target_session_attrs": [
            "any", "read-write", "read-only", "primary", "standby", "prefer-standby",
        ],
    ]

    private static let numbers = [
        "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
        "tcp_user_timeout",
    ]

    static func check(_ parameters: [String: String]) throws(PostgresError) {
        for (keyword, value) in parameters.sorted(by: { $0.key < $1.key }) {
            guard keywords.isEmpty || keywords.contains(keyword) else {
                throw .invalidOptions("there is no connection parameter \"\(keyword)\"")
            }
            if value.utf8.contains(0) { throw .invalidOptions("\(keyword) contains a NUL character") }
            if let allowed = choices[keyword], !value.isEmpty, !allowed.contains(value) {
                throw .invalidOptions("\(keyword) must be one of \(allowed.joined(separator: ", "))")
            }
            if numbers.contains(keyword), !value.isEmpty, Int32(value) == nil {
                throw .invalidOptions("\(keyword) must be a whole number")
            }
        }
        try checkPorts(parameters["port"] ?? "")
        try checkHosts(parameters)
    }

    private static func checkPorts(_ ports: String) throws(PostgresError) {
        for port in ports.split(separator: ",") where UInt16(port).map({ $0 == 0 }) ?? true {
            // Not repeated: an unescaped "/" in a password puts its beginning here.
            throw .invalidOptions(
                "the port must be a number from 1 to 65535; "
                    + "if the password contains : / @ ? or #, percent-encode it"
            )
        }
    }

    private static func checkHosts(_ parameters: [String: String]) throws(PostgresError) {
        func count(_ keyword: String) -> Int {
            guard let list = parameters[keyword], !list.isEmpty else { return 0 }
            return list.split(separator: ",", omittingEmptySubsequences: false).count
        }
        let hosts = max(count("host"), count("hostaddr"))
        if count("host") > 0, count("hostaddr") > 0, count("host") != count("hostaddr") {
            throw .invalidOptions("host and hostaddr list a different number of hosts")
        }
        if count("port") > 1, count("port") != hosts {
            throw .invalidOptions("\(count("port")) ports for \(max(hosts, 1)) hosts")
        }
        // "postgres://user:p@ss@host/db" makes "ss@host" the host, and "…:p/ss@host/db" a database.
        for keyword in ["host", "dbname"] where parameters[keyword]?.contains("@") ?? false {
            if keyword == "dbname" && parameters["host"] == nil { continue }
            throw .invalidOptions(
                "the \(keyword) contains an @; if it belongs to the password, write it as %40"
            )
        }
    }
}
