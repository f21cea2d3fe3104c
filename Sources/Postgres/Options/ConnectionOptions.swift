/// Where the server is and how to talk to it.
///
/// The parameters are those of libpq, with its names, and what is not given comes from where libpq
/// takes it: a service file, the environment (`PGHOST`, …), a password file, its defaults. Lists of
/// hosts, `target_session_attrs` and TLS work because libpq does them.
public struct ConnectionOptions: Sendable {
    /// The parameters under libpq's names: `host`, `port`, `dbname`, `user`, `password`, `sslmode` and others.
    public var parameters: [String: String]
    /// How long one host may take to answer; several hosts have as many times as long together.
    public var connectTimeout: Duration
    /// Whether statements that come again are prepared.
    ///
    /// Turn it off behind a pooler that gives every transaction another session.
    public var statementCache = true
    /// Run-time settings for the session, such as `statement_timeout` or `search_path`; sent while
    /// connecting, so they cost no round trip.
    public var settings: [String: String] = [:]
    /// Receives warnings and notices of the server, on the connection's thread; must be quick.
    public var onNotice: (@Sendable (ServerError) -> Void)?

    /// Options from single parameters; with none, the environment decides.
    public init(parameters: [String: String] = [:]) {
        self.parameters = parameters
        connectTimeout = Self.timeout(parameters["connect_timeout"]) ?? .seconds(10)
    }

    /// Options from a URL, `postgresql://user@host:port/database?parameter=value`, or from libpq's
    /// other form, `host=… dbname=…`.
    ///
    /// - Throws: ``PostgresError/invalidOptions(_:)``, which never repeats a part of the URL that could
    ///   be the password.
    public init(url: String) throws(PostgresError) {
        self.init(parameters: try ConnectionURL.parse(url))
    }

    private static func timeout(_ seconds: String?) -> Duration? {
        guard let seconds = seconds.flatMap({ Int64($0) }), seconds > 0 else { return nil }
        return .seconds(min(seconds, 86_400))
    }
}

extension ConnectionOptions: CustomStringConvertible {
    /// The parameters without those that are secret.
    public var description: String {
        parameters.sorted { $0.key < $1.key }
            .map { $0.key.contains("password") ? "\($0.key)=…" : "\($0.key)=\($0.value)" }
            .joined(separator: " ")
    }
}
