import FoundationEssentials
import PgSwarm
import Postgres

extension Message {
    /// What is said: a text as it is, anything else as JSON.
    var words: String? {
        guard let body else { return nil }
        return (try? JSONDecoder().decode(String.self, from: Data(body.text.utf8))) ?? body.text
    }

    /// Its members of a JSON object.
    var members: [(String, JSON)] {
        [
            ("id", .string(id.description)), ("sender", JSON(sender?.rawValue)), ("trust", .string(trust)),
            ("sent_at", JSON(sentAt)), ("thread", .string(thread)), ("kind", JSON(kind)), ("subject", JSON(subject)),
            ("body", body.map { .raw($0.text.escapedInJSON) } ?? .null), ("urgent", .bool(isUrgent)),
            ("hop", JSON(hop)),
            ("in_reply_to", JSON(inReplyTo?.description)), ("as_holder_of", JSON(asHolderOf?.description)),
            ("expects_reply_by", JSON(expectsReplyBy)),
        ]
    }
}

extension ReceivedMessage {
    /// For `--json`.
    var json: JSON {
        .object(
            [("delivery", .string(delivery.rawValue)), ("recipient", .string(recipient.rawValue))] + message.members + [
                ("sequence", JSON(sequence)), ("deliveries", JSON(deliveries)), ("generation", JSON(generation)),
                ("via", JSON(via?.rawValue)), ("visible_until", JSON(visibleUntil)),
            ])
    }
}

extension MessageInfo {
    /// For `--json`.
    var json: JSON {
        .object(
            message.members + [
                ("recipient", .string(recipient.rawValue)), ("state", .string(state)), ("deliveries", JSON(deliveries)),
                ("reader", JSON(reader?.rawValue)), ("delivered_at", JSON(deliveredAt)), ("ended_at", JSON(endedAt)),
                ("due_at", JSON(dueAt)), ("reason", JSON(reason)),
            ])
    }
}

extension MessageReceipt {
    /// For `--json`.
    var json: JSON {
        [
            "recipient": .string(recipient.rawValue), "state": .string(state.rawValue), "id": JSON(id?.description),
            "sequence": JSON(sequence), "depth": JSON(depth), "code": JSON(refusal?.code.rawValue),
            "message": JSON(refusal?.message), "hint": JSON(refusal?.hint), "retry_at": JSON(retryAt),
            "last_seen": JSON(lastSeen), "via": JSON(via?.rawValue),
        ]
    }
}

extension DeadMessage {
    /// For `--json`.
    var json: JSON {
        [
            "id": .string(message.description), "recipient": .string(recipient.rawValue),
            "sender": JSON(sender?.rawValue),
            "subject": JSON(subject), "body": body.map { .raw($0.text.escapedInJSON) } ?? .null,
            "deliveries": JSON(deliveries), "generation": JSON(generation), "died_at": JSON(diedAt),
            "reason": JSON(reason), "causes": causes.map { .raw($0.text.escapedInJSON) } ?? .array([]),
        ]
    }
}

extension MailboxInfo {
    /// For `--json`.
    var json: JSON {
        [
            "mailbox": .string(mailbox.rawValue), "unread": JSON(unread), "delivered": JSON(delivered),
            "bytes": JSON(bytes), "limit": JSON(limit), "oldest_at": JSON(oldestAt), "dead": JSON(dead),
            "received": JSON(received), "members": JSON(members),
        ]
    }
}

extension String {
    /// JSON without the control characters that JSON allows in strings and terminals obey: DEL and the C1 set.
    fileprivate var escapedInJSON: String {
        guard unicodeScalars.contains(where: { (0x7f..<0xa0).contains($0.value) }) else { return self }
        var text = ""
        for scalar in unicodeScalars {
            if (0x7f..<0xa0).contains(scalar.value) {
                text += "\\u00" + String(scalar.value, radix: 16)
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
