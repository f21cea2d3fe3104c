import TestSupport

/// Makes schemas and values up, so that each keyword meets each other.
struct SchemaSource {
    private let names = ["a", "b", "x-1"]
    private let values = [
        "0", "1", "2", "-1", "0.5", "3", #""""#, #""a""#, #""b""#, #""ab""#, #""abc""#, "null", "true", "false", "[]",
        "{}",
    ]

    private func any(_ texts: [String], _ random: inout SeededRandom) -> String {
        texts.randomElement(using: &random) ?? "true"
    }

    private func number(_ range: ClosedRange<Int>, _ random: inout SeededRandom) -> Int {
        Int.random(in: range, using: &random)
    }

    mutating func value(_ depth: Int, _ random: inout SeededRandom) -> String {
        switch number(0...9, &random) {
        case 0...5 where depth > 0, 6... where depth == 0, 0...5: any(values, &random)
        case 6, 7:
            "[" + (0..<number(0...3, &random)).map { _ in value(depth - 1, &random) }.joined(separator: ", ") + "]"
        default:
            "{"
                + (names + ["zz"]).shuffled(using: &random).prefix(number(0...3, &random))
                .map { "\"\($0)\": \(value(depth - 1, &random))" }.joined(separator: ", ") + "}"
        }
    }

    mutating func schema(_ depth: Int, _ random: inout SeededRandom) -> String {
        guard depth > 0, number(0...6, &random) > 0 else {
            return any(
                [
                    "true", "{}", "false", #"{"type": "string"}"#, #"{"type": "integer"}"#,
                    #"{"type": ["number", "null"]}"#,
                    #"{"const": 1}"#, #"{"enum": ["a", 2, null]}"#, #"{"type": "boolean"}"#, #"{"minLength": 2}"#,
                ], &random)
        }
        var members: [String: String] = [:]
        if number(0...1, &random) == 0 {
            members["type"] = any(
                [#""string""#, #""integer""#, #""object""#, #""array""#, #"["integer", "string"]"#], &random)
        }
        for _ in 0...number(0...2, &random) {
            let key = any(
                [
                    "minimum", "maximum", "exclusiveMinimum", "multipleOf", "minLength", "maxLength", "pattern",
                    "items", "prefixItems",
                    "contains", "minItems", "maxItems", "uniqueItems", "properties", "required", "additionalProperties",
                    "patternProperties", "propertyNames", "minProperties", "dependentRequired", "anyOf", "oneOf",
                    "allOf", "not", "if",
                ], &random)
            members[key] = content(of: key, depth, &random)
        }
        if members["if"] != nil { members["then"] = schema(depth - 1, &random) }
        return "{" + members.map { "\"\($0.key)\": \($0.value)" }.sorted().joined(separator: ", ") + "}"
    }

    private mutating func content(of key: String, _ depth: Int, _ random: inout SeededRandom) -> String {
        let name = any(names, &random)
        return switch key {
        case "minimum", "maximum", "exclusiveMinimum": any(["0", "1", "2", "0.5", "-1"], &random)
        case "multipleOf": any(["1", "2", "0.5"], &random)
        case "pattern": any([#""^a""#, #""b$""#, #""^[ab]+$""#], &random)
        case "minLength", "maxLength", "minItems", "maxItems", "minProperties": "\(number(0...3, &random))"
        case "uniqueItems": "true"
        case "required": "[\"\(name)\"]"
        case "dependentRequired": "{\"a\": [\"\(name)\"]}"
        case "properties": "{\"\(name)\": \(schema(depth - 1, &random))}"
        case "patternProperties": "{\"^x\": \(schema(depth - 1, &random))}"
        case "propertyNames": "{\"maxLength\": \(number(1...2, &random))}"
        case "anyOf", "oneOf", "allOf", "prefixItems":
            "[" + (0...number(0...1, &random)).map { _ in schema(depth - 1, &random) }.joined(separator: ", ") + "]"
        default: schema(depth - 1, &random)
        }
    }

    /// Near the first one more often than not: far ones are hardly ever compatible.
    mutating func changed(_ schema: String, _ random: inout SeededRandom) -> String {
        switch number(0...7, &random) {
        case 0: schema
        case 1: "{\"anyOf\": [\(schema), \(self.schema(1, &random))]}"
        case 2: "{\"allOf\": [\(schema), \(self.schema(1, &random))]}"
        case 3: "{\"oneOf\": [\(schema), \(self.schema(1, &random))]}"
        case 4: schema.replacing(#""type": "integer""#, with: #""type": "number""#).replacing("[\"a\"]", with: "[]")
        case 5: schema.replacing("\"m", with: "\"x-m")
        case 6: schema.replacing(": 2", with: ": 1").replacing("false", with: "true")
        default: self.schema(2, &random)
        }
    }
}
