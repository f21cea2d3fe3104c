import Yams

/// A value of a plan file that knows its line.
struct PlanNode {
    /// What it is.
    enum Value {
        case scalar(JSON)
        case list([PlanNode])
        case map([Member])
    }

    /// A key and its value.
    struct Member {
        let key: String
        let line: Int
        let value: PlanNode
    }

    let value: Value
    let line: Int

    /// The members, if it is a map.
    var members: [Member]? {
        guard case .map(let members) = value else { return nil }
        return members
    }

    /// The text, if it is one.
    var text: String? {
        guard case .scalar(.string(let text)) = value else { return nil }
        return text
    }

    /// As JSON, without lines.
    var json: JSON {
        switch value {
        case .scalar(let json): json
        case .list(let nodes): .array(nodes.map(\.json))
        case .map(let members): .object(members.map { ($0.key, $0.value.json) })
        }
    }
}

/// Reads YAML, of which JSON is a part, into nodes.
///
/// Plain words mean what JSON means by them: `true`, `false`, `null` and numbers; all else is text, so that `no` and `on` stay
/// what they are.
struct PlanReader {
    private static let deepest = 100
    private static let most = 200_000

    private let file: String
    private var count = 0

    /// The whole text as nodes.
    ///
    /// - Throws: A usage error that points at the line.
    static func read(_ text: String, file: String) throws(CommandFailure) -> PlanNode {
        var reader = PlanReader(file: file)
        guard text.utf8.count <= 4 << 20 else {
            throw CommandFailure("too_large", "\(file) is larger than 4 MB", hint: "Split it into several plans.")
        }
        try reader.checkDepth(text)
        let root: Node?
        do {
            root = try Yams.compose(yaml: readable(text))
        } catch let error as YamlError {
            throw reader.broken(error)
        } catch {
            throw CommandFailure.usage("\(file) can't be read: \(error)")
        }
        guard let root else { throw CommandFailure.usage("\(file) is empty", hint: hint) }
        return try reader.node(root, depth: 0)
    }

    private init(file: String) { self.file = file }

    private static let hint = "It is a plan in YAML or JSON; see: pgswarm plan apply --help"

    /// JSON as YAML can read it: tabs between its tokens, and characters that are escaped in two halves.
    private static func readable(_ text: String) -> String {
        guard text.first(where: { !$0.isWhitespace }) == "{" else { return text }
        var units: [UInt16] = []
        var rest = Array(text.utf16)[...]
        while let unit = rest.popFirst() {
            if unit == 0x5c, let next = rest.first {
                if next == 0x75, let high = escaped(rest), UTF16.isLeadSurrogate(high),
                    let low = escaped(rest.dropFirst(6)), rest.dropFirst(5).first == 0x5c, UTF16.isTrailSurrogate(low)
                {
                    units += [high, low]
                    rest = rest.dropFirst(11)
                } else {
                    units += [unit, next]
                    rest = rest.dropFirst()
                }
            } else {
                units.append(unit == 0x09 ? 0x20 : unit)
            }
        }
        return String(decoding: units, as: UTF16.self)
    }

    /// The number of an escape `uXXXX`.
    private static func escaped(_ text: ArraySlice<UInt16>) -> UInt16? {
        guard text.count >= 5, text.first == 0x75 else { return nil }
        return UInt16(String(decoding: text.dropFirst().prefix(4), as: UTF16.self), radix: 16)
    }

    /// The parser recurses: what is nested without end must not get there.
    private func checkDepth(_ text: String) throws(CommandFailure) {
        var depth = 0
        for (index, line) in text.utf8.split(separator: 0x0a, omittingEmptySubsequences: false).enumerated() {
            var marks = 0
            for byte in line {
                switch byte {
                case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
                case UInt8(ascii: "]"), UInt8(ascii: "}"): depth = max(0, depth - 1)
                case UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"): marks += 1
                case UInt8(ascii: " "): continue
                default: break
                }
                if depth > 4 * Self.deepest { throw tooDeep(index + 1) }
            }
            // Signs alone, such as "- - - -", nest too.
            if marks > Self.deepest, line.allSatisfy({ " -?:".utf8.contains($0) }) { throw tooDeep(index + 1) }
        }
    }

    private func tooDeep(_ line: Int) -> CommandFailure {
        .usage("\(file):\(line): nested too deep", hint: "A plan has \(Self.deepest) levels at most.")
    }

    private mutating func node(_ node: Node, depth: Int) throws(CommandFailure) -> PlanNode {
        let line = node.mark?.line ?? 1
        count += 1
        // Aliases can make a small text endless.
        guard count <= Self.most else {
            throw CommandFailure("too_large", "\(file):\(line): too many values", hint: Self.hint)
        }
        guard depth <= Self.deepest else { throw tooDeep(line) }
        switch node {
        case .scalar(let scalar): return PlanNode(value: .scalar(value(of: scalar)), line: line)
        case .sequence(let sequence):
            var nodes: [PlanNode] = []
            for item in sequence { nodes.append(try self.node(item, depth: depth + 1)) }
            return PlanNode(value: .list(nodes), line: line)
        case .mapping(let mapping):
            var members: [PlanNode.Member] = []
            for (key, value) in mapping {
                guard case .scalar(let name) = key else {
                    throw CommandFailure.usage("\(file):\(key.mark?.line ?? line): a key is no text", hint: Self.hint)
                }
                let value = try self.node(value, depth: depth + 1)
                members.append(PlanNode.Member(key: name.string, line: key.mark?.line ?? line, value: value))
            }
            return PlanNode(value: .map(members), line: line)
        case .alias: throw CommandFailure.usage("\(file):\(line): an alias without its anchor", hint: Self.hint)
        }
    }

    private func value(of scalar: Node.Scalar) -> JSON {
        guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
        switch scalar.string {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: return Self.isNumber(scalar.string) ? .raw(scalar.string) : .string(scalar.string)
        }
    }

    /// A number as JSON writes it.
    private static func isNumber(_ text: String) -> Bool {
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first),
            text.utf8.count < 40
        else { return false }
        return (try? JSONScanner.check(text)) != nil
    }

    private func broken(_ error: YamlError) -> CommandFailure {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            .usage("\(file):\(mark.line): \(problem) (column \(mark.column))", hint: Self.hint)
        case .duplicatedKeysInMapping(let keys, let context):
            .usage(
                "\(file):\(context.mark.line): the same key twice: \(keys.joined(separator: ", "))",
                hint: "Give each a name of its own.")
        default: .usage("\(file) can't be read: \(error)", hint: Self.hint)
        }
    }
}
