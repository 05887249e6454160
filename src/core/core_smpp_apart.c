/* core_smpp_apart.c - cancel_sm whose result changes nothing: they cancel the parts that the SMS-SC
 * has of a message that will never be complete there. A cancel_sm waits while the window is full
 * or there is no connection. It is dropped when the validity of the message has ended, because then
 * the SMS-SC has dropped the part itself, but not before smssc.cancel_wait: the SMS-SC has a clock
 * of its own, and a message without validity may stay there. Each that is not sent is counted. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "core/core_int.h"
#include "core/core_smpp_int.h"

struct core_smpp_apart_one {
	TAILQ_ENTRY(core_smpp_apart_one) entry;
	struct core_ask *ask;
	uint32_t peer_number; /* tells whether another SMS-SC has the place of this one by now */
	uint64_t until_ms;
	struct smpp_pdu pdu;
};

static void on_response(struct core_ask *ask, const struct smpp_pdu *pdu)
{
	if (!pdu || pdu->header.status != SMPP_ROK) {
		log_debug(ask->peer->core->log, "core", "a part of a message that is not whole was not cancelled");
	}
	(void)core_smpp_asked(ask);
}

static void end(struct core *c, struct core_smpp_apart_one *one)
{
	TAILQ_REMOVE(&c->smpp_apart.list, one, entry);
	c->smpp_apart.n--;
	free(one);
}

static void count_dropped(struct core *c, const char *why)
{
	st_count(&c->st, ST_SMPP_CANCELS_DROPPED);
	log_warn(c->log, "core", "a part stays at the SMS-SC until its validity ends: %s", why);
}

static void drop(struct core *c, struct core_smpp_apart_one *one)
{
	st_count(&c->st, ST_SMPP_CANCELS_DROPPED);
	log_debug(c->log, "core", "a cancel_sm of a part is dropped: the SMS-SC has dropped the part by now, or is another one");
	core_smpp_ask_free(one->ask);
	end(c, one);
}

static bool is_over(const struct core *c, const struct core_smpp_apart_one *one)
{
	return one->peer_number != one->ask->peer->number || one->until_ms <= core_now_ms(c);
}

/* With 0 the ask belongs to its response. */
static int send_now(struct core_ask *ask, struct smpp_pdu *pdu)
{
	struct core_peer *p = ask->peer;
	int err = p->smpp && core_smpp_bound(p->smpp) ? core_smpp_send(p->smpp, pdu, ask) : ERR_CLOSED;

	if (err) {
		return err;
	}
	p->requests++;
	p->outstanding++;
	p->gathered++;
	return 0;
}

/* With 0 it waits in the list. ERR_LIMIT: smssc.cancels wait. */
static int keep(struct core *c, struct core_smpp_apart_one *kept)
{
	struct core_smpp_apart_one *one, *next;

	for (one = TAILQ_FIRST(&c->smpp_apart.list); one && c->smpp_apart.n >= c->cfg->smssc.cancels; one = next) {
		next = TAILQ_NEXT(one, entry);
		if (is_over(c, one)) {
			drop(c, one);
		}
	}
	if (c->smpp_apart.n >= c->cfg->smssc.cancels) {
		return ERR_LIMIT;
	}
	TAILQ_INSERT_TAIL(&c->smpp_apart.list, kept, entry);
	c->smpp_apart.n++;
	return 0;
}

void core_smpp_apart_forget(struct core_smpp_apart_one *one)
{
	if (one) {
		core_smpp_ask_free(one->ask);
		free(one);
	}
}

struct core_smpp_apart_one *core_smpp_apart_prepare(struct core_trigger *t, size_t place)
{
	struct core *c = t->core;
	struct core_ask *ask = core_smpp_ask_new(t, &c->peers.row[place], on_response);
	struct core_smpp_apart_one *one = ask ? malloc(sizeof *one) : NULL;
	uint64_t least_ms = core_now_ms(c) + c->cfg->smssc.cancel_wait_ms;

	if (!one) {
		count_dropped(c, "out of memory");
		if (ask) {
			core_smpp_ask_free(ask);
		}
		return NULL;
	}
	*one = (struct core_smpp_apart_one){ .ask = ask,
					     .peer_number = ask->peer->number,
					     .until_ms = t->trg->req.expires_ms > least_ms ? t->trg->req.expires_ms : least_ms };
	core_smpp_fill_cancel(&one->pdu, t->trg, &c->cfg->smssc, "0"); /* until its id is known */
	if (!one->pdu.message_id[0]) {
		count_dropped(c, "a cancel_sm cannot have its addresses");
		core_smpp_apart_forget(one);
		return NULL;
	}
	return one;
}

static void send_or_keep(struct core *c, struct core_smpp_apart_one *one)
{
	if (send_now(one->ask, &one->pdu) == 0) {
		free(one);
	} else if (keep(c, one)) {
		count_dropped(c, "as many cancel_sm wait as smssc.cancels allows");
		core_smpp_apart_forget(one);
	}
}

void core_smpp_apart_send(struct core_smpp_apart_one *one, const char *id)
{
	if (id[0] && str_copy(one->pdu.message_id, sizeof one->pdu.message_id, id, strlen(id)) == 0) {
		send_or_keep(one->ask->peer->core, one);
	} else {
		count_dropped(one->ask->peer->core, "the SMS-SC gave it no message id");
		core_smpp_apart_forget(one);
	}
}

void core_smpp_apart(struct core_trigger *t, size_t place, struct smpp_pdu *pdu)
{
	struct core_smpp_apart_one *one = core_smpp_apart_prepare(t, place);

	if (one) {
		one->pdu = *pdu;
		send_or_keep(t->core, one);
	}
}

void core_smpp_apart_move(struct core_peer *p)
{
	struct core *c = p->core;
	struct core_smpp_apart_one *one, *next;

	for (one = TAILQ_FIRST(&c->smpp_apart.list); one; one = next) {
		next = TAILQ_NEXT(one, entry);
		if (one->ask->peer != p) {
			continue;
		}
		if (is_over(c, one)) {
			drop(c, one);
		} else if (send_now(one->ask, &one->pdu)) {
			return; /* no room: the next response brings some */
		} else {
			end(c, one);
		}
	}
}

int core_smpp_apart_init(struct core *c)
{
	TAILQ_INIT(&c->smpp_apart.list);
	return 0;
}

void core_smpp_apart_fini(struct core *c)
{
	while (c->smpp_apart.n) {
		struct core_smpp_apart_one *one = TAILQ_FIRST(&c->smpp_apart.list);

		core_smpp_ask_free(one->ask);
		end(c, one);
	}
}
