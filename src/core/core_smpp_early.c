/* core_smpp_early.c - receipts that came before the response of their submit_sm, which no rule of
 * SMPP forbids.
 * A receipt that fits no trigger may be for a submit_sm without a response. It waits until a
 * trigger has its id, until no submit_sm waits for a response, or for t4.answer_wait, after which
 * no response counts; then it is for nobody. It is not answered before, so that the SMS-SC keeps
 * it. */
#include <stdlib.h>

#include "core/core_int.h"

struct core_smpp_early_one {
	TAILQ_ENTRY(core_smpp_early_one) entry;
	struct core_peer *peer;
	uint64_t until_ms; /* of the loop's clock */
	struct smpp_header header;
	struct core_smpp_receipt receipt;
};

static void drop(struct core *c, struct core_smpp_early_one *e)
{
	TAILQ_REMOVE(&c->smpp_early.list, e, entry);
	c->smpp_early.n--;
	free(e);
}

/* The next one that is due; what a response does is looked at in core_smpp_early_look(). */
static void arm(struct core *c)
{
	const struct core_smpp_early_one *first = TAILQ_FIRST(&c->smpp_early.list);
	uint64_t now = net_loop_now_ms(c->loop);

	if (first) {
		net_timer_start(c->smpp_early.timer, first->until_ms > now ? first->until_ms - now : 0);
	} else {
		net_timer_stop(c->smpp_early.timer);
	}
}

static void on_timer(void *arg)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	struct core_smpp_early_one *e, *next;

	for (e = TAILQ_FIRST(&c->smpp_early.list); e; e = next) {
		bool over = !e->peer->outstanding || net_loop_now_ms(c->loop) >= e->until_ms;

		next = TAILQ_NEXT(e, entry);
		if (core_smpp_take(e->peer, &e->header, &e->receipt, NULL)) {
			drop(c, e);
		} else if (over) {
			core_smpp_for_nobody(e->peer, &e->header);
			drop(c, e);
		}
	}
	arm(c);
}

int core_smpp_early_init(struct core *c)
{
	TAILQ_INIT(&c->smpp_early.list);
	return net_timer_new(&c->smpp_early.timer, c->loop, on_timer, c);
}

void core_smpp_early_fini(struct core *c)
{
	while (TAILQ_FIRST(&c->smpp_early.list)) {
		drop(c, TAILQ_FIRST(&c->smpp_early.list));
	}
	net_timer_free(c->smpp_early.timer);
	c->smpp_early.timer = NULL;
}

int core_smpp_early_keep(struct core_peer *p, const struct smpp_header *h, const struct core_smpp_receipt *r)
{
	struct core *c = p->core;
	struct core_smpp_early_one *e;

	if (c->smpp_early.n >= c->cfg->smssc.early_receipts) {
		return ERR_LIMIT;
	}
	e = malloc(sizeof *e);
	if (!e) {
		return ERR_NOMEM;
	}
	*e = (struct core_smpp_early_one){
		.peer = p, .until_ms = net_loop_now_ms(c->loop) + c->cfg->t4.answer_wait_ms, .header = *h, .receipt = *r
	};
	TAILQ_INSERT_TAIL(&c->smpp_early.list, e, entry);
	c->smpp_early.n++;
	if (c->smpp_early.n == 1) {
		arm(c);
	}
	return 0;
}

void core_smpp_early_look(struct core_peer *p)
{
	struct core *c = p->core;

	if (c->smpp_early.n) {
		net_timer_start(c->smpp_early.timer, 0);
	}
}

void core_smpp_early_down(struct core_peer *p)
{
	struct core *c = p->core;
	struct core_smpp_early_one *e, *next;

	for (e = TAILQ_FIRST(&c->smpp_early.list); e; e = next) {
		next = TAILQ_NEXT(e, entry);
		if (e->peer == p) {
			drop(c, e);
		}
	}
}
