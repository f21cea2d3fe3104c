/// A second opinion on globs: matches one path at a time, character by character, in the plainest way there is.
enum GlobPath {
    /// Whether a glob matches a path.
    static func matches(_ glob: String, _ path: String) -> Bool {
        matches(parts(glob), parts(path)) { segment, name in
            isSpan(segment) ? nil : self.matches(tokens(segment)[...], Array(name)[...])
        }
    }

    /// Two stars and more, and nothing else, are any number of segments.
    private static func isSpan(_ segment: String) -> Bool {
        segment.count > 1 && segment.allSatisfy { $0 == "*" }
    }

    private static func parts(_ text: String) -> ArraySlice<String> {
        text.split(separator: "/").map(String.init)[...]
    }

    private static func matches(
        _ glob: ArraySlice<String>, _ path: ArraySlice<String>, _ one: (String, String) -> Bool?
    ) -> Bool {
        guard let first = glob.first else { return path.isEmpty }
        if isSpan(first) {
            return (path.startIndex...path.endIndex).contains { matches(glob.dropFirst(), path[$0...], one) }
        }
        guard let name = path.first, one(first, name) == true else { return false }
        return matches(glob.dropFirst(), path.dropFirst(), one)
    }

    private enum Token {
        case star
        case set(Set<Character>, Bool)
        case any

        func accepts(_ character: Character) -> Bool {
            switch self {
            case .star, .any: true
            case .set(let set, let isNegated): set.contains(character) != isNegated
            }
        }
    }

    private static func matches(_ tokens: ArraySlice<Token>, _ name: ArraySlice<Character>) -> Bool {
        guard let first = tokens.first else { return name.isEmpty }
        if case .star = first {
            return (name.startIndex...name.endIndex).contains { matches(tokens.dropFirst(), name[$0...]) }
        }
        guard let character = name.first, first.accepts(character) else { return false }
        return matches(tokens.dropFirst(), name.dropFirst())
    }

    private static func tokens(_ segment: String) -> [Token] {
        var tokens: [Token] = []
        var rest = Array(segment)[...]
        while let character = rest.popFirst() {
            switch character {
            case "*": tokens.append(.star)
            case "?": tokens.append(.any)
            case "[":
                let inside = Array(rest.prefix { $0 != "]" })
                rest = rest.dropFirst(inside.count + 1)
                let isNegated = inside.first == "!"
                // A range is written with its two ends next to each other here, such as [b-c].
                tokens.append(.set(Set(inside.filter { $0 != "!" && $0 != "-" }), isNegated))
            default: tokens.append(.set([character], false))
            }
        }
        return tokens
    }
}
