/// A connection URL whose database can be exchanged.
struct DatabaseURL {
    private let server: Substring
    private let query: Substring

    /// Splits `scheme://server/database?query`.
    init(_ url: String) {
        let question = url.firstIndex(of: "?") ?? url.endIndex
        let hierarchy = url[..<question]
        let start = hierarchy.firstRange(of: "://")?.upperBound ?? hierarchy.startIndex
        server = hierarchy[..<(hierarchy[start...].firstIndex(of: "/") ?? question)]
        query = url[question...]
    }

    /// The same server and options with the database `name`.
    func naming(_ name: String) -> String { "\(server)/\(name)\(query)" }
}
