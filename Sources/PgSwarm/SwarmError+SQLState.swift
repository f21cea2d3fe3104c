extension SwarmError.Code {
    /// The class `PS` of the protocol's own errors.
    ///
    /// The same list stands in the functions that raise them.
    private static let raised: [String: SwarmError.Code] = [
        "PS001": .lostClaim, "PS002": .notFound, "PS003": .invalidArgument, "PS004": .invalidHandle,
        "PS005": .held, "PS006": .notReady, "PS007": .queueFull, "PS008": .requestMismatch,
        "PS009": .tooLarge, "PS010": .wrongState, "PS011": .unknownAgent, "PS012": .badCredential,
        "PS013": .sessionLost, "PS014": .notAllowed, "PS015": .alreadySettled,
        "PS016": .mailboxFull, "PS017": .conflict, "PS018": .breakerOpen,
        "PS019": .contractMismatch, "PS020": .contractBreaking, "PS021": .budgetExhausted,
        "PS022": .staleVersion,
    ]

    /// The code for an error the server raised, `nil` for one that no caller can cause.
    init?(sqlState: String) {
        if let code = SwarmError.Code.raised[sqlState] {
            self = code
            return
        }
        switch sqlState {
        case "42501": self = .notAllowed
        case "54000", "53200": self = .tooLarge  // a value above 1 GB, or memory for it
        case "28P01", "28000": self = .unreachable  // the server is there but lets nobody in
        case "55P03", "40001", "40P01": self = .held  // a lock that did not come free
        default:
            switch sqlState.prefix(2) {
            case "08", "57", "53": self = .unreachable  // shutting down, starting, too many connections
            case "22": self = .invalidArgument  // a text that is no JSON, a number out of range
            default: return nil
            }
        }
    }

    /// Whether the SQLSTATE says that a schema, table, function or column does not exist.
    static func isMissingSchema(_ sqlState: String) -> Bool {
        ["3F000", "42P01", "42883", "42703"].contains(sqlState)
    }
}
