/* core_pieces.c - a pool of each kind. */
#include "core/core_pieces.h"

#include <stdlib.h>
#include <string.h>

#include "core/core_int.h"

void core_pieces_init(struct core *c)
{
	struct core_pieces *p = &c->pieces;

	pool_init(&p->triggers, sizeof(struct core_trigger), CORE_PIECES_MAX);
	pool_init(&p->machines, sizeof(struct trg), CORE_PIECES_MAX);
	pool_init(&p->inputs, sizeof(struct core_decision_input), CORE_PIECES_MAX);
	pool_init(&p->asks, sizeof(struct core_ask) + CORE_ASK_TEXT, CORE_PIECES_MAX);
}

void core_pieces_fini(struct core *c)
{
	pool_fini(&c->pieces.triggers);
	pool_fini(&c->pieces.machines);
	pool_fini(&c->pieces.inputs);
	pool_fini(&c->pieces.asks);
}

struct core_trigger *core_piece_trigger(struct core *c)
{
	return pool_take_zeroed(&c->pieces.triggers);
}

void core_piece_trigger_end(struct core *c, struct core_trigger *t)
{
	pool_give(&c->pieces.triggers, t);
}

struct core_decision_input *core_piece_input(struct core *c)
{
	struct core_decision_input *input = pool_take(&c->pieces.inputs);

	if (!input) {
		return NULL;
	}
	memset(input, 0, offsetof(struct core_decision_input, address)); /* the texts are long, and "" is enough */
	input->address[0] = input->rule[0] = 0;
	return input;
}

void core_piece_input_end(struct core *c, struct core_decision_input *input)
{
	pool_give(&c->pieces.inputs, input);
}

struct core_ask *core_piece_ask(struct core *c, size_t text_len)
{
	bool pooled = text_len <= CORE_ASK_TEXT;
	struct core_ask *ask = pooled ? pool_take(&c->pieces.asks) : malloc(sizeof *ask + text_len);

	if (ask) {
		ask->pooled = pooled;
	}
	return ask;
}

void core_piece_ask_end(struct core *c, struct core_ask *ask)
{
	if (ask->pooled) {
		pool_give(&c->pieces.asks, ask);
	} else {
		free(ask);
	}
}
