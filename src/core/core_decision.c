/* core_decision.c - writes every verdict of the core once: decision line and counters together
 * (audit/). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/shown.h"
#include "base/text.h"
#include "core/core_int.h"

void core_transaction_text(char out[CORE_TRANSACTION_TEXT_MAX], uint32_t generation, uint64_t number)
{
	struct text t = text_over(out, CORE_TRANSACTION_TEXT_MAX);

	text_u32(&t, generation);
	text_char(&t, '-');
	text_hex(&t, number, 6);
}

/* With a decision log, the log repeats its lines only at level debug. */
static enum log_level level(const struct core *c)
{
	return c->cfg->decisions[0] ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
}

static const char *given(const char *text)
{
	return text ? text : "";
}

static void follow(struct core *c, const struct aud_decision *d)
{
	static const char *const verdicts[] = {
		[AUD_ACCEPTED] = "accepted", [AUD_REFUSED] = "refused", [AUD_DETECTED] = "detected"
	};
	char line[AUD_LINE_MAX];
	struct core_decision_line l = { given(d->scs),        given(d->device), given(d->action),
					verdicts[d->verdict], given(d->reason), line,
					aud_format(line, d) };

	c->decisions.follow(c->decisions.follow_arg, &l);
}

void core_decisions_follow(struct core *c, core_decision_fn *fn, void *arg)
{
	c->decisions.follow = fn;
	c->decisions.follow_arg = arg;
}

static void emit(struct core *c, const struct aud_decision *d)
{
	if (c->decisions.follow) {
		follow(c, d);
	}
	if (aud_decision(c->decisions.aud, d)) {
		log_error(c->log, "core", "transaction %s: the decision line is lost", d->transaction);
	}
}

void core_decide_session(struct core *c, uint32_t generation, uint64_t number, const struct ipc_session_open *open,
			 const char *scs, enum pol_reason reason, const char *rule)
{
	char transaction[CORE_TRANSACTION_TEXT_MAX];
	struct aud_decision d = {
		.time_ms = clock_real_ms(),
		.transaction = transaction,
		.scs = scs,
		.origin_host = open->origin_host,
		.address = open->address,
		.protection = protection_word(open->protection),
		.action = "session",
		.verdict = reason == POL_NONE ? AUD_ACCEPTED : AUD_REFUSED,
		.reason = reason == POL_NONE ? "" : pol_reason_str(reason),
		.rule = rule,
	};

	if (reason != POL_NONE) {
		c->sessions.refused[reason]++;
	}
	core_transaction_text(transaction, generation, number);
	emit(c, &d);
}

void core_decide_session_end(struct core *c, const struct core_session *s, const char *reason, const char *rule)
{
	const struct asc_scs *scs = asc_scs_find(c->store.asc, s->scs->name);
	char transaction[CORE_TRANSACTION_TEXT_MAX];
	struct aud_decision d = {
		.time_ms = clock_real_ms(),
		.transaction = transaction,
		.scs = s->scs->name,
		.origin_host = scs ? scs->origin_host : "",
		.address = s->address,
		.protection = protection_word(s->listen->protection),
		.action = "session",
		.verdict = AUD_REFUSED,
		.reason = reason,
		.rule = rule,
	};

	st_count(&c->st, ST_SESSION_ENDED);
	core_transaction_text(transaction, (uint32_t)s->key.generation, s->key.number);
	emit(c, &d);
}

#define SCREENING_TEXT_MAX (2 * SCREEN_RULE_TEXT_MAX + 64)

void core_decide_screening(struct core *c, const char *who, enum screen_row row, const struct screen_rule *now,
			   const struct screen_rule *before)
{
	char rule[SCREENING_TEXT_MAX], text[SCREEN_RULE_TEXT_MAX];
	struct text t = text_over(rule, sizeof rule);
	struct aud_decision d = { .time_ms = clock_real_ms(),
				  .address = who,
				  .action = "screening",
				  .verdict = AUD_ACCEPTED,
				  .reason = screen_rule_relaxed(row, now) ? "relaxed" : "changed",
				  .rule = rule };

	text_add(&t, screen_row_name(row));
	text_add(&t, ": ");
	text_add(&t, screen_rule_text(text, now));
	if (before) {
		text_add(&t, "; was ");
		text_add(&t, screen_rule_text(text, before));
	}
	emit(c, &d);
}

void core_decide_configuration(struct core *c, const char *who, const char *what, bool refused)
{
	struct aud_decision d = { .time_ms = net_loop_real_ms(c->loop),
				  .address = who,
				  .action = "configuration",
				  .verdict = refused ? AUD_REFUSED : AUD_ACCEPTED,
				  .reason = refused ? "invalid" : "changed",
				  .rule = what };

	emit(c, &d);
	core_decisions_write(c); /* before the operator has the answer */
}

void core_decide_provisioning(struct core *c, const char *who, const char *what, const char *scs, const char *device)
{
	struct aud_decision d = { .time_ms = net_loop_real_ms(c->loop),
				  .scs = scs,
				  .address = who,
				  .device = device,
				  .action = "provisioning",
				  .verdict = AUD_ACCEPTED,
				  .reason = "changed",
				  .rule = what };

	emit(c, &d);
	core_decisions_write(c); /* before the operator has the answer */
}

void core_decide_trace(struct core *c, const char *who, const char *scs, const char *what, const char *reason)
{
	struct aud_decision d = { .time_ms = net_loop_real_ms(c->loop),
				  .scs = scs,
				  .address = who,
				  .action = "trace",
				  .verdict = AUD_ACCEPTED,
				  .reason = reason,
				  .rule = what };

	emit(c, &d);
	core_decisions_write(c); /* before the operator has the answer */
}

void core_decide_screened(struct core *c, const struct core_session *s, enum screen_row row)
{
	const struct asc_scs *scs = asc_scs_find(c->store.asc, s->scs->name);
	char transaction[CORE_TRANSACTION_TEXT_MAX];
	struct aud_decision d = { .time_ms = net_loop_real_ms(c->loop),
				  .transaction = transaction,
				  .scs = s->scs->name,
				  .origin_host = scs ? scs->origin_host : "",
				  .address = s->address,
				  .protection = protection_word(s->listen->protection),
				  .action = "screening",
				  .verdict = AUD_DETECTED,
				  .reason = "screening-row",
				  .rule = screen_row_name(row) };

	core_transaction_text(transaction, (uint32_t)s->key.generation, s->key.number);
	emit(c, &d);
}

void core_decide_screened_more(struct core *c, const char *scs, uint32_t lines)
{
	char words[SHOWN_COUNT_MAX];
	struct aud_decision d = { .time_ms = net_loop_real_ms(c->loop),
				  .scs = scs,
				  .action = "screening",
				  .verdict = AUD_DETECTED,
				  .reason = "screening-rows-more",
				  .rule = shown_count(words, lines, "more line") };

	emit(c, &d);
}

static struct aud_decision line_of(struct core *c, const struct core_decision *in, enum aud_verdict verdict)
{
	return (struct aud_decision){
		.time_ms = net_loop_real_ms(c->loop),
		.transaction = in->transaction,
		.scs = in->scs,
		.origin_host = in->origin_host,
		.address = in->address,
		.protection = protection_word(in->protection),
		.device = in->device,
		.action = tsp_action_str(in->action),
		.has_reference = true,
		.reference = in->reference,
		.verdict = verdict,
		.reason = verdict == AUD_ACCEPTED ? "" : pol_reason_str(in->reason),
		.rule = in->rule,
	};
}

void core_decide_detected(struct core *c, const struct core_decision *in)
{
	struct aud_decision d = line_of(c, in, AUD_DETECTED);

	emit(c, &d);
	log_at(c->log, level(c), "core", "transaction %s: %s of %s for %s: would be refused by '%s'", in->transaction, d.action,
	       in->scs, in->device, in->rule);
}

void core_decide_revoked(struct core *c, const struct core_decision *in, const char *action)
{
	struct aud_decision d = line_of(c, in, in->reason == POL_NONE ? AUD_ACCEPTED : AUD_REFUSED);

	d.action = action;
	emit(c, &d);
	log_at(c->log, level(c), "core", "transaction %s: %s of the trigger of %s for %s: %s", in->transaction, action, in->scs,
	       in->device, in->reason == POL_NONE ? "cancelled" : d.reason);
}

void core_decide_action(struct core *c, const struct core_decision *in)
{
	bool accepted = in->result_code == DIA_RESULT_SUCCESS && (in->request_status == TSP_STATUS_SUCCESS || in->as_new);
	struct aud_decision d = line_of(c, in, accepted ? AUD_ACCEPTED : AUD_REFUSED);

	d.answers = true;
	if (in->result_code == DIA_RESULT_SUCCESS) {
		d.request_status = tsp_request_status_str(in->request_status);
	}
	emit(c, &d);
	log_at(c->log, level(c), "core", "transaction %s: %s of %s for %s: %s%s", in->transaction, d.action, in->scs, in->device,
	       accepted ? "accepted" : "refused: ", d.reason);
}

void core_decisions_write(struct core *c)
{
	struct core_decisions *d = &c->decisions;
	int failing = aud_flush(d->aud) ? errno : 0;
	uint64_t lost = aud_lost(d->aud);
	char decisions[SHOWN_COUNT_MAX];

	if (failing && !d->failing) {
		d->since_ms = core_now_ms(c);
		d->lost = lost;
		log_error(c->log, "core", "the decision log %s cannot be written: %s; lines wait for room until too many wait",
			  c->cfg->decisions, strerror(failing));
	} else if (!failing && d->failing) {
		log_warn(c->log, "core", "the decision log %s can be written again; lost meanwhile: %s, and a line there says so",
			 c->cfg->decisions, shown_count(decisions, lost - d->lost, "decision"));
	}
	d->failing = failing; /* the next turn tries again */
}

void core_decisions_range(const struct core *c, uint64_t *first, uint64_t *next)
{
	*first = *next = 0;
	if (c->decisions.kept) {
		aud_kept_range(c->decisions.kept, first, next);
	}
}

const char *core_decisions_line(const struct core *c, uint64_t number, size_t *len)
{
	return c->decisions.kept ? aud_kept_line(c->decisions.kept, number, len) : NULL;
}
