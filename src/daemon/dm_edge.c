/* dm_edge.c - the edge role: takes over its listeners and certificates, connects an edge to the
 * messages of the parent, and runs it. */
#include <stdio.h>
#include <unistd.h>

#include "base/edge_name.h"
#include "daemon/dm_process.h"
#include "edge/edge.h"
#include "keyholder/kh_client.h"
#include "tls/tls_remote.h"

#define EDGE_PROCESS_MAGIC 0x5be207c9u
struct edge_process {
	struct dm_process process;
	struct ipc_caps *caps;
	struct edge_conf conf;
	struct edge *edge;
	struct kh_client *keyholder; /* signs for the listeners: this process has no private key */
	uint32_t channels[KH_KINDS]; /* numbers of the channels to the keyholders, as the parent gave them */
	struct tls_remote *remote;
	struct tls_ctx *tls[CFG_LISTEN_MAX];
	bool listens[CFG_LISTEN_MAX]; /* the edge accepts from it */
};
_Static_assert(offsetof(struct edge_process, process) == 0, "an edge process begins with its struct dm_process");

static struct edge_process *edge_of(void *p)
{
	return obj_of(p, EDGE_PROCESS_MAGIC, "struct edge_process", __func__);
}

static void on_stopped(void *arg)
{
	dm_process_end(&edge_of(arg)->process, 0);
}

static void on_ring_broken(void *arg)
{
	dm_process_end(&edge_of(arg)->process, 1); /* the parent starts a new edge with a new ring */
}

static void take_ring(struct edge_process *p, int fds[DM_FDS_MAX])
{
	struct ipc_ring_fds ring = dm_process_ring(fds);
	int err = edge_ring_open(p->edge, &ring);

	if (!err) {
		return;
	}
	log_error(&p->process.in.log, "daemon", "the ring to the core: %s", err_str(err));
	ipc_ring_fds_close(&ring);
	dm_process_end(&p->process, 1);
}

/* One TLS context for each of our listeners with TLS, or none at all. */
static int make_contexts(const struct edge_process *p, const struct cfg_iwf *cfg, const struct dm_part *part,
			 struct tls_ctx *out[CFG_LISTEN_MAX])
{
	struct dm_signs signs = { .remote = p->remote, .ocsp = edge_ocsp(p->edge) };
	char why[512] = "";
	int err = 0;

	for (size_t i = 0; i < cfg->listen_n && !err; i++) {
		if (p->process.in.listen_fds[i] < 0 || cfg->listen[i].gone_ms || !protection_has_tls(cfg->listen[i].protection)) {
			continue;
		}
		err = dm_part_tls(&out[i], part, cfg, DM_LISTEN_CERTIFICATE, i, TLS_OWN_ANY, &signs, why, sizeof why);
		if (err) {
			log_error(&p->process.in.log, "daemon", "listener %s: %s: %s", cfg->listen[i].name, why, err_str(err));
		}
	}
	for (size_t i = 0; i < CFG_LISTEN_MAX && err; i++) {
		tls_ctx_free(out[i]);
		out[i] = NULL;
	}
	return err;
}

/* The sessions of a listener that is gone keep its context until they end. */
static void close_gone(struct edge_process *p)
{
	const struct cfg_iwf *cfg = p->process.in.cfg;

	for (size_t i = 0; i < cfg->listen_n; i++) {
		if (!cfg->listen[i].gone_ms || p->process.in.listen_fds[i] < 0) {
			continue;
		}
		if (p->listens[i]) { /* not one of a set that this process refused */
			edge_unlisten(p->edge, &cfg->listen[i]);
		}
		close(p->process.in.listen_fds[i]);
		p->process.in.listen_fds[i] = -1;
		p->listens[i] = false;
	}
}

static int begin_listening(struct edge_process *p)
{
	const struct cfg_iwf *cfg = p->process.in.cfg;
	int err = 0;

	for (size_t i = 0; i < cfg->listen_n && !err; i++) {
		if (p->process.in.listen_fds[i] < 0 || p->listens[i] || cfg->listen[i].gone_ms) {
			continue;
		}
		err = edge_listen(p->edge, p->process.in.listen_fds[i], &cfg->listen[i], p->tls[i]);
		p->listens[i] = !err;
	}
	return err;
}

/* Handshakes that begin from now on use the new set; sessions stay. */
static void use_set(struct edge_process *p, struct cfg_iwf *cfg, struct tls_ctx *fresh[CFG_LISTEN_MAX])
{
	dm_config_use(&p->process.in, cfg);
	close_gone(p);
	for (size_t i = 0; i < CFG_LISTEN_MAX; i++) {
		if (!fresh[i] || (p->listens[i] && edge_renew(p->edge, &p->process.in.cfg->listen[i], fresh[i]))) {
			tls_ctx_free(fresh[i]);
			continue;
		}
		tls_ctx_free(p->tls[i]);
		p->tls[i] = fresh[i];
	}
	edge_reconfigure(p->edge);
}

static void take_set(struct edge_process *p, const struct dm_msg *m, int fd, int config)
{
	struct tls_ctx *fresh[CFG_LISTEN_MAX] = { NULL };
	struct dm_part part = { .map = NULL };
	struct cfg_iwf *cfg = NULL;
	int err = dm_config_take(&cfg, &p->process.in.log, config), set = dm_set_open(&part, &p->process.in.log, fd);

	enum dm_set_step step = err ? DM_STEP_CONFIG : set ? DM_STEP_FILES : DM_STEP_CONTEXTS;

	err = err ? err : set;
	if (!err) {
		err = make_contexts(p, cfg, &part, fresh);
	}
	dm_part_close(&part);
	if (err) {
		cfg_iwf_free(cfg);
	} else {
		use_set(p, cfg, fresh);
		step = DM_STEP_LISTEN;
		err = begin_listening(p);
	}
	dm_process_set_answer(&p->process, m->generation, step, err);
}

static void take_listener(struct edge_process *p, const struct dm_msg *m, int *fd)
{
	int *place = m->index < CFG_LISTEN_MAX ? &p->process.in.listen_fds[m->index] : NULL;

	if (!place || p->listens[m->index]) {
		return;
	}
	if (*place >= 0) {
		close(*place);
	}
	*place = *fd;
	*fd = -1;
}

/* Either end may have closed it, and both processes may live on: the parent makes a new one. */
static void on_keyholder_lost(void *arg, unsigned kind)
{
	const struct edge_process *p = edge_of(arg);
	struct dm_msg m = { .kind = DM_KEYS_LOST, .what = kind, .index = p->channels[kind] };

	if (dm_send(DM_CHILD_FD, &m, NULL, 0)) {
		log_error(&p->process.in.log, "daemon", "the parent does not listen");
	}
}

/* A keyholder, or the next one, or another channel to the same. Without it new connections are
 * refused. */
static void take_keyholder(struct edge_process *p, const struct dm_msg *m, int fd)
{
	int err = kh_client_channel(p->keyholder, m->what, fd, m->value);

	if (m->what < KH_KINDS) {
		p->channels[m->what] = m->index;
	}
	if (err) {
		log_error(&p->process.in.log, "daemon", "the channel to the keyholder: %s", err_str(err));
	}
	if (err && m->what < KH_KINDS) {
		on_keyholder_lost(p, m->what);
	}
}

static void on_ndsip_lost(void *arg, uint32_t number)
{
	const struct edge_process *p = edge_of(arg);
	struct dm_msg m = { .kind = DM_NDSIP_LOST, .index = number };

	if (dm_send(DM_CHILD_FD, &m, NULL, 0)) {
		log_error(&p->process.in.log, "daemon", "the parent does not listen");
	}
}

static void take_ndsip(struct edge_process *p, const struct dm_msg *m, int fd)
{
	int err = edge_ndsip(p->edge, fd, m->index, on_ndsip_lost, p);

	if (err) {
		log_error(&p->process.in.log, "daemon", "the channel to the NDS/IP helper: %s", err_str(err));
	}
}

static void on_fetcher_lost(void *arg, uint32_t number)
{
	const struct edge_process *p = edge_of(arg);
	struct dm_msg m = { .kind = DM_FETCH_LOST, .index = number };

	if (dm_send(DM_CHILD_FD, &m, NULL, 0)) {
		log_error(&p->process.in.log, "daemon", "the parent does not listen");
	}
}

/* Without one no responder is asked: what is kept holds until it ends. */
static void take_fetcher(struct edge_process *p, const struct dm_msg *m, int fd)
{
	int err = edge_fetcher(p->edge, fd, m->index, on_fetcher_lost, p);

	if (err) {
		log_error(&p->process.in.log, "daemon", "the channel to the fetcher: %s", err_str(err));
	}
}

static int make_signer(struct edge_process *p)
{
	const struct cfg_keyholder *k = &p->process.in.cfg->keyholder;
	struct kh_client_conf conf = { .loop = p->process.loop,
				       .log = &p->process.in.log,
				       .st = edge_counters(p->edge),
				       .wait_ms = k->sign_wait_ms,
				       .waiting_max = k->waiting,
				       .lost = on_keyholder_lost,
				       .arg = p };
	struct tls_signer signer;
	int err = kh_client_new(&p->keyholder, &conf);

	if (err) {
		return err;
	}
	signer = kh_client_signer(p->keyholder);
	return tls_remote_new(&p->remote, &signer, k->waiting);
}

static void on_message(struct dm_process *process, const struct dm_msg *m, int fds[DM_FDS_MAX])
{
	struct edge_process *p = edge_of(process);

	if (m->kind == DM_RING) {
		take_ring(p, fds);
	} else if (m->kind == DM_SET) {
		take_set(p, m, fds[0], fds[1]);
		fds[0] = fds[1] = -1;
	} else if (m->kind == DM_LISTEN && fds[0] >= 0) {
		take_listener(p, m, &fds[0]);
	} else if (m->kind == DM_KEYS) {
		take_keyholder(p, m, fds[0]);
		fds[0] = -1;
	} else if (m->kind == DM_NDSIP && fds[0] >= 0) {
		take_ndsip(p, m, fds[0]);
		fds[0] = -1;
	} else if (m->kind == DM_FETCH && fds[0] >= 0) {
		take_fetcher(p, m, fds[0]);
		fds[0] = -1;
	} else if (m->kind == DM_STOP) {
		edge_stop(p->edge, on_stopped, p);
	} else if (m->kind == DM_LOG_LEVEL && m->value <= LOG_LEVEL_DEBUG) {
		p->process.in.log.level = (enum log_level)m->value;
	} else {
		log_warn(&p->process.in.log, "daemon", "unknown message %u of the parent", m->kind);
	}
}

static void present(struct edge_process *p)
{
	char program[sizeof p->process.in.log.program], name[EDGE_NAME_MAX], words[EDGE_WORDS_MAX];

	snprintf(program, sizeof program, "mtc-iwfd[%s]", edge_name(name, p->process.in.slot));
	log_rename(&p->process.in.log, program);
	log_info(&p->process.in.log, "daemon", "this is %s",
		 edge_words(words, p->process.in.slot, getpid(), p->process.in.generation));
}

static int set_up(struct dm_process *process)
{
	struct edge_process *p = edge_of(process);
	int err;

	present(p);
	err = ipc_caps_open(&p->caps, p->process.in.caps_fd, p->process.in.caps_slot);
	if (err) {
		return err;
	}
	p->conf =
	    (struct edge_conf){ p->process.in.cfg, p->process.in.generation, p->caps, &p->process.in.log, on_ring_broken, p };
	err = edge_new(&p->edge, p->process.loop, &p->conf);
	if (!err) {
		err = make_signer(p);
	}
	if (!err) {
		err = make_contexts(p, p->process.in.cfg, &p->process.in.part, p->tls);
	}
	dm_part_close(&p->process.in.part);
	return err ? err : begin_listening(p);
}

static void tear_down(struct dm_process *process)
{
	struct edge_process *p = edge_of(process);

	edge_free(p->edge);
	ipc_caps_close(p->caps);
	for (size_t i = 0; i < CFG_LISTEN_MAX; i++) {
		tls_ctx_free(p->tls[i]);
	}
	tls_remote_free(p->remote);
	kh_client_free(p->keyholder);
}

static const struct dm_process_kind kind = {
	"mtc-iwfd[edge]", sizeof(struct edge_process), EDGE_PROCESS_MAGIC, set_up, on_message, tear_down, SBX_EDGE
};

int dm_edge_main(void)
{
	return dm_process_main(&kind);
}
