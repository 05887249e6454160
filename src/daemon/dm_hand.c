/* dm_hand.c - hands over to each child the configuration in force and its part of the files. An
 * edge also gets the listeners of its zone and the counter page of its zone; the core gets the
 * control socket and the decision log, a keyholder gets keys. None gets what another one has. */
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/str.h"
#include "daemon/dm_config.h"
#include "daemon/dm_parent_int.h"
#include "ipc/ipc_ring.h"

const char *dm_child_name(const struct dm_child *c, char out[EDGE_WORDS_MAX])
{
	if (c->role == DM_EDGE) {
		return edge_words(out, c->slot, c->pid, c->generation);
	}
	if (c->pid) {
		snprintf(out, EDGE_WORDS_MAX, "%s (pid %d)", dm_role_word(c), (int)c->pid);
	} else {
		str_cut(out, EDGE_WORDS_MAX, dm_role_word(c));
	}
	return out;
}

static int hand_fd(struct dm_child *c, uint32_t kind, size_t index, int fd)
{
	struct dm_msg m = { .kind = kind, .index = (uint32_t)index };

	return dm_send(c->sock, &m, &fd, 1);
}

static enum dm_parts part_of(const struct dm_child *c)
{
	if (c->role == DM_HELPER) {
		return DM_PART_NDSIP;
	}
	if (c->role == DM_HOLDER) {
		return c->slot == KH_PKCS11 ? DM_PART_P11 : DM_PART_KEYHOLDER;
	}
	return c->role == DM_CORE ? DM_PART_CORE : c->zone == ZONE_EXTERNAL ? DM_PART_EXTERNAL : DM_PART_INTERNAL;
}

/* A listener of the zone of this edge that its process does not have yet. */
static int hand_listeners(struct dm_child *c, const struct cfg_iwf *cfg)
{
	const struct dm_parent *p = c->parent;
	int err = 0;

	for (size_t i = 0; i < cfg->listen_n && !err; i++) {
		uint32_t bit = UINT32_C(1) << i;

		if (cfg->listen[i].zone != (int)c->zone || cfg->listen[i].gone_ms || p->listen_fds[i] < 0 ||
		    (c->listeners & bit)) {
			continue; /* external and internal listeners never share an edge; one may be shut */
		}
		if (cfg->listen[i].transport == TRANSPORT_SCTP_UDP && c->place) {
			continue; /* datagrams of one association would go to several stacks */
		}
		err = hand_fd(c, DM_LISTEN, i, p->listen_fds[i]);
		c->listeners |= err ? 0 : bit;
	}
	return err;
}
_Static_assert(CFG_LISTEN_MAX <= 32, "each listener has a bit");

/* The edge closes these when it takes the set. */
static void forget_listeners(struct dm_child *c, const struct cfg_iwf *cfg)
{
	for (size_t i = 0; i < cfg->listen_n; i++) {
		c->listeners &= cfg->listen[i].gone_ms ? ~(UINT32_C(1) << i) : UINT32_MAX;
	}
}

/* To a process that runs: the files and the configuration in one message, so that it takes both or
 * none. */
static int hand_both(struct dm_child *c, const struct dm_set *set, const struct dm_msg *m)
{
	int fds[2] = { set->fd[part_of(c)], -1 };
	int err = dm_config_make(&fds[1], set->cfg, c->parent->listen_ports);

	if (!err && c->role == DM_EDGE) {
		err = hand_listeners(c, set->cfg);
	}
	if (!err) {
		err = dm_send(c->sock, m, fds, 2);
	}
	if (fds[1] >= 0) {
		close(fds[1]);
	}
	if (!err && c->role == DM_EDGE) {
		forget_listeners(c, set->cfg);
	}
	return err;
}

int dm_hand_set(struct dm_child *c)
{
	const struct dm_set *set = dm_holders_set_for(c);
	struct dm_msg m = { .kind = DM_SET, .generation = set->generation };
	int err = dm_child_ready(c) ? hand_both(c, set, &m) : dm_send(c->sock, &m, &set->fd[part_of(c)], 1);

	if (!err) {
		c->set_sent = set->generation;
	}
	return err;
}

static int hand_config(struct dm_child *c)
{
	struct dm_msg m = { .kind = DM_CONFIG, .index = c->slot, .generation = c->generation, .value = c->zone };
	int fd = -1, err = dm_config_make(&fd, dm_holders_set_for(c)->cfg, c->parent->listen_ports);

	if (!err) {
		err = dm_send(c->sock, &m, &fd, 1);
	}
	if (fd >= 0) {
		close(fd);
	}
	return err;
}

static int hand_to_core(struct dm_child *c)
{
	struct dm_parent *p = c->parent;
	int err = 0, decisions;

	if (p->control_fd >= 0) {
		err = hand_fd(c, DM_CONTROL, 0, p->control_fd);
	}
	if (!err && p->control_fd >= 0) {
		err = dm_console_begin(p, c->sock);
	}
	decisions = err ? -1 : dm_open_decisions(p);
	if (decisions >= 0) {
		err = hand_fd(c, DM_DECISIONS, 0, decisions);
		dm_decisions_note(p, decisions);
		close(decisions);
	}
	return err;
}

static int hand_to_edge(struct dm_child *c)
{
	int err;

	c->listeners = 0;
	err = hand_listeners(c, dm_holders_set_for(c)->cfg);
	return err ? err : hand_fd(c, DM_CAPS, c->place, dm_caps_of(c->parent, c->zone)->fd);
}

int dm_hand_over(struct dm_child *c)
{
	struct dm_msg start = { .kind = DM_START };
	int err = hand_config(c);

	if (!err && dm_has_files(c)) {
		err = dm_hand_set(c);
	}
	if (!err) {
		err = hand_fd(c, DM_BEAT, 0, c->beat_fd);
	}
	if (!err) {
		err = c->role == DM_CORE ? hand_to_core(c) : c->role == DM_EDGE ? hand_to_edge(c) : 0;
	}
	if (!err) {
		err = dm_scrape_hand_over(c);
	}
	if (!err) {
		err = dm_audit_hand_over(c);
	}
	return err ? err : dm_send(c->sock, &start, NULL, 0);
}

int dm_hand_ring(struct dm_child *edge)
{
	struct dm_parent *p = edge->parent;
	struct dm_msg m = { .kind = DM_RING, .what = edge->zone, .index = edge->slot, .generation = edge->generation };
	struct ipc_ring_fds a, b;
	int err;

	m.value = dm_ring_value((uint32_t)edge->pid, edge->listeners);
	err = ipc_ring_make(&a, &b, p->cfg->limits.ring_size);
	if (err) {
		return err;
	}
	err = dm_send(p->core.sock, &m, (int[]){ a.out_mem, a.in_mem, a.out_bell, a.in_bell }, 4);
	FAULT_POINT(PARENT_RING_HALF);
	if (!err) {
		err = dm_send(edge->sock, &m, (int[]){ b.out_mem, b.in_mem, b.out_bell, b.in_bell }, 4);
	}
	ipc_ring_fds_close(&a);
	ipc_ring_fds_close(&b);
	return err;
}
