import ArgumentParser

/// Settings as they are written on the command line: `key=value`, each once.
enum SettingArguments {
    /// The keys and values, in their order.
    ///
    /// - Parameter read: Makes a value of what stands behind a key's `=`.
    static func parse(
        _ arguments: [String], _ read: (_ key: String, _ text: String) throws -> JSON
    ) throws -> JSON {
        var members: [(String, JSON)] = []
        for argument in arguments {
            guard let equals = argument.firstIndex(of: "=") else {
                throw CommandFailure.usage("'\(argument.printable)' is no setting", hint: "Write key=value.")
            }
            let key = String(argument[..<equals])
            let text = String(argument[equals...].dropFirst())
            guard !members.contains(where: { $0.0 == key }) else {
                throw CommandFailure.usage(
                    "the setting '\(key.printable)' is given twice", hint: "Give it once.")
            }
            members.append((key, try read(key, text)))
        }
        return .object(members)
    }

    /// Settings that the database checks by itself: only durations are read here, and `default` resets.
    static func parse(_ arguments: [String], durations: Set<String>, example: String) throws -> JSON {
        try parse(arguments) { key, text in
            if text == "default" { return .null }
            return durations.contains(key) ? try duration(text, of: key, example: example) : .string(text)
        }
    }

    /// A duration behind a key.
    static func duration(_ text: String, of key: String, example: String) throws -> JSON {
        do {
            return JSON(try DurationArgument.parse(text))
        } catch {
            throw CommandFailure.usage(
                "\(key): \(error.message)", hint: "Write \(key)=\(example), or \(key)=default to reset it.")
        }
    }
}
