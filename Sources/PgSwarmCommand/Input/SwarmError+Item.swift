import PgSwarm

extension SwarmError {
    /// The item of an array call that was refused, counted from 1, and why: the database writes `item 7: …`.
    var refusedItem: (Int, String)? {
        guard message.hasPrefix("item "), let colon = message.firstIndex(of: ":"),
            let item = Int(message[..<colon].dropFirst("item ".count))
        else { return nil }
        return (item, String(message[colon...].dropFirst().drop(while: \.isWhitespace)))
    }

    /// The refusal of a call that had only one item, which needs no number.
    var withoutItem: SwarmError {
        guard let (item, message) = refusedItem, item == 1 else { return self }
        return SwarmError(code, message, hint: hint, underlying: underlying)
    }
}
