import FoundationEssentials

/// Random numbers that can be had again: it prints its seed, and `PGSWARM_TEST_SEED` sets it.
public struct SeededRandom: RandomNumberGenerator {
    /// The number that everything else follows from.
    public let seed: UInt64
    private var state: UInt64

    /// A generator with the seed from the environment, else one that nobody knows beforehand.
    public init() {
        let wish = ProcessInfo.processInfo.environment["PGSWARM_TEST_SEED"].flatMap(UInt64.init)
        self.init(seed: wish ?? .random(in: .min ... .max))
        print("PGSWARM_TEST_SEED=\(seed)")
    }

    /// A generator with this seed.
    public init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// The next number of the sequence (SplitMix64).
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var result = state
        result = (result ^ (result >> 30)) &* 0xbf58_476d_1ce4_e5b9
        result = (result ^ (result >> 27)) &* 0x94d0_49bb_1331_11eb
        return result ^ (result >> 31)
    }
}
