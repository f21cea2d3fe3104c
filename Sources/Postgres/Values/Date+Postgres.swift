public import FoundationEssentials

extension Date: PostgresEncodable, PostgresDecodable {
    /// `timestamptz`.
    public static var postgresType: PostgresType { .timestamptz }

    /// Appends the microseconds since 2000-01-01 UTC, rounded to the nearest.
    ///
    /// A date that is not finite, or too far away for the server's format, becomes `infinity` or
    /// `-infinity`.
    public func encode(to bytes: inout [UInt8]) {
        let microseconds = (timeIntervalSinceReferenceDate + Self.secondsBetweenEpochs) * 1_000_000
        let encoded: Int64 =
            Int64(exactly: microseconds.rounded()) ?? (microseconds < 0 ? Self.minusInfinity : Self.infinity)
        encoded.appendBigEndian(to: &bytes)
    }

    /// Reads a `timestamptz`; `infinity` becomes a date at an infinite interval.
    public init(from bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) {
        guard type == .timestamptz else { throw .mismatch(Self.self, type) }
        guard bytes.count == 8 else { throw .length(Self.self, bytes.count) }
        let microseconds = Int64(bigEndianIn: bytes)
        switch microseconds {
        case Self.infinity: self.init(timeIntervalSinceReferenceDate: .infinity)
        case Self.minusInfinity: self.init(timeIntervalSinceReferenceDate: -.infinity)
        default:
            // Whole seconds and the rest apart: together they would lose microseconds in the division.
            let (seconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
            self.init(
                timeIntervalSinceReferenceDate:
                    Double(seconds) - Self.secondsBetweenEpochs + Double(rest) / 1_000_000
            )
        }
    }

    /// From the server's epoch, 2000-01-01, to Foundation's, 2001-01-01.
    private static let secondsBetweenEpochs: Double = 366 * 86_400
    private static let infinity = Int64.max
    private static let minusInfinity = Int64.min
}
