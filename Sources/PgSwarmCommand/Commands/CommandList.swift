import ArgumentParser

/// All commands, in the order in which `pgswarm --help` shows them.
enum CommandList {
    static let groups = [
        CommandGroup(
            name: "DATABASE",
            subcommands: [UpCommand.self, DownCommand.self, MigrateCommand.self, StatusCommand.self]),
        CommandGroup(
            name: "WORK",
            subcommands: [
                EnqueueCommand.self, ClaimCommand.self, RenewCommand.self, ProgressCommand.self,
                CompleteCommand.self, FailCommand.self, ReleaseCommand.self, EffectCommand.self,
            ]),
        CommandGroup(
            name: "RUNTIME", subcommands: [WorkCommand.self, RunCommand.self, CoordinateCommand.self]),
        CommandGroup(
            name: "INSPECTION",
            subcommands: [
                TasksCommand.self, ShowCommand.self, WhyCommand.self, LeasesCommand.self, EventsCommand.self,
            ]),
        CommandGroup(
            name: "STEERING",
            subcommands: [
                CancelCommand.self, RetryCommand.self, QueuesCommand.self, PauseCommand.self,
                ResumeCommand.self, DrainCommand.self, StopCommand.self, AgentsCommand.self,
            ]),
        CommandGroup(
            name: "COORDINATION",
            subcommands: [
                PlanCommand.self, MessageCommand.self, ArtifactCommand.self, NoteCommand.self,
                ProblemCommand.self, ReserveCommand.self, BreakerCommand.self,
            ]),
        CommandGroup(
            name: "SUPERVISION",
            subcommands: [
                QuestionCommand.self, TaintCommand.self, WebhookCommand.self,
                ContractCommand.self, TaintCommand.self,
                BudgetCommand.self, TaintCommand.self,
                ReviewCommand.self, TriageCommand.self, EvidenceCommand.self, CanaryCommand.self, TaintCommand.self,
            ]),
        CommandGroup(
            name: "OTHER",
            subcommands: [DemoCommand.self, BenchCommand.self, CompletionsCommand.self, CountCommand.self]),
    ]
}
