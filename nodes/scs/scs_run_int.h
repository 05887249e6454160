/* scs_run_int.h - the inside of one run (mtc-scs trigger, replace, recall): scs_run.c connects and ends
 * it, scs_send.c sends its requests and takes their answers. */
#pragma once
#include <jansson.h>

#include "base/obj.h"
#include "nodes/scs/scs_seen.h"
#include "nodes/scs/scs_session.h"
#include "nodes/scs/scs_tally.h"

struct scs_run;

#define SCS_SLOT_MAGIC 0x14bf2151u
struct scs_slot {
	struct obj obj;
	struct scs_run *run;
	struct scs_slot *next; /* among the free ones, or those that go again */
	uint64_t sent_us;
	uint32_t nth, end_to_end, resent;
	char session_id[LINK_SESSION_ID_MAX];
};
OBJ_FIRST(struct scs_slot);

#define SCS_RUN_MAGIC 0x94c84939u
struct scs_run {
	struct obj obj;
	const struct scs_options *o;
	struct scs_session session;
	struct link *link; /* while it is open */
	struct net_timer *deadline, *tick;
	struct scs_slot *slots, *free_slots, *again; /* again: slots to be retransmitted */
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
OBJ_FIRST(struct scs_run);

/* scs_run.c */
/* Prints an event, which is taken; the run ends if nobody can read it. */
void scs_run_say(struct scs_run *r, json_t *event);
/* Ends the run with an error, unless it ends already. `result_code` 0: none. */
void scs_run_fail(struct scs_run *r, const char *words, uint32_t result_code);
void scs_run_answered(struct scs_run *r); /* all requests are answered */

/* scs_send.c */
/* Sends what may be sent now: --window and --rate allow it, and a connection is there. */
void scs_run_pump(struct scs_run *r);
