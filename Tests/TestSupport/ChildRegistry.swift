public import Testing

/// The processes that a test has started, to be ended with it.
actor ChildRegistry {
    @TaskLocal static var current: ChildRegistry?
    private var children: [ChildProcess] = []

    func add(_ child: ChildProcess) { children.append(child) }

    /// Kills whatever still runs and waits for it.
    func end() async {
        for child in children { await child.kill() }
        for child in children { _ = try? await child.waitForExit(deadline: .seconds(10)) }
        children = []
    }
}

extension ChildProcess {
    /// Runs `body`, and then ends the processes that it started and that still run.
    public static func withRegistry<T>(_ body: () async throws -> T) async throws -> T {
        let registry = ChildRegistry()
        let result: Result<T, any Error>
        do {
            result = .success(try await ChildRegistry.$current.withValue(registry) { try await body() })
        } catch {
            result = .failure(error)
        }
        // In a task of its own, because a test that was cancelled must still wait for its processes.
        await Task { await registry.end() }.value
        return try result.get()
    }
}

/// Lets a test start processes, which end with it.
///
/// `.database` includes this.
public struct ChildrenTrait: TestTrait, SuiteTrait, TestScoping {
    /// On a suite it means each of the suite's tests.
    public var isRecursive: Bool { true }

    /// Runs the test and ends the processes that it left.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        try await ChildProcess.withRegistry { try await function() }
    }
}

extension Trait where Self == ChildrenTrait {
    /// Processes may be started with ``ChildProcess/start(_:_:environment:input:)``.
    public static var children: Self { ChildrenTrait() }
}
