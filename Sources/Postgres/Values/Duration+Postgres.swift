extension Duration: PostgresEncodable, PostgresDecodable {
    /// `interval`.
    public static var postgresType: PostgresType { .interval }

    /// Appends microseconds, rounded to the nearest, and no days or months.
    ///
    /// Durations of more than 292,000 years are cut to that.
    public func encode(to bytes: inout [UInt8]) {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let fraction = (attoseconds + (attoseconds < 0 ? -1 : 1) * 500_000_000_000) / 1_000_000_000_000
        let (sum, carry) = whole.addingReportingOverflow(fraction)
        let microseconds = overflow || carry ? (seconds < 0 ? Int64.min : Int64.max) : sum
        microseconds.appendBigEndian(to: &bytes)
        Int32(0).appendBigEndian(to: &bytes)
        Int32(0).appendBigEndian(to: &bytes)
    }

    /// Reads an `interval` without months; a day counts 24 hours.
    public init(from bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) {
        guard type == .interval else { throw .mismatch(Self.self, type) }
        guard bytes.count == 16 else { throw .length(Self.self, bytes.count) }
        guard Int32(bigEndianIn: bytes, at: 12) == 0 else {
            throw .decoding("an interval with months has no fixed length")
        }
        let days = Int64(Int32(bigEndianIn: bytes, at: 8))
        self = .microseconds(Int64(bigEndianIn: bytes)) + .seconds(days * 86_400)
    }
}
