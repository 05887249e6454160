/* edge_trace.c - see edge_trace.h. */
#include "edge/edge_trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "edge/edge_session.h"
#include "policy/pol_screen.h"
#include "trace/trc_redact.h"

/* Octets of the ring's local queue above which copies are lost: it is for requests and answers. */
#define COPIES_WAIT_MAX 0u

void edge_trace_init(struct edge_trace *t, struct edge_env *env, struct edge_ring *ring)
{
	obj_begin(&t->obj, EDGE_TRACE_MAGIC);
	t->env = env;
	t->ring = ring;
}

void edge_trace_end(struct edge_trace *t)
{
	OBJ_CHECK(t, EDGE_TRACE_MAGIC);
	trc_watch_fini(&t->watch);
	free(t->room);
	t->room = NULL;
	t->about = false;
	t->lost = 0;
	t->what = (struct ipc_trace){ .number = 0 };
}

void edge_trace_fini(struct edge_trace *t)
{
	if (t->obj.magic) {
		edge_trace_end(t);
		t->obj.magic = 0;
	}
}

void edge_trace_on_record(struct edge_trace *t, const struct ipc_trace *what)
{
	edge_trace_end(t);
	if (!what->number) {
		return;
	}
	t->room_size = t->env->cfg->limits.message_max;
	t->room = malloc(t->room_size);
	if (!t->room || trc_watch_init(&t->watch)) {
		log_error(t->env->log, "edge", "no memory for a trace: its file has nothing of this process");
		edge_trace_end(t);
		return;
	}
	t->what = *what;
	t->filter = (struct trc_filter){ .has_reference = what->reference.present, .reference = what->reference.v };
	str_set(t->filter.scs, sizeof t->filter.scs, what->scs);
	str_set(t->filter.external, sizeof t->filter.external, what->external_id);
	str_set(t->filter.msisdn, sizeof t->filter.msisdn, what->msisdn);
}

/* -- copies */

static void lose(struct edge_trace *t)
{
	t->lost += t->lost < UINT32_MAX;
	st_count(&t->env->st, ST_EDGE_TRACE_LOST);
}

static void copy(struct edge_trace *t, const struct edge_session *s, bool out, const uint8_t *bytes, size_t len)
{
	struct ipc_trace_copy c = { .number = t->what.number, .out = out, .lost = t->lost };
	const struct sip_key key = { { t->what.key[0], t->what.key[1] } };

	if (len < DIA_HEADER_LEN || len > t->room_size) {
		lose(t);
		return;
	}
	c.time_ms = net_loop_real_ms(t->env->loop);
	c.len_before = c.len = (uint32_t)len;
	c.message = bytes;
	if (!t->what.unredacted) {
		memcpy(t->room, bytes, len);
		c.message = t->room;
		c.len = (uint32_t)trc_redact(t->room, len, &key);
	}
	if (c.len > IPC_TRACE_COPY_MAX) {
		c.len = IPC_TRACE_COPY_MAX;
	}
	if (edge_ring_send_within(t->ring, ipc_trace_copy_put(t->ring->record, t->env->generation, s->number, &c),
				  COPIES_WAIT_MAX)) {
		lose(t);
		return;
	}
	t->lost = 0;
	st_count(&t->env->st, ST_EDGE_TRACED);
}

/* A connection has two directions of requests. */
static uint64_t connection(const struct edge_session *s, bool out)
{
	return s->number << 1 | out;
}

static void on_message(void *arg, const struct link *l, bool out, const uint8_t *bytes, size_t len)
{
	struct edge_session *s = OBJ_OF(arg, struct edge_session, EDGE_SESSION_MAGIC);
	struct edge_trace *t = s->all->trace;
	struct dia_hdr h;

	(void)l;
	if (!t->what.number || dia_hdr_parse(&h, bytes, len)) {
		return;
	}
	if (trc_filter_whole_scs(&t->filter)) {
		copy(t, s, out, bytes, len);
	} else if (h.flags & DIA_FLAG_R) {
		/* one that comes in is looked at when it has been read */
		if (out && t->about) {
			copy(t, s, out, bytes, len);
			trc_watch_add(&t->watch, connection(s, true), h.hop_by_hop);
		}
	} else if (trc_watch_take(&t->watch, connection(s, !out), h.hop_by_hop)) {
		copy(t, s, out, bytes, len);
	}
}

void edge_trace_session(struct edge_trace *t, struct edge_session *s)
{
	bool wanted = t->what.number && (!t->filter.scs[0] || strcmp(t->filter.scs, s->scs) == 0);

	OBJ_CHECK(s, EDGE_SESSION_MAGIC);
	link_tap(s->link, wanted ? on_message : NULL, s);
}

void edge_trace_request(struct edge_trace *t, const struct edge_session *s, const struct dia_msg *m, const struct tsp_dar *dar)
{
	struct trc_about about = { .scs = s->scs, .reference = dar->action.reference_number.v };
	struct pol_verdict unused;
	struct pol_request names;

	if (!t->what.number || trc_filter_whole_scs(&t->filter)) {
		return;
	}
	pol_screen(&names, &unused, &dar->action); /* the device in canonical form */
	about.external = names.external;
	about.msisdn = names.msisdn;
	if (trc_filter_matches(&t->filter, &about)) {
		copy(t, s, false, m->bytes, m->hdr.length);
		trc_watch_add(&t->watch, connection(s, false), m->hdr.hop_by_hop);
	}
}

void edge_trace_about(struct edge_trace *t, const struct edge_session *s, const struct ipc_device_notification *n)
{
	t->about = t->what.number && n &&
		   trc_filter_matches(&t->filter, &(struct trc_about){ s->scs, n->external_id, n->msisdn, n->reference });
}

void edge_trace_turn_end(struct edge_trace *t)
{
	struct ipc_trace_copy c = { .number = t->what.number, .lost = t->lost };

	if (!t->lost || !t->what.number || !edge_ring_up(t->ring)) {
		return;
	}
	c.time_ms = net_loop_real_ms(t->env->loop);
	if (!edge_ring_send_within(t->ring, ipc_trace_copy_put(t->ring->record, t->env->generation, 0, &c), COPIES_WAIT_MAX)) {
		t->lost = 0;
	}
}
