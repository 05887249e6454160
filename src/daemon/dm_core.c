/* dm_core.c - the core role: wires the core and the operator's commands to the parent's messages and runs them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/dm_child.h"
#include "core/core.h"
#include "admin/adm.h"

struct core_process {
	struct dm_inherited in;
	struct net_loop *loop;
	struct net_watch *parent;
	struct core_conf conf;
	struct core *core;
	struct adm *adm; /* NULL: no control socket is configured */
	int status;
};

static void end(struct core_process *p, int status)
{
	p->status = status;
	net_loop_stop(p->loop);
}

static void on_stopped(void *arg)
{
	end(arg, 0);
}

static void tell_parent(struct core_process *p, const struct dm_msg *m)
{
	if (dm_send(DM_CHILD_FD, m, NULL, 0))
		log_error(&p->in.log, "daemon", "the parent does not listen");
}

static void on_bad_edge(void *arg, uint32_t generation)
{
	struct dm_msg m = { .kind = DM_BAD_EDGE, .generation = generation };

	tell_parent(arg, &m);
}

static void on_log_level(void *arg, enum log_level level)
{
	struct dm_msg m = { .kind = DM_LOG_LEVEL, .value = level };

	tell_parent(arg, &m);
}

static const struct core_cb callbacks = { on_bad_edge, on_log_level };

static void add_edge(struct core_process *p, const struct dm_msg *m, int fds[DM_FDS_MAX])
{
	struct ipc_ring_fds ring = { fds[0], fds[1], fds[2], fds[3] };
	struct core_edge_id edge = { m->index, m->generation, m->what == CFG_EXTERNAL ? CFG_EXTERNAL : CFG_INTERNAL,
				     (pid_t)m->value };
	int err = core_edge_add(p->core, &edge, &ring);

	if (!err)
		return;
	log_error(&p->in.log, "daemon", "the ring to edge %u: %s", m->generation, err_str(err));
	ipc_ring_fds_close(&ring);
	on_bad_edge(p, m->generation);
}

static void on_message(struct core_process *p, const struct dm_msg *m, int fds[DM_FDS_MAX])
{
	if (m->kind == DM_RING) {
		add_edge(p, m, fds);
		return; /* it has the descriptors */
	}
	if (m->kind == DM_DECISIONS && fds[0] >= 0) {
		core_decisions(p->core, fds[0]);
		fds[0] = -1;
	} else if (m->kind == DM_EDGE_GONE) {
		core_edge_gone(p->core, m->generation);
	} else if (m->kind == DM_LOG_LOST) {
		core_log_lost(p->core, m->value);
	} else if (m->kind == DM_STOP) {
		core_stop(p->core, on_stopped, p);
	} else {
		log_warn(&p->in.log, "daemon", "unknown message %u of the parent", m->kind);
	}
	for (int i = 0; i < DM_FDS_MAX; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

static void on_parent(void *arg, int events)
{
	struct core_process *p = arg;
	struct dm_msg m;
	int fds[DM_FDS_MAX], err;

	(void)events;
	while ((err = dm_recv(DM_CHILD_FD, &m, fds)) == 0)
		on_message(p, &m, fds);
	if (err != ERR_AGAIN)
		end(p, 1);
}

static int peers_tls(struct core_process *p)
{
	const struct cfg_iwf *cfg = p->in.cfg;
	char why[256] = "";

	for (size_t i = 0; i < cfg->peers_n; i++) {
		int err;

		if (cfg->peers[i].protection != CFG_TLS)
			continue;
		err = dm_tls_of(&p->conf.peer_tls[i], &p->in, false, p->in.peer_cert[i], p->in.peer_key[i],
				(int)cfg_anchor_index(cfg, cfg->peers[i].trust), why, sizeof why);
		if (err) {
			log_error(&p->in.log, "daemon", "peer %s: %s: %s", cfg->peers[i].name, why, err_str(err));
			return err;
		}
	}
	return 0;
}

static int set_up(struct core_process *p)
{
	struct dm_msg ready = { .kind = DM_READY };
	char why[CORE_WHY_MAX] = "";
	int err = net_loop_new(&p->loop);

	if (!err)
		err = peers_tls(p);
	if (err)
		return err;
	p->conf.cfg = p->in.cfg;
	p->conf.log = &p->in.log;
	p->conf.decisions_fd = p->in.decisions_fd;
	p->conf.cb = &callbacks;
	p->conf.arg = p;
	p->in.decisions_fd = -1; /* taken */
	err = core_new(&p->core, p->loop, &p->conf, why);
	if (err) {
		log_error(&p->in.log, "daemon", "%s", why);
		return err;
	}
	if (p->in.control_fd >= 0) {
		err = adm_new(&p->adm, p->core, p->in.control_fd);
		if (err) {
			log_error(&p->in.log, "daemon", "the control socket cannot be served");
			return err;
		}
	}
	err = net_watch_new(&p->parent, p->loop, DM_CHILD_FD, on_parent, p);
	if (!err)
		err = net_watch_set(p->parent, NET_READ);
	return err ? err : dm_send(DM_CHILD_FD, &ready, NULL, 0);
}

static void tear_down(struct core_process *p)
{
	net_watch_free(p->parent);
	adm_free(p->adm);
	core_free(p->core);
	for (size_t i = 0; i < CFG_PEERS_MAX; i++)
		tls_ctx_free(p->conf.peer_tls[i]);
	if (p->loop)
		net_loop_free(p->loop);
	dm_inherited_free(&p->in);
}

int dm_core_main(const char *config_path)
{
	struct core_process *p = calloc(1, sizeof *p);
	int err, status;

	if (!p)
		return 1;
	p->status = 1;
	err = dm_inherit(&p->in, "mtc-iwfd[core]", config_path);
	if (!err) {
		err = set_up(p);
		if (err)
			log_error(&p->in.log, "daemon", "could not start: %s", err_str(err));
	}
	/* The stores, the peers' contexts and the control socket are open: from here on only the peers are connected to. */
	if (!err)
		err = net_loop_run(p->loop);
	tear_down(p);
	log_fini(&p->in.log);
	status = err ? 1 : p->status;
	free(p);
	return status;
}
