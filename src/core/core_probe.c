/* core_probe.c - an SCS at its connections_max connects once more (CONTRACTS section 1, "connections of one SCS"): its oldest session is
 * probed by a DWR; if it does not answer in time it is gone and the new one takes its place, else the new one is refused.
 *
 *   session_open at the limit --> session_cut{probe_ms} to the oldest --> session_closed: the new one is judged again
 *                                                                     --> probe_ms and a little more are over: refused */
#include <stdlib.h>
#include <string.h>

#include "core/core_int.h"

#define PROBES_MAX 256     /* connections that wait for the outcome */
#define PROBE_GRACE_MS 500 /* for the way to the edge and back */

struct core_probe {
	struct core *core;
	uint32_t generation; /* of the edge of the new connection */
	uint64_t number;
	struct ipc_session_open open;
	struct core_session *oldest; /* NULL: it is gone */
	struct net_timer *timer;
	TAILQ_ENTRY(core_probe) entry;
};

static void probe_free(struct core_probe *p)
{
	if (p->oldest)
		p->oldest->probe = NULL;
	net_timer_free(p->timer);
	TAILQ_REMOVE(&p->core->probes, p, entry);
	p->core->probes_n--;
	free(p);
}

/* The oldest that is not probed already. */
static struct core_session *oldest_of(const struct core_scs *scs)
{
	struct core_session *s, *oldest = NULL;

	TAILQ_FOREACH(s, &scs->sessions, of_scs)
	{
		if (!s->probe && !s->edge->bad && (!oldest || s->since_ms < oldest->since_ms))
			oldest = s;
	}
	return oldest;
}

static void on_answered(void *arg)
{
	struct core_probe *p = arg;
	struct core_edge *e = core_edge_find(p->core, p->generation);
	struct ipc_session_open open = p->open;
	uint64_t number = p->number;

	probe_free(p);
	if (e && !e->bad)
		core_session_refuse(e, number, &open, POL_TOO_MANY_CONNECTIONS);
}

static int ask(struct core_session *s, uint32_t probe_ms)
{
	struct ipc_session_cut cut = { .probe_ms = probe_ms, .disconnect_cause = 1, .reason = "another-connection" };

	return core_send(s->edge, ipc_session_cut_put(s->core->record, s->edge->who.generation, s->key.number, &cut));
}

bool core_probe_begin(struct core_edge *e, uint64_t number, const struct ipc_session_open *open, struct core_scs *scs)
{
	struct core *c = e->core;
	uint32_t probe_ms =
	    c->cfg->limits.probe_wait_ms < IPC_PROBE_MAX_MS ? (uint32_t)c->cfg->limits.probe_wait_ms : IPC_PROBE_MAX_MS;
	struct core_session *s = oldest_of(scs);
	struct core_probe *p = s && probe_ms && c->probes_n < PROBES_MAX ? calloc(1, sizeof *p) : NULL;

	if (!p)
		return false;
	p->core = c;
	p->generation = e->who.generation;
	p->number = number;
	p->open = *open;
	if (net_timer_new(&p->timer, c->loop, on_answered, p) || ask(s, probe_ms)) {
		net_timer_free(p->timer);
		free(p);
		return false;
	}
	p->oldest = s;
	s->probe = p;
	TAILQ_INSERT_TAIL(&c->probes, p, entry);
	c->probes_n++;
	net_timer_start(p->timer, probe_ms + PROBE_GRACE_MS);
	return true;
}

void core_probe_session_gone(struct core_probe *p)
{
	struct core_edge *e = core_edge_find(p->core, p->generation);
	struct ipc_session_open open = p->open;
	struct core *c = p->core;
	uint64_t number = p->number;

	p->oldest = NULL;
	probe_free(p);
	if (e && !e->bad && core_session_admit(e, number, &open))
		st_count(&c->st, ST_SESSION_REPLACED);
}

void core_probe_forget(struct core *c, uint32_t generation, uint64_t number)
{
	struct core_probe *p, *next;

	for (p = TAILQ_FIRST(&c->probes); p; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (p->generation == generation && (number == 0 || p->number == number))
			probe_free(p);
	}
}

void core_probes_free(struct core *c)
{
	struct core_probe *p;

	while ((p = TAILQ_FIRST(&c->probes)))
		probe_free(p);
}
