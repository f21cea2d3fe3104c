import FoundationEssentials
public import Postgres

extension JSONText {
    /// Writes a value as JSON; dates become RFC 3339 strings.
    ///
    /// - Throws: `invalid_argument` when the value has no JSON form, for example an infinite number.
    public init(encoding value: some Encodable) throws(SwarmError) {
        do {
            self.init(String(decoding: try JSONCoding.encoder.encode(value), as: UTF8.self))
        } catch {
            throw SwarmError(
                .invalidArgument, "a \(type(of: value)) can't be written as JSON: \(error)", underlying: error
            )
        }
    }

    /// Reads a value from this JSON.
    ///
    /// - Throws: `invalid_argument` when the JSON doesn't have the shape of `type`.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws(SwarmError) -> Value {
        do {
            return try JSONCoding.decoder.decode(type, from: Data(text.utf8))
        } catch {
            throw SwarmError(.invalidArgument, "the JSON is not a \(type): \(error)", underlying: error)
        }
    }
}

/// The one way typed values are written and read, so that every door writes dates alike.
private enum JSONCoding {
    static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(date.rfc3339)
        }
        return encoder
    }()

    static let decoder: JSONDecoder = {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            guard let date = Date(rfc3339: try container.decode(String.self)) else {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "not an RFC 3339 time")
            }
            return date
        }
        return decoder
    }()
}
