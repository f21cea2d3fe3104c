/// How long a server that was started lives.
public enum ServerLifetime: Sendable, Hashable {
    /// Until somebody stops it; it outlives the process that started it.
    case independent
    /// Until the starting process ends, however it ends, also by SIGKILL.
    ///
    /// With `removingFiles` its data and its location are deleted then.
    case boundToProcess(removingFiles: Bool)
}
