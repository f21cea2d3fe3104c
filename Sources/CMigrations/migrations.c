#include "CMigrations.h"

// Two lines a file, in the order of application: numbered migrations first, then functions/, which are applied as one
// set. A test compares this list with the folder.

static const unsigned char m0001_tables[] = {
#embed "../../Migrations/0001_tables.sql"
};
static const unsigned char m0002_history[] = {
#embed "../../Migrations/0002_history.sql"
};
static const unsigned char m0003_breakers[] = {
#embed "../../Migrations/0003_breakers.sql"
};
static const unsigned char m0004_control[] = {
#embed "../../Migrations/0004_control.sql"
};
static const unsigned char m0005_reservations[] = {
#embed "../../Migrations/0005_reservations.sql"
};
static const unsigned char m0006_messages[] = {
#embed "../../Migrations/0006_messages.sql"
};
static const unsigned char m0007_problems[] = {
#embed "../../Migrations/0007_problems.sql"
};
static const unsigned char m0008_draining_reason[] = {
#embed "../../Migrations/0008_draining_reason.sql"
};
static const unsigned char m0009_supervision[] = {
#embed "../../Migrations/0009_supervision.sql"
};
static const unsigned char m0010_roles[] = {
#embed "../../Migrations/0010_roles.sql"
};
static const unsigned char m0011_contracts[] = {
#embed "../../Migrations/0011_contracts.sql"
};
static const unsigned char m0012_artifacts[] = {
#embed "../../Migrations/0012_artifacts.sql"
};
static const unsigned char m0013_questions[] = {
#embed "../../Migrations/0013_questions.sql"
};
static const unsigned char m0014_reviews[] = {
#embed "../../Migrations/0014_reviews.sql"
};
static const unsigned char m0015_plans[] = {
#embed "../../Migrations/0015_plans.sql"
};
static const unsigned char m0016_taint[] = {
#embed "../../Migrations/0016_taint.sql"
};
static const unsigned char m0017_budgets[] = {
#embed "../../Migrations/0017_budgets.sql"
};
static const unsigned char functions_reset[] = {
#embed "../../Migrations/functions/reset.sql"
};
static const unsigned char functions_basics[] = {
#embed "../../Migrations/functions/basics.sql"
};
static const unsigned char functions_places[] = {
#embed "../../Migrations/functions/places.sql"
};
static const unsigned char functions_loss[] = {
#embed "../../Migrations/functions/loss.sql"
};
static const unsigned char functions_agents[] = {
#embed "../../Migrations/functions/agents.sql"
};
static const unsigned char functions_roles[] = {
#embed "../../Migrations/functions/roles.sql"
};
static const unsigned char functions_registering[] = {
#embed "../../Migrations/functions/registering.sql"
};
static const unsigned char functions_requests[] = {
#embed "../../Migrations/functions/requests.sql"
};
static const unsigned char functions_past[] = {
#embed "../../Migrations/functions/past.sql"
};
static const unsigned char functions_json_schema_words[] = {
#embed "../../Migrations/functions/json_schema_words.sql"
};
static const unsigned char functions_json_schema_pattern[] = {
#embed "../../Migrations/functions/json_schema_pattern.sql"
};
static const unsigned char functions_json_schema_node[] = {
#embed "../../Migrations/functions/json_schema_node.sql"
};
static const unsigned char functions_json_schema_compile[] = {
#embed "../../Migrations/functions/json_schema_compile.sql"
};
static const unsigned char functions_json_schema_eval[] = {
#embed "../../Migrations/functions/json_schema_eval.sql"
};
static const unsigned char functions_json_schema_logic[] = {
#embed "../../Migrations/functions/json_schema_logic.sql"
};
static const unsigned char functions_json_schema[] = {
#embed "../../Migrations/functions/json_schema.sql"
};
static const unsigned char functions_json_compat_facts[] = {
#embed "../../Migrations/functions/json_compat_facts.sql"
};
static const unsigned char functions_json_compat_logic[] = {
#embed "../../Migrations/functions/json_compat_logic.sql"
};
static const unsigned char functions_json_compat_proof[] = {
#embed "../../Migrations/functions/json_compat_proof.sql"
};
static const unsigned char functions_json_compat[] = {
#embed "../../Migrations/functions/json_compat.sql"
};
static const unsigned char functions_flow[] = {
#embed "../../Migrations/functions/flow.sql"
};
static const unsigned char functions_edges[] = {
#embed "../../Migrations/functions/edges.sql"
};
static const unsigned char functions_drafts[] = {
#embed "../../Migrations/functions/drafts.sql"
};
static const unsigned char functions_terms[] = {
#embed "../../Migrations/functions/terms.sql"
};
static const unsigned char functions_enqueue[] = {
#embed "../../Migrations/functions/enqueue.sql"
};
static const unsigned char functions_lease[] = {
#embed "../../Migrations/functions/lease.sql"
};
static const unsigned char functions_governed[] = {
#embed "../../Migrations/functions/governed.sql"
};
static const unsigned char functions_brief[] = {
#embed "../../Migrations/functions/brief.sql"
};
static const unsigned char functions_budgets[] = {
#embed "../../Migrations/functions/budgets.sql"
};
static const unsigned char functions_budget_holds[] = {
#embed "../../Migrations/functions/budget_holds.sql"
};
static const unsigned char functions_budget_admission[] = {
#embed "../../Migrations/functions/budget_admission.sql"
};
static const unsigned char functions_claim[] = {
#embed "../../Migrations/functions/claim.sql"
};
static const unsigned char functions_claim_task[] = {
#embed "../../Migrations/functions/claim_task.sql"
};
static const unsigned char functions_settle[] = {
#embed "../../Migrations/functions/settle.sql"
};
static const unsigned char functions_verdict[] = {
#embed "../../Migrations/functions/verdict.sql"
};
static const unsigned char functions_acceptance[] = {
#embed "../../Migrations/functions/acceptance.sql"
};
static const unsigned char functions_webhooks[] = {
#embed "../../Migrations/functions/webhooks.sql"
};
static const unsigned char functions_questions[] = {
#embed "../../Migrations/functions/questions.sql"
};
static const unsigned char functions_question_answers[] = {
#embed "../../Migrations/functions/question_answers.sql"
};
static const unsigned char functions_question_deadlines[] = {
#embed "../../Migrations/functions/question_deadlines.sql"
};
static const unsigned char functions_question_views[] = {
#embed "../../Migrations/functions/question_views.sql"
};
static const unsigned char functions_review_policy[] = {
#embed "../../Migrations/functions/review_policy.sql"
};
static const unsigned char functions_risk[] = {
#embed "../../Migrations/functions/risk.sql"
};
static const unsigned char functions_review_flow[] = {
#embed "../../Migrations/functions/review_flow.sql"
};
static const unsigned char functions_evidence[] = {
#embed "../../Migrations/functions/evidence.sql"
};
static const unsigned char functions_review_next[] = {
#embed "../../Migrations/functions/review_next.sql"
};
static const unsigned char functions_review_submit[] = {
#embed "../../Migrations/functions/review_submit.sql"
};
static const unsigned char functions_triage[] = {
#embed "../../Migrations/functions/triage.sql"
};
static const unsigned char functions_records[] = {
#embed "../../Migrations/functions/records.sql"
};
static const unsigned char functions_canaries[] = {
#embed "../../Migrations/functions/canaries.sql"
};
static const unsigned char functions_redundancy[] = {
#embed "../../Migrations/functions/redundancy.sql"
};
static const unsigned char functions_routing[] = {
#embed "../../Migrations/functions/routing.sql"
};
static const unsigned char functions_plan_items[] = {
#embed "../../Migrations/functions/plan_items.sql"
};
static const unsigned char functions_plan_order[] = {
#embed "../../Migrations/functions/plan_order.sql"
};
static const unsigned char functions_plan_likeness[] = {
#embed "../../Migrations/functions/plan_likeness.sql"
};
static const unsigned char functions_plan_apply[] = {
#embed "../../Migrations/functions/plan_apply.sql"
};
static const unsigned char functions_plan_write[] = {
#embed "../../Migrations/functions/plan_write.sql"
};
static const unsigned char functions_plan_steer[] = {
#embed "../../Migrations/functions/plan_steer.sql"
};
static const unsigned char functions_followups[] = {
#embed "../../Migrations/functions/followups.sql"
};
static const unsigned char functions_followup_verbs[] = {
#embed "../../Migrations/functions/followup_verbs.sql"
};
static const unsigned char functions_plan_show[] = {
#embed "../../Migrations/functions/plan_show.sql"
};
static const unsigned char functions_holder[] = {
#embed "../../Migrations/functions/holder.sql"
};
static const unsigned char functions_renew[] = {
#embed "../../Migrations/functions/renew.sql"
};
static const unsigned char functions_step[] = {
#embed "../../Migrations/functions/step.sql"
};
static const unsigned char functions_steer[] = {
#embed "../../Migrations/functions/steer.sql"
};
static const unsigned char functions_wake[] = {
#embed "../../Migrations/functions/wake.sql"
};
static const unsigned char functions_seats[] = {
#embed "../../Migrations/functions/seats.sql"
};
static const unsigned char functions_maintain[] = {
#embed "../../Migrations/functions/maintain.sql"
};
static const unsigned char functions_breakers[] = {
#embed "../../Migrations/functions/breakers.sql"
};
static const unsigned char functions_permits[] = {
#embed "../../Migrations/functions/permits.sql"
};
static const unsigned char functions_gates[] = {
#embed "../../Migrations/functions/gates.sql"
};
static const unsigned char functions_feed[] = {
#embed "../../Migrations/functions/feed.sql"
};
static const unsigned char functions_breaker_verbs[] = {
#embed "../../Migrations/functions/breaker_verbs.sql"
};
static const unsigned char functions_breaker_views[] = {
#embed "../../Migrations/functions/breaker_views.sql"
};
static const unsigned char functions_control[] = {
#embed "../../Migrations/functions/control.sql"
};
static const unsigned char functions_mailboxes[] = {
#embed "../../Migrations/functions/mailboxes.sql"
};
static const unsigned char functions_mail_places[] = {
#embed "../../Migrations/functions/mail_places.sql"
};
static const unsigned char functions_messages[] = {
#embed "../../Migrations/functions/messages.sql"
};
static const unsigned char functions_message_send[] = {
#embed "../../Migrations/functions/message_send.sql"
};
static const unsigned char functions_deliveries[] = {
#embed "../../Migrations/functions/deliveries.sql"
};
static const unsigned char functions_message_ends[] = {
#embed "../../Migrations/functions/message_ends.sql"
};
static const unsigned char functions_message_reading[] = {
#embed "../../Migrations/functions/message_reading.sql"
};
static const unsigned char functions_message_waking[] = {
#embed "../../Migrations/functions/message_waking.sql"
};
static const unsigned char functions_message_views[] = {
#embed "../../Migrations/functions/message_views.sql"
};
static const unsigned char functions_fingerprint[] = {
#embed "../../Migrations/functions/fingerprint.sql"
};
static const unsigned char functions_problems[] = {
#embed "../../Migrations/functions/problems.sql"
};
static const unsigned char functions_problem_hits[] = {
#embed "../../Migrations/functions/problem_hits.sql"
};
static const unsigned char functions_problem_waits[] = {
#embed "../../Migrations/functions/problem_waits.sql"
};
static const unsigned char functions_problem_solving[] = {
#embed "../../Migrations/functions/problem_solving.sql"
};
static const unsigned char functions_solutions[] = {
#embed "../../Migrations/functions/solutions.sql"
};
static const unsigned char functions_problem_find[] = {
#embed "../../Migrations/functions/problem_find.sql"
};
static const unsigned char functions_problem_known[] = {
#embed "../../Migrations/functions/problem_known.sql"
};
static const unsigned char functions_problem_transfer[] = {
#embed "../../Migrations/functions/problem_transfer.sql"
};
static const unsigned char functions_problem_views[] = {
#embed "../../Migrations/functions/problem_views.sql"
};
static const unsigned char functions_artifact_checks[] = {
#embed "../../Migrations/functions/artifact_checks.sql"
};
static const unsigned char functions_artifacts[] = {
#embed "../../Migrations/functions/artifacts.sql"
};
static const unsigned char functions_artifact_views[] = {
#embed "../../Migrations/functions/artifact_views.sql"
};
static const unsigned char functions_artifact_reading[] = {
#embed "../../Migrations/functions/artifact_reading.sql"
};
static const unsigned char functions_notes[] = {
#embed "../../Migrations/functions/notes.sql"
};
static const unsigned char functions_decisions[] = {
#embed "../../Migrations/functions/decisions.sql"
};
static const unsigned char functions_contract_versions[] = {
#embed "../../Migrations/functions/contract_versions.sql"
};
static const unsigned char functions_contract_reach[] = {
#embed "../../Migrations/functions/contract_reach.sql"
};
static const unsigned char functions_contract_pins[] = {
#embed "../../Migrations/functions/contract_pins.sql"
};
static const unsigned char functions_contracts[] = {
#embed "../../Migrations/functions/contracts.sql"
};
static const unsigned char functions_contract_status[] = {
#embed "../../Migrations/functions/contract_status.sql"
};
static const unsigned char functions_why[] = {
#embed "../../Migrations/functions/why.sql"
};
static const unsigned char functions_views[] = {
#embed "../../Migrations/functions/views.sql"
};
static const unsigned char functions_plan_views[] = {
#embed "../../Migrations/functions/plan_views.sql"
};
static const unsigned char functions_budget_views[] = {
#embed "../../Migrations/functions/budget_views.sql"
};
static const unsigned char functions_review_views[] = {
#embed "../../Migrations/functions/review_views.sql"
};
static const unsigned char functions_taint_closure[] = {
#embed "../../Migrations/functions/taint_closure.sql"
};
static const unsigned char functions_taint[] = {
#embed "../../Migrations/functions/taint.sql"
};
static const unsigned char functions_taint_clearing[] = {
#embed "../../Migrations/functions/taint_clearing.sql"
};
static const unsigned char functions_contract_reading[] = {
#embed "../../Migrations/functions/contract_reading.sql"
};
static const unsigned char functions_globs[] = {
#embed "../../Migrations/functions/globs.sql"
};
static const unsigned char functions_glob_overlap[] = {
#embed "../../Migrations/functions/glob_overlap.sql"
};
static const unsigned char functions_holds[] = {
#embed "../../Migrations/functions/holds.sql"
};
static const unsigned char functions_reservations[] = {
#embed "../../Migrations/functions/reservations.sql"
};
static const unsigned char functions_reservation_line[] = {
#embed "../../Migrations/functions/reservation_line.sql"
};
static const unsigned char functions_reservation_views[] = {
#embed "../../Migrations/functions/reservation_views.sql"
};
static const unsigned char functions_grants[] = {
#embed "../../Migrations/functions/grants.sql"
};

#define FILE_OF(name, bytes) {name, bytes, sizeof bytes}

static const pgswarm_migration files[] = {
    FILE_OF("0001_tables.sql", m0001_tables),
    FILE_OF("0002_history.sql", m0002_history),
    FILE_OF("0003_breakers.sql", m0003_breakers),
    FILE_OF("0004_control.sql", m0004_control),
    FILE_OF("0005_reservations.sql", m0005_reservations),
    FILE_OF("0006_messages.sql", m0006_messages),
    FILE_OF("0007_problems.sql", m0007_problems),
    FILE_OF("0008_draining_reason.sql", m0008_draining_reason),
    FILE_OF("0009_supervision.sql", m0009_supervision),
    FILE_OF("0010_roles.sql", m0010_roles),
    FILE_OF("0011_contracts.sql", m0011_contracts),
    FILE_OF("0012_artifacts.sql", m0012_artifacts),
    FILE_OF("0013_questions.sql", m0013_questions),
    FILE_OF("0014_reviews.sql", m0014_reviews),
    FILE_OF("0015_plans.sql", m0015_plans),
    FILE_OF("0016_taint.sql", m0016_taint),
    FILE_OF("0017_budgets.sql", m0017_budgets),
    FILE_OF("functions/reset.sql", functions_reset),
    FILE_OF("functions/basics.sql", functions_basics),
    FILE_OF("functions/places.sql", functions_places),
    FILE_OF("functions/loss.sql", functions_loss),
    FILE_OF("functions/agents.sql", functions_agents),
    FILE_OF("functions/roles.sql", functions_roles),
    FILE_OF("functions/registering.sql", functions_registering),
    FILE_OF("functions/requests.sql", functions_requests),
    FILE_OF("functions/past.sql", functions_past),
    FILE_OF("functions/json_schema_words.sql", functions_json_schema_words),
    FILE_OF("functions/json_schema_pattern.sql", functions_json_schema_pattern),
    FILE_OF("functions/json_schema_node.sql", functions_json_schema_node),
    FILE_OF("functions/json_schema_compile.sql", functions_json_schema_compile),
    FILE_OF("functions/json_schema_eval.sql", functions_json_schema_eval),
    FILE_OF("functions/json_schema_logic.sql", functions_json_schema_logic),
    FILE_OF("functions/json_schema.sql", functions_json_schema),
    FILE_OF("functions/json_compat_facts.sql", functions_json_compat_facts),
    FILE_OF("functions/json_compat_logic.sql", functions_json_compat_logic),
    FILE_OF("functions/json_compat_proof.sql", functions_json_compat_proof),
    FILE_OF("functions/json_compat.sql", functions_json_compat),
    FILE_OF("functions/flow.sql", functions_flow),
    FILE_OF("functions/edges.sql", functions_edges),
    FILE_OF("functions/drafts.sql", functions_drafts),
    FILE_OF("functions/terms.sql", functions_terms),
    FILE_OF("functions/enqueue.sql", functions_enqueue),
    FILE_OF("functions/lease.sql", functions_lease),
    FILE_OF("functions/governed.sql", functions_governed),
    FILE_OF("functions/brief.sql", functions_brief),
    FILE_OF("functions/budgets.sql", functions_budgets),
    FILE_OF("functions/budget_holds.sql", functions_budget_holds),
    FILE_OF("functions/budget_admission.sql", functions_budget_admission),
    FILE_OF("functions/claim.sql", functions_claim),
    FILE_OF("functions/claim_task.sql", functions_claim_task),
    FILE_OF("functions/settle.sql", functions_settle),
    FILE_OF("functions/verdict.sql", functions_verdict),
    FILE_OF("functions/acceptance.sql", functions_acceptance),
    FILE_OF("functions/webhooks.sql", functions_webhooks),
    FILE_OF("functions/questions.sql", functions_questions),
    FILE_OF("functions/question_answers.sql", functions_question_answers),
    FILE_OF("functions/question_deadlines.sql", functions_question_deadlines),
    FILE_OF("functions/question_views.sql", functions_question_views),
    FILE_OF("functions/review_policy.sql", functions_review_policy),
    FILE_OF("functions/risk.sql", functions_risk),
    FILE_OF("functions/review_flow.sql", functions_review_flow),
    FILE_OF("functions/evidence.sql", functions_evidence),
    FILE_OF("functions/review_next.sql", functions_review_next),
    FILE_OF("functions/review_submit.sql", functions_review_submit),
    FILE_OF("functions/triage.sql", functions_triage),
    FILE_OF("functions/records.sql", functions_records),
    FILE_OF("functions/canaries.sql", functions_canaries),
    FILE_OF("functions/redundancy.sql", functions_redundancy),
    FILE_OF("functions/routing.sql", functions_routing),
    FILE_OF("functions/plan_items.sql", functions_plan_items),
    FILE_OF("functions/plan_order.sql", functions_plan_order),
    FILE_OF("functions/plan_likeness.sql", functions_plan_likeness),
    FILE_OF("functions/plan_apply.sql", functions_plan_apply),
    FILE_OF("functions/plan_write.sql", functions_plan_write),
    FILE_OF("functions/plan_steer.sql", functions_plan_steer),
    FILE_OF("functions/followups.sql", functions_followups),
    FILE_OF("functions/followup_verbs.sql", functions_followup_verbs),
    FILE_OF("functions/plan_show.sql", functions_plan_show),
    FILE_OF("functions/holder.sql", functions_holder),
    FILE_OF("functions/renew.sql", functions_renew),
    FILE_OF("functions/step.sql", functions_step),
    FILE_OF("functions/steer.sql", functions_steer),
    FILE_OF("functions/wake.sql", functions_wake),
    FILE_OF("functions/seats.sql", functions_seats),
    FILE_OF("functions/maintain.sql", functions_maintain),
    FILE_OF("functions/breakers.sql", functions_breakers),
    FILE_OF("functions/permits.sql", functions_permits),
    FILE_OF("functions/gates.sql", functions_gates),
    FILE_OF("functions/feed.sql", functions_feed),
    FILE_OF("functions/breaker_verbs.sql", functions_breaker_verbs),
    FILE_OF("functions/breaker_views.sql", functions_breaker_views),
    FILE_OF("functions/control.sql", functions_control),
    FILE_OF("functions/mailboxes.sql", functions_mailboxes),
    FILE_OF("functions/mail_places.sql", functions_mail_places),
    FILE_OF("functions/messages.sql", functions_messages),
    FILE_OF("functions/message_send.sql", functions_message_send),
    FILE_OF("functions/deliveries.sql", functions_deliveries),
    FILE_OF("functions/message_ends.sql", functions_message_ends),
    FILE_OF("functions/message_reading.sql", functions_message_reading),
    FILE_OF("functions/message_waking.sql", functions_message_waking),
    FILE_OF("functions/message_views.sql", functions_message_views),
    FILE_OF("functions/fingerprint.sql", functions_fingerprint),
    FILE_OF("functions/problems.sql", functions_problems),
    FILE_OF("functions/problem_hits.sql", functions_problem_hits),
    FILE_OF("functions/problem_waits.sql", functions_problem_waits),
    FILE_OF("functions/problem_solving.sql", functions_problem_solving),
    FILE_OF("functions/solutions.sql", functions_solutions),
    FILE_OF("functions/problem_find.sql", functions_problem_find),
    FILE_OF("functions/problem_known.sql", functions_problem_known),
    FILE_OF("functions/problem_transfer.sql", functions_problem_transfer),
    FILE_OF("functions/problem_views.sql", functions_problem_views),
    FILE_OF("functions/artifact_checks.sql", functions_artifact_checks),
    FILE_OF("functions/artifacts.sql", functions_artifacts),
    FILE_OF("functions/artifact_views.sql", functions_artifact_views),
    FILE_OF("functions/artifact_reading.sql", functions_artifact_reading),
    FILE_OF("functions/notes.sql", functions_notes),
    FILE_OF("functions/decisions.sql", functions_decisions),
    FILE_OF("functions/contract_versions.sql", functions_contract_versions),
    FILE_OF("functions/contract_reach.sql", functions_contract_reach),
    FILE_OF("functions/contract_pins.sql", functions_contract_pins),
    FILE_OF("functions/contracts.sql", functions_contracts),
    FILE_OF("functions/contract_status.sql", functions_contract_status),
    FILE_OF("functions/why.sql", functions_why),
    FILE_OF("functions/views.sql", functions_views),
    FILE_OF("functions/plan_views.sql", functions_plan_views),
    FILE_OF("functions/budget_views.sql", functions_budget_views),
    FILE_OF("functions/review_views.sql", functions_review_views),
    FILE_OF("functions/taint_closure.sql", functions_taint_closure),
    FILE_OF("functions/taint.sql", functions_taint),
    FILE_OF("functions/taint_clearing.sql", functions_taint_clearing),
    FILE_OF("functions/contract_reading.sql", functions_contract_reading),
    FILE_OF("functions/globs.sql", functions_globs),
    FILE_OF("functions/glob_overlap.sql", functions_glob_overlap),
    FILE_OF("functions/holds.sql", functions_holds),
    FILE_OF("functions/reservations.sql", functions_reservations),
    FILE_OF("functions/reservation_line.sql", functions_reservation_line),
    FILE_OF("functions/reservation_views.sql", functions_reservation_views),
    FILE_OF("functions/grants.sql", functions_grants),
};

size_t pgswarm_migration_count(void) { return sizeof files / sizeof files[0]; }

pgswarm_migration pgswarm_migration_at(size_t index) { return files[index]; }
