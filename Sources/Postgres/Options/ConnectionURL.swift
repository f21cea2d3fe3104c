internal import CLibPQ

/// Reads connection URLs with libpq's own parser.
///
/// libpq's messages quote what they stumble over, and that may be the password: most broken URLs are
/// broken by a character of the password. So only what is known to be harmless is repeated.
enum ConnectionURL {
    static func parse(_ url: String) throws(PostgresError) -> [String: String] {
        guard !url.utf8.contains(0) else { throw .invalidOptions("the URL contains a NUL character") }
        guard hasKnownForm(url) else {
            throw .invalidOptions("the URL must begin with postgresql:// or postgres://")
        }
        var reason: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(url, &reason) else {
            defer { PQfreemem(reason) }
            throw .invalidOptions(withheld(reason.map { String(cString: $0) } ?? "out of memory"))
        }
        defer { PQconninfoFree(options) }
        var parameters: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                parameters[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        try ParameterCheck.check(parameters)
        return parameters
    }

    private static func hasKnownForm(_ url: String) -> Bool {
        if url.hasPrefix("postgresql://") || url.hasPrefix("postgres://") { return true }
        let keyword = url.drop(while: \.isWhitespace).prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        let rest = url.drop(while: \.isWhitespace).dropFirst(keyword.count).drop(while: \.isWhitespace)
        return !keyword.isEmpty && rest.first == "="
    }

    /// libpq's message up to the first quotation that is not a keyword or punctuation.
    private static func withheld(_ message: String) -> String {
        let message = Link.oneLine(message)
        var kept = ""
        for (index, piece) in message.split(separator: "\"", omittingEmptySubsequences: false).enumerated() {
            if index.isMultiple(of: 2) {
                kept += piece
            } else if ParameterCheck.keywords.contains(String(piece)) || piece == "=" {
                kept += "\"\(piece)\""
            } else {
                let hint = "percent-encode characters like @ : / ? # % in the user and the password"
                return "\(kept)… (not repeated, it could be the password; \(hint))"
            }
        }
        return kept
    }
}
