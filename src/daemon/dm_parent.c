/* dm_parent.c - the parent: its signals, its start, its end. The life of its processes is in
 * dm_life.c. */
#include "daemon/dm_parent.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exit_codes.h"
#include "base/shown.h"
#include "base/stdfd.h"
#include "daemon/dm_console.h"
#include "daemon/dm_parent_int.h"

#define READY_OCTETS_MAX ((SHOWN_ADDRESS_MAX + 32u) * CFG_LISTEN_MAX)

static void on_hup(void *arg, int signum)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);
	struct dm_msg m = { .kind = DM_DECISIONS };
	int fd = dm_open_decisions(p);

	(void)signum;
	if (fd >= 0) {
		if (p->core.pid && dm_send(p->core.sock, &m, &fd, 1) == 0) {
			log_info(&p->log, "daemon", "decision log opened again");
			dm_decisions_note(p, fd);
		}
		close(fd);
	}
	if (dm_audit_publish(p)) {
		log_warn(&p->log, "daemon", "the core does not take messages");
	}
	if (!p->stopping) {
		dm_reload(p, 0, false);
	}
}

/* The core keeps the counters of the parent. */
static void count(struct dm_parent *p, enum dm_kind kind, uint64_t now, uint64_t *told)
{
	struct dm_msg m = { .kind = kind, .value = now - *told };

	if (m.value && p->core.pid && p->core.state == DM_CHILD_READY && dm_send(p->core.sock, &m, NULL, 0) == 0) {
		*told = now;
	}
}

static void on_turn_end(void *arg)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);

	count(p, DM_LOG_LOST, log_lost(&p->log), &p->log_lost_told);
	dm_watch_tell(p);
	count(p, DM_NAMES_LATE, p->names.late, &p->names.late_told);
	count(p, DM_REFUSED, p->refused, &p->refused_told);
	count(p, DM_CRL_RENEWED, p->crls.renewed, &p->crls.renewed_told);
	count(p, DM_CRL_REFUSED, p->crls.refusals, &p->crls.refusals_told);
}

/* -- */

static int watch_signals(struct dm_parent *p)
{
	int err = net_signal_new(&p->on_chld, p->loop, SIGCHLD, dm_life_on_chld, p);

	if (!err) {
		err = net_signal_new(&p->on_term, p->loop, SIGTERM, dm_stop_begin, p);
	}
	if (!err) {
		err = net_signal_new(&p->on_int, p->loop, SIGINT, dm_stop_begin, p);
	}
	if (!err) {
		err = net_signal_new(&p->on_quit, p->loop, SIGQUIT, dm_stop_begin, p);
	}
	if (!err) {
		err = net_signal_new(&p->on_hup, p->loop, SIGHUP, on_hup, p);
	}
	return err ? err : net_timer_new(&p->stop_timer, p->loop, dm_stop_late, p);
}

/* Timers are created in advance, so that a restart cannot fail for lack of memory. */
static int make_restarts(struct dm_parent *p)
{
	int err = 0;

	for (uint32_t i = 0; i < dm_children(p) && !err; i++) {
		struct dm_child *c = dm_child_at(p, i);

		err = net_timer_new(&c->restart, p->loop, dm_life_restart, c);
	}
	return err;
}

/* An earlier run may have ended in half a line; the children write to the same file, and do not
 * look. */
static int begin_log(struct dm_parent *p)
{
	int err = log_queue(&p->log, WRITER_OCTETS);

	log_look(&p->log);
	return err;
}

static bool is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Threads that write the log and the ready lines: they come after the sandbox, so that they are
 * inside. A log that is a file has no thread, and is begun before. */
static int begin_writers(struct dm_parent *p)
{
	int err = p->log.queue ? 0 : begin_log(p);

	if (!err && stdfd_written(STDOUT_FILENO)) {
		err = writer_open(&p->out, STDOUT_FILENO, READY_OCTETS_MAX, NULL, NULL);
	}
	if (err) {
		log_error(&p->log, "daemon", "%s", err_str(err));
		return err;
	}
	if (p->out) {
		writer_look(p->out);
	}
	log_queue_max(&p->log, p->cfg->log_queue_max);
	return 0;
}

static int open_notify(struct dm_parent *p)
{
	return dm_notify_open(&p->notify, &p->log);
}

static int make_loop(struct dm_parent *p)
{
	int err = net_loop_new(&p->loop);

	if (!err) {
		err = dm_notify_begin(&p->notify, p->loop);
	}
	return err ? err : net_check_new(&p->turn_end, p->loop, on_turn_end, p);
}

/* All that is needed before the first child. On an error tear_down() frees what was made. */
static int begin(struct dm_parent *p)
{
	/* clang-format off */
	static int (*const steps[])(struct dm_parent *p) = {
		open_notify,
		dm_open_all,
		dm_sandboxes_enter, /* before there is a thread */
		begin_writers,
		make_loop,
		watch_signals,
		dm_files_watch,
		dm_crls_watch,
		dm_disk_watch,
		dm_watch_begin,
		make_restarts,
		dm_holders_watch,
		dm_ndsips_watch,
		dm_fetchers_watch,
		dm_decisions_watch,
	};
	/* clang-format on */
	int err = 0;

	for (size_t i = 0; i < sizeof steps / sizeof *steps && !err; i++) {
		err = steps[i](p);
	}
	return err;
}

/* Helpers before those that ask them. */
static void start_children(struct dm_parent *p)
{
	p->generation_next = 1;
	for (uint32_t i = 0; i < p->holders_n; i++) {
		dm_life_start(&p->holders[i]);
	}
	if (p->ndsip_n) {
		dm_life_start(&p->ndsip);
	}
	if (p->fetcher_n) {
		dm_life_start(&p->fetcher);
	}
	if (p->metrics_n) {
		dm_life_start(&p->metrics);
	}
	for (uint32_t i = 0; i < p->edges_n; i++) {
		dm_life_start(&p->edges[i]);
	}
	dm_life_start(&p->core);
}

static int run(struct dm_parent *p)
{
	int err = begin(p);

	if (err) {
		return err;
	}
	start_children(p);
	return p->status ? ERR_IO : net_loop_run(p->loop);
}

static void end_child(struct dm_child *c)
{
	if (c->pid) {
		kill(c->pid, SIGKILL);
		(void)waitpid(c->pid, NULL, 0);
	}
	dm_life_close(c);
	net_timer_free(c->restart);
	net_timer_free(c->pair_again);
	net_timer_free(c->ndsip_again);
	net_timer_free(c->fetch_again);
}

static void tear_down(struct dm_parent *p)
{
	for (uint32_t i = 0; i < p->edges_n; i++) {
		end_child(&p->edges[i]);
	}
	for (uint32_t i = 0; i < p->holders_n; i++) {
		end_child(&p->holders[i]);
	}
	if (p->ndsip_n) {
		end_child(&p->ndsip);
	}
	if (p->fetcher_n) {
		end_child(&p->fetcher);
	}
	if (p->metrics_n) {
		end_child(&p->metrics);
	}
	if (p->edges_n) {
		end_child(&p->core);
	}
	net_signal_free(p->on_chld);
	net_signal_free(p->on_term);
	net_signal_free(p->on_int);
	net_signal_free(p->on_quit);
	net_signal_free(p->on_hup);
	net_timer_free(p->stop_timer);
	net_check_free(p->turn_end);
	dm_watch_end(p);
	dm_ask_end(&p->ask);
	dm_crls_free(p);
	dm_disk_free(p);
	dm_files_free(p);
	dm_console_fini(&p->console);
	dm_close_all(p);
	dm_notify_end(&p->notify);
	if (p->loop) {
		net_loop_free(p->loop);
	}
	p->loaded.set = NULL; /* there may be a newer one; dm_files_free() had the one in use */
	dm_loaded_fini(&p->loaded);
}

static void log_finding(void *arg, const char *kind, const char *text)
{
	const struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);

	log_write(&p->log, strcmp(kind, REPORT_ERROR) == 0 ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "daemon", "%s", text);
}

/* The parent owns the result. */
static int load(struct dm_parent *p, const char *path)
{
	static struct report report;
	int err = dm_load(&p->loaded, path, &report);

	if (p->log.queue) { /* a file may end in half a line; the log ends that first */
		report_each(&report, log_finding, p);
	} else {
		report_print(&report, stderr, "mtc-iwfd");
	}
	p->path = p->loaded.path;
	p->cfg = p->loaded.cfg;
	p->set = p->loaded.set;
	if (!err) {
		dm_source_note(p->cfg, p->loaded.text, p->loaded.text_len);
		p->set->cfg->source = p->cfg->source;
		p->connections_max = p->cfg->limits.connections_total;
	}
	return err;
}

int dm_parent_main(const char *path)
{
	static struct dm_parent parent; /* too large for a stack that is kept small */
	struct dm_parent *p = &parent;
	int status;

	obj_begin(&p->obj, DM_PARENT_MAGIC);
	obj_begin(&p->core.obj, DM_CHILD_MAGIC);
	p->core.parent = p;
	log_init(&p->log, STDERR_FILENO, LOG_LEVEL_INFO, "mtc-iwfd");
	if (is_file(STDERR_FILENO) && begin_log(p)) {
		fprintf(stderr, "mtc-iwfd: %s\n", err_str(ERR_NOMEM));
		return 1;
	}
	if (load(p, path)) {
		log_fini(&p->log);
		return p->loaded.unread ? EXIT_CODE_USAGE : EXIT_CODE_FAILED;
	}
	p->log.level = (enum log_level)p->cfg->log_level;
	status = run(p) ? 1 : p->status;
	tear_down(p);
	writer_end(p->out);
	log_fini(&p->log);
	return status;
}
