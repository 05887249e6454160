/* core_drr.c - delivery reports (stage 14): a DRR from the SMS-SC becomes durable, then the DRA
 * is sent (core_dra.c).
 * The DNR to the SCS follows until the SCS acknowledges. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "apps/t4_drr.h"
#include "apps/t4_dtr.h"
#include "base/fault.h"
#include "base/str.h"
#include "core/core_absence.h"
#include "core/core_devices.h"
#include "core/core_dra.h"
#include "core/core_int.h"
#include "policy/pol_map.h"

#define FORGOTTEN_A_LOOK 16384u
#define RECORD_ROOM 256u /* octets of the journal's file; upper bound for one record of this file */
/* at most this fraction of the journal: triggers under way need the rest */
#define RECORDS_SHARE 16

/* -- the trigger that a DRR belongs to */

/* Only the SMS-SC that accepted the DTR may report. */
static bool from_accepting_smssc(const struct core_peer *p, const char *accepted_by, const struct dia_bytes *host)
{
	const char *destination = p->core->cfg->t4.destination_host;

	if (!accepted_by || !accepted_by[0]) {
		accepted_by = destination[0] ? destination : p->conf->host;
	}
	return str_equal_nocase(host->p, host->len, accepted_by, strlen(accepted_by));
}

/* True if the report belongs to a remembered trigger of that SMS-SC that was reported before it
 * ended.
 * A restarted SMS-SC, for example, reports again with other ids. */
static bool reported_before(const struct core_peer *p, const struct t4_drr *drr)
{
	char e164[STR_DIGITS_MAX + 1];
	const struct core_past_entry *e;
	struct core_device_names names;

	if (!drr->reference_number.present || app_unsmea(e164, drr->sm_rp_smea.p, drr->sm_rp_smea.len)) {
		return false;
	}
	e = core_past_reported(p->core, e164, drr->reference_number.v, core_now_ms(p->core));
	if (!e) {
		return false;
	}
	names = (struct core_device_names){ e->imsi, e->msisdn, e->external };
	return core_device_named(&names, &drr->user_identifier) &&
	       from_accepting_smssc(p, e->accepted_by, &drr->head.origin_host);
}

/* Before its answer that is the one that the DTR was sent to; after a core that ended, the
 * one that the journal names, else the configured one. */
static bool may_report(const struct core_peer *p, const struct core_trigger *t, const struct dia_bytes *host)
{
	if (t->trg->accepted_by) {
		return from_accepting_smssc(p, t->trg->accepted_by, host);
	}
	if (!t->dtr_peer && t->trg->sent_to) {
		return strcmp(p->conf->host, t->trg->sent_to) == 0 &&
		       from_accepting_smssc(p, t->trg->sent_host ? t->trg->sent_host : p->conf->host, host);
	}
	if (!t->dtr_peer) {
		return core_peer_routed(p) && from_accepting_smssc(p, NULL, host);
	}
	return p->number == t->dtr_peer && from_accepting_smssc(p, t->dtr_host ? t->dtr_host : p->conf->host, host);
}

static struct core_trigger *find_trigger(const struct core_peer *p, const struct t4_drr *drr)
{
	char e164[STR_DIGITS_MAX + 1];
	struct core_trigger *t;

	if (app_unsmea(e164, drr->sm_rp_smea.p, drr->sm_rp_smea.len)) {
		return NULL;
	}
	t = drr->reference_number.present ? core_trigger_find(p->core, e164, drr->reference_number.v)
					  : core_device_find(p->core, e164, &drr->user_identifier);
	if (!t || !core_device_same(t->trg, &drr->user_identifier) || !may_report(p, t, &drr->head.origin_host)) {
		return NULL;
	}
	return t;
}

static const struct core_drr_answer taken = { .result_code = DIA_RESULT_SUCCESS },
				    not_taken = { .result_code = DIA_RESULT_UNABLE_TO_COMPLY },
				    no_trigger = { .experimental = T4_ERROR_USER_UNKNOWN };

/* -- the record of an answer: part of the trigger's record, or a record of its own.
 * Own record: kind, time, digest, Result-Code, code of the Experimental-Result. Its first octet
 * differs from that of every other record. */

#define KIND_DRR 0x83u
#define RECORD_LEN (1 + 8 + HASH_LEN + 4 + 4)

static void answer_known(struct core *c, struct core_drr_entry *e)
{
	core_dra_send_all(c, e, &e->answer);
	FAULT_POINT(CORE_DRA_QUEUED);
}

static void settle(struct core *c, struct core_drr_entry *e, const struct core_drr_answer *a)
{
	core_drr_dup_answer(&c->drrs.dup, e, a);
	answer_known(c, e);
}

static void on_kept(void *core, uint64_t number, int err)
{
	struct core *c = OBJ_OF(core, struct core, CORE_MAGIC);
	struct core_drr_entry *e = core_drr_dup_of_number(&c->drrs.dup, number);

	if (err) { /* a copy is recognised until the next restart only */
		st_count(&c->st, ST_JOURNAL_ANSWERS_LOST);
	}
	if (e) {
		settle(c, e, &e->answer);
	}
}

/* Sends the DRA when the answer is durable.
 * If the journal refuses it, sends the DRA at once; a copy is then recognised until the next
 * restart only. */
static void settle_durably(struct core *c, struct core_drr_entry *e, const struct core_drr_answer *a)
{
	uint8_t record[RECORD_LEN];
	struct buf b = buf_over(record, sizeof record);
	uint64_t number = jrn_next(c->journal.jrn);

	buf_u8(&b, KIND_DRR);
	buf_be64(&b, e->at_ms);
	buf_bytes(&b, e->digest, sizeof e->digest);
	buf_be32(&b, a->result_code);
	buf_be32(&b, a->experimental);
	if (c->drrs.dup.by_number.n >= c->drrs.records_max || jrn_add(c->journal.jrn, number, record, b.len, on_kept, c)) {
		st_count(&c->st, ST_JOURNAL_ANSWERS_LOST);
		settle(c, e, a);
		return;
	}
	e->answer = *a; /* it counts as open until then: copies wait with it, and it is not forgotten */
	core_drr_dup_number(&c->drrs.dup, e, number);
}

void core_drrs_look(struct core *c)
{
	core_drr_dup_age(&c->drrs.dup, core_now_ms(c), FORGOTTEN_A_LOOK);
}

static void drop_record(void *core, uint64_t number)
{
	struct core *c = OBJ_OF(core, struct core, CORE_MAGIC);

	if (jrn_del(c->journal.jrn, number)) {
		log_error(c->log, "core", "journal record %llu stays for now", (unsigned long long)number);
	}
}

int core_drrs_restore(struct core *c, const uint8_t digest[HASH_LEN], uint64_t at_ms)
{
	struct core_drr_entry *e;

	if (core_now_ms(c) >= at_ms + c->drrs.dup.window_ms || core_drr_dup_find(&c->drrs.dup, digest, at_ms)) {
		return 0;
	}
	e = core_drr_dup_add(&c->drrs.dup, digest, at_ms);
	if (e) {
		core_drr_dup_answer(&c->drrs.dup, e, &taken);
	}
	return e ? 0 : ERR_NOMEM;
}

bool core_drrs_is(const void *record, size_t len)
{
	return len && *(const uint8_t *)record == KIND_DRR;
}

int core_drrs_restore_answer(struct core *c, uint64_t number, const void *record, size_t len)
{
	struct rd r = rd_over(record, len);
	struct core_drr_answer a;
	struct core_drr_entry *e;
	const uint8_t *digest;
	uint64_t at_ms;

	(void)rd_u8(&r);
	at_ms = rd_be64(&r);
	digest = rd_take(&r, HASH_LEN);
	a.result_code = rd_be32(&r);
	a.experimental = rd_be32(&r);
	if (r.bad || rd_left(&r) || core_now_ms(c) >= at_ms + c->drrs.dup.window_ms ||
	    core_drr_dup_find(&c->drrs.dup, digest, at_ms)) {
		drop_record(c, number); /* a damaged record, or one past its window */
		return 0;
	}
	e = core_drr_dup_add(&c->drrs.dup, digest, at_ms);
	if (!e) {
		return ERR_NOMEM;
	}
	core_drr_dup_answer(&c->drrs.dup, e, &a);
	core_drr_dup_number(&c->drrs.dup, e, number);
	return 0;
}

/* Not ok: forgets the DRR, so that the next copy is treated as new. */
static void refuse(struct core *c, struct core_drr_entry *e)
{
	core_dra_send_all(c, e, &not_taken);
	core_drr_dup_drop(&c->drrs.dup, e);
}

/* Each has a record of its own: a copy of it must not be the report of a later trigger. */
static void acknowledge_others(struct core *c, struct core_drr_entry *others, bool ok)
{
	struct core_drr_entry *next;

	for (struct core_drr_entry *e = others; e; e = next) {
		next = e->follower;
		e->follower = NULL;
		if (ok) {
			settle_durably(c, e, &taken);
		} else {
			refuse(c, e);
		}
	}
}

void core_report_acknowledge(void *arg, struct trg *trg, uint64_t token, bool ok)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	struct core_drr_entry *e = core_drr_dup_of_token(&c->drrs.dup, token), *others;

	FAULT_POINT(CORE_DRA_DUE);
	if (!e) {
		return;
	}
	others = core_drr_dup_followers(e);
	if (!ok) {
		refuse(c, e);
	} else if (trg->drr && memcmp(trg->drr, e->digest, sizeof e->digest) == 0) {
		settle(c, e, &taken); /* the digest is in the trigger's record */
	} else {
		settle_durably(c, e, &taken); /* a further report of the same trigger */
	}
	acknowledge_others(c, others, ok);
}

void core_report_peer_down(struct core_peer *p)
{
	struct core *c = p->core;
	struct core_drr *d, *next;

	for (d = TAILQ_FIRST(&c->drrs.list); d; d = next) {
		next = TAILQ_NEXT(d, entry);
		if (d->peer == (size_t)(p - c->peers.row)) {
			core_drr_free(c, d);
		}
	}
}

/* -- a request of a core peer */

/* A copy gets the same answer, now or together with the first. */
static void on_copy(struct core_peer *p, struct link *l, const struct core_drr_asked *asked, const struct t4_drr *drr,
		    struct core_drr_entry *e)
{
	struct core *c = p->core;

	st_count(&c->st, ST_REPORT_DUPLICATES);
	log_info(c->log, "core", "a delivery report of %.*s came again, %s", (int)drr->head.origin_host.len,
		 (const char *)drr->head.origin_host.p, e->answered ? "answered as before" : "waits with the first");
	if (e->answered && TAILQ_EMPTY(&e->waiting)) {
		core_dra_send(c, l, asked, &e->answer);
	} else if (core_drr_keep(e, p, l, asked)) {
		st_count(&c->st, ST_REPORTS_FULL);
		core_dra_send(c, l, asked, &not_taken);
	}
}

/* The report that follows tells the SCS that the device was absent. */
static bool says_absent(const struct t4_drr *drr)
{
	return drr->sm_delivery_outcome.v == T4_OUTCOME_ABSENT_SUBSCRIBER ||
	       drr->sm_delivery_outcome.v == T4_OUTCOME_VALIDITY_TIME_EXPIRED;
}

struct core_drr_entry *core_drr_first_of(const struct core_trigger *t)
{
	struct core_drr_entry *e = t->trg->token ? core_drr_dup_of_token(&t->core->drrs.dup, t->trg->token) : NULL;

	return e && !e->answered ? e : NULL;
}

/* The first report counts. The machine knows one at a time, so this one gets the answer of the
 * first and changes nothing. */
static void on_second(struct core *c, const struct core_trigger *t, struct core_drr_entry *e, struct core_drr_entry *first)
{
	st_count(&c->st, ST_REPORT_DUPLICATES);
	log_info(c->log, "core", "transaction %s: another delivery report waits with the first", t->transaction);
	core_drr_dup_follow(first, e);
}

static void on_first(struct core_peer *p, struct link *l, const struct dia_msg *m, const struct t4_drr *drr,
		     struct core_drr_entry *e)
{
	struct core *c = p->core;
	uint64_t unwoken = c->triggers.unwoken;
	struct core_trigger *t = find_trigger(p, drr);
	struct core_drr_entry *first;
	struct trg_event ev = {
		.kind = TRG_EV_DRR, .outcome = pol_map_delivery(drr->sm_delivery_outcome.v), .token = e->token, .drr = e->digest
	};

	if (!t && unwoken != c->triggers.unwoken) {
		refuse(c, e);
		return;
	}
	if (!t && reported_before(p, drr)) {
		st_count(&c->st, ST_REPORT_DUPLICATES);
		log_info(c->log, "core", "a delivery report of trigger %u came again under other ids", drr->reference_number.v);
		settle_durably(c, e, &taken);
		return;
	}
	if (!t) {
		st_count(&c->st, ST_REPORTS_FOREIGN);
		log_warn(c->log, "core", "a delivery report of %.*s fits no trigger", (int)drr->head.origin_host.len,
			 (const char *)drr->head.origin_host.p);
		settle_durably(c, e, &no_trigger);
		return;
	}
	core_trace_request(p, l, t, m);
	first = core_drr_first_of(t);
	if (first) {
		on_second(c, t, e, first);
		return;
	}
	st_count(&c->st, ST_REPORTS);
	log_debug(c->log, "core", "transaction %s: reported %s", t->transaction, tsp_delivery_outcome_str(ev.outcome));
	if (says_absent(drr)) {
		core_absence_learnt(t, t->trg->sub.imsi);
	}
	core_trigger_step(t, &ev);
}

/* Adds an entry for a new DRR, which awaits its DRA. NULL: no memory, or too many DRRs are
 * open. */
static struct core_drr_entry *add(struct core_peer *p, struct link *l, const struct core_drr_asked *asked,
				  const uint8_t digest[HASH_LEN], uint64_t now_ms)
{
	struct core *c = p->core;
	uint64_t dropped = c->drrs.dup.dropped;
	struct core_drr_entry *e = core_drr_dup_add(&c->drrs.dup, digest, now_ms);

	st_count_n(&c->st, ST_REPORT_DUPLICATES_FULL, c->drrs.dup.dropped - dropped);
	if (e && core_drr_keep(e, p, l, asked)) {
		core_drr_dup_drop(&c->drrs.dup, e);
		e = NULL;
	}
	return e;
}

/* A report belongs to an accepted trigger: it may use the memory reserve. */
static int digest_of(uint8_t digest[HASH_LEN], struct core *c, const struct dia_msg *m)
{
	int err = core_drr_digest(c->hash, digest, m);

	return err == ERR_NOMEM && core_memory_spend(c) ? core_drr_digest(c->hash, digest, m) : err;
}

static void on_drr(struct core_peer *p, struct link *l, const struct dia_msg *m, const struct t4_drr *drr)
{
	struct core *c = p->core;
	struct core_drr_asked asked = core_drr_asked_of(m, drr);
	uint64_t now_ms = core_now_ms(c);
	uint8_t digest[HASH_LEN];
	struct core_drr_entry *e;

	FAULT_POINT(CORE_DRR_TAKEN);
	if (digest_of(digest, c, m)) {
		st_count(&c->st, ST_REPORTS_FULL);
		core_dra_send(c, l, &asked, &not_taken);
		return;
	}
	e = core_drr_dup_find(&c->drrs.dup, digest, now_ms);
	if (e) {
		on_copy(p, l, &asked, drr, e);
		return;
	}
	e = add(p, l, &asked, digest, now_ms);
	if (!e && !core_drrs_full(c) && core_memory_spend(c)) {
		e = add(p, l, &asked, digest, now_ms);
	}
	if (e) {
		on_first(p, l, m, drr, e);
	} else {
		st_count(&c->st, ST_REPORTS_FULL);
		core_dra_send(c, l, &asked, &not_taken);
	}
}

void core_report_on_request(struct core_peer *p, struct link *l, const struct dia_msg *m)
{
	struct core *c = p->core;
	struct dia_failed why;
	struct t4_drr drr;

	dia_failed_none(&why);
	if (m->hdr.app_id != APP_T4) {
		dia_failed_set(&why, DIA_RESULT_APPLICATION_UNSUPPORTED, "application %u has no requests for this node",
			       m->hdr.app_id);
	} else if (m->hdr.code != APP_CMD_DELIVERY_REPORT) {
		dia_failed_set(&why, DIA_RESULT_COMMAND_UNSUPPORTED, "command %u is not one an SMS-SC sends", m->hdr.code);
	} else if (!core_peer_reports(p)) {
		dia_failed_set(&why, DIA_RESULT_AUTHORIZATION_REJECTED, "only the SMS-SC reports");
	} else if (t4_drr_parse(&drr, m, &why) == 0) {
		on_drr(p, l, m, &drr);
	} else if (!why.result_code) {
		dia_failed_set(&why, DIA_RESULT_UNABLE_TO_COMPLY, "the request could not be read");
	}
	if (why.result_code) {
		core_drr_refuse(c, l, m, &why);
	}
}

/* -- the part */

int core_drrs_init(struct core *c)
{
	const struct cfg_limits *l = &c->cfg->limits;

	TAILQ_INIT(&c->drrs.list);
	c->drrs.records_max = c->cfg->journal.size_max / RECORDS_SHARE / RECORD_ROOM;
	return core_drr_dup_init(&c->drrs.dup, l->report_duplicates_max, l->report_duplicates_window_ms, drop_record, c);
}

void core_drrs_fini(struct core *c)
{
	struct core_drr *d;

	while (c->drrs.n && (d = TAILQ_FIRST(&c->drrs.list))) {
		core_drr_free(c, d);
	}
	core_drr_dup_fini(&c->drrs.dup);
}
