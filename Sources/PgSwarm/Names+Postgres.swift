public import Postgres

// The small names and numbers are passed to and read from SQL as what they wrap.
extension TaskID: PostgresEncodable, PostgresDecodable {}
extension TaskState: PostgresEncodable, PostgresDecodable {}
extension QueueName: PostgresEncodable, PostgresDecodable {}
extension AgentRole: PostgresEncodable, PostgresDecodable {}
extension AgentName: PostgresEncodable, PostgresDecodable {}
extension Settlement.Code: PostgresEncodable, PostgresDecodable {}
extension Renewal.Status: PostgresEncodable, PostgresDecodable {}
extension Session.Status: PostgresEncodable, PostgresDecodable {}
extension Session.Kind: PostgresEncodable, PostgresDecodable {}
extension Effect.State: PostgresEncodable, PostgresDecodable {}
