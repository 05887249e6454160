/* dlv_step.c - states, events and transitions; the drawing is in dlv.h. */
#include "nodes/smssc/dlv_step.h"

#include <utlist.h>

#include "apps/t4_drr.h"
#include "nodes/sms/sms_deliver.h"
#include "nodes/smssc/dlv_line.h"

typedef void action_fn(struct dlv *d, struct dlv_msg *m, struct dlv_now now);

void dlv_batch_add(struct dlv *d, struct dlv_msg *m)
{
	DL_APPEND2(d->batch, m, batch_prev, batch_next);
}

struct dlv_msg *dlv_by_id(const struct dlv *d, uint64_t id)
{
	return MAP_OF(map_find(&d->by_id, &id, sizeof id), struct dlv_msg, by_id);
}

struct dlv_msg *dlv_by_key(const struct dlv *d, const struct dlv_msg *same)
{
	return MAP_OF(map_find(&d->by_key, same->key, same->key_len), struct dlv_msg, by_key);
}

static void index_add(struct dlv *d, struct dlv_msg *m)
{
	if (!m->text.has_reference || m->indexed || dlv_by_key(d, m)) {
		return;
	}
	map_add(&d->by_key, &m->by_key, m->key, m->key_len);
	m->indexed = true;
}

static void index_del(struct dlv *d, struct dlv_msg *m)
{
	if (!m->indexed) {
		return;
	}
	map_del(&d->by_key, &m->by_key);
	m->indexed = false;
}

uint64_t dlv_number_hash(uint64_t number)
{
	return number | UINT64_C(1) << 63; /* the numbers are our own, and below that bit */
}

void dlv_put_key(struct dlv_msg *m)
{
	struct buf b = buf_over(m->key, sizeof m->key);

	if (m->text.sme.trigger) { /* our own numbers, apart from those of SCSs: no SMEA begins like this */
		buf_u8(&b, 0xff);
	} else {
		buf_bytes(&b, m->text.smea, m->text.smea_len);
	}
	buf_be32(&b, m->text.reference);
	m->key_len = (unsigned)b.len;
}

bool dlv_one_attempt(const struct dlv_msg *m)
{
	return m->text.validity_s == 0;
}

void dlv_set_outcome(struct dlv_msg *m, uint8_t outcome)
{
	m->outcome = outcome;
	m->has_diagnostic = false;
}

void dlv_set_absent(struct dlv_msg *m, uint8_t diagnostic)
{
	m->outcome = T4_OUTCOME_ABSENT_SUBSCRIBER;
	m->has_diagnostic = true;
	m->diagnostic = diagnostic;
}

static uint64_t left_ms(const struct dlv_msg *m, struct dlv_now now)
{
	return m->give_up_real_ms > now.real_ms ? m->give_up_real_ms - now.real_ms : 0;
}

/* -- actions of the transitions */

static void act_start(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	d->counts.accepted++;
	/* A single attempt is due at once. It leaves the queue by its turn, or by this timer if the
	 * mobile is absent. */
	dlv_timer_start(&d->timers, &m->timer, now.mono_ms + left_ms(m, now));
}

static void act_report(struct dlv *d, struct dlv_msg *m, struct dlv_now now);

static void act_to_sme(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	d->counts.accepted++;
	act_report(d, m, now);
}

/* An outcome that nobody told is told by us. */
static void act_afar(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	index_add(d, m);
	dlv_timer_start(&d->timers, &m->timer,
			now.mono_ms + (m->refused ? d->conf.report_min_ms : left_ms(m, now) + d->conf.afar_wait_ms));
}

static void act_free(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	(void)d;
	(void)m;
	(void)now; /* dlv_msg_end() does it for every message that is gone */
}

static void act_send(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	uint8_t octets[SMS_RPDU_MAX];
	struct buf rpdu = buf_over(octets, sizeof octets);
	struct dlv_ue *ue = m->ue;

	ue->current = m;
	ue->resting = false;
	ue->reference++;
	dlv_timer_start(&d->timers, &ue->timer, now.mono_ms + d->conf.ack_wait_ms);
	if (dlv_ue_part(&rpdu, d, ue, m, now.wall_ms)) {
		return; /* the answer that does not come ends the attempt */
	}
	if (d->ports.send(d->ports.arg, ue->conn, ue->imsi, m->id, rpdu.p, rpdu.len) == 0) {
		d->counts.parts_sent++;
	}
}

static void act_next_part(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	m->parts_done++;
	m->ue->attempt = 0;
	act_send(d, m, now);
}

static void rest(struct dlv *d, struct dlv_ue *ue, struct dlv_now now)
{
	uint64_t wait = d->conf.retry_min_ms;

	for (uint32_t i = 0; i < ue->attempt && wait < d->conf.retry_max_ms; i++) {
		wait *= 2;
	}
	ue->attempt++;
	ue->resting = true;
	dlv_timer_start(&d->timers, &ue->timer, now.mono_ms + (wait < d->conf.retry_max_ms ? wait : d->conf.retry_max_ms));
}

static void act_wait(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	struct dlv_ue *ue = m->ue;

	d->counts.retries++;
	ue->current = NULL;
	if (ue->conn) {
		rest(d, ue, now);
	} else {
		m->parts_done = 0; /* it may come back as another process that has no part */
	}
}

static void act_late(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	(void)d;
	(void)now;
	m->late = true;
}

static void count_outcome(struct dlv_counts *c, const struct dlv_msg *m)
{
	switch (m->outcome) {
	case T4_OUTCOME_SUCCESSFUL_TRANSFER:
		c->delivered++;
		break;
	case T4_OUTCOME_VALIDITY_TIME_EXPIRED:
		c->expired++;
		break;
	case T4_OUTCOME_UE_MEMORY_CAPACITY_EXCEEDED:
		c->full++;
		break;
	case DLV_OUTCOME_UNKNOWN:
		c->unknown++;
		break;
	default:
		if (m->has_diagnostic) {
			c->absent++;
		} else {
			c->ue_refused++;
		}
		break;
	}
}

static void act_record(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	struct dlv_ue *ue = m->ue;

	if (!m->has_outcome) {
		m->has_outcome = true;
		m->outcome_real_ms = now.real_ms;
		m->report_end_to_end = d->ports.end_to_end(d->ports.arg);
		count_outcome(&d->counts, m);
	}
	if (!m->text.sme.trigger) { /* its report may come again, and has to find it */
		index_del(d, m);
	}
	dlv_timer_stop(&d->timers, &m->timer);
	if (ue) {
		if (ue->current == m) {
			dlv_timer_stop(&d->timers, &ue->timer);
		}
		dlv_ue_dequeue(d, ue, m);
	}
	d->ports.put(d->ports.arg, m);
	dlv_batch_add(d, m);
}

static void act_record_later(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	dlv_timer_start(&d->timers, &m->timer, now.mono_ms + d->conf.report_min_ms);
}

static void act_erase(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	(void)now;
	index_del(d, m);
	dlv_timer_stop(&d->timers, &m->timer);
	d->ports.del(d->ports.arg, m);
	dlv_batch_add(d, m);
}

static void act_removed(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	(void)m;
	(void)now;
	d->counts.removed++;
}

static void act_restore(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	index_add(d, m);
	dlv_timer_start(&d->timers, &m->timer, now.mono_ms + left_ms(m, now));
}

uint64_t dlv_report_wait_ms(const struct dlv *d, const struct dlv_msg *m)
{
	uint64_t wait = d->conf.report_min_ms;

	for (uint32_t i = 1; i < m->report_attempt && wait < d->conf.report_max_ms; i++) {
		wait *= 2;
	}
	return wait < d->conf.report_max_ms ? wait : d->conf.report_max_ms;
}

uint64_t dlv_pause_ms(const struct dlv_msg *m, uint64_t wait_ms, struct dlv_now now)
{
	uint64_t left = left_ms(m, now);

	return dlv_to_sme(m) && left < wait_ms ? left : wait_ms;
}

static void act_report(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	int err;

	if (m->report_out) {
		return; /* its answer or its time-out comes */
	}
	dlv_line_leave(d, m);
	err = d->ports.report(d->ports.arg, m, m->report_attempt > 0);
	m->unwanted = err == ERR_REFUSED;
	if (m->unwanted) {
		dlv_timer_start(&d->timers, &m->timer, now.mono_ms);
		return;
	}
	if (err) {
		/* dlv_peer_room() wakes a receipt, dlv_peer_open() and dlv_line_go_on() the report
		 * of a trigger; then the timer only ends its retention */
		bool in_line = (err == ERR_CLOSED || err == ERR_BUSY) && !dlv_line_join(d, m);
		bool woken = in_line || err == ERR_CLOSED;

		dlv_timer_start(&d->timers, &m->timer,
				now.mono_ms + dlv_pause_ms(m, woken ? d->conf.report_max_ms : d->conf.report_min_ms, now));
		return;
	}
	m->report_attempt++;
	m->report_out = true;
	dlv_timer_stop(&d->timers, &m->timer);
}

static void act_done(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	(void)now;
	dlv_timer_stop(&d->timers, &m->timer);
	/* if the commit fails, a restart repeats the report with T */
	d->ports.del(d->ports.arg, m);
}

static const struct rule {
	enum dlv_state state;
	enum dlv_event event;
	enum dlv_state next;
	action_fn *action;
} rules[] = {
	{ DLV_STORING, DLV_EV_DURABLE, DLV_WAITING, act_start },
	{ DLV_STORING, DLV_EV_NOT_DURABLE, DLV_GONE, act_free },
	{ DLV_STORING, DLV_EV_AFAR, DLV_AFAR, act_afar },
	{ DLV_STORING, DLV_EV_TO_SME, DLV_REPORTING, act_to_sme },
	{ DLV_AFAR, DLV_EV_GIVE_UP, DLV_RECORDING, act_record },
	{ DLV_AFAR, DLV_EV_REMOVE, DLV_REMOVING, act_erase },
	{ DLV_REMOVING, DLV_EV_AFAR, DLV_AFAR, act_afar },
	{ DLV_WAITING, DLV_EV_TURN, DLV_SENDING, act_send },
	{ DLV_WAITING, DLV_EV_GIVE_UP, DLV_RECORDING, act_record },
	{ DLV_WAITING, DLV_EV_REMOVE, DLV_REMOVING, act_erase },
	{ DLV_REMOVING, DLV_EV_DURABLE, DLV_GONE, act_removed },
	{ DLV_REMOVING, DLV_EV_NOT_DURABLE, DLV_WAITING, act_restore },
	{ DLV_SENDING, DLV_EV_PART_ACK, DLV_SENDING, act_next_part },
	{ DLV_SENDING, DLV_EV_ALL_ACK, DLV_RECORDING, act_record },
	{ DLV_SENDING, DLV_EV_FAILED, DLV_WAITING, act_wait },
	{ DLV_SENDING, DLV_EV_FAILED_LAST, DLV_RECORDING, act_record },
	{ DLV_SENDING, DLV_EV_REFUSED, DLV_RECORDING, act_record },
	{ DLV_SENDING, DLV_EV_GIVE_UP, DLV_SENDING, act_late },
	{ DLV_RECORDING, DLV_EV_DURABLE, DLV_REPORTING, act_report },
	{ DLV_RECORDING, DLV_EV_NOT_DURABLE, DLV_RECORDING, act_record_later },
	{ DLV_RECORDING, DLV_EV_REPORT, DLV_RECORDING, act_record }, /* timer: write it again */
	{ DLV_REPORTING, DLV_EV_REPORT, DLV_REPORTING, act_report },
	{ DLV_REPORTING, DLV_EV_REPORTED, DLV_GONE, act_done },
};

static const char *const state_words[] = {
	[DLV_STORING] = "storing",     [DLV_WAITING] = "waiting",     [DLV_SENDING] = "sending", [DLV_REMOVING] = "removing",
	[DLV_RECORDING] = "recording", [DLV_REPORTING] = "reporting", [DLV_AFAR] = "afar",       [DLV_GONE] = "gone"
};

/* The `next` of the rows above. */
static const uint32_t next_states[] = {
	[DLV_STORING] = MACHINE_TO(DLV_WAITING) | MACHINE_TO(DLV_AFAR) | MACHINE_TO(DLV_REPORTING) | MACHINE_TO(DLV_GONE),
	[DLV_WAITING] = MACHINE_TO(DLV_SENDING) | MACHINE_TO(DLV_RECORDING) | MACHINE_TO(DLV_REMOVING),
	[DLV_SENDING] = MACHINE_TO(DLV_SENDING) | MACHINE_TO(DLV_WAITING) | MACHINE_TO(DLV_RECORDING),
	[DLV_REMOVING] = MACHINE_TO(DLV_WAITING) | MACHINE_TO(DLV_AFAR) | MACHINE_TO(DLV_GONE),
	[DLV_RECORDING] = MACHINE_TO(DLV_RECORDING) | MACHINE_TO(DLV_REPORTING),
	[DLV_REPORTING] = MACHINE_TO(DLV_REPORTING) | MACHINE_TO(DLV_GONE),
	[DLV_AFAR] = MACHINE_TO(DLV_RECORDING) | MACHINE_TO(DLV_REMOVING),
	[DLV_GONE] = 0,
};

const struct machine dlv_machine = { "smssc", "delivery", state_words, next_states, DLV_STATES };

/* The one place where the state of a delivery changes. */
static void set_state(struct dlv *d, struct dlv_msg *m, enum dlv_state next)
{
	enum dlv_state from = m->state;

	m->state = (enum dlv_state)machine_go(&dlv_machine, d->in_state, from, next);
	if (from != next && d->ports.trace) {
		d->ports.trace(d->ports.arg, m, machine_word(&dlv_machine, from), machine_word(&dlv_machine, next));
	}
}

/* Recall and replace find a trigger that has no outcome yet. */
static bool is_pending(enum dlv_state state)
{
	return state == DLV_STORING || state == DLV_WAITING || state == DLV_SENDING || state == DLV_REMOVING || state == DLV_AFAR;
}

void dlv_msg_end(struct dlv *d, struct dlv_msg *m)
{
	struct dlv_ue *ue = m->ue;

	OBJ_CHECK(m, DLV_MSG_MAGIC);
	index_del(d, m);
	dlv_line_leave(d, m);
	dlv_line_uncount(d, m);
	dlv_timer_stop(&d->timers, &m->timer);
	if (ue) {
		dlv_ue_dequeue(d, ue, m);
		dlv_ue_put(d, ue);
	}
	map_del(&d->by_id, &m->by_id);
	multimap_del(&d->by_number, &m->by_number);
	DL_DELETE2(d->all, m, all_prev, all_next);
	machine_end(&dlv_machine, d->in_state, m->state);
	d->msgs_n--;
	if (dlv_of_sme(m)) {
		d->msgs_smes_n--;
		d->sme_octets -= dlv_room(m);
	}
	dlv_msg_free(m);
}

/* The only function that changes a state. False: the event does not fit; it is counted, nothing
 * else happens. `m` may be freed. */
bool dlv_step(struct dlv *d, struct dlv_msg *m, enum dlv_event event, struct dlv_now now)
{
	OBJ_CHECK(m, DLV_MSG_MAGIC);
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		if (rules[i].state != m->state || rules[i].event != event) {
			continue;
		}
		set_state(d, m, rules[i].next);
		rules[i].action(d, m, now);
		if (m->state == DLV_GONE) {
			dlv_msg_end(d, m);
		}
		return true;
	}
	d->counts.unwelcome++;
	return false;
}

void dlv_msg_own(struct dlv *d, struct dlv_msg *m, struct dlv_ue *ue, enum dlv_state state)
{
	OBJ_CHECK(m, DLV_MSG_MAGIC);
	m->state = state; /* its first */
	machine_begin(&dlv_machine, d->in_state, state);
	m->timer.kind = DLV_TIMER_MSG;
	m->parts = dlv_parts(&m->text);
	dlv_put_key(m);
	map_add(&d->by_id, &m->by_id, &m->id, sizeof m->id);
	if (dlv_of_sme(m)) {
		d->msgs_smes_n++;
		d->sme_octets += dlv_room(m);
		multimap_add(&d->by_number, &m->by_number, dlv_number_hash(m->text.sme.number));
	}
	DL_APPEND2(d->all, m, all_prev, all_next);
	d->msgs_n++;
	if (ue) {
		dlv_ue_enqueue(d, ue, m);
	}
	if (is_pending(state)) {
		index_add(d, m);
	}
}
