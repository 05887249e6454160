/* scs_send.c - the requests of a run and their answers.
 * At most `window` requests are unanswered. Each has a slot, by which its answer finds it. With
 * --resend an unanswered request (time is up, connection lost) keeps its slot. It is sent again,
 * with T and its End-to-End-Id, before new ones are sent. */
#include <stdio.h>

#include "base/clock.h"
#include "nodes/common/node.h"
#include "nodes/scs/scs_request.h"
#include "nodes/scs/scs_run_int.h"
#include "nodes/scs/scs_words.h"

#define TICK_MS 1u

/* Counts one request as finished and frees its slot. */
static void settle(struct scs_run *r, struct scs_slot *slot, const char *status, uint64_t latency_us)
{
	if (scs_tally_answer(&r->tally, status, latency_us)) {
		scs_run_fail(r, "out of memory", 0);
	}
	slot->next = r->free_slots;
	r->free_slots = slot;
	r->answered++;
}

static void on_daa(struct scs_run *r, struct scs_slot *slot, const struct dia_msg *m)
{
	uint64_t elapsed_us = scs_now_us() - slot->sent_us;
	char room[SCS_STATUS_MAX], device[SCS_DEVICE_MAX];
	struct dia_failed failed = { 0 };
	struct tsp_daa daa;

	if (tsp_daa_parse(&daa, m, &failed)) {
		settle(r, slot, "malformed", elapsed_us);
		scs_run_fail(r, failed.text, 0);
		return;
	}
	settle(r, slot, scs_answer_status(&daa, room), elapsed_us);
	if (scs_answer_exit(&daa) == NODE_EXIT_OK) {
		r->accepted++;
	} else if (!r->o->load) {
		fprintf(stderr, "mtc-scs: refused: %s; the operator of the gateway finds the reason in the decision log\n",
			scs_answer_status(&daa, room));
	}
	if (!r->o->load || r->o->verbose) {
		scs_run_say(r, scs_answer_event(&daa, r->o->reference + slot->nth, scs_request_device(r->o, slot->nth, device),
						elapsed_us));
	}
}

static void on_answer(void *arg, int err, const struct dia_msg *m)
{
	struct scs_slot *slot = OBJ_OF(arg, struct scs_slot, SCS_SLOT_MAGIC);
	struct scs_run *r = slot->run;
	char words[64];

	if (err && slot->resent < r->o->resend && !r->parting) {
		slot->resent++;
		slot->next = r->again;
		r->again = slot;
	} else if (err) {
		if (r->o->verbose) {
			scs_run_say(r,
				    scs_unanswered_event(r->o->reference + slot->nth, err == ERR_TIMEOUT ? "timeout" : "lost"));
		}
		settle(r, slot, err == ERR_TIMEOUT ? "timeout" : "lost", scs_now_us() - slot->sent_us);
		if (!r->o->load) {
			snprintf(words, sizeof words, "no answer: %s", err_str(err));
			scs_run_fail(r, words, 0);
		}
	} else {
		on_daa(r, slot, m);
	}
	if (r->parting) {
		return;
	}
	if (r->answered == r->o->count) {
		scs_run_answered(r);
	} else {
		scs_run_pump(r);
	}
}

/* Sends one request. The event is printed first: every request that was sent was printed. */
static int send_slot(struct scs_run *r, struct scs_slot *slot)
{
	struct buf out = buf_over(r->room, r->room_size);
	char device[SCS_DEVICE_MAX];
	bool again = slot->resent > 0;

	scs_request_build(&out, r->o, slot->nth, slot->session_id, slot->end_to_end, again);
	if (out.full) {
		return ERR_NOSPC;
	}
	if (r->o->verbose) {
		scs_run_say(r, scs_asked_event(r->o, slot->nth, scs_request_device(r->o, slot->nth, device), slot->end_to_end,
					       again, clock_real_ms()));
	}
	slot->sent_us = scs_now_us();
	return link_request(r->link, out.p, out.len, r->o->answer_wait_s * 1000u, on_answer, slot);
}

static int send_again(struct scs_run *r)
{
	struct scs_slot *slot = r->again;
	int err = send_slot(r, slot);

	if (!err) {
		r->again = slot->next;
	}
	return err;
}

static int send_one(struct scs_run *r)
{
	struct scs_slot *slot = r->free_slots;
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
static uint64_t due(const struct scs_run *r)
{
	if (!r->o->rate) {
		return r->o->count;
	}
	return (scs_now_us() - r->started_us) * r->o->rate / 1000000u + 1;
}

void scs_run_pump(struct scs_run *r)
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
		scs_run_fail(r, err == ERR_NOSPC ? "the request does not fit into one message" : err_str(err), 0);
	} else if ((r->sent < r->o->count && r->o->rate) || err) {
		net_timer_start(r->tick, TICK_MS);
	}
}
