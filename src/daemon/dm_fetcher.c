/* dm_fetcher.c - the fetcher as a process: gives fch_serve.h what the parent hands over.
 *
 *   DM_FETCH           --> a pair of sockets to an edge, or to the core
 *   DM_FETCH_CONNECTED --> a connection to a responder, after DM_FETCH_WANTED
 *
 * It gets no certificate and no key. */
#include <inttypes.h>

#include "conf/cfg_iwf_ocsp.h"
#include "daemon/dm_process.h"
#include "fetch/fch_serve.h"

#define QUESTIONS_MAX 8192u /* of all edges: each has at most ocsp.asked out */

#define FETCHER_PROCESS_MAGIC 0x47e19b5du
struct fetcher_process {
	struct dm_process process;
	struct fch_serve *serve;
	struct cfg_responder responders[CFG_RESPONDERS_MAX];
	const struct http_url *urls[CFG_RESPONDERS_MAX]; /* NULL: there is none of this number */
};
_Static_assert(offsetof(struct fetcher_process, process) == 0, "a fetcher process begins with its struct dm_process");
_Static_assert(CFG_RESPONDERS_MAX <= FCH_RESPONDERS_MAX, "each responder has a number");

static struct fetcher_process *fetcher_of(void *p)
{
	return obj_of(p, FETCHER_PROCESS_MAGIC, "struct fetcher_process", __func__);
}

static int want_connection(void *arg, uint32_t responder, uint32_t job)
{
	struct dm_msg m = { .kind = DM_FETCH_WANTED, .index = responder, .generation = job };

	(void)fetcher_of(arg);
	return dm_send(DM_CHILD_FD, &m, NULL, 0);
}

static void on_bad_edge(void *arg, uint32_t edge)
{
	const struct fetcher_process *p = fetcher_of(arg);
	struct dm_msg m = { .kind = DM_BAD_EDGE, .generation = edge };

	if (dm_send(DM_CHILD_FD, &m, NULL, 0)) {
		log_error(&p->process.in.log, "daemon", "the parent does not listen");
	}
}

static void take_pair(struct fetcher_process *p, const struct dm_msg *m, int fd)
{
	int err = fch_serve_edge(p->serve, fd, m->generation, m->what == 1);

	if (err) {
		log_error(&p->process.in.log, "daemon", "the channel to the edge of generation %" PRIu32 ": %s", m->generation,
			  err_str(err));
	}
}

static void on_message(struct dm_process *process, const struct dm_msg *m, int fds[DM_FDS_MAX])
{
	struct fetcher_process *p = fetcher_of(process);

	if (m->kind == DM_FETCH && fds[0] >= 0) {
		take_pair(p, m, fds[0]);
		fds[0] = -1;
	} else if (m->kind == DM_FETCH_CONNECTED) {
		fch_serve_connected(p->serve, m->generation, fds[0]);
		fds[0] = -1;
	} else if (m->kind == DM_STOP) {
		dm_process_end(process, 0);
	} else if (m->kind == DM_LOG_LEVEL && m->value <= LOG_LEVEL_DEBUG) {
		p->process.in.log.level = (enum log_level)m->value;
	} else {
		log_warn(&p->process.in.log, "daemon", "unknown message %u of the parent", m->kind);
	}
}

static int set_up(struct dm_process *process)
{
	struct fetcher_process *p = fetcher_of(process);
	const struct cfg_iwf *cfg = process->in.cfg;
	struct fch_serve_conf conf = { .loop = process->loop,
				       .log = &process->in.log,
				       .responders = p->urls,
				       .responders_n = CFG_RESPONDERS_MAX,
				       .receiver = CFG_RECEIVER,
				       .timeout_ms = cfg->timers.ocsp_ms,
				       .size_max = cfg->ocsp.size_max,
				       .open_max = cfg->ocsp.connections,
				       .queue_max = QUESTIONS_MAX,
				       .each_max = 2 * cfg->ocsp.asked, /* as many may be left of a channel before */
				       .want = want_connection,
				       .bad_edge = on_bad_edge,
				       .arg = p };

	for (size_t i = 0; i < CFG_RESPONDERS_MAX; i++) {
		if (cfg_responder(&p->responders[i], cfg, i)) {
			p->urls[i] = &p->responders[i].url;
		}
	}
	return fch_serve_new(&p->serve, &conf);
}

static void tear_down(struct dm_process *process)
{
	fch_serve_free(fetcher_of(process)->serve);
}

static const struct dm_process_kind kind = {
	"mtc-iwfd[fetcher]", sizeof(struct fetcher_process), FETCHER_PROCESS_MAGIC, set_up, on_message, tear_down, SBX_FETCHER
};

int dm_fetcher_main(void)
{
	return dm_process_main(&kind);
}
