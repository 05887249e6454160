/* dm_edge.c - the edge role: takes over its listeners and keys, wires a edge to the parent's messages, runs. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/edge_name.h"
#include "daemon/dm_child.h"
#include "edge/edge.h"

struct edge_process {
	struct dm_inherited in;
	struct net_loop *loop;
	struct net_watch *parent;
	struct dm_beat *beat;
	struct ipc_caps *caps;
	struct edge_conf conf;
	struct edge *edge;
	struct tls_ctx *tls[CFG_LISTEN_MAX];
	int status;
};

static void end(struct edge_process *p, int status)
{
	p->status = status;
	net_loop_stop(p->loop);
}

static void on_stopped(void *arg)
{
	end(arg, 0);
}

static void on_ring_broken(void *arg)
{
	end(arg, 1); /* the parent starts another one, with a ring of its own */
}

static void take_ring(struct edge_process *p, int fds[DM_FDS_MAX])
{
	struct ipc_ring_fds ring = { fds[0], fds[1], fds[2], fds[3] };
	int err = edge_ring_open(p->edge, &ring);

	if (!err) {
		return;
	}
	log_error(&p->in.log, "daemon", "the ring to the core: %s", err_str(err));
	ipc_ring_fds_close(&ring);
	end(p, 1);
}

/* One context for each of our listeners with TLS, or none at all. */
static int make_contexts(const struct edge_process *p, const struct dm_part *part, struct tls_ctx *out[CFG_LISTEN_MAX])
{
	const struct cfg_iwf *cfg = p->in.cfg;
	char why[512] = "";
	int err = 0;

	for (size_t i = 0; i < cfg->listen_n && !err; i++) {
		if (p->in.listen_fds[i] < 0 || cfg->listen[i].protection != PROTECTION_TLS) {
			continue;
		}
		err = dm_part_tls(&out[i], part, cfg, DM_LISTEN_CERTIFICATE, i, TLS_OWN_ANY, why, sizeof why);
		if (err) {
			log_error(&p->in.log, "daemon", "listener %s: %s: %s", cfg->listen[i].name, why, err_str(err));
		}
	}
	for (size_t i = 0; i < CFG_LISTEN_MAX && err; i++) {
		tls_ctx_free(out[i]);
		out[i] = NULL;
	}
	return err;
}

/* Handshakes that begin from now on use the new set; sessions stay. */
static void take_set(struct edge_process *p, const struct dm_msg *m, int fd)
{
	struct tls_ctx *fresh[CFG_LISTEN_MAX] = { NULL };
	struct dm_part part = { .map = NULL };
	int err = dm_set_open(&part, &p->in.log, fd);

	if (!err) {
		err = make_contexts(p, &part, fresh);
	}
	dm_part_close(&part); /* keys are in the contexts now */
	for (size_t i = 0; i < CFG_LISTEN_MAX; i++) {
		if (!fresh[i] || edge_renew(p->edge, &p->in.cfg->listen[i], fresh[i])) {
			tls_ctx_free(fresh[i]);
			continue;
		}
		tls_ctx_free(p->tls[i]);
		p->tls[i] = fresh[i];
	}
	dm_set_answer(&p->in.log, m->generation, err == 0);
}

static void on_parent(void *arg, int events)
{
	struct edge_process *p = arg;
	struct dm_msg m;
	int fds[DM_FDS_MAX], err;

	(void)events;
	while ((err = dm_recv(DM_CHILD_FD, &m, fds)) == 0) {
		if (m.kind == DM_RING) {
			take_ring(p, fds);
			continue;
		}
		if (m.kind == DM_SET) {
			take_set(p, &m, fds[0]);
			fds[0] = -1;
		} else if (m.kind == DM_STOP) {
			edge_stop(p->edge, on_stopped, p);
		} else if (m.kind == DM_LOG_LEVEL && m.value <= LOG_LEVEL_DEBUG) {
			p->in.log.level = (enum log_level)m.value;
		} else {
			log_warn(&p->in.log, "daemon", "unknown message %u of the parent", m.kind);
		}
		for (int i = 0; i < DM_FDS_MAX; i++) {
			if (fds[i] >= 0) {
				close(fds[i]);
			}
		}
	}
	if (err != ERR_AGAIN) {
		end(p, 1); /* nobody is there any more */
	}
}

static int set_up(struct edge_process *p)
{
	struct dm_msg ready = { .kind = DM_READY };
	int err = net_loop_new(&p->loop);

	if (!err) {
		err = ipc_caps_open(&p->caps, p->in.caps_fd, p->in.slot);
	}
	if (err) {
		return err;
	}
	p->conf = (struct edge_conf){ p->in.cfg, p->in.generation, p->caps, &p->in.log, on_ring_broken, p };
	err = make_contexts(p, &p->in.part, p->tls);
	dm_part_close(&p->in.part); /* keys are in the contexts now */
	if (!err) {
		err = edge_new(&p->edge, p->loop, &p->conf);
	}
	for (size_t i = 0; i < p->in.cfg->listen_n && !err; i++) {
		if (p->in.listen_fds[i] >= 0) {
			err = edge_listen(p->edge, p->in.listen_fds[i], &p->in.cfg->listen[i], p->tls[i]);
		}
	}
	if (!err) {
		err = net_watch_new(&p->parent, p->loop, DM_CHILD_FD, on_parent, p);
	}
	if (!err) {
		err = net_watch_set(p->parent, NET_READ);
	}
	if (!err) {
		err = dm_beat_new(&p->beat, p->loop, p->in.beat_fd, p->in.cfg->timers.hang_ms);
	}
	return err ? err : dm_send(DM_CHILD_FD, &ready, NULL, 0);
}

static void tear_down(struct edge_process *p)
{
	dm_beat_free(p->beat);
	net_watch_free(p->parent);
	edge_free(p->edge);
	ipc_caps_close(p->caps);
	for (size_t i = 0; i < CFG_LISTEN_MAX; i++) {
		tls_ctx_free(p->tls[i]);
	}
	if (p->loop) {
		net_loop_free(p->loop);
	}
	dm_inherited_free(&p->in);
}

int dm_edge_main(const char *config_path)
{
	struct edge_process *p = calloc(1, sizeof *p);
	char program[sizeof p->in.log.program], name[EDGE_NAME_MAX], words[EDGE_WORDS_MAX];
	int err, status;

	if (!p) {
		return 1;
	}
	p->status = 1;
	err = dm_inherit(&p->in, "mtc-iwfd[edge]", config_path);
	if (!err) {
		snprintf(program, sizeof program, "mtc-iwfd[%s]", edge_name(name, p->in.slot));
		log_rename(&p->in.log, program);
		log_info(&p->in.log, "daemon", "this is %s", edge_words(words, p->in.slot, getpid(), p->in.generation));
		err = set_up(p);
		if (err) {
			log_error(&p->in.log, "daemon", "could not start: %s", err_str(err));
		}
	}
	/* Everything this process will ever need is open: from here on it uses no file system and makes no socket. */
	if (!err) {
		err = net_loop_run(p->loop);
	}
	tear_down(p);
	log_fini(&p->in.log);
	status = err ? 1 : p->status;
	free(p);
	return status;
}
