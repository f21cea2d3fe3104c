import ArgumentParser
import PgSwarm
import Postgres

/// A plan read from a file: what the database is told, and the line of everything in it.
struct PlanFile {
    /// The name that the file gives its plan.
    private(set) var name: String?
    /// What the database is told.
    private(set) var spec: JSON = .null
    private var lines: [String: Int] = [:]
    private let file: String

    private static let heads = ["plan", "goal", "limits", "followups", "defaults", "contracts", "tasks"]
    private static let edges = ["task", "until", "min_score", "on_failure"]
    private static let durations: Set = ["lease", "deadline", "delay", "prefer_for"]
    private static let items = [
        "goal", "title", "criteria", "queue", "kind", "payload", "priority", "capabilities", "prefer", "prefer_for",
        "produces", "consumes", "contract", "paths", "size", "estimate", "budget", "review", "redundancy", "needs",
        "lease",
        "deadline", "max_attempts", "max_lost", "at", "delay", "trace", "after",
    ]

    /// Reads a plan.
    ///
    /// - Throws: A usage error that points at the line.
    init(_ text: String, file: String) throws(CommandFailure) {
        self.file = file == "-" ? "standard input" : file
        let root = try PlanReader.read(text, file: self.file)
        guard let members = root.members else {
            throw failure(
                root.line, "this is no plan", "It has a goal and tasks by key; see: pgswarm plan apply --help")
        }
        var head: [(String, JSON)] = []
        for member in members {
            lines[member.key] = member.line
            try check(member, Self.heads, "")
            switch member.key {
            case "plan": name = member.value.text
            case "defaults": head.append(("defaults", try item(member.value, "defaults")))
            case "tasks": head.append(("tasks", try tasks(member.value)))
            case "limits": head.append(("limits", note(member.value, "limits")))
            case "followups": head.append(("followups", note(member.value, "followups")))
            default:
                if case .list(let nodes) = member.value.value {
                    for (index, node) in nodes.enumerated() { lines["\(member.key)[\(index + 1)]"] = node.line }
                }
                head.append((member.key, member.value.json))
            }
        }
        spec = .object(head)
    }

    /// What the database says about an item, with its line.
    func located(_ error: SwarmError) -> CommandFailure {
        let failure = CommandFailure(error)
        guard let colon = failure.message.firstRange(of: ": ") else { return failure }
        var path = String(failure.message[..<colon.lowerBound])
        // A value that is refused is named in quotes: its line is nearer than that of its task.
        for name in failure.message[colon.upperBound...].split(separator: "\"") where lines["\(path).\(name)"] != nil {
            path += ".\(name)"
            break
        }
        while !path.isEmpty {
            if let line = lines[path] {
                return CommandFailure(failure.code, "\(file):\(line): \(failure.message)", hint: failure.hint)
            }
            path = path.lastIndex(of: ".").map { String(path[..<$0]) } ?? ""
        }
        return failure
    }

    private mutating func note(_ node: PlanNode, _ path: String) -> JSON {
        for member in node.members ?? [] { lines["\(path).\(member.key)"] = member.line }
        return node.json
    }

    /// The tasks as a list, which keeps their order.
    private mutating func tasks(_ node: PlanNode) throws(CommandFailure) -> JSON {
        var named: [(key: String?, line: Int, value: PlanNode)] = []
        switch node.value {
        case .map(let members): named = members.map { ($0.key, $0.line, $0.value) }
        case .list(let nodes):
            for node in nodes {
                let members = node.members ?? []
                let rest = PlanNode(value: .map(members.filter { $0.key != "key" }), line: node.line)
                named.append(
                    (members.first { $0.key == "key" }?.value.text, node.line, node.members == nil ? node : rest))
            }
        case .scalar: return node.json
        }
        let keys = named.compactMap(\.key)
        var list: [JSON] = []
        for (index, task) in named.enumerated() {
            let path = "tasks.\(task.key ?? "\(index + 1)")"
            lines[path] = task.line
            guard case .object(let members) = try item(task.value, path, keys: keys) else {
                throw failure(
                    task.line, "\(path): it is no object", "Its keys are \(Self.items.joined(separator: ", ")).")
            }
            list.append(.object([("key", JSON(task.key))] + members))
        }
        return .array(list)
    }

    /// A task, or the defaults of all.
    private mutating func item(_ node: PlanNode, _ path: String, keys: [String]? = nil) throws(CommandFailure) -> JSON {
        guard let members = node.members else { return node.json }
        var json: [(String, JSON)] = []
        for member in members {
            lines["\(path).\(member.key)"] = member.line
            try check(member, Self.items, path + ".")
            if member.key == "after", let keys { try checkEdges(member.value, "\(path).after", keys) }
            if Self.durations.contains(member.key), let text = member.value.text {
                do {
                    json.append((member.key, .number(try DurationArgument.parse(text).inSeconds)))
                } catch {
                    throw failure(
                        member.line, "\(path).\(member.key): \(error.message)", "Or give a number of seconds.")
                }
            } else {
                json.append((member.key, member.value.json))
            }
        }
        return .object(json)
    }

    private mutating func checkEdges(_ node: PlanNode, _ path: String, _ keys: [String]) throws(CommandFailure) {
        var ends = [node]
        if case .list(let nodes) = node.value { ends = nodes }
        for end in ends {
            for member in end.members ?? [] { try check(member, Self.edges, path + ".") }
            guard let key = end.text ?? end.members?.first(where: { $0.key == "task" })?.value.text, !keys.contains(key)
            else { continue }
            let nearest = Nearest.name(to: key, among: keys).map { "; is it \"\($0)\"?" } ?? ""
            throw failure(
                end.line, "\(path): there is no task \"\(key)\" in this plan\(nearest)",
                "Name keys of this plan; an upstream that was taken away goes out of \"after\" too.")
        }
    }

    private func check(_ member: PlanNode.Member, _ known: [String], _ path: String) throws(CommandFailure) {
        guard !known.contains(member.key) else { return }
        let nearest = Nearest.name(to: member.key, among: known).map { "; is it \"\($0)\"?" } ?? ""
        throw failure(
            member.line, "\(path)\(member.key): there is no such key\(nearest)",
            "The keys are \(known.joined(separator: ", ")).")
    }

    private func failure(_ line: Int, _ message: String, _ hint: String) -> CommandFailure {
        CommandFailure("invalid_argument", "\(file):\(line): \(message)", hint: hint)
    }
}
