/* core_pieces.h - memory of what comes and goes with each trigger (base/pool.h).
 * A pool keeps at most CORE_PIECES_MAX pieces, about as many as there are triggers awake: a trigger
 * that is parked gives its memory, which the processor has just read, to the next one. */
#pragma once
#include <stdint.h>

#include "base/pool.h"

struct core;
struct core_ask;
struct core_decision_input;
struct core_trigger;

#define CORE_PIECES_MAX 2048u /* of each kind; all together 3 MiB */

struct core_pieces {
	struct pool triggers; /* struct core_trigger */
	struct pool machines; /* struct trg; lent to trigger/ by its configuration */
	struct pool inputs;   /* struct core_decision_input */
	struct pool asks;     /* struct core_ask with texts of at most CORE_ASK_TEXT octets */
};

#define CORE_ASK_TEXT 200u

void core_pieces_init(struct core *c); /* allocates nothing */
void core_pieces_fini(struct core *c); /* after the last piece was given back; a zeroed part is allowed */

/* Zeroed, owned by the caller. NULL: no memory. */
struct core_trigger *core_piece_trigger(struct core *c);
void core_piece_trigger_end(struct core *c, struct core_trigger *t); /* takes; no object any more */
/* Zeroed, its texts empty; owned by the caller. NULL: no memory. */
struct core_decision_input *core_piece_input(struct core *c);
void core_piece_input_end(struct core *c, struct core_decision_input *input); /* takes; NULL allowed */
/* With room for `text_len` octets of texts; its other members are undefined but `pooled`, which is
 * for core_piece_ask_end(). NULL: no memory. */
struct core_ask *core_piece_ask(struct core *c, size_t text_len);
void core_piece_ask_end(struct core *c, struct core_ask *ask); /* takes; no object any more */
