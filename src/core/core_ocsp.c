/* core_ocsp.c - see core_ocsp.h.
 * The record, numbers big-endian: kind, key, u64 thisUpdate, the response. */
#include "core/core_ocsp.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "conf/cfg_iwf_ocsp.h"
#include "core/core_int.h"

#define KIND_OCSP 0x86u
#define RECORD_HEAD (1 + IPC_OCSP_KEY_LEN + 8)
#define A_TURN 8u      /* to one edge, so that verdicts find room in its ring */
#define AGAIN_MS 10u   /* until the next few */
#define A_SECOND 2048u /* of all edges: each is written to the journal */
#define AHEAD_S 300u   /* a thisUpdate that is further ahead would never be beaten */

struct core_ocsp_one {
	struct map_node node;
	struct ipc_ocsp said; /* its response is behind this struct */
	uint64_t number;      /* of its record */
	uint64_t place;       /* in the order in which they came */
	TAILQ_ENTRY(core_ocsp_one) entry;
};

static struct core_ocsp_one *find(const struct core *c, const uint8_t key[IPC_OCSP_KEY_LEN])
{
	return MAP_OF(map_find(&c->ocsp.by_key, key, IPC_OCSP_KEY_LEN), struct core_ocsp_one, node);
}

static void drop(struct core *c, struct core_ocsp_one *one)
{
	map_del(&c->ocsp.by_key, &one->node);
	TAILQ_REMOVE(&c->ocsp.list, one, entry);
	c->st.v[ST_OCSP_IN_REVOKED] = c->ocsp.by_key.n;
	free(one);
}

static struct core_ocsp_one *add(struct core *c, const struct ipc_ocsp *said, uint64_t number)
{
	struct core_ocsp_one *one = calloc(1, sizeof *one + said->len);

	if (!one) {
		return NULL;
	}
	one->said = *said;
	memcpy(one + 1, said->response, said->len);
	one->said.response = (const uint8_t *)(one + 1);
	one->number = number;
	one->place = c->ocsp.next++;
	map_add(&c->ocsp.by_key, &one->node, one->said.key, IPC_OCSP_KEY_LEN);
	TAILQ_INSERT_TAIL(&c->ocsp.list, one, entry);
	return one;
}

static void forget(struct core *c, struct core_ocsp_one *one)
{
	if (jrn_del(c->journal.jrn, one->number)) {
		log_error(c->log, "core", "journal record %llu stays for now", (unsigned long long)one->number);
	}
	drop(c, one);
}

/* The one whose responder spoke longest ago. */
static void make_room(struct core *c)
{
	struct core_ocsp_one *one, *oldest = NULL;

	if (c->ocsp.by_key.n < c->cfg->ocsp.revoked) {
		return;
	}
	TAILQ_FOREACH (one, &c->ocsp.list, entry) {
		oldest = !oldest || one->said.this_s < oldest->said.this_s ? one : oldest;
	}
	if (oldest) {
		st_count(&c->st, ST_OCSP_REVOKED_FORGOTTEN);
		forget(c, oldest);
	}
}

/* -- to the edges */

/* Whether it has all of them. */
static bool send_some(struct core_edge *e)
{
	struct core *c = e->core;
	struct core_ocsp_one *one;
	unsigned n = 0;

	TAILQ_FOREACH (one, &c->ocsp.list, entry) {
		if (one->place <= e->ocsp_place) {
			continue;
		}
		if (n++ == A_TURN || ipc_ring_waiting(e->ring) ||
		    core_send(e, ipc_ocsp_put(c->record, IPC_REC_OCSP_KNOWN, e->who.generation, &one->said))) {
			return e->bad;
		}
		e->ocsp_place = one->place;
	}
	return true;
}

static void on_again(void *arg)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	struct core_edge *e;
	bool all = true;

	TAILQ_FOREACH (e, &c->edges.list, entry) {
		all = (e->bad || send_some(e)) && all;
	}
	if (!all) {
		net_timer_start(c->ocsp.again, AGAIN_MS);
	}
}

void core_ocsp_edge(struct core_edge *e)
{
	if (!TAILQ_EMPTY(&e->core->ocsp.list)) {
		net_timer_start(e->core->ocsp.again, 0);
	}
}

/* -- from the edges */

static bool may_take(struct core *c)
{
	uint64_t now = net_loop_now_ms(c->loop);

	if (now - c->ocsp.since_ms >= 1000) {
		c->ocsp.since_ms = now;
		c->ocsp.taken = 0;
	}
	return c->ocsp.taken++ < A_SECOND;
}

/* Counted once it is durable. */
static void on_written(void *arg, uint64_t number, int err)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	(void)number;
	if (err) {
		log_error(c->log, "core", "an OCSP answer that revokes a certificate is not kept over a restart: %s",
			  err_str(err));
	}
	c->st.v[ST_OCSP_IN_REVOKED] = c->ocsp.by_key.n;
}

static int write_record(struct core *c, const struct core_ocsp_one *one)
{
	uint8_t record[RECORD_HEAD + IPC_OCSP_MAX];
	struct buf b = buf_over(record, sizeof record);

	buf_u8(&b, KIND_OCSP);
	buf_bytes(&b, one->said.key, sizeof one->said.key);
	buf_be64(&b, one->said.this_s);
	buf_bytes(&b, one->said.response, one->said.len);
	return jrn_put(c->journal.jrn, one->number, record, b.len, on_written, c);
}

void core_ocsp_on_found(struct core_edge *e, const struct ipc_ocsp *found)
{
	struct core *c = e->core;
	struct core_ocsp_one *one = find(c, found->key);
	uint64_t number = one ? one->number : 0;

	if ((one && one->said.this_s >= found->this_s) || found->this_s > clock_real_ms() / 1000 + AHEAD_S || !may_take(c)) {
		return;
	}
	if (one) {
		drop(c, one);
	} else {
		make_room(c);
		number = jrn_next(c->journal.jrn);
	}
	one = add(c, found, number);
	if (!one || write_record(c, one)) {
		log_error(c->log, "core", "an OCSP answer that revokes a certificate is not kept over a restart");
	}
	net_timer_start(c->ocsp.again, 0);
}

/* -- for operators */

int core_ocsp_on_state(struct core_edge *e, const struct ipc_ocsp_state *state)
{
	struct cfg_responder r;

	if (state->responder >= CFG_OCSP_MAX) {
		return ERR_PROTO;
	}
	if (!cfg_responder(&r, e->core->cfg, state->responder)) {
		return 0; /* the edge does not know yet that a reload removed it */
	}
	if (!e->ocsp) {
		e->ocsp = calloc(CFG_OCSP_MAX, sizeof *e->ocsp);
	}
	if (e->ocsp) {
		e->ocsp[state->responder] = *state;
	}
	return 0;
}

/* Of one name the newest counts. Above the bound the one that was shown longest ago goes. */
static void add_denied(struct core_ocsp_view *v, const struct ipc_ocsp_denied *d)
{
	struct core_ocsp_denied new = { d->name, d->unknown, d->at_s }, *to = v->denied;

	for (unsigned i = 0; i < v->denied_n; i++) {
		if (strcmp(v->denied[i].host, d->name) == 0) {
			v->denied[i] = d->at_s > v->denied[i].shown_s ? new : v->denied[i];
			return;
		}
		to = v->denied[i].shown_s < to->shown_s ? &v->denied[i] : to;
	}
	if (v->denied_n < CORE_OCSP_DENIED_MAX) {
		v->denied[v->denied_n++] = new;
	} else if (d->at_s > to->shown_s) {
		*to = new;
	}
}

/* The newest of all edges; of the staple the one that ends first, and none when one edge that asked
 * has none. */
static void add_edge(struct core_ocsp_view *v, const struct ipc_ocsp_state *s)
{
	v->answers += s->answers;
	v->failures += s->failures;
	v->open += s->open;
	v->revoked += s->revoked;
	v->unknown += s->unknown;
	for (uint8_t i = 0; i < s->denied_n; i++) {
		add_denied(v, &s->denied[i]);
	}
	v->answered_s = s->answered_s > v->answered_s ? s->answered_s : v->answered_s;
	if (s->failed_s > v->failed_s || (s->failed_s && !v->failed_s)) {
		v->failed_s = s->failed_s;
		v->why = s->why;
	}
	if (!v->edges++ || s->staple_until_s < v->staple_until_s) {
		v->staple_this_s = s->staple_this_s;
		v->staple_until_s = s->staple_until_s;
	}
}

void core_ocsp_each(const struct core *c, core_ocsp_fn *fn, void *arg)
{
	const struct core_edge *e;

	for (size_t i = 0; i < CFG_OCSP_MAX; i++) {
		bool of_anchor = i < CFG_ANCHORS_MAX;
		struct core_ocsp_view v = { .why = "" };
		struct cfg_responder r;

		if (!cfg_responder(&r, c->cfg, i)) {
			continue;
		}
		v.anchor = of_anchor ? c->cfg->anchors[i].name : NULL;
		v.listener = of_anchor ? NULL : c->cfg->listen[i - CFG_ANCHORS_MAX].name;
		v.url = of_anchor ? c->cfg->anchors[i].ocsp : c->cfg->listen[i - CFG_ANCHORS_MAX].ocsp;
		TAILQ_FOREACH (e, &c->edges.list, entry) {
			if (e->ocsp && (e->ocsp[i].answers || e->ocsp[i].failures || e->ocsp[i].open || e->ocsp[i].denied_n)) {
				add_edge(&v, &e->ocsp[i]);
			}
		}
		fn(arg, &v);
	}
}

/* -- after a restart */

bool core_ocsp_is(const void *record, size_t len)
{
	return len && *(const uint8_t *)record == KIND_OCSP;
}

int core_ocsp_restore(struct core *c, uint64_t number, const void *record, size_t len)
{
	struct rd r = rd_over(record, len);
	struct ipc_ocsp said = { .len = 0 };
	struct core_ocsp_one *one;
	const uint8_t *key;

	(void)rd_u8(&r);
	key = rd_take(&r, IPC_OCSP_KEY_LEN);
	said.this_s = rd_be64(&r);
	said.len = (uint32_t)rd_left(&r);
	said.response = rd_take(&r, said.len);
	if (r.bad || !key || !said.this_s || !said.len || said.len > IPC_OCSP_MAX) {
		log_error(c->log, "core", "journal record %llu, an OCSP answer, cannot be read and is left alone",
			  (unsigned long long)number);
		return 0;
	}
	memcpy(said.key, key, sizeof said.key);
	one = find(c, said.key);
	if (one && one->said.this_s >= said.this_s) {
		return 0; /* an older record whose deletion was lost */
	}
	if (one) {
		drop(c, one);
	}
	make_room(c);
	one = add(c, &said, number);
	c->st.v[ST_OCSP_IN_REVOKED] = c->ocsp.by_key.n;
	return one ? 0 : ERR_NOMEM;
}

int core_ocsp_init(struct core *c)
{
	int err = map_init(&c->ocsp.by_key);

	TAILQ_INIT(&c->ocsp.list);
	c->ocsp.next = 1;
	return err ? err : net_timer_new(&c->ocsp.again, c->loop, on_again, c);
}

void core_ocsp_fini(struct core *c)
{
	struct core_ocsp_one *one;

	while (c->ocsp.next && (one = TAILQ_FIRST(&c->ocsp.list))) {
		drop(c, one);
	}
	map_fini(&c->ocsp.by_key);
	net_timer_free(c->ocsp.again);
}
