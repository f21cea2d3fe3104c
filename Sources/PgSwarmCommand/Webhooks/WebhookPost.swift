import PgSwarm
import Subprocess
import SystemPackage

/// One delivery as an HTTP request, made by `curl`: TLS, proxies and certificates are the system's.
///
/// Address, signature and body go through its standard input, because arguments are visible to every user of the host.
struct WebhookPost {
    private let delivery: WebhookDelivery

    init(_ delivery: WebhookDelivery) {
        self.delivery = delivery
    }

    /// - Returns: Why it failed, `nil` when the other side took it.
    func send() async -> String? {
        do {
            let result = try await Subprocess.run(
                .name("curl"),
                // First of all: no settings from anybody's home.
                arguments: ["--disable", "--config", "-"],
                input: .string(configuration),
                output: .string(limit: 4096),
                error: .string(limit: 4096))
            let status = result.standardOutput
            if case .exited(0) = result.terminationStatus {
                return status.count == 3 && status.hasPrefix("2") ? nil : "it answered with HTTP status \(status)"
            }
            let text = result.standardError.split(separator: "\n").last.map(String.init)
            return text.map { "\($0)" } ?? "curl ended with \(result.terminationStatus)"
        } catch {
            return "curl can't be run: \(error)"
        }
    }

    /// What `curl` is told, in the form of its configuration file.
    var configuration: String {
        let options = [
            ("url", delivery.url),
            ("proto", "=http,https"),
            ("header", "Content-Type: application/json"),
            ("header", "User-Agent: pgswarm"),
            ("header", "webhook-id: msg_\(delivery.id)"),
            ("header", "webhook-timestamp: \(delivery.timestamp)"),
            ("header", "webhook-signature: \(delivery.signature)"),
            ("data-raw", delivery.body),
            ("max-time", "10"),
            ("max-filesize", "65536"),
            ("output", "/dev/null"),
            ("write-out", "%{http_code}"),
        ]
        let lines = options.map { name, value in "\(name) = \"\(Self.escaped(value))\"" }
        return (["silent", "show-error", "globoff"] + lines).joined(separator: "\n") + "\n"
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            case "\r": escaped += "\\r"
            case "\t": escaped += "\\t"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
