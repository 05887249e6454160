/* ue_take.c - messages are taken, stored, acted on and answered, in this order; the disk is written
 * once in each turn of the loop. A trigger to print is marked as acted on before it is printed, a
 * trigger for a command when the command has started. A line for the file of --events is on disk
 * before the mark. A restart marks the lines that a crash left unmarked, so that each delivery has
 * exactly one line. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/str.h"
#include "nodes/common/node.h"
#include "nodes/sms/sms_join.h"
#include "nodes/ue/ue.h"

enum { JOINS_MAX = 10000 };

struct ue_join {
	uint64_t id;
	struct sms_join *join;
	struct map_node node;
};

struct ue_pending {
	struct ue_trigger t; /* payload in `octets` */
	uint8_t reference;
	bool whole; /* to be acted on; else only answered */
	struct ue_pending *prev, *next;
	uint8_t octets[];
};

static void emit(struct ue *u, json_t *event)
{
	node_out_event(&u->out, event);
}

static void emit_short(struct ue *u, const char *event, const char *imsi, uint64_t id, const char *reason)
{
	emit(u,
	     json_pack("{s:s, s:s, s:I, s:s*}", "event", event, "imsi", imsi, "delivery_id", (json_int_t)id, "reason", reason));
}

/* NULL: out of memory. */
static json_t *trigger_event(const struct ue_trigger *t)
{
	char *hex = malloc(2 * t->payload_len + 1);
	json_t *event = NULL;

	if (hex) {
		str_hex(hex, t->payload, t->payload_len);
		event = json_pack("{s:s, s:s, s:I, s:s, s:o, s:s, s:i, s:I}", "event", "trigger", "imsi", t->imsi, "delivery_id",
				  (json_int_t)t->id, "originator", t->originator, "port",
				  t->has_port ? json_integer(t->port) : json_null(), "payload_hex", hex, "parts", (int)t->parts,
				  "sent", (json_int_t)t->sent_s);
	}
	if (event && t->again) {
		json_object_set_new(event, "again", json_true());
	}
	free(hex);
	return event;
}

static void refuse(struct ue *u, const char *imsi, uint64_t id, uint8_t reference, uint8_t cause, const char *event,
		   const char *reason)
{
	if (cause == SMS_RP_CAUSE_MEMORY_FULL) {
		u->counts.refused++;
	} else {
		u->counts.ignored++;
	}
	emit_short(u, event, imsi, id, reason);
	ue_link_answer(u, imsi, id, reference, cause);
}

static void act(struct ue *u, const struct ue_trigger *t)
{
	u->counts.triggers++;
	if (!u->command) {
		emit(u, trigger_event(t));
	} else if (ue_exec_add(u, t)) {
		log_error(&u->log, "ue", "no room for the command of delivery %llu; it is taken up after a restart",
			  (unsigned long long)t->id);
	}
}

/* -- parts */

static struct ue_join *join_of(struct ue *u, uint64_t id, const struct sms_deliver *d)
{
	struct ue_join *j = MAP_OF(map_find(&u->joins, &id, sizeof id), struct ue_join, node);

	if (j || u->joins.n >= JOINS_MAX) {
		return j;
	}
	j = calloc(1, sizeof *j);
	if (!j) {
		return NULL;
	}
	if (sms_join_new(&j->join, d)) {
		free(j);
		return NULL;
	}
	j->id = id;
	map_add(&u->joins, &j->node, &j->id, sizeof j->id);
	return j;
}

static void join_end(struct ue *u, struct ue_join *j)
{
	map_del(&u->joins, &j->node);
	sms_join_free(j->join);
	free(j);
}

static void end_one(void *arg, struct map_node *node)
{
	join_end(OBJ_OF(arg, struct ue, UE_MAGIC), MAP_OF(node, struct ue_join, node));
}

static void joins_end(struct ue *u)
{
	map_each(&u->joins, end_one, u);
}

static int take_back_part(void *arg, uint64_t id, const char *imsi, const uint8_t *rpdu, size_t len)
{
	struct ue *u = OBJ_OF(arg, struct ue, UE_MAGIC);
	const struct ue_ports all = { 0 };
	const char *reason;
	struct ue_message m;
	struct ue_join *j;

	if (ue_read(&m, rpdu, len, &all, &reason) || !m.deliver.has_part) {
		log_warn(&u->log, "state", "a part of delivery %llu for %s cannot be read back: %s", (unsigned long long)id, imsi,
			 reason);
		return 0;
	}
	j = join_of(u, id, &m.deliver);
	if (!j) {
		return ERR_NOMEM;
	}
	if (sms_join_add(j->join, &m.deliver)) {
		log_warn(&u->log, "state", "a part of delivery %llu does not fit the others", (unsigned long long)id);
	}
	return 0;
}

/* -- taking */

static void pend(struct ue *u, const struct ue_trigger *t, uint8_t reference, bool whole)
{
	struct ue_pending *p = malloc(sizeof *p + t->payload_len);

	if (!p) {
		refuse(u, t->imsi, t->id, reference, SMS_RP_CAUSE_MEMORY_FULL, "refused", "out of memory");
		return;
	}
	p->t = *t;
	p->reference = reference;
	p->whole = whole;
	if (t->payload_len) {
		memcpy(p->octets, t->payload, t->payload_len);
	}
	p->t.payload = p->octets;
	DL_APPEND(u->pending, p);
	if (whole && u->command) {
		ue_state_accepted(u->state, &p->t);
	} else if (whole) {
		ue_state_acted(u->state, t->id);
	}
}

static void take_part(struct ue *u, struct ue_trigger *t, const struct ue_message *m, const uint8_t *rpdu, size_t len)
{
	struct ue_join *j = join_of(u, t->id, &m->deliver);
	int err = j ? sms_join_add(j->join, &m->deliver) : ERR_NOSPC;

	if (err && err != ERR_EXISTS) {
		uint8_t cause = err == ERR_PROTO ? SMS_RP_CAUSE_INVALID_MESSAGE : SMS_RP_CAUSE_MEMORY_FULL;

		refuse(u, t->imsi, t->id, m->reference, cause, err == ERR_PROTO ? "ignored" : "refused", "part");
		return;
	}
	if (!err && !sms_join_whole(j->join)) {
		ue_state_part(u->state, t->id, t->imsi, m->deliver.part, rpdu, len);
	}
	if (!sms_join_whole(j->join)) {
		t->payload_len = 0;
		pend(u, t, m->reference, false);
		return;
	}
	if (sms_join_payload(j->join, &t->payload, &t->payload_len)) {
		refuse(u, t->imsi, t->id, m->reference, SMS_RP_CAUSE_MEMORY_FULL, "refused", "out of memory");
		return;
	}
	pend(u, t, m->reference, true);
	join_end(u, j);
}

/* Printed as it came, part by part, and acknowledged; not remembered: a repetition is printed again. */
static void take_message(struct ue *u, const struct ue_device *device, const char *imsi, uint64_t id, const struct ue_message *m)
{
	const struct sms_deliver *d = &m->deliver;
	uint8_t text[SMS_SEPTETS_MAX];
	char hex[2 * SMS_SEPTETS_MAX + 1];

	if (device->full) {
		refuse(u, imsi, id, m->reference, SMS_RP_CAUSE_MEMORY_FULL, "refused", "memory full");
		return;
	}
	u->counts.messages++;
	if (d->packed.p) { /* one character an octet */
		sms_unpack(text, &d->packed);
		str_hex(hex, text, d->packed.n);
	} else {
		str_hex(hex, d->payload ? d->payload : text, d->payload_len);
	}
	emit(u, json_pack("{s:s, s:s, s:I, s:s, s:i, s:i, s:o, s:s, s:i, s:i, s:i}", "event", "message", "imsi", imsi,
			  "delivery_id", (json_int_t)id, "originator", m->sender, "pid", (int)d->pid, "dcs", (int)d->dcs, "port",
			  d->has_port ? json_integer(d->port) : json_null(), "payload_hex", hex, "part",
			  d->has_part ? (int)d->part : 1, "parts", d->has_part ? (int)d->parts : 1, "part_reference",
			  d->has_part ? (int)d->part_reference : 0));
	ue_link_answer(u, imsi, id, m->reference, 0);
}

/* What became of a message that this device has sent: printed and acknowledged, as a message is. */
static bool take_status(struct ue *u, const struct ue_device *device, const char *imsi, uint64_t id, const uint8_t *rpdu,
			size_t len)
{
	char recipient[STR_DIGITS_MAX + 1];
	struct sms_status s;
	uint8_t reference;

	if (!ue_read_status(&s, &reference, recipient, rpdu, len)) {
		return false;
	}
	if (device->full) {
		refuse(u, imsi, id, reference, SMS_RP_CAUSE_MEMORY_FULL, "refused", "memory full");
		return true;
	}
	emit(u, json_pack("{s:s, s:s, s:I, s:i, s:s, s:i, s:I, s:I}", "event", "status-report", "imsi", imsi, "delivery_id",
			  (json_int_t)id, "reference", (int)s.reference, "recipient", recipient, "status", (int)s.status, "sent",
			  (json_int_t)s.sent_s, "done", (json_int_t)s.done_s));
	ue_link_answer(u, imsi, id, reference, 0);
	return true;
}

void ue_take(struct ue *u, const char *imsi, uint64_t id, const uint8_t *rpdu, size_t len)
{
	const struct ue_device *device = ue_devices_find(&u->devices, imsi);
	const char *reason;
	struct ue_message m;
	struct ue_trigger t = { .id = id };
	uint8_t cause;

	FAULT_POINT(UE_MESSAGE_TAKEN);
	if (!device || device->absent) {
		return; /* an absent device receives nothing and answers nothing */
	}
	if (u->messages && ue_read_message(&m, rpdu, len)) {
		take_message(u, device, imsi, id, &m);
		return;
	}
	if (u->messages && take_status(u, device, imsi, id, rpdu, len)) {
		return;
	}
	cause = ue_read(&m, rpdu, len, &u->ports, &reason);
	if (cause) {
		refuse(u, imsi, id, m.reference, cause, "ignored", reason);
		return;
	}
	str_set(t.imsi, sizeof t.imsi, imsi);
	memcpy(t.originator, m.originator, sizeof t.originator);
	t.has_port = m.deliver.has_port;
	t.port = m.deliver.port;
	t.parts = m.deliver.has_part ? m.deliver.parts : 1;
	t.sent_s = m.deliver.sent_s;
	if (ue_state_known(u->state, id) != UE_NEW) {
		u->counts.duplicates++;
		emit_short(u, "duplicate", imsi, id, NULL);
		pend(u, &t, m.reference, false);
		return;
	}
	if (device->full || (u->command && ue_exec_full(u))) {
		refuse(u, imsi, id, m.reference, SMS_RP_CAUSE_MEMORY_FULL, "refused",
		       device->full ? "memory full" : "too many commands");
		return;
	}
	if (m.deliver.has_part) {
		take_part(u, &t, &m, rpdu, len);
		return;
	}
	t.payload = m.deliver.payload;
	t.payload_len = m.deliver.payload_len;
	pend(u, &t, m.reference, true);
}

/* -- the file of events */

static int acted_before(void *arg, const char *line)
{
	const char *id = strstr(line, "\"delivery_id\":"); /* no text of ours holds a quote */
	struct ue *u = OBJ_OF(arg, struct ue, UE_MAGIC);
	uint64_t number;

	if (!id || sscanf(id, "\"delivery_id\":%" SCNu64, &number) != 1) {
		return 0;
	}
	if (ue_state_known(u->state, number) == UE_NEW) {
		ue_state_acted(u->state, number);
	}
	return 0;
}

int ue_take_events(struct ue *u, char why[NODE_EVENTS_WHY_MAX])
{
	int err = node_events_open(&u->events, u->events_path, why);

	if (err) {
		return err;
	}
	err = node_events_each(u->events, acted_before, u);
	if (!err && ue_state_dirty(u->state)) {
		err = ue_state_commit(u->state);
	}
	if (err) {
		snprintf(why, NODE_EVENTS_WHY_MAX, "%.300s: %s", u->events_path, err_str(err));
	}
	return err;
}

/* The lines of this turn, before the marks. */
static int record(struct ue *u)
{
	struct ue_pending *p;
	int err;

	if (!u->events) {
		return 0;
	}
	DL_FOREACH (u->pending, p) {
		json_t *event = p->whole ? trigger_event(&p->t) : NULL;

		if (event) {
			json_object_set_new(event, "time_ms", json_integer((json_int_t)clock_real_ms()));
		}
		if (p->whole) {
			node_events_add(u->events, event);
		}
	}
	err = node_events_flush(u->events);
	if (err && !u->disk_ill) {
		log_error(&u->log, "ue", "%s: %s; messages are refused until it is well", u->events_path, err_str(err));
	}
	if (err) {
		u->disk_ill = true;
	}
	return err;
}

/* -- once a turn */

static int commit(struct ue *u)
{
	int err = ue_state_commit(u->state);

	if (err && !u->disk_ill) {
		log_error(&u->log, "state", "%s: %s; messages are refused until it is well", u->state_dir,
			  ue_state_words(u->state));
	} else if (!err && u->disk_ill) {
		log_info(&u->log, "state", "%s: well again", u->state_dir);
	}
	u->disk_ill = err != 0;
	return err;
}

/* Stores everything that was taken in this turn, or nothing. */
static int keep(struct ue *u)
{
	int err = record(u);

	FAULT_POINT(UE_WRITTEN);
	if (err) {
		ue_state_abort(u->state);
		return err;
	}
	err = commit(u);
	if (err && u->events) {
		node_events_undo(u->events);
	}
	FAULT_POINT(UE_MARKED);
	return err;
}

static void finish(struct ue *u, struct ue_pending *p, int err)
{
	if (err) {
		refuse(u, p->t.imsi, p->t.id, p->reference, SMS_RP_CAUSE_MEMORY_FULL, "refused", "not stored");
		return;
	}
	if (p->whole) {
		act(u, &p->t);
	}
	ue_link_answer(u, p->t.imsi, p->t.id, p->reference, 0);
}

static void turn(void *arg)
{
	struct ue *u = OBJ_OF(arg, struct ue, UE_MAGIC);
	int err = ue_state_dirty(u->state) ? keep(u) : 0;

	if (err) { /* parts are as the disk has them */
		joins_end(u);
		if (ue_state_each_part(u->state, take_back_part, u)) {
			log_error(&u->log, "state", "parts cannot be read back");
		}
	}
	while (u->pending) {
		struct ue_pending *p = u->pending;

		DL_DELETE(u->pending, p);
		finish(u, p, err);
		free(p);
	}
	if (ue_state_dirty(u->state) && commit(u)) { /* commands that were started */
		/* reported by commit(); such a command is started again */
		return;
	}
}

/* Earlier deliveries are in the old file, and marked. */
void ue_take_reopen(struct ue *u)
{
	char why[NODE_EVENTS_WHY_MAX];

	if (!u->events) {
		log_info(&u->log, "ue", "no file of events is named: there is nothing to open again");
		return;
	}
	turn(u);
	if (node_events_reopen(u->events, u->events_path, why)) {
		log_error(&u->log, "ue", "%s; the file before stays in use", why);
	} else {
		log_info(&u->log, "ue", "%s opened again", u->events_path);
	}
}

static int take_back_trigger(void *arg, const struct ue_trigger *t)
{
	struct ue *u = OBJ_OF(arg, struct ue, UE_MAGIC);

	if (u->command) {
		return ue_exec_add(u, t);
	}
	ue_state_acted(u->state, t->id);
	emit(u, trigger_event(t));
	u->counts.triggers++;
	return 0;
}

int ue_take_start(struct ue *u)
{
	int err = net_check_new(&u->check, u->loop, turn, u);

	if (!err) {
		err = ue_state_each_part(u->state, take_back_part, u);
	}
	if (!err) {
		err = ue_state_each_accepted(u->state, take_back_trigger, u);
	}
	if (err == ERR_BUSY) {
		log_warn(&u->log, "ue", "more commands wait than --jobs-max; the rest is taken up after the next restart");
		err = 0;
	}
	return err ? err : ue_state_commit(u->state);
}

void ue_take_end(struct ue *u)
{
	net_check_free(u->check);
	if (ue_state_dirty(u->state) || u->pending) {
		turn(u);
	}
	joins_end(u);
}
