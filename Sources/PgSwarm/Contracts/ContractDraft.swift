public import Postgres

/// A version of a contract that is to be published.
public struct ContractDraft: Sendable {
    /// What the body of a contract is.
    public enum Kind: String, Sendable, CaseIterable {
        /// A JSON Schema, draft 2020-12: the database checks results against it.
        case jsonSchema = "json_schema"
        /// A text or an object that describes an interface over HTTP.
        case openAPI = "openapi"
        /// Statements that make tables, views or functions.
        case sql
        /// Declarations in a programming language.
        case signature
        /// Any other text.
        case text
    }

    /// The rule by which the next version may differ.
    public enum Compatibility: String, Sendable, CaseIterable {
        /// All that kept the old version keeps the new one.
        case backward
        /// All that keeps the new version kept the old one.
        case forward
        /// Both.
        case full
        /// Nothing is compared.
        case none
    }

    /// Name and version.
    public var version: ContractVersion
    /// The schema; a text is a JSON string.
    public var body: JSONText
    /// What the body is.
    public var kind: Kind
    /// `{"valid": […], "invalid": […]}`: checked against a schema before it is published.
    public var examples: JSONText?
    /// The rule for later versions; `nil`: the contract's own, for a new one `backward`.
    public var compatibility: Compatibility?
    /// A command that checks what the database can't.
    public var check: String?
    /// What people should know of it.
    public var note: String?

    /// A draft.
    public init(
        _ version: ContractVersion, _ body: JSONText, kind: Kind = .jsonSchema, examples: JSONText? = nil,
        compatibility: Compatibility? = nil, check: String? = nil, note: String? = nil
    ) {
        self.version = version
        self.body = body
        self.kind = kind
        self.examples = examples
        self.compatibility = compatibility
        self.check = check
        self.note = note
    }
}
