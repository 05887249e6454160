/* dm_hand.c - what each child is handed. An edge gets the listeners of its zone with certificate and key, the trust anchors and the
 * counter page; the core gets the control socket, the decision log and what its peers need; neither gets what the other has. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "daemon/dm_parent_int.h"
#include "ipc/ipc_ring.h"

static int hand_fd(struct dm_child *c, uint32_t kind, uint32_t what, size_t index, int fd)
{
	struct dm_msg m = { .kind = kind, .what = what, .index = (uint32_t)index };

	return dm_send(c->sock, &m, &fd, 1);
}

static int hand_file(struct dm_child *c, enum dm_file what, size_t index, const char *path)
{
	int fd, err = dm_memfd_of(&fd, path);

	if (err) {
		log_error(&c->parent->log, "daemon", "%s: %s", path, err == ERR_IO ? strerror(errno) : err_str(err));
		return err;
	}
	err = hand_fd(c, DM_FILE, what, index, fd);
	close(fd);
	return err;
}

static int hand_config(struct dm_child *c)
{
	struct dm_msg m = { .kind = DM_CONFIG, .index = c->slot, .generation = c->generation, .value = c->zone };
	int fd, err = dm_memfd(&fd, "mtc-iwf-config", c->parent->text, c->parent->text_len);

	if (err)
		return err;
	err = dm_send(c->sock, &m, &fd, 1);
	close(fd);
	return err;
}

static int hand_anchors(struct dm_child *c)
{
	const struct cfg_iwf *cfg = c->parent->cfg;
	int err = 0;

	for (size_t i = 0; i < cfg->anchors_n && !err; i++)
		err = hand_file(c, DM_ANCHOR, i, cfg->anchors[i].file);
	return err;
}

static int hand_listeners(struct dm_child *c)
{
	const struct dm_parent *p = c->parent;
	int err = 0;

	for (size_t i = 0; i < p->cfg->listen_n && !err; i++) {
		const struct cfg_listen *l = &p->cfg->listen[i];

		if (l->zone != (int)c->zone)
			continue; /* external and internal listeners never share an edge */
		err = hand_fd(c, DM_LISTEN, 0, i, p->listen_fds[i]);
		if (!err && l->protection == CFG_TLS)
			err = hand_file(c, DM_LISTEN_CERTIFICATE, i, l->certificate);
		if (!err && l->protection == CFG_TLS)
			err = hand_file(c, DM_LISTEN_KEY, i, l->key);
	}
	return err;
}

static int hand_peers(struct dm_child *c)
{
	const struct cfg_iwf *cfg = c->parent->cfg;
	int err = 0;

	for (size_t i = 0; i < cfg->peers_n && !err; i++) {
		if (cfg->peers[i].protection != CFG_TLS)
			continue;
		err = hand_file(c, DM_PEER_CERTIFICATE, i, cfg->peers[i].certificate);
		if (!err)
			err = hand_file(c, DM_PEER_KEY, i, cfg->peers[i].key);
	}
	return err;
}

static int hand_to_core(struct dm_child *c)
{
	struct dm_parent *p = c->parent;
	int err = hand_anchors(c), decisions;

	if (!err)
		err = hand_peers(c);
	if (!err && p->control_fd >= 0)
		err = hand_fd(c, DM_CONTROL, 0, 0, p->control_fd);
	decisions = err ? -1 : dm_open_decisions(p);
	if (decisions >= 0) {
		err = hand_fd(c, DM_DECISIONS, 0, 0, decisions);
		close(decisions);
	}
	return err;
}

static int hand_to_edge(struct dm_child *c)
{
	int err = hand_anchors(c);

	if (!err)
		err = hand_listeners(c);
	return err ? err : hand_fd(c, DM_CAPS, 0, 0, c->parent->caps_fd);
}

int dm_hand_over(struct dm_child *c)
{
	struct dm_msg start = { .kind = DM_START };
	int err = hand_config(c);

	if (!err)
		err = c->role == DM_CORE ? hand_to_core(c) : hand_to_edge(c);
	return err ? err : dm_send(c->sock, &start, NULL, 0);
}

int dm_hand_ring(struct dm_child *edge)
{
	struct dm_parent *p = edge->parent;
	struct dm_msg m = { .kind = DM_RING, .what = edge->zone, .index = edge->slot, .generation = edge->generation };
	struct ipc_ring_fds a, b;
	int err;

	m.value = (uint64_t)edge->pid;
	err = ipc_ring_make(&a, &b, p->cfg->limits.ring_size);
	if (err)
		return err;
	err = dm_send(p->core.sock, &m, (int[]){ a.out_mem, a.in_mem, a.out_bell, a.in_bell }, 4);
	FAULT_POINT(PARENT_RING_HALF);
	if (!err)
		err = dm_send(edge->sock, &m, (int[]){ b.out_mem, b.in_mem, b.out_bell, b.in_bell }, 4);
	ipc_ring_fds_close(&a);
	ipc_ring_fds_close(&b);
	return err;
}
