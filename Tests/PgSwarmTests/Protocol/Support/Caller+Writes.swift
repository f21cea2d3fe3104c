import Postgres

extension Caller {
    /// Every single write that a holder can do, with this handle: what refuses one must refuse all.
    func writes(of handle: String) -> [(verb: String, sql: SQL)] {
        [
            ("complete", "SELECT pgswarm.complete(\(handle), '1')"),
            ("fail", "SELECT pgswarm.fail(\(handle), 'x')"),
            ("fail dead", "SELECT pgswarm.fail(\(handle), 'x', dead => true)"),
            ("release", "SELECT pgswarm.release(\(handle), 'x')"),
            ("renew", "SELECT * FROM pgswarm.renew(\(handle))"),
            ("progress", "SELECT * FROM pgswarm.progress(\(handle), 'x', '{}', 5, '{}')"),
            ("intent", "SELECT * FROM pgswarm.intent(\(handle), 'k', '{}')"),
            ("confirm", "SELECT pgswarm.confirm(\(handle), 'k', '{}')"),
            ("hold", "SELECT pgswarm.hold(\(handle))"),
            ("child", "SELECT pgswarm.enqueue('child', parent => \(handle))"),
            ("child with a key", "SELECT pgswarm.enqueue('child', key => 'k', parent => \(handle))"),
            (
                "children", "SELECT pgswarm.enqueue_many('child', ARRAY['1', '2']::jsonb[], parent => \(handle))"
            ),
        ]
    }
}
