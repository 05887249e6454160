/* core_smpp_ask.c - requests about a trigger over SMPP, and their end. */
#include <string.h>

#include "core/core_int.h"
#include "core/core_smpp_int.h"

struct core_ask *core_smpp_ask_new(struct core_trigger *t, struct core_peer *p, core_smpp_fn *fn)
{
	size_t e164 = strlen(t->ref.e164);
	struct core_ask *ask = core_piece_ask(p->core, e164 + 2);

	if (!ask) {
		return NULL;
	}
	*ask = (struct core_ask){ .obj = { CORE_ASK_MAGIC },
				  .peer = p,
				  .pooled = ask->pooled,
				  .fn = fn,
				  .number = t->trg->number,
				  .reference = t->trg->req.reference,
				  .session_id_len = (uint32_t)e164 };
	memcpy(ask->text, t->ref.e164, e164 + 1);
	ask->text[e164 + 1] = 0;
	return ask;
}

void core_smpp_ask_free(struct core_ask *ask)
{
	struct core *c = ask->peer->core;

	core_smpp_apart_forget(ask->cancel);
	OBJ_END(ask, CORE_ASK_MAGIC);
	core_piece_ask_end(c, ask);
}

static void begin_ask(struct core_trigger *t, struct core_ask *ask)
{
	core_trigger_ask_drop(t);
	ask->trigger = t;
	t->ask = ask;
}

int core_smpp_ask(struct core_trigger *t, size_t place, struct smpp_pdu *pdu, core_smpp_fn *fn)
{
	struct core_peer *p = &t->core->peers.row[place];
	struct core_smpp *s = p->smpp;
	struct core_ask *ask;
	int err;

	if (!s || !core_smpp_bound(s)) {
		return ERR_CLOSED;
	}
	ask = core_smpp_ask_new(t, p, fn);
	if (!ask) {
		return ERR_NOMEM;
	}
	core_trace_about(p, t);
	err = core_smpp_send(s, pdu, ask);
	core_trace_about(p, NULL);
	if (err) {
		core_smpp_ask_free(ask);
		return err;
	}
	begin_ask(t, ask);
	p->requests++;
	p->outstanding++;
	p->gathered++;
	return 0;
}

int core_smpp_ask_nobody(struct core_trigger *t, size_t place, uint32_t status, core_smpp_fn *fn)
{
	struct core_peer *p = &t->core->peers.row[place];
	struct core_ask *ask = p->smpp ? core_smpp_ask_new(t, p, fn) : NULL;
	int err;

	if (!ask) {
		return ERR_NOMEM;
	}
	err = core_smpp_send_nobody(p->smpp, ask, status);
	if (err) {
		core_smpp_ask_free(ask);
		return err;
	}
	begin_ask(t, ask);
	return 0;
}

struct core_trigger *core_smpp_asked(struct core_ask *ask)
{
	struct core_trigger *t = ask->trigger;

	if (t) {
		t->ask = NULL;
		core_trigger_resume_end(t);
	}
	core_smpp_ask_free(ask);
	return t;
}
