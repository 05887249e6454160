/* smssc.c - store, machine and memory put together; one commit in each turn of the loop. */
#include "nodes/smssc/smssc.h"

#include <stdio.h>
#include <string.h>

#include "apps/app_common.h"
#include "apps/t4_drr.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/shown.h"
#include "nodes/common/node.h"
#include "nodes/common/node_kv.h"
#include "nodes/smssc/smssc_mo.h"
#include "nodes/smssc/smssc_tsp.h"

static const char *outcome_word(const struct dlv_msg *m)
{
	static const char *const words[] = {
		[T4_OUTCOME_ABSENT_SUBSCRIBER] = "ABSENT_SUBSCRIBER",
		[T4_OUTCOME_UE_MEMORY_CAPACITY_EXCEEDED] = "UE_MEMORY_CAPACITY_EXCEEDED",
		[T4_OUTCOME_SUCCESSFUL_TRANSFER] = "SUCCESSFUL_TRANSFER",
		[T4_OUTCOME_VALIDITY_TIME_EXPIRED] = "VALIDITY_TIME_EXPIRED",
		[DLV_OUTCOME_UNKNOWN] = "UNKNOWN",
	};

	return m->outcome < sizeof words / sizeof *words && words[m->outcome] ? words[m->outcome] : "unknown";
}

/* One line of the file of events, with the commit of this turn. */
static void record(struct smssc *s, const char *name, const struct dlv_msg *m)
{
	char smea[STR_DIGITS_MAX + 1] = "";
	json_t *event;

	if (!s->events) {
		return;
	}
	if (app_unsmea(smea, m->text.smea, m->text.smea_len)) {
		smea[0] = 0;
	}
	event = json_pack("{s:s, s:I, s:I, s:s, s:o, s:s, s:I}", "event", name, "time_ms", (json_int_t)clock_real_ms(),
			  "delivery_id", (json_int_t)m->id, "smea", smea, "reference",
			  m->text.has_reference ? json_integer((json_int_t)m->text.reference) : json_null(), "imsi", m->text.imsi,
			  "expires_ms", (json_int_t)timeline_to_wall(&s->time, m->give_up_real_ms));
	if (event && m->has_outcome) {
		json_object_set_new(event, "outcome", json_string(outcome_word(m)));
	}
	node_events_add(s->events, event);
}

static void port_put(void *arg, const struct dlv_msg *m)
{
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);
	struct buf b = buf_over(s->record, sizeof s->record);

	if (m->state != DLV_AFAR) { /* then it is only asked for once more, or about */
		record(s, m->has_outcome ? "outcome" : m->text.sme.trigger ? "asked" : "taken", m);
	}
	dlv_msg_encode(&b, m);
	smssc_store_put_msg(s->store, m->id, b.p, b.len); /* it fits: every member is bounded */
}

static void port_del(void *arg, const struct dlv_msg *m)
{
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);

	record(s, m->state == DLV_REMOVING ? "removed" : "over", m);
	smssc_store_del_msg(s->store, m->id);
}

static void port_dropped(void *arg, const struct dlv_msg *m)
{
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);

	log_warn(&s->log, "smssc", "report %s of delivery %llu, trigger %u, is dropped: not acknowledged within report.retention",
		 outcome_word(m), (unsigned long long)m->id, m->text.reference);
}

static void port_trace(void *arg, const struct dlv_msg *m, const char *from, const char *to)
{
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);

	log_debug(&s->log, "smssc", "delivery %llu: %s -> %s", (unsigned long long)m->id, from, to);
}

/* To whoever brought the message. */
static int port_report(void *arg, const struct dlv_msg *m, bool again)
{
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);

	if (dlv_to_sme(m)) {
		return smssc_sme_deliver(s, m);
	}
	return m->text.sme.system_id ? smssc_sme_report(s, m) : smssc_t4_report(s, m, again);
}

static uint32_t port_end_to_end(void *arg)
{
	return link_ids_end_to_end(&OBJ_OF(arg, struct smssc, SMSSC_MAGIC)->ids);
}

static void port_put_dup(void *arg, uint64_t sequence, const void *record, size_t len)
{
	smssc_store_put_dup(OBJ_OF(arg, struct smssc, SMSSC_MAGIC)->store, sequence, record, len);
}

static void port_del_dup(void *arg, uint64_t sequence)
{
	smssc_store_del_dup(OBJ_OF(arg, struct smssc, SMSSC_MAGIC)->store, sequence);
}

struct dlv_now smssc_now(const struct smssc *s)
{
	uint64_t boot_ms = clock_boot_ms();

	return (struct dlv_now){ boot_ms, timeline_at(&s->time, boot_ms), s->time.kept.wall_ms };
}

static void arm(struct smssc *s)
{
	uint64_t next = dlv_next_ms(s->dlv), now = clock_boot_ms();

	if (next == UINT64_MAX) {
		net_timer_stop(s->timer);
	} else {
		net_timer_start(s->timer, next > now ? next - now : 0);
	}
}

/* Lines before the commit: a restart removes lines without a commit. `where`, `words`: what could
 * not be written, and why. */
static int commit(struct smssc *s, const char **where, const char **words)
{
	int err = s->events ? node_events_flush(s->events) : 0;

	if (!err && s->events) {
		smssc_store_put_events_end(s->store, node_events_end(s->events));
	}
	if (err) {
		smssc_store_abort(s->store);
		*where = s->conf.events;
		*words = err_str(err);
		return err;
	}
	FAULT_POINT(SMSSC_BEFORE_COMMIT);
	err = smssc_store_commit(s->store, dlv_id_next(s->dlv));
	FAULT_POINT(SMSSC_AFTER_COMMIT);
	*where = s->conf.state_dir;
	*words = smssc_store_words(s->store);
	if (err && s->events) {
		node_events_undo(s->events);
	}
	return err;
}

static void log_ill(struct smssc *s, const char *where, const char *words)
{
	log_error(&s->log, "store", "%s: %s; triggers are refused until it is well", where, words);
	s->disk_ill = true;
}

void smssc_turn(void *arg)
{
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);
	const char *where, *words;
	int err = 0;

	if (smssc_store_dirty(s->store)) {
		err = commit(s, &where, &words);
		if (err && !s->disk_ill) {
			log_ill(s, where, words);
		} else if (!err && s->disk_ill) {
			log_info(&s->log, "store", "%s: well again", where);
			s->disk_ill = false;
		}
	}
	smssc_dup_committed(s->dup, !err);
	smssc_t4_committed(s, !err);
	smssc_sme_committed(s, !err);
	smssc_mo_committed(s, !err);
	dlv_committed(s->dlv, !err, smssc_now(s));
	smssc_tsp_committed(s, !err);
	arm(s);
}

static void on_timer(void *arg)
{
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);

	dlv_tick(s->dlv, smssc_now(s));
}

#define TIME_PATH_SIZE (sizeof((struct smssc_conf *)0)->state_dir + sizeof "/" TIMELINE_FILE)

static const char *time_path(char path[TIME_PATH_SIZE], const struct smssc *s)
{
	snprintf(path, TIME_PATH_SIZE, "%s/" TIMELINE_FILE, s->conf.state_dir);
	return path;
}

static void keep_time(struct smssc *s)
{
	char path[TIME_PATH_SIZE], why[TIMELINE_WHY_MAX];

	if (s->time.unwritten && timeline_keep(&s->time, time_path(path, s), why)) {
		log_warn(&s->log, "store", "%s", why);
	}
}

/* A timer of the loop does not run while the machine is suspended and does not notice that the wall
 * clock was set. */
static void on_look(void *arg)
{
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);
	int64_t step_ms = timeline_look(&s->time, clock_boot_ms(), clock_real_ms());

	if (step_ms) {
		log_warn(&s->log, "smssc", "the wall clock was set by %lld ms; waits, retention and expiry do not change",
			 (long long)step_ms);
	}
	keep_time(s);
	dlv_tick(s->dlv, smssc_now(s));
	net_timer_start(s->look, TIMELINE_LOOK_MS);
}

static void open_time(struct smssc *s)
{
	char path[TIME_PATH_SIZE], why[TIMELINE_WHY_MAX];

	if (timeline_open(&s->time, time_path(path, s), why)) {
		log_warn(&s->log, "store", "%s", why);
	}
}

static int open_events(struct smssc *s, char why[SMSSC_STORE_WHY_MAX])
{
	int err = node_events_open(&s->events, s->conf.events, why);

	if (err) {
		return err;
	}
	err = node_events_cut(s->events, smssc_store_events_end(s->store));
	/* content that exists at the first use is kept */
	if (!err && node_events_end(s->events) != smssc_store_events_end(s->store)) {
		smssc_store_put_events_end(s->store, node_events_end(s->events));
		err = smssc_store_commit(s->store, smssc_store_id_first(s->store));
	}
	if (err) {
		snprintf(why, SMSSC_STORE_WHY_MAX, "%s: %s", s->conf.events, err_str(err));
	}
	return err;
}

/* Earlier events are in the old file; the store has the new end before a line is written to the new
 * file. */
void smssc_reopen_events(struct smssc *s)
{
	char why[NODE_EVENTS_WHY_MAX];

	if (!s->events) {
		log_info(&s->log, "smssc", "no file of events is configured: there is nothing to open again");
		return;
	}
	smssc_turn(s);
	if (node_events_reopen(s->events, s->conf.events, why)) {
		log_error(&s->log, "store", "%s; the file before stays in use", why);
		return;
	}
	smssc_store_put_events_end(s->store, node_events_end(s->events));
	smssc_turn(s);
	log_info(&s->log, "store", "%s opened again", s->conf.events);
}

static int load_msg(void *arg, uint64_t number, const void *record, size_t len)
{
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);
	struct dlv_msg *m;
	int err = dlv_msg_decode(&m, number, record, len);

	return err ? err : dlv_load(s->dlv, m, smssc_now(s));
}

static int load_dup(void *arg, uint64_t number, const void *record, size_t len)
{
	return smssc_dup_load(OBJ_OF(arg, struct smssc, SMSSC_MAGIC)->dup, number, record, len);
}

static struct dlv_conf machine_conf(const struct smssc *s)
{
	const struct smssc_conf *c = &s->conf;
	struct dlv_conf d = {
		.id_first = smssc_store_id_first(s->store),
		.messages_max = c->limits.messages,
		.ue_messages_max = c->limits.messages_per_ue,
		.sme_octets_max = ((uint64_t)c->limits.store_mib << 20) / 2,
		.ues_max = c->limits.ues,
		.conn_ues_max = c->limits.ues_per_connection,
		.ack_wait_ms = c->delivery.answer_wait_ms,
		.retry_min_ms = c->delivery.retry_min_ms,
		.retry_max_ms = c->delivery.retry_max_ms,
		.report_min_ms = c->report.retry_min_ms,
		.report_max_ms = c->report.retry_max_ms,
		.report_keep_ms = c->report.retention_ms,
		.old_ms = s->time.old_ms,
		.drop_from_ms = s->time.sure_from_ms,
		.restart_wait_ms = c->delivery.restart_wait_ms,
		.afar_wait_ms = c->smes.gateway.report_wait_ms,
	};

	memcpy(d.sc_address, c->sc_address, sizeof d.sc_address);
	return d;
}

static int make_parts(struct smssc *s)
{
	const struct dlv_ports ports = { s,           port_put,        port_del,     smssc_ues_send, smssc_ues_taken_over,
					 port_report, port_end_to_end, port_dropped, port_trace };
	const struct smssc_dup_ports dup_ports = { s, port_put_dup, port_del_dup };
	struct dlv_conf conf = machine_conf(s);
	int err = dlv_new(&s->dlv, &conf, &ports);

	if (!err) {
		err = smssc_dup_new(&s->dup, s->conf.limits.duplicates, s->conf.limits.duplicates_window_ms, &dup_ports);
	}
	if (!err) {
		err = net_check_new(&s->check, s->loop, smssc_turn, s);
	}
	if (!err) {
		err = net_timer_new(&s->timer, s->loop, on_timer, s);
	}
	if (!err) {
		err = net_timer_new(&s->look, s->loop, on_look, s);
	}
	if (!err) {
		net_timer_start(s->look, TIMELINE_LOOK_MS);
	}
	return err;
}

int smssc_open(struct smssc *s, char why[SMSSC_STORE_WHY_MAX])
{
	char triggers[SHOWN_COUNT_MAX], reports[SHOWN_COUNT_MAX];
	struct dlv_gauge g;
	int err;

	link_ids_init(&s->ids, s->conf.identity.host, clock_real_ms(), node_random());
	err = smssc_store_open(&s->store, s->conf.state_dir, (uint64_t)s->conf.limits.store_mib << 20, NODE_LOCK_WAIT_MS,
			       node_random(), why);
	if (!err && s->conf.events[0]) {
		err = open_events(s, why);
	}
	if (err) {
		return err;
	}
	if (smssc_store_began_full(s->store)) {
		log_ill(s, s->conf.state_dir, smssc_store_words(s->store));
	}
	open_time(s);
	snprintf(why, SMSSC_STORE_WHY_MAX, "out of memory");
	err = make_parts(s);
	if (err) {
		return err;
	}
	err = smssc_store_each_msg(s->store, load_msg, s);
	if (!err) {
		err = smssc_store_each_dup(s->store, load_dup, s);
	}
	if (err) {
		snprintf(why, SMSSC_STORE_WHY_MAX, "%s: a record cannot be read back: %s", s->conf.state_dir, err_str(err));
		return err;
	}
	g = dlv_gauge(s->dlv);
	if (g.waiting || g.reporting) {
		log_info(&s->log, "store", "%s and %s restored from %s", shown_count(triggers, g.waiting, "trigger"),
			 shown_count(reports, g.reporting, "report"), s->conf.state_dir);
	}
	arm(s);
	return 0;
}

void smssc_close(struct smssc *s)
{
	const char *where, *words;

	if (s->store && s->dlv && smssc_store_dirty(s->store) && commit(s, &where, &words)) {
		log_error(&s->log, "store", "%s: %s: the last changes are lost; they will be made again", where, words);
	}
	s->time.unwritten = s->dlv != NULL;
	keep_time(s);
	net_timer_free(s->look);
	net_timer_free(s->timer);
	net_check_free(s->check);
	dlv_free(s->dlv);
	s->dlv = NULL;
	smssc_dup_free(s->dup);
	smssc_store_close(s->store);
	node_events_close(s->events);
}

void smssc_status(struct smssc *s)
{
	const struct dlv_counts *c = dlv_counts(s->dlv);
	struct dlv_gauge g = dlv_gauge(s->dlv);
	json_t *counts = json_object(), *smes = smssc_sme_status(s);
	json_t *event =
	    json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "event", "status", "waiting",
		      (json_int_t)g.waiting, "sending", (json_int_t)g.sending, "reporting", (json_int_t)g.reporting, "storing",
		      (json_int_t)g.other, "ues", (json_int_t)g.ues, "ues_present", (json_int_t)g.ues_present, "duplicates_known",
		      (json_int_t)smssc_dup_count(s->dup), "duplicates_evicted", (json_int_t)smssc_dup_evicted(s->dup),
		      "log_lost", (json_int_t)log_lost(&s->log), "events_lost", (json_int_t)node_out_lost(&s->out));

#define DLV_COUNT(name, words) json_object_set_new(counts, #name, json_integer((json_int_t)c->name));
	DLV_COUNTS(DLV_COUNT)
#undef DLV_COUNT
	if (!event || json_object_set_new(event, "counts", counts)) {
		json_decref(event);
		json_decref(smes);
		return;
	}
	if (smes) {
		json_object_set_new(event, "smes", smes);
	}
	node_out_event(&s->out, event);
}
