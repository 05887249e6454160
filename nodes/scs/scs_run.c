/* scs_run.c - one run.
 *
 *   connecting --CEA--> sending --all answered--> (--wait) waiting --all reported--> parting
 *       | failed            | lost                    | time is up                      |^
 *       +-------------------+-------------------------+---------------------------------+|
 *                                                     parting --DPA--> end
 *   The exit code is set once, at the first reason.
 *
 * At most `window` requests are unanswered. Each has a slot, by which its answer finds it. With
 * --resend an unanswered request (time is up, connection lost) keeps its slot. It is sent again,
 * with T and its End-to-End-Id, before new ones are sent. */
#include "nodes/scs/scs_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/obj.h"
#include "base/shown.h"
#include "nodes/common/node.h"
#include "nodes/scs/scs_notice.h"
#include "nodes/scs/scs_request.h"
#include "nodes/scs/scs_seen.h"
#include "nodes/scs/scs_session.h"
#include "nodes/scs/scs_tally.h"
#include "nodes/scs/scs_words.h"

#define TICK_MS 1u

struct run;

#define SLOT_MAGIC 0x14bf2151u
struct slot {
	struct obj obj;
	struct run *run;
	struct slot *next; /* among the free ones, or those that go again */
	uint64_t sent_us;
	uint32_t nth, end_to_end, resent;
	char session_id[LINK_SESSION_ID_MAX];
};
OBJ_FIRST(struct slot);

#define RUN_MAGIC 0x94c84939u
struct run {
	struct obj obj;
	const struct scs_options *o;
	struct scs_session session;
	struct link *link; /* while it is open */
	struct net_timer *deadline, *tick;
	struct slot *slots, *free_slots, *again; /* again: slots to be retransmitted */
	struct scs_tally tally;
	uint8_t *room; /* one request */
	size_t room_size;
	uint64_t started_us, answered_us;
	uint32_t sent, answered, accepted, bad_outcomes;
	struct scs_seen *left; /* reports left at the gateway; in memory, each counted once */
	json_t *early;         /* a report that came before its answer; printed after it */
	bool was_open, parting, unread, left_uncounted;
	int exit_code; /* -1 until known */
};
OBJ_FIRST(struct run);

/* Ends the run, with a DPR if the connection is open. */
static void part(struct run *r, int exit_code)
{
	if (r->exit_code < 0) {
		r->exit_code = exit_code;
	}
	if (r->parting) {
		return;
	}
	r->parting = true;
	net_timer_stop(r->deadline);
	net_timer_stop(r->tick);
	scs_session_part(&r->session, r->link, DIA_DISCONNECT_DO_NOT_WANT);
}

/* Sets `unread` if stdout cannot be written. */
static void print(struct run *r, json_t *event)
{
	if (r->unread) {
		json_decref(event);
	} else {
		r->unread = !node_say("mtc-scs", event);
	}
}

static void say(struct run *r, json_t *event)
{
	print(r, event);
	if (r->unread) {
		part(r, NODE_EXIT_FAILURE);
	}
}

static void fail(struct run *r, const char *words, uint32_t result_code)
{
	if (r->parting) {
		return;
	}
	fprintf(stderr, "mtc-scs: %s\n", words);
	print(r, scs_error_event(words, result_code));
	if (r->o->load && r->was_open) {
		print(r, scs_tally_event(&r->tally, scs_now_us() - r->started_us, r->o->has_wait));
	}
	part(r, NODE_EXIT_CONNECT);
}

static bool all_reported(const struct run *r)
{
	return r->tally.reports >= r->accepted;
}

static int outcome_exit(const struct run *r)
{
	if (r->accepted < r->o->count) {
		return NODE_EXIT_REFUSED;
	}
	if (r->o->has_wait && !all_reported(r)) {
		return NODE_EXIT_NO_REPORT;
	}
	return r->bad_outcomes ? NODE_EXIT_OUTCOME : NODE_EXIT_OK;
}

static void conclude(struct run *r)
{
	int code = outcome_exit(r);

	if (r->o->load) {
		say(r, scs_tally_event(&r->tally, r->answered_us - r->started_us, r->o->has_wait));
	} else if (code == NODE_EXIT_NO_REPORT) {
		fprintf(stderr, "mtc-scs: no delivery report within %u s\n", r->o->wait_s);
	}
	part(r, code);
}

static void after_answers(struct run *r)
{
	r->answered_us = scs_now_us();
	if (r->early) {
		say(r, r->early);
		r->early = NULL;
	}
	if (r->parting) {
		return;
	}
	if (!r->o->has_wait || all_reported(r)) {
		conclude(r);
	} else {
		net_timer_start(r->deadline, r->o->wait_s * 1000u);
	}
}

/* Counts one request as finished and frees its slot. */
static void settle(struct run *r, struct slot *slot, const char *status, uint64_t latency_us)
{
	if (scs_tally_answer(&r->tally, status, latency_us)) {
		fail(r, "out of memory", 0);
	}
	slot->next = r->free_slots;
	r->free_slots = slot;
	r->answered++;
}

static void pump(struct run *r);

static void on_daa(struct run *r, struct slot *slot, const struct dia_msg *m)
{
	uint64_t elapsed_us = scs_now_us() - slot->sent_us;
	char room[SCS_STATUS_MAX], device[SCS_DEVICE_MAX];
	struct dia_failed failed = { 0 };
	struct tsp_daa daa;

	if (tsp_daa_parse(&daa, m, &failed)) {
		settle(r, slot, "malformed", elapsed_us);
		fail(r, failed.text, 0);
		return;
	}
	settle(r, slot, scs_answer_status(&daa, room), elapsed_us);
	if (scs_answer_exit(&daa) == NODE_EXIT_OK) {
		r->accepted++;
	} else if (!r->o->load) {
		fprintf(stderr, "mtc-scs: refused: %s\n", scs_answer_status(&daa, room));
	}
	if (!r->o->load || r->o->verbose) {
		say(r,
		    scs_answer_event(&daa, r->o->reference + slot->nth, scs_request_device(r->o, slot->nth, device), elapsed_us));
	}
}

static void on_answer(void *arg, int err, const struct dia_msg *m)
{
	struct slot *slot = OBJ_OF(arg, struct slot, SLOT_MAGIC);
	struct run *r = slot->run;
	char words[64];

	if (err && slot->resent < r->o->resend && !r->parting) {
		slot->resent++;
		slot->next = r->again;
		r->again = slot;
	} else if (err) {
		if (r->o->verbose) {
			say(r, scs_unanswered_event(r->o->reference + slot->nth, err == ERR_TIMEOUT ? "timeout" : "lost"));
		}
		settle(r, slot, err == ERR_TIMEOUT ? "timeout" : "lost", scs_now_us() - slot->sent_us);
		if (!r->o->load) {
			snprintf(words, sizeof words, "no answer: %s", err_str(err));
			fail(r, words, 0);
		}
	} else {
		on_daa(r, slot, m);
	}
	if (r->parting) {
		return;
	}
	if (r->answered == r->o->count) {
		after_answers(r);
	} else {
		pump(r);
	}
}

/* Sends one request. The event is printed first: every request that was sent was printed. */
static int send_slot(struct run *r, struct slot *slot)
{
	struct buf out = buf_over(r->room, r->room_size);
	char device[SCS_DEVICE_MAX];
	bool again = slot->resent > 0;

	scs_request_build(&out, r->o, slot->nth, slot->session_id, slot->end_to_end, again);
	if (out.full) {
		return ERR_NOSPC;
	}
	if (r->o->verbose) {
		say(r, scs_asked_event(r->o, slot->nth, scs_request_device(r->o, slot->nth, device), slot->end_to_end, again,
				       clock_real_ms()));
	}
	slot->sent_us = scs_now_us();
	return link_request(r->link, out.p, out.len, r->o->answer_wait_s * 1000u, on_answer, slot);
}

static int send_again(struct run *r)
{
	struct slot *slot = r->again;
	int err = send_slot(r, slot);

	if (!err) {
		r->again = slot->next;
	}
	return err;
}

static int send_one(struct run *r)
{
	struct slot *slot = r->free_slots;
	int err;

	slot->nth = r->sent;
	slot->resent = 0;
	slot->end_to_end = link_ids_end_to_end(&r->session.ids);
	link_ids_session(&r->session.ids, slot->session_id);
	err = send_slot(r, slot);
	if (err) {
		return err;
	}
	r->free_slots = slot->next;
	r->sent++;
	return 0;
}

/* Number of requests that --rate allows until now. */
static uint64_t due(const struct run *r)
{
	if (!r->o->rate) {
		return r->o->count;
	}
	return (scs_now_us() - r->started_us) * r->o->rate / 1000000u + 1;
}

static void pump(struct run *r)
{
	int err = 0;

	if (!r->link || (r->o->resend && !link_is_open(r->link))) {
		return; /* on_open() of the next connection comes back here */
	}
	while (!err && r->link && r->again) {
		err = send_again(r);
	}
	while (!err && r->link && r->free_slots && r->sent < r->o->count && r->sent < due(r)) {
		err = send_one(r);
	}
	if (err && err != ERR_LIMIT && err != ERR_BUSY) {
		fail(r, err == ERR_NOSPC ? "the request does not fit into one message" : err_str(err), 0);
	} else if ((r->sent < r->o->count && r->o->rate) || err) {
		net_timer_start(r->tick, TICK_MS);
	}
}

static void on_tick(void *arg)
{
	pump(OBJ_OF(arg, struct run, RUN_MAGIC));
}

static void on_deadline(void *arg)
{
	struct run *r = OBJ_OF(arg, struct run, RUN_MAGIC);

	if (!r->was_open || (r->o->resend && r->answered < r->o->count)) {
		fail(r, "the connection was not open in time", 0);
	} else {
		conclude(r);
	}
}

static void on_open(void *arg, struct link *l)
{
	struct run *r = OBJ_OF(arg, struct run, RUN_MAGIC);

	r->link = l;
	if (r->was_open && r->answered < r->o->count) {
		net_timer_stop(r->deadline);
		pump(r);
	}
	if (r->was_open) {
		return; /* a reconnect while waiting for reports */
	}
	r->was_open = true;
	net_timer_stop(r->deadline);
	r->started_us = scs_now_us();
	pump(r);
}

/* Does not acknowledge the report: the gateway keeps it and sends it again. After an allocation
 * failure the count printed at the end is a lower bound. */
static void leave(struct run *r, const struct tsp_dnr *dnr)
{
	char device[SCS_NAME_MAX];
	struct scs_report_key key = { .host = r->o->iwf_host,
				      .reference = dnr->notification.reference_number.v,
				      .device = device };

	scs_report_device(device, dnr);
	/* a repeated report has another End-to-End-Id: the reference and the device identify it */
	key.end_to_end = key.reference;
	if (scs_seen_add(r->left, &key, 0)) {
		r->left_uncounted = true;
	}
}

/* Prints and counts a report of this run; returns whether it belongs to the run. */
static bool on_report(void *arg, const struct tsp_dnr *dnr)
{
	struct run *r = OBJ_OF(arg, struct run, RUN_MAGIC);
	uint32_t nth = dnr->notification.reference_number.v - r->o->reference, outcome = dnr->notification.delivery_outcome.v;
	json_t *event;

	if (!r->o->has_wait || r->parting || nth >= r->sent) {
		leave(r, dnr);
		return false;
	}
	if (!scs_tally_report(&r->tally, nth, tsp_delivery_outcome_str(outcome))) {
		return true;
	}
	r->bad_outcomes += scs_report_exit(outcome) != NODE_EXIT_OK;
	if (!r->o->load || r->o->verbose) {
		event = scs_report_event(dnr, scs_now_us() - r->started_us);
		if (r->o->load || r->answered) {
			say(r, event);
		} else {
			r->early = event;
		}
	}
	return true;
}

static void on_request(void *arg, struct link *l, const struct dia_msg *m)
{
	struct run *r = OBJ_OF(arg, struct run, RUN_MAGIC);

	scs_notice_answer(r->o, r->session.log, l, m, on_report, r);
	if (!r->parting && r->answered == r->o->count && all_reported(r)) {
		conclude(r);
	}
}

static void on_down(void *arg, struct link *l, int err, const char *why)
{
	struct run *r = OBJ_OF(arg, struct run, RUN_MAGIC);

	(void)l;
	(void)err;
	r->link = NULL;
	if (r->parting) {
		net_loop_stop(r->session.loop);
	} else if (r->answered < r->o->count && !r->o->resend) {
		fail(r, why, 0);
	} else if (r->answered < r->o->count) {
		net_timer_start(r->deadline, r->o->connect_wait_s * 1000u);
		scs_session_again(&r->session);
	} else {
		log_warn(r->session.log, "scs", "connection lost while waiting for reports, connecting again: %s", why);
		scs_session_again(&r->session);
	}
}

static void on_failed(void *arg, int err, uint32_t result_code, const char *why)
{
	struct run *r = OBJ_OF(arg, struct run, RUN_MAGIC);
	char words[SCS_SESSION_WHY_MAX], address[SHOWN_ADDRESS_MAX];

	(void)err;
	if (r->was_open) { /* the connection was open before: keep waiting for reports */
		return;
	}
	if (result_code) {
		scs_refusal_words(words, sizeof words, result_code);
	} else {
		snprintf(words, sizeof words, "no connection to %s: %s",
			 shown_address(address, r->o->address, r->o->connect_port), why);
	}
	fail(r, words, result_code);
}

static void on_signal(void *arg)
{
	struct run *r = OBJ_OF(arg, struct run, RUN_MAGIC);

	if (!r->was_open || r->answered < r->o->count) {
		fail(r, "ended by a signal", 0);
	} else {
		conclude(r);
	}
}

static const struct link_cb run_cb = { .on_open = on_open, .on_request = on_request, .on_down = on_down, .on_failed = on_failed };

static int prepare(struct run *r)
{
	uint32_t window = r->o->window < r->o->count ? r->o->window : r->o->count;
	char why[SCS_SESSION_WHY_MAX];

	r->room_size = r->o->payload_len + SCS_STAMP_LEN + 8192;
	r->room = malloc(r->room_size);
	r->slots = calloc(window, sizeof *r->slots);
	if (!r->room || !r->slots) {
		return ERR_NOMEM;
	}
	for (uint32_t i = 0; i < window; i++) {
		r->slots[i] = (struct slot){ .obj = { SLOT_MAGIC }, .run = r, .next = r->free_slots };
		r->free_slots = &r->slots[i];
	}
	if (scs_seen_open(&r->left, NULL, 0, why, sizeof why)) {
		return ERR_NOMEM;
	}
	return scs_tally_init(&r->tally, r->o->count);
}

static int run_loop(struct run *r)
{
	int err = net_timer_new(&r->deadline, r->session.loop, on_deadline, r);

	if (!err) {
		err = net_timer_new(&r->tick, r->session.loop, on_tick, r);
	}
	if (!err) {
		net_timer_start(r->deadline, r->o->connect_wait_s * 1000u);
		err = net_loop_run(r->session.loop);
	}
	net_timer_free(r->deadline);
	net_timer_free(r->tick);
	return err;
}

int scs_run(const struct scs_options *o, const struct log *log)
{
	struct run r = { .obj = { RUN_MAGIC }, .o = o, .exit_code = -1 };
	char why[SCS_SESSION_WHY_MAX] = "out of memory", left[SHOWN_COUNT_MAX];
	int err = prepare(&r);

	if (!err) {
		err = scs_session_open(&r.session, o, log, &run_cb, on_signal, &r, why);
		if (err) {
			fprintf(stderr, "mtc-scs: %s\n", why);
		}
	}
	if (!err) {
		err = run_loop(&r);
		scs_session_close(&r.session);
	}
	if (r.left && scs_seen_count(r.left)) {
		fprintf(stderr,
			"mtc-scs: %s%s for other triggers, or not waited for: the gateway keeps sending what is not "
			"acknowledged; run "
			"'mtc-scs listen' to receive it\n",
			r.left_uncounted ? "at least " : "", shown_count(left, scs_seen_count(r.left), "delivery report"));
	}
	scs_seen_close(r.left);
	scs_tally_fini(&r.tally);
	json_decref(r.early);
	free(r.slots);
	free(r.room);
	if (err) {
		return err == ERR_INVAL || err == ERR_IO ? NODE_EXIT_USAGE : NODE_EXIT_FAILURE;
	}
	return r.exit_code < 0 ? NODE_EXIT_FAILURE : r.exit_code;
}
