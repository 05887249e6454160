/* dlv.c - turns what arrives from the T4 side and the disk, and from the clock, into events
 * (dlv_step.h). What comes from the mobiles is in dlv_mobile.c. */
#include "nodes/smssc/dlv.h"

#include "base/container.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "apps/t4_drr.h"
#include "nodes/sms/sms_deliver.h"
#include "nodes/smssc/dlv_afar.h"
#include "nodes/smssc/dlv_line.h"
#include "nodes/smssc/dlv_step.h"

/* -- from the T4 side */

int dlv_find(struct dlv *d, struct dlv_msg **out, const uint8_t *smea, size_t smea_len, uint32_t reference, const char *imsi)
{
	struct dlv_msg look = { 0 }, *m;

	look.text.smea = smea;
	look.text.smea_len = smea_len;
	look.text.reference = reference;
	dlv_put_key(&look);
	m = dlv_by_key(d, &look);
	if (!m || strcmp(m->text.imsi, imsi) != 0) {
		return ERR_NOTFOUND;
	}
	if (m->state != DLV_WAITING) {
		return ERR_STATE;
	}
	*out = m;
	return 0;
}

struct dlv_msg *dlv_next_of_number(const struct dlv *d, const struct dlv_msg *after, uint64_t number)
{
	struct multimap_node *n =
	    after ? multimap_next(&after->by_number) : multimap_first(&d->by_number, dlv_number_hash(number));

	return n ? CONTAINER_OF(n, struct dlv_msg, by_number) : NULL;
}

bool dlv_may_remove(const struct dlv_msg *m)
{
	return m->state == DLV_WAITING;
}

void dlv_remove(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	dlv_step(d, m, DLV_EV_REMOVE, now);
}

/* Triggers and messages of SMEs have a bound each: an SME keeps no trigger out, and does not learn
 * from a full queue that a device has triggers. Messages may be long, so those of SMEs have a part
 * of the store, too, and never fill it. */
static int may_take(struct dlv *d, const struct dlv_msg *m, const struct dlv_msg *replaces)
{
	struct dlv_msg *other = NULL;

	if (m->text.has_reference) {
		other = dlv_by_key(d, m);
	}
	if (other && other != replaces) {
		return ERR_EXISTS;
	}
	if ((dlv_of_sme(m) ? d->msgs_smes_n : d->msgs_n - d->msgs_smes_n) >= d->conf.messages_max) {
		return ERR_BUSY;
	}
	if (dlv_of_sme(m) && d->conf.sme_octets_max && d->sme_octets + dlv_room(m) > d->conf.sme_octets_max) {
		return ERR_BUSY;
	}
	return dlv_timers_reserve(&d->timers, (size_t)d->ues_n + d->msgs_n + 2);
}

int dlv_submit(struct dlv *d, const struct dlv_text *text, struct dlv_msg *replaces, uint64_t *id, struct dlv_now now)
{
	struct dlv_text copy = *text;
	struct dlv_ue *ue;
	struct dlv_msg *m;
	int err;

	if (!copy.payload) {
		copy.payload = (const uint8_t *)"";
	}
	if (dlv_parts(&copy) == 0) {
		return ERR_LIMIT;
	}
	err = dlv_msg_new(&m, &copy);
	if (err) {
		return err;
	}
	dlv_put_key(m);
	err = may_take(d, m, replaces);
	if (err) {
		goto free_msg;
	}
	if (!dlv_of_sme(m) && dlv_ue_no_place(d, copy.imsi)) {
		err = ERR_BUSY;
		goto free_msg;
	}
	ue = copy.sme.trigger || dlv_to_sme(m) ? NULL : dlv_ue_get(d, copy.imsi);
	if (!copy.sme.trigger && !dlv_to_sme(m) &&
	    (!ue || (dlv_of_sme(m) ? ue->queue_smes_n : ue->queue_n - ue->queue_smes_n) >= d->conf.ue_messages_max)) {
		err = ERR_BUSY;
		goto free_msg;
	}
	err = dlv_to_sme(m) ? dlv_line_count(d, m) : 0;
	if (err) {
		goto free_msg;
	}
	if (replaces) {
		dlv_step(d, replaces, DLV_EV_REMOVE, now);
	}
	m->id = d->id_next++;
	if (m->text.sme.system_id && !m->text.sme.number) {
		m->text.sme.number = m->id;
	}
	m->asked = copy.sme.trigger;
	m->submitted_real_ms = now.real_ms;
	m->give_up_real_ms = now.real_ms + (uint64_t)copy.validity_s * 1000;
	dlv_msg_own(d, m, ue, DLV_STORING);
	d->ports.put(d->ports.arg, m);
	dlv_batch_add(d, m);
	*id = m->id;
	return 0;

free_msg:
	dlv_msg_free(m);
	return err;
}

int dlv_load(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	struct dlv_ue *ue = NULL;
	uint64_t left = m->give_up_real_ms > now.real_ms ? m->give_up_real_ms - now.real_ms : 0;
	bool reports = m->has_outcome || dlv_to_sme(m);
	int err = ERR_EXISTS;

	if (dlv_by_id(d, m->id)) {
		goto free_msg;
	}
	err = dlv_timers_reserve(&d->timers, (size_t)d->ues_n + d->msgs_n + 2);
	if (err) {
		goto free_msg;
	}
	if (!reports && !m->text.sme.trigger) {
		err = ERR_NOMEM;
		ue = dlv_ue_get(d, m->text.imsi);
		if (!ue || dlv_parts(&m->text) == 0) {
			goto free_msg;
		}
	}
	if (dlv_to_sme(m) && dlv_line_count(d, m) == ERR_NOMEM) { /* what is on disk is kept above the bound, too */
		err = ERR_NOMEM;
		goto free_msg;
	}
	if (m->id >= d->id_next) {
		d->id_next = m->id + 1;
	}
	dlv_msg_own(d, m, ue, reports ? DLV_REPORTING : m->text.sme.trigger ? DLV_AFAR : DLV_WAITING);
	/* its report may have been sent before the crash: T */
	m->report_attempt = reports ? 1 : 0;
	if (m->text.sme.trigger) {
		left += d->conf.afar_wait_ms;
	} else if (dlv_one_attempt(m)) {
		left = d->conf.restart_wait_ms;
	}
	dlv_timer_start(&d->timers, &m->timer, now.mono_ms + (reports ? 0 : left));
	return 0;

free_msg:
	dlv_msg_free(m);
	return err;
}

static void committed(struct dlv *d, struct dlv_msg *m, bool durable, struct dlv_now now)
{
	struct dlv_ue *ue = m->ue;
	bool storing = m->state == DLV_STORING, removing = m->state == DLV_REMOVING;

	DL_DELETE2(d->batch, m, batch_prev, batch_next);
	if (storing && !durable) {
		d->counts.disk_refused++;
	}
	/* may free m, and ue with it if m was its last message */
	if (m->text.sme.trigger && durable == storing && (storing || removing)) {
		dlv_step(d, m, DLV_EV_AFAR, now);
	} else if (dlv_to_sme(m) && storing && durable) {
		dlv_step(d, m, DLV_EV_TO_SME, now);
	} else {
		dlv_step(d, m, durable ? DLV_EV_DURABLE : DLV_EV_NOT_DURABLE, now);
	}
	if (ue && (durable ? storing : removing)) {
		dlv_ue_turn(d, ue, now);
	}
}

void dlv_committed(struct dlv *d, bool durable, struct dlv_now now)
{
	/* On failure in reverse order: a replacement that was not stored is removed before the
	 * replaced trigger returns. */
	while (d->batch) {
		committed(d, durable ? d->batch : d->batch->batch_prev, durable, now);
	}
}

static void end_at_sme(struct dlv_msg *m, uint8_t outcome, struct dlv_now now)
{
	dlv_set_outcome(m, outcome);
	m->has_outcome = true;
	m->outcome_real_ms = now.real_ms;
}

bool dlv_is_to_sme(const struct dlv *d, uint64_t id)
{
	const struct dlv_msg *m = dlv_by_id(d, id);

	return m && dlv_to_sme(m);
}

void dlv_refused(struct dlv *d, uint64_t id, struct dlv_now now)
{
	struct dlv_msg *m = dlv_by_id(d, id);

	if (!m || !m->report_out || !dlv_to_sme(m)) {
		d->counts.unwelcome++;
		return;
	}
	m->report_out = false;
	end_at_sme(m, T4_OUTCOME_ABSENT_SUBSCRIBER, now);
	dlv_over(d, m, now);
}

void dlv_reported(struct dlv *d, uint64_t id, bool done, struct dlv_now now)
{
	struct dlv_msg *m = dlv_by_id(d, id);

	if (!m || !m->report_out) {
		d->counts.unwelcome++;
		return;
	}
	m->report_out = false;
	if (done) {
		d->counts.reports_done++;
		if (!dlv_of_sme(m)) {
			dlv_line_go_on(d, m, now);
		}
		if (dlv_to_sme(m)) {
			d->counts.delivered++;
			end_at_sme(m, T4_OUTCOME_SUCCESSFUL_TRANSFER, now);
		}
		dlv_over(d, m, now);
		return;
	}
	dlv_timer_start(&d->timers, &m->timer, now.mono_ms + dlv_pause_ms(m, dlv_report_wait_ms(d, m), now));
	if (!dlv_of_sme(m)) {
		err_ignore(dlv_line_join(d, m), "without a place in the line its timer still wakes it");
	}
}

/* -- time */

static bool report_is_over(const struct dlv *d, const struct dlv_msg *m, struct dlv_now now)
{
	return now.real_ms > m->outcome_real_ms + d->conf.report_keep_ms &&
	       (m->outcome_real_ms >= d->conf.old_ms || now.real_ms >= d->conf.drop_from_ms);
}

static void msg_due(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	OBJ_CHECK(m, DLV_MSG_MAGIC);
	switch (m->state) {
	case DLV_WAITING: {
		struct dlv_ue *ue = m->ue;

		if (dlv_one_attempt(m) && ue->conn) {
			/* its turn comes: only an absent mobile ends a single attempt before it was
			 * made */
			return;
		}
		if (dlv_one_attempt(m)) {
			dlv_set_absent(m, ue->seen ? T4_ABSENT_UE_DETACHED : T4_ABSENT_UE_DEREGISTERED);
		} else {
			dlv_set_outcome(m, T4_OUTCOME_VALIDITY_TIME_EXPIRED);
		}
		dlv_step(d, m, DLV_EV_GIVE_UP, now);
		dlv_ue_put(d, ue);
		return;
	}
	case DLV_SENDING:
		if (!dlv_one_attempt(m)) {
			dlv_step(d, m, DLV_EV_GIVE_UP, now);
		}
		return;
	case DLV_AFAR:
		if (m->refused || !dlv_afar_is_known(m)) {
			dlv_step(d, m, DLV_EV_REMOVE, now);
			return;
		}
		dlv_set_outcome(m, DLV_OUTCOME_UNKNOWN);
		dlv_step(d, m, DLV_EV_GIVE_UP, now);
		return;
	case DLV_REPORTING:
		if (dlv_to_sme(m) && now.real_ms >= m->give_up_real_ms) {
			d->counts.expired++;
			end_at_sme(m, T4_OUTCOME_VALIDITY_TIME_EXPIRED, now);
			dlv_over(d, m, now);
			return;
		}
		if (!dlv_to_sme(m) && report_is_over(d, m, now)) {
			d->counts.reports_dropped++;
			d->ports.dropped(d->ports.arg, m);
			dlv_step(d, m, DLV_EV_REPORTED, now);
			return;
		}
		if (m->unwanted) {
			dlv_over(d, m, now);
		} else {
			dlv_step(d, m, DLV_EV_REPORT, now);
		}
		return;
	default:
		dlv_step(d, m, DLV_EV_REPORT, now);
	}
}

static void ue_due(struct dlv *d, struct dlv_ue *ue, struct dlv_now now)
{
	struct dlv_msg *m = ue->current;

	if (m) {
		dlv_set_absent(m, T4_ABSENT_NO_PAGING_RESPONSE);
		dlv_attempt_failed(d, m, now);
	} else {
		ue->resting = false;
	}
	dlv_ue_turn(d, ue, now);
}

void dlv_tick(struct dlv *d, struct dlv_now now)
{
	struct dlv_timer *t;

	while ((t = dlv_timers_due(&d->timers, now.mono_ms))) {
		if (t->kind == DLV_TIMER_MSG) {
			msg_due(d, CONTAINER_OF(t, struct dlv_msg, timer), now);
		} else {
			ue_due(d, CONTAINER_OF(t, struct dlv_ue, timer), now);
		}
	}
}

uint64_t dlv_next_ms(const struct dlv *d)
{
	return dlv_timers_next(&d->timers);
}

/* -- the whole */

int dlv_new(struct dlv **out, const struct dlv_conf *conf, const struct dlv_ports *ports)
{
	struct dlv *d = calloc(1, sizeof *d);
	int err;

	if (!d) {
		return ERR_NOMEM;
	}
	obj_begin(&d->obj, DLV_MAGIC);
	d->conf = *conf;
	d->ports = *ports;
	d->id_next = conf->id_first;
	err = map_init(&d->by_id);
	if (!err) {
		err = map_init(&d->by_key);
	}
	if (!err) {
		err = map_init(&d->ues);
	}
	if (!err) {
		err = map_init(&d->lines);
	}
	if (!err) {
		err = multimap_init(&d->by_number);
	}
	if (err) {
		dlv_free(d);
	} else {
		*out = d;
	}
	return err;
}

static void ue_end(void *arg, struct map_node *node)
{
	struct dlv_ue *ue = MAP_OF(node, struct dlv_ue, by_imsi);

	if (ue->conn) {
		dlv_ue_detach(arg, ue);
	}
	dlv_ue_put(arg, ue);
}

void dlv_free(struct dlv *d)
{
	if (!d) {
		return;
	}
	while (d->all) {
		dlv_msg_end(d, d->all);
	}
	map_each(&d->ues, ue_end, d);
	map_fini(&d->by_id);
	map_fini(&d->by_key);
	multimap_fini(&d->by_number);
	map_fini(&d->ues);
	map_fini(&d->lines);
	dlv_timers_fini(&d->timers);
	OBJ_END(d, DLV_MAGIC);
	free(d);
}

const struct dlv_counts *dlv_counts(const struct dlv *d)
{
	return &d->counts;
}

struct dlv_gauge dlv_gauge(const struct dlv *d)
{
	return (struct dlv_gauge){
		.waiting = d->in_state[DLV_WAITING],
		.sending = d->in_state[DLV_SENDING],
		.reporting = d->in_state[DLV_REPORTING],
		.afar = d->in_state[DLV_AFAR],
		.other = d->in_state[DLV_STORING] + d->in_state[DLV_REMOVING] + d->in_state[DLV_RECORDING],
		.ues = d->ues_n,
		.ues_present = d->ues_present,
	};
}

uint64_t dlv_id_next(const struct dlv *d)
{
	return d->id_next;
}
