-- Who may call what. Functions are callable by PUBLIC when they are made: that is taken back first, in the same
-- transaction, and then given by role. Nobody but the owner has a right on a table.
SET LOCAL ROLE pgswarm_owner;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pgswarm FROM PUBLIC;

-- Everybody who takes part: sessions.
GRANT EXECUTE ON FUNCTION
    pgswarm.open_session(text, text, text, interval, text, integer, text, boolean),
    pgswarm.beat(uuid),
    pgswarm.close_session(uuid, text)
TO pgswarm_worker, pgswarm_coordinator, pgswarm_reviewer, pgswarm_operator;

-- New work, what goes wrong with it, looking before leaping: not for reviewers, who judge what others made.
GRANT EXECUTE ON FUNCTION
    pgswarm.enqueue_many(text, jsonb[], jsonb, jsonb[], text, text, text, uuid),
    pgswarm.enqueue(text, jsonb, text, text, integer, timestamptz, interval, text, integer, interval, interval, bigint[],
                    text[], text, text, text, uuid),
    pgswarm.ring(text[]),
    pgswarm.problem_report(text, text, text, text, text, text[], text, bigint, text, text, uuid),
    pgswarm.problem_solve(bigint, text, text, text, bigint, text, text, uuid),
    pgswarm.problem_supersede(bigint, text, text, text, text, text, uuid),
    pgswarm.problem_confirm(bigint, text, text, uuid),
    pgswarm.problem_flag(bigint, text, text, text, uuid),
    pgswarm.reserve_ring(text),
    pgswarm.contract_publish(text, text, jsonb, text, jsonb, text, text, text, boolean, text, uuid),
    pgswarm.reserve_check(text, text[], text, text, uuid)
TO pgswarm_worker, pgswarm_coordinator, pgswarm_operator;

-- Mail: everybody who takes part.
GRANT EXECUTE ON FUNCTION
    pgswarm.message_send(text[], jsonb, text, text, text, boolean, text, bigint, interval, interval, text, text, text, uuid),
    pgswarm.message_receive(text[], integer, interval, text, text, uuid),
    pgswarm.message_ack(text[], uuid),
    pgswarm.message_nack(text[], interval, text, uuid),
    pgswarm.message_peek(text[], integer, text, text, uuid),
    pgswarm.message_thread(text, bigint, integer, text, uuid),
    pgswarm.message_dead(text, uuid, integer),
    pgswarm.message_redrive(bigint[], text, text, uuid),
    pgswarm.message_discard(bigint[], text, text, text, uuid),
    pgswarm.message_subscribe(text, text, text, uuid),
    pgswarm.message_unsubscribe(text, text, text, uuid),
    pgswarm.message_wait(text[], text, text, uuid),
    pgswarm.message_ring(text[]),
    pgswarm.question_ask(text, text[], text, interval, text, text[], text, text, text, text, jsonb, boolean, text, text, uuid),
    pgswarm.question_answer(bigint, text, text, boolean, boolean, text, uuid),
    pgswarm.question_withdraw(bigint, text, text, uuid)
TO pgswarm_worker, pgswarm_coordinator, pgswarm_reviewer, pgswarm_operator;

-- Artifacts, notes and decisions: everybody who takes part. What a coordinator may not put is checked inside.
GRANT EXECUTE ON FUNCTION
    pgswarm.artifact_put(text, text, text, jsonb, text, bytea, text, text, text, bigint, text, text, text, text, uuid),
    pgswarm.artifact_get(bigint, bigint, text, text, integer, boolean, bigint, integer, text, text, uuid),
    pgswarm.note_set(text, jsonb, bigint, text, text, text, text, uuid),
    pgswarm.decision_log(text, text, text, bigint, text[], bigint, text, text, text, uuid)
TO pgswarm_worker, pgswarm_coordinator, pgswarm_reviewer, pgswarm_operator;

-- Executing: workers alone. A coordinator that could claim would do the work instead of planning it.
GRANT EXECUTE ON FUNCTION
    pgswarm.claim(text[], integer, uuid, text, interval, text),
    pgswarm.claim(text, integer, uuid, text, interval, text),
    pgswarm.claim_task(bigint, uuid, text, interval, text),
    pgswarm.held(uuid),
    pgswarm.wait_for(uuid, text[]),
    pgswarm.renew(text[], interval, uuid),
    pgswarm.renew(text, interval),
    pgswarm.progress(text, text, jsonb, double precision, jsonb),
    pgswarm.settle(text[], text[], jsonb[], uuid),
    pgswarm.complete(text, jsonb, integer),
    pgswarm.finding_answer(text, bigint, text, text),
    pgswarm.fail(text, text, interval, boolean, text),
    pgswarm.release(text, text),
    pgswarm.step(uuid, text[], text[], jsonb[], text[], integer, interval, boolean),
    pgswarm.intent(text, text, jsonb),
    pgswarm.confirm(text, text, jsonb),
    pgswarm.reserve_take(text, text[], text, text[], interval, text, uuid, text, text, uuid),
    pgswarm.reserve_extend(text, interval),
    pgswarm.reserve_free(text, text[], text[]),
    pgswarm.reserve_leave(uuid),
    pgswarm.hold(text),
    pgswarm.breaker_report(text, text, text, interval, text, uuid, text, uuid),
    pgswarm.breaker_permit(text, text, interval, text, uuid),
    pgswarm.propose(text, jsonb[], text),
    pgswarm.problem_begin(bigint, interval, text, uuid),
    pgswarm.problem_abandon(text, text),
    pgswarm.park_on_problem(text, bigint, interval, text)
TO pgswarm_worker;

-- Children of their own role: whoever holds tasks.
GRANT EXECUTE ON FUNCTION
    pgswarm.mint_agent(text, interval, text, text, text[], text, uuid)
TO pgswarm_worker, pgswarm_reviewer;

-- Holding: reviewers too, for tasks that are reviews and no others (_check_holder).
GRANT EXECUTE ON FUNCTION
    pgswarm.held(uuid),
    pgswarm.renew(text[], interval, uuid),
    pgswarm.renew(text, interval),
    pgswarm.progress(text, text, jsonb, double precision, jsonb),
    pgswarm.settle(text[], text[], jsonb[], uuid),
    pgswarm.fail(text, text, interval, boolean, text),
    pgswarm.release(text, text),
    pgswarm.hold(text)
TO pgswarm_reviewer;

-- Judging: reviewers, and people.
GRANT EXECUTE ON FUNCTION
    pgswarm.review_next(text[], integer, uuid, text, interval, text),
    pgswarm.review_submit(text, integer, text, text, jsonb[], jsonb[])
TO pgswarm_reviewer, pgswarm_operator;

-- What speaks for a result: whoever holds it, whoever judges it, and people.
GRANT EXECUTE ON FUNCTION
    pgswarm.evidence_put(text, integer, text, jsonb, integer, text, bigint, text, uuid)
TO pgswarm_worker, pgswarm_reviewer, pgswarm_operator;

-- Steering: coordinators and operators.
GRANT EXECUTE ON FUNCTION
    pgswarm.cancel(bigint[], text, text, uuid),
    pgswarm.retry(bigint[], text, uuid),
    pgswarm.pause(text, text, text, uuid),
    pgswarm.resume(text, text, uuid),
    pgswarm.sweep(integer),
    pgswarm.promote(integer),
    pgswarm.maintain(integer),
    pgswarm.webhook_next(integer),
    pgswarm.webhook_sent(bigint, uuid, text),
    pgswarm.mark_integrated(bigint, text, text, uuid),
    pgswarm.contract_agree(text, text, boolean, text, uuid),
    pgswarm.contract_deprecate(text, text, text, text, uuid),
    pgswarm.contract_withdraw(text, text, text, boolean, text, uuid),
    pgswarm.contract_repin(bigint, text, text, text, uuid),
    pgswarm.take_seat(text, uuid, interval),
    pgswarm.leave_seat(text, uuid),
    pgswarm.plan_apply(text, jsonb, integer, boolean, boolean, text, text, text, uuid),
    pgswarm.plan_freeze(text, text, text, uuid),
    pgswarm.plan_unfreeze(text, text, text, uuid),
    pgswarm.plan_pause(text, text, text, uuid),
    pgswarm.plan_resume(text, text, uuid),
    pgswarm.followup_accept(bigint[], jsonb, text, text, text, uuid),
    pgswarm.followup_decline(bigint[], text, text, uuid),
    pgswarm.breaker_set(text, jsonb, text, uuid),
    pgswarm.control(text, text, text, text, uuid),
    pgswarm.problem_close(bigint, text, bigint, text, text, uuid),
    pgswarm.problem_import(jsonb[], boolean, text, uuid)
TO pgswarm_coordinator, pgswarm_operator;

-- Settings, agents and what is for people alone: operators. Most of these look at the acting agent's role too.
GRANT EXECUTE ON FUNCTION
    pgswarm.breaker_force(text, text, text, interval, text, uuid),
    pgswarm.set_review(text, jsonb, text, uuid),
    pgswarm.set_risk(text, text, text, text, uuid),
    pgswarm.review_decide(bigint, text, text, text, integer, text, uuid),
    pgswarm.reopen(bigint, text, text, text, uuid),
    pgswarm.canary_plant(text, jsonb, jsonb, text, text, text, text, jsonb, text, uuid),
    pgswarm.canary_list(text, uuid),
    pgswarm.register_agent(text, boolean),
    pgswarm.register_agent(text, text, text, text, text[], boolean, text, uuid),
    pgswarm.set_agent(text, jsonb, text, uuid),
    pgswarm.retire_agent(text, text, text, uuid),
    pgswarm.set_queue(text, jsonb, text, uuid),
    pgswarm.set_messages(jsonb, text, text, uuid),
    pgswarm.drain(text, boolean),
    pgswarm.set_followups(text, jsonb, text, uuid),
    pgswarm.set_registration(boolean),
    pgswarm.set_namespace(text, jsonb, text, uuid),
    pgswarm.artifact_set(jsonb, text, uuid),
    pgswarm.contract_waive(bigint[], text, text, text, uuid),
    pgswarm.problem_set(jsonb, text, uuid),
    pgswarm.taint_apply(bigint[], text, text, text, text, text, text, uuid),
    pgswarm.taint_clear(bigint, bigint[], text, text, uuid),
    pgswarm.webhook_set(text, text, text[], text, uuid),
    pgswarm.webhook_test(text, uuid),
    pgswarm.budget_set(text, text, numeric, numeric, numeric, text, uuid),
    pgswarm.budget_drop(text, text, text, uuid)
TO pgswarm_operator;

-- Looking: all.
GRANT EXECUTE ON FUNCTION
    pgswarm.why(bigint),
    pgswarm.taint_preview(bigint[], text, text),
    pgswarm._waiting_behind(bigint[]),
    pgswarm.why_empty(text[], uuid, text),
    pgswarm.budget_show(text, text),
    pgswarm.list_tasks(text, text[], integer, bigint),
    pgswarm.plan_show(text),
    pgswarm.schema_version(),
    pgswarm.error_signature(text),
    pgswarm.contract_get(text, text),
    pgswarm.contract_check(text, text, jsonb),
    pgswarm.contract_compat(text, text, jsonb, text),
    pgswarm.contract_dependents(text, text),
    pgswarm.schema_validate(jsonb, jsonb),
    pgswarm.schema_errors(jsonb, jsonb, integer),
    pgswarm.schema_check(jsonb),
    pgswarm.schema_compat(jsonb, jsonb, text),
    pgswarm.problem_find(text, text, text, text[], integer),
    pgswarm.problem_export(),
    pgswarm.artifact_list(bigint, text, text, text, boolean, boolean, integer, bigint),
    pgswarm.note_get(text, text, text),
    pgswarm.note_list(text, text, text, integer, text),
    pgswarm.note_history(text, text, text, integer),
    pgswarm.globs_overlap(text, text, boolean),
    pgswarm.review_policy(text),
    pgswarm.review_route(integer[], integer, integer, text, integer, boolean, boolean, jsonb),
    -- Called by views.
    pgswarm.clock(),
    pgswarm._is_live(bigint),
    pgswarm._state_of(bigint),
    pgswarm._breaker_state_of(pgswarm.breaker, timestamptz),
    pgswarm._is_shut_of(pgswarm.breaker, timestamptz),
    pgswarm._breaker_written(text, text),
    pgswarm._blocked_by(bigint),
    pgswarm._faded_now(double precision, timestamptz),
    pgswarm._is_evidence_fresh(bigint),
    pgswarm._proof_of(bigint),
    pgswarm._rounds_of(bigint),
    pgswarm._judges_for(bigint),
    pgswarm._is_reserved(bigint),
    pgswarm._in_line(bigint)
TO pgswarm_worker, pgswarm_coordinator, pgswarm_reviewer, pgswarm_operator, pgswarm_reader;

GRANT SELECT ON
    pgswarm.tasks, pgswarm.attempts, pgswarm.queues, pgswarm.sessions, pgswarm.agents, pgswarm.leases,
    pgswarm.late_results, pgswarm.dead_letters, pgswarm.effects, pgswarm.progress_reports, pgswarm.dependencies,
    pgswarm.submissions, pgswarm.refused_results, pgswarm.taints, pgswarm.tainted, pgswarm.questions,
    pgswarm.question_answers, pgswarm.plans, pgswarm.plan_tasks, pgswarm.plan_versions, pgswarm.followups,
    pgswarm.contracts, pgswarm.contract_dependents, pgswarm.triage, pgswarm.reviews, pgswarm.reviews_open,
    pgswarm.findings, pgswarm.evidence_list, pgswarm.review_policies, pgswarm.records, pgswarm.calibration,
    pgswarm.events, pgswarm.seats, pgswarm.why_not_running, pgswarm.breakers, pgswarm.reservations,
    pgswarm.reservation_line, pgswarm.mailboxes, pgswarm.problems, pgswarm.solutions, pgswarm.problems_shown,
    pgswarm.artifacts, pgswarm.readings, pgswarm.notes, pgswarm.decisions, pgswarm.budgets, pgswarm.budget_holds
TO pgswarm_worker, pgswarm_coordinator, pgswarm_reviewer, pgswarm_operator, pgswarm_reader;

-- What others write to one another: for those who run the swarm alone.
GRANT SELECT ON pgswarm.webhooks, pgswarm.webhook_deliveries, pgswarm.messages, pgswarm.deliveries, pgswarm.dead_messages TO pgswarm_operator, pgswarm_reader;
