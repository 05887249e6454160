/* dm_metrics.c - the process that answers scrapes: gives mtr_http.h what the parent hands over, the
 * page and a listening descriptor. It gets no certificate, no key and no other socket. */
#include "daemon/dm_process.h"
#include "metrics/mtr_http.h"

_Static_assert(CFG_HOST_MAX == MTR_HOST_MAX, "names of hosts have one length");

#define METRICS_PROCESS_MAGIC 0x5bd8e1f6u
struct metrics_process {
	struct dm_process process;
	struct mtr_page *page;
	struct mtr_http *http;
};
_Static_assert(offsetof(struct metrics_process, process) == 0, "a metrics process begins with its struct dm_process");

static struct metrics_process *metrics_of(void *p)
{
	return obj_of(p, METRICS_PROCESS_MAGIC, "struct metrics_process", __func__);
}

static void on_message(struct dm_process *process, const struct dm_msg *m, int fds[DM_FDS_MAX])
{
	struct metrics_process *p = metrics_of(process);

	(void)fds;
	if (m->kind == DM_STOP) {
		dm_process_end(process, 0);
	} else if (m->kind == DM_LOG_LEVEL && m->value <= LOG_LEVEL_DEBUG) {
		p->process.in.log.level = (enum log_level)m->value;
	} else {
		log_warn(&p->process.in.log, "daemon", "unknown message %u of the parent", m->kind);
	}
}

static int set_up(struct dm_process *process)
{
	struct metrics_process *p = metrics_of(process);
	struct cfg_metrics *m = &process->in.cfg->metrics;
	struct mtr_http_conf conf = { .loop = process->loop,
				      .log = &process->in.log,
				      .fd = process->in.metrics_listen_fd,
				      .connections = m->connections,
				      .wait_ms = m->wait_ms,
				      .every_ms = m->every_ms,
				      .hosts = { m->hosts, m->hosts_n } };
	int err = mtr_page_reader(&p->page, process->in.metrics_fd);

	conf.page = p->page;
	return err ? err : mtr_http_new(&p->http, &conf);
}

static void tear_down(struct dm_process *process)
{
	struct metrics_process *p = metrics_of(process);

	mtr_http_free(p->http);
	mtr_page_close(p->page);
}

static const struct dm_process_kind kind = {
	"mtc-iwfd[metrics]", sizeof(struct metrics_process), METRICS_PROCESS_MAGIC, set_up, on_message, tear_down, SBX_METRICS
};

int dm_metrics_main(void)
{
	return dm_process_main(&kind);
}
