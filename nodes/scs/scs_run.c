/* scs_run.c - one run.
 *
 *   connecting --CEA--> sending --all answered--> (--wait) waiting --all reported--> parting
 *       | failed            | lost                    | time is up                      |^
 *       +-------------------+-------------------------+---------------------------------+|
 *                                                     parting --DPA--> end
 *   The exit code is set once, at the first reason.
 */
#include "nodes/scs/scs_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/shown.h"
#include "nodes/common/node.h"
#include "nodes/scs/scs_notice.h"
#include "nodes/scs/scs_run_int.h"
#include "nodes/scs/scs_words.h"

/* Ends the run, with a DPR if the connection is open. */
static void part(struct scs_run *r, int exit_code)
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
static void print(struct scs_run *r, json_t *event)
{
	if (r->unread) {
		json_decref(event);
	} else {
		r->unread = !node_say("mtc-scs", event);
	}
}

void scs_run_say(struct scs_run *r, json_t *event)
{
	print(r, event);
	if (r->unread) {
		part(r, NODE_EXIT_FAILURE);
	}
}

void scs_run_fail(struct scs_run *r, const char *words, uint32_t result_code)
{
	if (r->parting) {
		return;
	}
	scs_tell_error(words);
	print(r, scs_error_event(words, result_code));
	if (r->o->load && r->was_open) {
		print(r, scs_tally_event(&r->tally, scs_now_us() - r->started_us, r->o->has_wait));
	}
	part(r, NODE_EXIT_CONNECT);
}

static bool all_reported(const struct scs_run *r)
{
	return r->tally.reports >= r->accepted;
}

static int outcome_exit(const struct scs_run *r)
{
	if (r->accepted < r->o->count) {
		return NODE_EXIT_REFUSED;
	}
	if (r->o->has_wait && !all_reported(r)) {
		return NODE_EXIT_NO_REPORT;
	}
	return r->bad_outcomes ? NODE_EXIT_OUTCOME : NODE_EXIT_OK;
}

static void conclude(struct scs_run *r)
{
	int code = outcome_exit(r);

	if (r->o->load) {
		scs_run_say(r, scs_tally_event(&r->tally, r->answered_us - r->started_us, r->o->has_wait));
	} else if (code == NODE_EXIT_NO_REPORT) {
		fprintf(stderr, "mtc-scs: no delivery report within %u s\n", r->o->wait_s);
	}
	part(r, code);
}

void scs_run_answered(struct scs_run *r)
{
	r->answered_us = scs_now_us();
	if (r->early) {
		scs_run_say(r, r->early);
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

static void on_tick(void *arg)
{
	scs_run_pump(OBJ_OF(arg, struct scs_run, SCS_RUN_MAGIC));
}

static void on_deadline(void *arg)
{
	struct scs_run *r = OBJ_OF(arg, struct scs_run, SCS_RUN_MAGIC);

	if (!r->was_open || (r->o->resend && r->answered < r->o->count)) {
		scs_run_fail(r, "the connection was not open in time", 0);
	} else {
		conclude(r);
	}
}

static void on_open(void *arg, struct link *l)
{
	struct scs_run *r = OBJ_OF(arg, struct scs_run, SCS_RUN_MAGIC);

	r->link = l;
	if (r->was_open && r->answered < r->o->count) {
		net_timer_stop(r->deadline);
		scs_run_pump(r);
	}
	if (r->was_open) {
		return; /* a reconnect while waiting for reports */
	}
	r->was_open = true;
	net_timer_stop(r->deadline);
	r->started_us = scs_now_us();
	scs_run_pump(r);
}

/* Does not acknowledge the report: the gateway keeps it and sends it again. After an allocation
 * failure the count printed at the end is a lower bound. */
static void leave(struct scs_run *r, const struct tsp_dnr *dnr)
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
	struct scs_run *r = OBJ_OF(arg, struct scs_run, SCS_RUN_MAGIC);
	uint32_t nth = dnr->notification.reference_number.v - r->o->reference, outcome = dnr->notification.delivery_outcome.v;
	json_t *event;

	if (!r->o->has_wait || r->parting || nth >= r->sent) {
		leave(r, dnr);
		return false;
	}
	if (!scs_tally_report(&r->tally, nth, tsp_delivery_outcome_str(outcome))) {
		return true;
	}
	if (scs_report_exit(outcome) != NODE_EXIT_OK) {
		r->bad_outcomes++;
		if (!r->o->load) {
			fprintf(stderr, "mtc-scs: not delivered: %s; docs/user/status-codes.md says what to do\n",
				tsp_delivery_outcome_str(outcome));
		}
	}
	if (!r->o->load || r->o->verbose) {
		event = scs_report_event(dnr, scs_now_us() - r->started_us);
		if (r->o->load || r->answered) {
			scs_run_say(r, event);
		} else {
			r->early = event;
		}
	}
	return true;
}

static void on_request(void *arg, struct link *l, const struct dia_msg *m)
{
	struct scs_run *r = OBJ_OF(arg, struct scs_run, SCS_RUN_MAGIC);

	scs_notice_answer(r->o, r->session.log, l, m, on_report, r);
	if (!r->parting && r->answered == r->o->count && all_reported(r)) {
		conclude(r);
	}
}

static void on_down(void *arg, struct link *l, int err, const char *why)
{
	struct scs_run *r = OBJ_OF(arg, struct scs_run, SCS_RUN_MAGIC);

	(void)l;
	(void)err;
	r->link = NULL;
	if (r->parting) {
		net_loop_stop(r->session.loop);
	} else if (r->answered < r->o->count && !r->o->resend) {
		scs_run_fail(r, why, 0);
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
	struct scs_run *r = OBJ_OF(arg, struct scs_run, SCS_RUN_MAGIC);
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
	scs_run_fail(r, words, result_code);
}

static void on_signal(void *arg)
{
	struct scs_run *r = OBJ_OF(arg, struct scs_run, SCS_RUN_MAGIC);

	if (!r->was_open || r->answered < r->o->count) {
		scs_run_fail(r, "ended by a signal", 0);
	} else {
		conclude(r);
	}
}

static const struct link_cb run_cb = { .on_open = on_open, .on_request = on_request, .on_down = on_down, .on_failed = on_failed };

static int prepare(struct scs_run *r)
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
		r->slots[i] = (struct scs_slot){ .obj = { SCS_SLOT_MAGIC }, .run = r, .next = r->free_slots };
		r->free_slots = &r->slots[i];
	}
	if (scs_seen_open(&r->left, NULL, 0, why, sizeof why)) {
		return ERR_NOMEM;
	}
	return scs_tally_init(&r->tally, r->o->count);
}

static int run_loop(struct scs_run *r)
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
	struct scs_run r = { .obj = { SCS_RUN_MAGIC }, .o = o, .exit_code = -1 };
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
