/* scs_listen.c - prints a report, remembers it, acknowledges it, in this order: a crash in between
 * repeats a report and never loses one. If the reader of stdout is slow, the program waits, and
 * reports stay at the gateway. A signal ends the wait. */
#include "nodes/scs/scs_listen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/obj.h"
#include "base/shown.h"
#include "base/timeline.h"
#include "nodes/common/node.h"
#include "nodes/scs/scs_notice.h"
#include "nodes/scs/scs_seen.h"
#include "nodes/scs/scs_session.h"
#include "nodes/scs/scs_words.h"

#define LISTEN_MAGIC 0x99ab0a72u
struct listen {
	struct obj obj;
	const struct scs_options *o;
	struct scs_session session;
	struct timeline time; /* of `seen` */
	struct scs_seen *seen;
	struct link *link;   /* while it is open */
	uint32_t end_to_end; /* of the request that is being answered */
	uint64_t reports, duplicates;
	bool was_open, parting, unread; /* unread: stdout cannot be written */
	int exit_code;
};
OBJ_FIRST(struct listen);

static void part(struct listen *w, int exit_code)
{
	if (w->parting) {
		return;
	}
	w->parting = true;
	w->exit_code = exit_code;
	scs_session_part(&w->session, w->link, DIA_DISCONNECT_REBOOTING);
}

static bool say(struct listen *w, json_t *event)
{
	if (w->unread) {
		json_decref(event);
	} else if (node_say("mtc-scs", event)) {
		return true;
	}
	w->unread = true;
	part(w, NODE_EXIT_FAILURE); /* stdout is closed: reports stay at the gateway */
	return false;
}

static void on_open(void *arg, struct link *l)
{
	struct listen *w = OBJ_OF(arg, struct listen, LISTEN_MAGIC);

	w->link = l;
	say(w, json_pack("{s:s, s:s, s:i, s:s}", "event", w->was_open ? "connected" : "ready", "address", w->o->address, "port",
			 (int)w->o->connect_port, "iwf", link_peer_host(l)));
	w->was_open = true;
}

static bool on_report(void *arg, const struct tsp_dnr *dnr)
{
	struct listen *w = OBJ_OF(arg, struct listen, LISTEN_MAGIC);
	char device[SCS_NAME_MAX];
	struct scs_report_key key = {
		.host = w->o->iwf_host,
		.end_to_end = w->end_to_end,
		.reference = dnr->notification.reference_number.v,
		.device = device,
	};

	FAULT_POINT(SCS_REPORT_TAKEN);
	scs_report_device(device, dnr);
	if (scs_seen_has(w->seen, &key)) {
		w->duplicates++;
		if (w->o->verbose) {
			say(w, json_pack("{s:s, s:I, s:s}", "event", "duplicate", "reference", (json_int_t)key.reference,
					 "device", device));
		}
		return true;
	}
	if (w->parting || !say(w, scs_report_event(dnr, 0))) {
		return false;
	}
	w->reports++;
	FAULT_POINT(SCS_REPORT_PRINTED);
	if (scs_seen_add(w->seen, &key, timeline_at(&w->time, clock_boot_ms())) == 0) {
		FAULT_POINT(SCS_REPORT_KEPT);
		return true;
	}
	log_error(w->session.log, "scs", "--state %s cannot be written; report %u is not acknowledged",
		  w->o->state ? w->o->state : "", key.reference);
	return false;
}

static void on_request(void *arg, struct link *l, const struct dia_msg *m)
{
	struct listen *w = OBJ_OF(arg, struct listen, LISTEN_MAGIC);

	w->end_to_end = m->hdr.end_to_end;
	scs_notice_answer(w->o, w->session.log, l, m, on_report, w);
	FAULT_POINT(SCS_DNA_QUEUED);
}

static void on_down(void *arg, struct link *l, int err, const char *why)
{
	struct listen *w = OBJ_OF(arg, struct listen, LISTEN_MAGIC);

	(void)l;
	(void)err;
	w->link = NULL;
	if (w->parting) {
		net_loop_stop(w->session.loop);
		return;
	}
	say(w, json_pack("{s:s, s:s}", "event", "disconnected", "why", why));
	scs_session_again(&w->session);
}

static void on_failed(void *arg, int err, uint32_t result_code, const char *why)
{
	struct listen *w = OBJ_OF(arg, struct listen, LISTEN_MAGIC);
	char words[SCS_SESSION_WHY_MAX], address[SHOWN_ADDRESS_MAX];

	(void)err;
	if (w->parting) {
		return;
	}
	if (result_code) {
		scs_refusal_words(words, sizeof words, result_code);
	} else {
		snprintf(words, sizeof words, "no connection to %s: %s",
			 shown_address(address, w->o->address, w->o->connect_port), why);
	}
	if (w->was_open) {
		log_warn(w->session.log, "scs", "%s; trying again", words);
		return;
	}
	scs_tell_error(words);
	if (say(w, scs_error_event(words, result_code))) {
		part(w, NODE_EXIT_CONNECT);
	}
}

static void on_signal(void *arg)
{
	part(OBJ_OF(arg, struct listen, LISTEN_MAGIC), NODE_EXIT_OK);
}

static const struct link_cb listen_cb = {
	.on_open = on_open, .on_request = on_request, .on_down = on_down, .on_failed = on_failed
};

/* Opens the timeline next to the state file, so that setting the wall clock does not change how
 * long a report is known. */
static void open_time(struct listen *w, const struct log *log)
{
	size_t size = w->o->state ? strlen(w->o->state) + sizeof ".time" : 0;
	char why[TIMELINE_WHY_MAX], *path = size ? malloc(size) : NULL;

	if (path) {
		snprintf(path, size, "%s.time", w->o->state);
	}
	if (timeline_open(&w->time, path, why)) {
		log_warn(log, "scs", "%s", why);
	}
	free(path);
}

int scs_listen(const struct scs_options *o, const struct log *log)
{
	struct listen w = { .obj = { LISTEN_MAGIC }, .o = o };
	char why[SCS_SESSION_WHY_MAX];
	int err;

	open_time(&w, log);
	err = scs_seen_open(&w.seen, o->state, timeline_at(&w.time, clock_boot_ms()), why, sizeof why);
	if (!err) {
		err = scs_session_open(&w.session, o, log, &listen_cb, on_signal, &w, why);
	}
	if (err) {
		fprintf(stderr, "mtc-scs: %s\n", why);
		scs_seen_close(w.seen);
		return err == ERR_INVAL || err == ERR_IO || err == ERR_BUSY ? NODE_EXIT_USAGE : NODE_EXIT_FAILURE;
	}
	err = net_loop_run(w.session.loop);
	scs_session_close(&w.session);
	if (!w.unread && !node_say("mtc-scs", json_pack("{s:s, s:I, s:I}", "event", "summary", "reports", (json_int_t)w.reports,
							"duplicates", (json_int_t)w.duplicates))) {
		w.exit_code = NODE_EXIT_FAILURE;
	}
	scs_seen_close(w.seen);
	return err ? NODE_EXIT_FAILURE : w.exit_code;
}
