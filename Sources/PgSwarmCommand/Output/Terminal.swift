import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What the surroundings of the process allow.
enum Terminal {
    /// True when the descriptor is a terminal.
    static func isTerminal(_ file: FileDescriptor) -> Bool {
        isatty(file.rawValue) == 1
    }

    /// False with `NO_COLOR` (https://no-color.org) or on a dumb terminal.
    static var allowsColour: Bool {
        (Environment["NO_COLOR"] ?? "").isEmpty && Environment["TERM"] != "dumb"
    }

    /// Columns of a terminal; `COLUMNS` wins, 80 when nobody knows.
    static func width(of file: FileDescriptor) -> Int {
        if let text = Environment["COLUMNS"], let columns = Int(text), columns > 0 { return columns }
        var size = winsize()
        guard ioctl(file.rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// The id of this process.
    static var processID: Int32 { getpid() }

    /// True when whoever started the process, such as `nohup`, had SIGHUP ignored.
    static var outlivesHangUp: Bool {
        var action = sigaction()
        guard sigaction(SIGHUP, nil, &action) == 0 else { return false }
        #if canImport(Darwin)
        let handler = action.__sigaction_u.__sa_handler
        #else
        let handler = action.__sigaction_handler.sa_handler
        #endif
        return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Ends the process without running anything else.
    static func exitNow(_ code: Int32) -> Never {
        _exit(code)
    }

    /// Writes to a vanished reader report an error from now on instead of killing the process.
    static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }
}
