import PgSwarm

/// A plan as text: in levels, as a tree, for Graphviz, for Mermaid.
struct PlanDrawing {
    let sheet: PlanSheet

    /// One line about the whole.
    func summary(style: Style) -> [String] {
        let order = [
            "done", "running", "review", "ready", "scheduled", "blocked", "held", "parked", "dead", "cancelled",
        ]
        let counts = sheet.counts ?? [:]
        let parts = order.compactMap { state in
            counts[state].map { style.apply(Style.Tone(state: state), to: "\($0) \(state)") }
        }
        var lines = [
            style.apply(.heading, to: sheet.plan.printable)
                + "  version \(sheet.version)  \(sheet.state)  \(sheet.percent ?? 0) % of \(sheet.tasks.count.counted("task")): "
                + parts.joined(separator: ", ")
        ]
        if let goal = sheet.goal { lines.append(goal.printable) }
        if let by = sheet.pausedBy {
            lines.append(
                style.apply(.warning, to: "paused by \(by)\(sheet.pausedReason.map { ": \($0)" } ?? "")".printable))
        }
        if let by = sheet.frozenBy {
            lines.append(
                style.apply(.warning, to: "frozen by \(by)\(sheet.frozenReason.map { ": \($0)" } ?? "")".printable))
        }
        if sheet.proposed > 0 {
            lines.append(
                "\(sheet.proposed.counted("follow-up")) to decide: pgswarm plan follow-ups \(sheet.plan.printable)")
        }
        return lines
    }

    /// Every task on a line, what can run at the same time together; `*` marks those that decide when it ends.
    var levels: Table {
        var table = Table([
            .right("LEVEL"), .left(""), .left("KEY"), .left("STATE"), .right("TASK"), .left("QUEUE"), .left("AGENT"),
            .flexible("AFTER"),
        ])
        var level = 0
        let critical = Set(sheet.criticalPath)
        for item in sheet.tasks {
            table.add([
                Table.Cell(item.level == level ? "" : "\(item.level)", .quiet),
                Table.Cell(critical.contains(item.key) ? "*" : "", .warning), Table.Cell(item.key, .heading),
                Table.Cell(state(of: item), Style.Tone(state: item.state)), Table.Cell(item.task),
                Table.Cell(item.queue),
                Table.Cell(item.agent), Table.Cell(item.after.map(\.text).joined(separator: ", ")),
            ])
            level = item.level
        }
        return table
    }

    /// Each task below the last one that it waits for; `+` names the others.
    func tree(style: Style) -> [String] {
        let place = Dictionary(uniqueKeysWithValues: sheet.tasks.enumerated().map { ($1.key, $0) })
        var below: [String: [PlanSheet.Item]] = [:]
        var roots: [PlanSheet.Item] = []
        for item in sheet.tasks {
            let above = item.after.compactMap { place[$0.task] }.max { sheet.tasks[$0].level < sheet.tasks[$1].level }
            if let above { below[sheet.tasks[above].key, default: []].append(item) } else { roots.append(item) }
        }
        var lines: [String] = []
        func draw(_ item: PlanSheet.Item, _ parent: String?, _ stem: String, _ branch: String) {
            let others = item.after.filter { $0.task != parent }.map(\.text)
            let edge = item.after.first { $0.task == parent }?.conditions ?? ""
            let more =
                (edge.isEmpty ? "" : "  \(edge)") + (others.isEmpty ? "" : "  + \(others.joined(separator: ", "))")
            lines.append(
                style.apply(.quiet, to: stem + branch) + style.apply(.heading, to: item.key.printable) + "  "
                    + style.apply(Style.Tone(state: item.state), to: state(of: item))
                    + (item.agent.map { "  \($0.printable)" } ?? "") + style.apply(.quiet, to: more.printable))
            let children = below[item.key] ?? []
            let next = stem + (branch.isEmpty ? "" : branch.hasPrefix("└") ? "   " : "│  ")
            for (index, child) in children.enumerated() {
                draw(child, item.key, next, index == children.count - 1 ? "└─ " : "├─ ")
            }
        }
        for root in roots { draw(root, nil, "", "") }
        return lines
    }

    /// For Graphviz.
    var dot: [String] {
        func escaped(_ text: String) -> String {
            text.printable.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        }
        func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }
        var lines = [
            "digraph \(quoted(sheet.plan)) {", "  rankdir=LR; node [shape=box, style=filled, fillcolor=white];",
        ]
        for item in sheet.tasks {
            lines.append(
                "  \(quoted(item.key)) [label=\"\(escaped(item.key))\\n\(item.state)\", fillcolor=\(colour(item.state))];"
            )
        }
        for item in sheet.tasks {
            for edge in item.after {
                let label = edge.conditions.isEmpty ? "" : " [label=\(quoted(edge.conditions))]"
                lines.append("  \(quoted(edge.task)) -> \(quoted(item.key))\(label);")
            }
        }
        return lines + ["}"]
    }

    /// For Mermaid, as GitHub shows it in Markdown.
    var mermaid: [String] {
        let place = Dictionary(uniqueKeysWithValues: sheet.tasks.enumerated().map { ($1.key, $0) })
        var lines = ["flowchart LR"]
        for (index, item) in sheet.tasks.enumerated() {
            let label = "\(item.key)<br/>\(item.state)".replacing("\"", with: "#quot;")
            lines.append("  t\(index)[\"\(label)\"]:::\(item.state)")
        }
        for (index, item) in sheet.tasks.enumerated() {
            for edge in item.after {
                guard let from = place[edge.task] else { continue }
                lines.append("  t\(from) -->\(edge.conditions.isEmpty ? "" : "|\"\(edge.conditions)\"|") t\(index)")
            }
        }
        for state in Set(sheet.tasks.map(\.state)).sorted() {
            lines.append("  classDef \(state) fill:\(colour(state))")
        }
        return lines
    }

    private func state(of item: PlanSheet.Item) -> String {
        var text = item.state
        if let score = item.score { text += " \(score)/5" }
        if item.state == "held" || item.state == "parked", let reason = item.reason { text += " (\(reason))" }
        return text
    }

    private func colour(_ state: String) -> String {
        switch state {
        case "done": "palegreen"
        case "running": "lightskyblue"
        case "review": "khaki"
        case "dead": "lightcoral"
        case "cancelled": "lightgrey"
        default: "white"
        }
    }
}

extension PlanSheet.Edge {
    /// The key and the conditions that are not the usual ones.
    fileprivate var text: String { task + (conditions.isEmpty ? "" : " (\(conditions))") }

    fileprivate var conditions: String {
        [until, minScore.map { "score \($0)" }, onFailure.map { "else \($0)" }].compactMap { $0 }.joined(
            separator: ", ")
    }
}
