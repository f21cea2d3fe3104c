import ArgumentParser
import Testing

@testable import PgSwarmCommand

@Suite struct DurationArgumentTests {
    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)), ("90s", .seconds(90)), ("15m", .seconds(900)),
        ("2h", .seconds(7200)),
        ("1d", .seconds(86_400)), ("1.5h", .seconds(5400)), ("0s", .zero),
    ])
    func readsEveryUnit(text: String, duration: Duration) throws {
        #expect(try DurationArgument.parse(text) == duration)
    }

    @Test(arguments: [
        "-5m", "-1ms", "5", "", "s", "1 h", "1e9s", "infs", "nans", "0x10s", ".5s", "5.s", "1w", "1m30s",
        "١s",
        "99999999999999999999d",
    ])
    func refusesEverythingElseAndNamesIt(text: String) {
        let error = #expect(throws: ValidationError.self) { try DurationArgument.parse(text) }
        #expect(error?.message.contains("'\(text)'") == true)
    }

    @Test func aLeaseMustBeLongerThanNothing() {
        #expect(throws: ValidationError.self) { try DurationArgument.parsePositive("0s") }
    }
}

@Suite struct QueueSettingsTests {
    @Test func translatesSettings() throws {
        let settings = try QueueSettings.parse([
            "lease=30m", "max_running=4", "strict_lease=true", "backlog_limit=default",
        ])
        #expect(settings.text == #"{"lease":1800,"max_running":4,"strict_lease":true,"backlog_limit":null}"#)
    }

    @Test(arguments: [
        ["speed=9"], ["lease"], ["lease=-5m"], ["max_running=0"], ["max_running=many"],
        ["strict_lease=perhaps"],
        ["lease=1m", "lease=2m"],
    ])
    func refusesWhatIsNoSetting(arguments: [String]) {
        let failure = #expect(throws: CommandFailure.self) { try QueueSettings.parse(arguments) }
        #expect(failure?.exitCode == 64)
    }
}
