import ArgumentParser

/// `pgswarm plan`: tasks that belong together, written in one file.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Plan work: tasks that wait for one another.",
        discussion: """
            One file describes all tasks of a plan, what each waits for and by what it counts as done. It is written in one \
            transaction, all or nothing, and edited by writing it again: only what differs changes.

            EXAMPLES
              pgswarm plan diff site.yaml
              pgswarm plan apply site.yaml --if-version 3
              pgswarm plan show site
            """,
        subcommands: [
            PlanApply.self, PlanDiff.self, PlanShow.self, PlanTree.self, PlanList.self, PlanFreeze.self,
            PlanUnfreeze.self,
            PlanPause.self, PlanResume.self, PlanFollowups.self, PlanPropose.self, PlanAccept.self, PlanDecline.self,
        ],
        defaultSubcommand: PlanList.self
    )
}
