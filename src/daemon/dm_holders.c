/* dm_holders.c - the parent's side of the keyholders: which there are, the pairs of sockets
 * between them and the edges, what the core shows of them. A pair is made whenever both ends run,
 * and again when one of them says that it closed; the parent keeps neither end. */
#include <inttypes.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/dm_parent_int.h"
#include "daemon/dm_set.h"
#include "keyholder/kh_client.h"
#include "keyholder/kh_sets.h"
#include "stats/st.h"

/* The listeners whose keys this kind of keyholder has; a bit for each index. */
static uint64_t keys_of(const struct cfg_iwf *cfg, unsigned kind)
{
	uint64_t keys = 0;

	_Static_assert(CFG_LISTEN_MAX <= 64, "a bit for each listener");
	for (size_t i = 0; i < cfg->listen_n; i++) {
		bool in_token = *cfg->listen[i].key_object;

		if (!cfg->listen[i].gone_ms && protection_has_tls(cfg->listen[i].protection) && in_token == (kind == KH_PKCS11)) {
			keys |= UINT64_C(1) << i;
		}
	}
	return keys;
}

static uint64_t keys_in_zone(const struct cfg_iwf *cfg, uint64_t keys, enum zone zone)
{
	for (size_t i = 0; i < cfg->listen_n; i++) {
		if (cfg->listen[i].zone != (int)zone) {
			keys &= ~(UINT64_C(1) << i);
		}
	}
	return keys;
}

void dm_holders_place(struct dm_parent *p)
{
	for (unsigned kind = 0; kind < KH_KINDS; kind++) {
		if (keys_of(p->cfg, kind) || (kind == KH_FILES && p->cfg->audit.on)) {
			struct dm_child *c = &p->holders[p->holders_n++];

			dm_child_init(c, p, DM_HOLDER);
			c->slot = kind;
		}
	}
}

/* -- pairs */

static void lose(struct dm_child *edge, struct dm_pair *pair)
{
	const struct cfg_timers *timers = &edge->parent->cfg->timers;

	pair->lost = true;
	dm_again_ended(&pair->again, true, net_loop_now_ms(edge->parent->loop) - pair->since_ms);
	net_timer_start(edge->pair_again, dm_again_pause_ms(&pair->again, timers->edge_restart_ms, timers->restart_max_ms));
}

static int make_pair(const struct dm_child *edge, const struct dm_child *holder, const struct dm_msg *m)
{
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		return ERR_IO;
	}
	err = dm_send(holder->sock, m, &pair[1], 1);
	if (!err) {
		err = dm_send(edge->sock, m, &pair[0], 1);
	}
	close(pair[0]);
	close(pair[1]);
	return err;
}

static void join(struct dm_child *edge, const struct dm_child *holder)
{
	struct dm_parent *p = edge->parent;
	struct dm_pair *pair = &edge->pairs[holder->slot];
	uint64_t keys = keys_in_zone(p->cfg, keys_of(p->cfg, holder->slot), edge->zone);
	struct dm_msg m = { .kind = DM_KEYS, .what = holder->slot, .generation = edge->generation, .value = keys };
	char name[EDGE_WORDS_MAX];
	int err;

	if ((!keys && !pair->keys) || !edge->pid || !holder->pid) {
		return;
	}
	m.index = ++pair->number;
	pair->keys = keys;
	pair->lost = false;
	pair->since_ms = net_loop_now_ms(p->loop);
	err = make_pair(edge, holder, &m);
	if (err) {
		log_error(&p->log, "daemon", "%s gets no keyholder, it is tried again: %s", dm_child_name(edge, name),
			  err_str(err));
		lose(edge, pair);
	}
}

static void on_pair_again(void *arg)
{
	struct dm_child *edge = OBJ_OF(arg, struct dm_child, DM_CHILD_MAGIC);
	struct dm_parent *p = edge->parent;
	char name[EDGE_WORDS_MAX];

	for (uint32_t i = 0; i < p->holders_n && !p->stopping; i++) {
		const struct dm_child *holder = &p->holders[i];

		/* without an edge or a keyholder the start of the next one makes the pair */
		if (!edge->pairs[holder->slot].lost || !edge->pid || !holder->pid) {
			continue;
		}
		log_warn(&p->log, "daemon", "%s gets a new channel to the %s: the one before has closed",
			 dm_child_name(edge, name), kh_kind_name(holder->slot));
		join(edge, holder);
	}
}

bool dm_holders_lost(struct dm_child *edge, const struct dm_msg *m)
{
	struct dm_pair *pair = m->what < KH_KINDS ? &edge->pairs[m->what] : NULL;

	if (!pair) {
		return false;
	}
	if (m->index == pair->number && !pair->lost) { /* else it has a newer one already */
		lose(edge, pair);
	}
	return true;
}

int dm_holders_watch(struct dm_parent *p)
{
	int err = 0;

	for (uint32_t i = 0; i < p->edges_n && !err; i++) {
		err = net_timer_new(&p->edges[i].pair_again, p->loop, on_pair_again, &p->edges[i]);
	}
	return err;
}

void dm_holders_join(struct dm_child *c)
{
	struct dm_parent *p = c->parent;

	for (uint32_t i = 0; c->role == DM_EDGE && i < p->holders_n; i++) {
		join(c, &p->holders[i]);
	}
	for (uint32_t i = 0; c->role == DM_HOLDER && i < p->edges_n; i++) {
		join(&p->edges[i], c);
	}
}

/* Makes another pair when its edge may use a key that it could not use before, and when the place
 * of a listener that it had is now that of another edge. Signatures that the edge waits for at this
 * moment are lost with its pair; a listener is added seldom. */
void dm_holders_keys(struct dm_child *edge)
{
	struct dm_parent *p = edge->parent;

	for (uint32_t i = 0; i < p->holders_n; i++) {
		const struct dm_child *holder = &p->holders[i];
		uint64_t all = keys_of(p->cfg, holder->slot), keys = keys_in_zone(p->cfg, all, edge->zone);
		uint64_t had = edge->pairs[holder->slot].keys;

		if ((keys & ~had) || (all & had & ~keys)) {
			join(edge, holder);
		}
	}
}

/* -- the core */

void dm_holders_tell(const struct dm_child *holder)
{
	const struct dm_parent *p = holder->parent;
	struct dm_msg m = { .kind = DM_KEYHOLDER,
			    .what = holder->slot,
			    .index = holder->state,
			    .generation = holder->generation,
			    .value = (uint64_t)holder->pid };

	if (holder->role == DM_HOLDER && p->core.pid && dm_child_ready(&p->core) && dm_send(p->core.sock, &m, NULL, 0)) {
		log_warn(&p->log, "daemon", "the core does not take messages");
	}
}

void dm_holders_tell_all(const struct dm_parent *p)
{
	for (uint32_t i = 0; i < p->holders_n; i++) {
		dm_holders_tell(&p->holders[i]);
	}
}

bool dm_holders_count(const struct dm_child *holder, const struct dm_msg *m)
{
	const struct dm_parent *p = holder->parent;
	struct dm_msg count = { .kind = DM_COUNT, .what = m->what, .index = holder->slot, .value = m->value };

	if (m->what < ST_KEYHOLDER_SIGNED || m->what > ST_KEYHOLDER_LOST) {
		return false;
	}
	if (p->core.pid && dm_child_ready(&p->core) && dm_send(p->core.sock, &count, NULL, 0)) {
		log_warn(&p->log, "daemon", "the core does not take messages");
	}
	return true;
}

/* -- sets of files: the keyholders have a set before an edge uses it */

/* Of a child that runs; one that starts uses the set that it was started with. 0: it has none
 * yet. */
static uint32_t set_of(const struct dm_child *c)
{
	return dm_child_ready(c) ? c->set_taken : c->set_sent;
}

bool dm_holders_have(const struct dm_parent *p, uint32_t set)
{
	for (uint32_t i = 0; i < p->holders_n; i++) {
		if (p->holders[i].pid && set_of(&p->holders[i]) != set) {
			return false;
		}
	}
	return true;
}

const struct dm_set *dm_holders_set_for(const struct dm_child *c)
{
	const struct dm_parent *p = c->parent;
	bool early = c->role == DM_EDGE && p->set_signed && (dm_set_core_asked(p) || !dm_holders_have(p, p->set->generation));

	return early ? p->set_signed : p->set;
}

static void forget_signed(struct dm_parent *p)
{
	dm_set_free(p->set_signed);
	p->set_signed = NULL;
}

void dm_holders_renew(struct dm_parent *p, struct dm_set *fresh)
{
	if (dm_holders_have(p, p->set->generation)) {
		forget_signed(p);
		p->set_signed = p->set;
	} else {
		dm_set_free(p->set); /* no edge was given it */
	}
	if (p->set_signed && fresh->generation - p->set_signed->generation >= KH_SETS_MAX) {
		forget_signed(p); /* a keyholder that has it may have no room for it any more */
	}
	p->set = fresh;
}

void dm_holders_back(struct dm_parent *p, struct dm_set *fresh, struct dm_set *signed_set)
{
	dm_set_free(p->set); /* the one that was refused */
	forget_signed(p);
	p->set_signed = signed_set;
	p->set = fresh;
}

void dm_holders_forget(struct dm_parent *p)
{
	if (p->set_signed && !dm_set_core_asked(p) && dm_holders_have(p, p->set->generation)) {
		forget_signed(p);
	}
}

struct dm_child *dm_holders_oldest(struct dm_parent *p, uint32_t *set)
{
	struct dm_child *oldest = NULL;

	*set = p->set->generation;
	for (uint32_t i = 0; i < p->edges_n; i++) {
		bool runs = p->edges[i].pid && p->edges[i].state != DM_CHILD_KILLED;
		uint32_t uses = runs ? set_of(&p->edges[i]) : 0;

		if (uses && uses < *set) {
			oldest = &p->edges[i];
			*set = uses;
		}
	}
	return oldest;
}

void dm_holders_used(struct dm_parent *p)
{
	struct dm_msg m = { .kind = DM_SETS_USED };
	uint32_t oldest;

	(void)dm_holders_oldest(p, &oldest);
	if (p->set_signed && p->set_signed->generation < oldest) {
		oldest = p->set_signed->generation; /* the next edge may start with it */
	}
	m.value = oldest;
	for (uint32_t i = 0; i < p->holders_n; i++) {
		struct dm_child *c = &p->holders[i];

		if (c->pid && dm_child_ready(c) && c->sets_used != oldest && dm_send(c->sock, &m, NULL, 0) == 0) {
			c->sets_used = oldest; /* else the next step says it */
		}
	}
}

void dm_holders_stop(struct dm_parent *p)
{
	struct dm_msg stop = { .kind = DM_STOP };

	for (uint32_t i = 0; i < p->holders_n + p->ndsip_n + p->fetcher_n + p->metrics_n; i++) {
		const struct dm_child *c = dm_child_at(p, 1 + p->edges_n + i);

		if (c->pid && (!dm_child_ready(c) || dm_send(c->sock, &stop, NULL, 0))) {
			kill(c->pid, SIGKILL);
		}
	}
}

bool dm_holders_any(const struct dm_parent *p)
{
	for (uint32_t i = 0; i < p->holders_n; i++) {
		if (p->holders[i].pid) {
			return true;
		}
	}
	return p->ndsip.pid != 0 || p->fetcher.pid != 0 || p->metrics.pid != 0;
}
