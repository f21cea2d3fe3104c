import PgSwarm

/// Which commands are for which roles, so that one that the database would refuse is not even sent.
///
/// What is not listed is for everybody, or decides by its own options; the database refuses in any case.
enum CommandDuties {
    private static let lists: [(Duty, [any SwarmCommand.Type])] = [
        (
            .executing,
            [
                ClaimCommand.self, CompleteCommand.self, WorkCommand.self, EffectCommand.Intent.self,
                EffectCommand.Confirm.self, ReserveTake.self, ReserveExtend.self, ReserveFree.self,
                BreakerPermitCommand.self, BreakerReportCommand.self, ProblemWait.self, ReviewAnswer.self,
            ]
        ),
        (
            .holding,
            [
                RenewCommand.self, ProgressCommand.self, FailCommand.self, ReleaseCommand.self,
                AgentsCommand.Mint.self,
            ]
        ),
        (.judging, [ReviewNext.self, ReviewSubmit.self]),
        (
            .proposing,
            [
                EnqueueCommand.self, ProblemReportCommand.self, ProblemConfirm.self, ProblemFlag.self,
                ProblemSupersede.self, ReserveCheck.self,
            ]
        ),
        (
            .steering,
            [
                CancelCommand.self, RetryCommand.self, PauseCommand.self, ResumeCommand.self, DrainCommand.self,
                StopCommand.self, CoordinateCommand.self, BreakerSet.self, ProblemClose.self, ProblemImport.self,
                AgentsCommand.Drain.self, TaintIntegrated.self,
            ]
        ),
        (
            .deciding,
            [
                BreakerOpen.self, BreakerClose.self, BreakerReset.self, QueuesCommand.Change.self, MessageSet.self,
                ReserveNamespace.self, AgentsCommand.Register.self, AgentsCommand.Change.self,
                AgentsCommand.Retire.self, TaintApply.self, TaintClear.self,
                WebhookSet.self, WebhookOff.self, WebhookTest.self,
                AgentsCommand.Retire.self, TaintApply.self, TaintClear.self, TriageAccept.self,
                TriageSendBack.self, TriageReject.self, TriageReopen.self, ReviewRisk.self, CanaryPlant.self,
                CanaryList.self,
            ]
        ),
    ]

    private static let duties: [ObjectIdentifier: Duty] = {
        var duties: [ObjectIdentifier: Duty] = [:]
        for (duty, commands) in lists {
            for command in commands { duties[ObjectIdentifier(command)] = duty }
        }
        return duties
    }()

    /// The duty that a command is part of.
    static func duty(of command: any SwarmCommand.Type) -> Duty? {
        duties[ObjectIdentifier(command)]
    }
}
