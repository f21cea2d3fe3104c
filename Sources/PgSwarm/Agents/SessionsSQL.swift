import Postgres

import struct FoundationEssentials.UUID

/// The calls that open, keep and end sessions.
enum SessionsSQL {
    static func open(_ introduction: Introduction) -> SQL {
        """
        SELECT * FROM pgswarm.open_session(
            agent => \(introduction.agent), kind => \(introduction.kind), credential => \(introduction.credential),
            ttl => \(introduction.ttl), host => \(introduction.host), pid => \(introduction.processID),
            client => \(introduction.client), take_over => \(introduction.takeOver))
        """
    }

    static func beat(_ session: UUID) -> SQL {
        "SELECT status, expires_at FROM pgswarm.beat(session => \(session))"
    }

    static func close(_ session: UUID, note: String?) -> SQL {
        "SELECT pgswarm.close_session(session => \(session), note => \(note))"
    }

    static func takeSeat(_ name: String, session: UUID, ttl: Duration) -> SQL {
        """
        SELECT * FROM pgswarm.take_seat(name => \(name), session => \(session), ttl => \(ttl))
        """
    }

    static func leaveSeat(_ name: String, session: UUID) -> SQL {
        "SELECT pgswarm.leave_seat(name => \(name), session => \(session))"
    }
}
