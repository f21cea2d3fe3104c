import Postgres

import struct FoundationEssentials.UUID

/// The holder's writes that end or describe an attempt.
enum SettleSQL {
    static let columns = "code, state, message, due_at"

    static func settle(_ verdicts: [(Handle, Verdict)], session: UUID?) -> SQL {
        """
        SELECT \(raw: columns) FROM pgswarm.settle(
            handles => \(verdicts.map(\.0.text)), verdicts => \(verbs(verdicts)),
            bodies => \(bodies(verdicts)), session => \(session)) ORDER BY ord
        """
    }

    static func step(_ verdicts: [(Handle, Verdict)], _ request: ClaimRequest, session: UUID) -> SQL {
        """
        SELECT settled, \(raw: columns), \(raw: ClaimSQL.columns) FROM pgswarm.step(
            session => \(session), handles => \(verdicts.map(\.0.text)), verdicts => \(verbs(verdicts)),
            bodies => \(bodies(verdicts)), queues => \(request.queues),
            count => \(Int32(clamping: request.count)), lease => \(request.lease), quiet => true)
        """
    }

    // What all have in common needn't travel: without verdicts all are completions, without bodies none has one.

    private static func verbs(_ verdicts: [(Handle, Verdict)]) -> [String]? {
        let verbs = verdicts.map(\.1.verb)
        return verbs.allSatisfy { $0 == "complete" } ? nil : verbs
    }

    private static func bodies(_ verdicts: [(Handle, Verdict)]) -> [JSONText?]? {
        let bodies = verdicts.map(\.1.body)
        return bodies.allSatisfy { $0 == nil } ? nil : bodies
    }

    static func progress(_ handle: Handle, _ progress: Progress) -> SQL {
        """
        SELECT status, lease_until FROM pgswarm.progress(
            handle => \(handle.text), note => \(progress.note), checkpoint => \(progress.checkpoint),
            percent => \(progress.percent), usage => \(progress.usage))
        """
    }

    static func intent(_ handle: Handle, key: String, detail: JSONText?) -> SQL {
        "SELECT * FROM pgswarm.intent(handle => \(handle.text), key => \(key), detail => \(detail))"
    }

    static func confirm(_ handle: Handle, key: String, result: JSONText?) -> SQL {
        "SELECT pgswarm.confirm(handle => \(handle.text), key => \(key), result => \(result))"
    }

    static func hold(_ handle: Handle) -> SQL {
        "SELECT pgswarm.hold(handle => \(handle.text))"
    }
}
