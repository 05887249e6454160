/* core.c - the core itself: stores, edges' rings, the end of each turn, its own end. */
#include "core/core.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "apps/app_common.h"
#include "assoc/asc_change.h"
#include "core/core_int.h"

#define STOP_LOOK_MS 20
#define CORE_SHARED_NAMES_MAX 65536u /* hosts, realms and numbers of SCSs; one that does not fit is kept in each trigger */

/* -- the end of a turn: one hand-over of all its intents, one doorbell an edge for all its records */

/* Before any answer leaves: the doorbells of the edges and what is sent to core peers come after it. */
static void write_decisions(struct core *c)
{
	bool failing = aud_flush(c->aud) != 0;

	if (failing != c->decisions_failing) {
		if (failing)
			log_error(c->log, "core",
				  "the decision log cannot be written: %s; lines wait for room until too many wait",
				  strerror(errno));
		else
			log_info(c->log, "core", "the decision log can be written again");
	}
	c->decisions_failing = failing; /* the next turn tries again */
}

static void on_turn_end(void *arg)
{
	struct core *c = arg;
	struct core_edge *e;

	core_revoke_look(c);
	core_queue_move(c);
	jrn_submit(c->jrn);
	write_decisions(c);
	TAILQ_FOREACH(e, &c->edges, entry)
	{
		if (!e->bad && ipc_ring_flush(e->ring))
			core_edge_bad(e, "the indexes of its ring lie");
	}
}

void core_decisions(struct core *c, int fd)
{
	aud_reopen_fd(c->aud, fd);
}

/* -- its life */

static void conf_triggers(struct core *c)
{
	const struct cfg_iwf *cfg = c->cfg;

	c->trg_conf = (struct trg_conf){
		.report_grace_ms = cfg->journal.report_grace_ms,
		.report_retention_ms = cfg->journal.report_retention_ms,
		.retry_min_ms = cfg->dnr.retry_min_ms,
		.retry_max_ms = cfg->dnr.retry_max_ms,
		.reasons = { POL_NONE, POL_ACTION_NOT_SUPPORTED, POL_CONTRADICTING_DEVICE, POL_HSS_SILENT, POL_JOURNAL,
			     POL_SMSSC_SILENT, POL_NOMEM, POL_ORIGINAL_UNKNOWN, POL_ORIGINAL_REPORTED, POL_ORIGINAL_BUSY,
			     POL_ORIGINAL_DEVICE, POL_SMSSC_NO_RECALL, POL_EXPIRED },
		.takers = &c->takers,
		.names = &c->names,
	};
}

static int open_stores(struct core *c, int decisions_fd, char why[CORE_WHY_MAX])
{
	const struct cfg_iwf *cfg = c->cfg;
	char dir[CFG_PATH_MAX + 32];
	struct asc_conf asc = { dir, cfg->associations_size_max, cfg->associations_changes_max,
				(size_t)cfg->associations_import_memory };
	struct asc_why asc_why = { "" };
	int err;

	err = decisions_fd >= 0 ? aud_open_fd(&c->aud, decisions_fd, &c->st) : aud_open(&c->aud, NULL, &c->st);
	if (err) {
		snprintf(why, CORE_WHY_MAX, "the decision log: %s", err_str(err));
		return err;
	}
	snprintf(dir, sizeof dir, "%s/associations", cfg->state_dir);
	err = asc_open(&c->asc, &asc, &asc_why);
	if (err) {
		snprintf(why, CORE_WHY_MAX, "%s", asc_why.text);
		return err;
	}
	return core_journal_open(c, why);
}

static void on_store(void *arg, int events)
{
	struct core *c = arg;

	(void)events;
	asc_completions(c->asc);
}

static int make_tables(struct core *c)
{
	uint32_t random[2];

	if (getrandom(random, sizeof random, 0) != sizeof random)
		return ERR_IO;
	link_ids_init(&c->ids_external, c->cfg->external.host, clock_real_ms(), random[0]);
	link_ids_init(&c->ids_internal, c->cfg->internal.host, clock_real_ms(), random[1]);
	TAILQ_INIT(&c->edges);
	TAILQ_INIT(&c->sessions);
	TAILQ_INIT(&c->triggers);
	TAILQ_INIT(&c->walks);
	core_cursor_begin(&c->sweep_walk, c, NULL); /* ends with the core */
	TAILQ_INIT(&c->drrs);
	TAILQ_INIT(&c->probes);
	c->notice_next = c->token_next = 1;
	c->expiry_s = c->deadline_ms = UINT64_MAX;
	c->sweep_generation = UINT64_MAX; /* what came from the journal is judged by what the store says now */
	if (map_init(&c->sessions_by_key) || map_init(&c->scs_by_name) || map_init(&c->triggers_by_ref) ||
	    map_init(&c->notices_by_number) || map_init(&c->drrs_by_token) ||
	    core_finished_new(&c->ended, c->cfg->limits.ended_max) ||
	    core_dup_new(&c->dup, c->cfg->limits.duplicates_max, c->cfg->limits.duplicates_window_ms) ||
	    net_check_new(&c->check, c->loop, on_turn_end, c) || net_timer_new(&c->again, c->loop, core_records_again, c) ||
	    net_timer_new(&c->expiry, c->loop, core_sessions_expire, c) || multimap_init(&c->triggers_by_device) ||
	    net_timer_new(&c->sweep, c->loop, core_revoke_sweep, c) ||
	    net_timer_new(&c->deadline, c->loop, core_deadlines_due, c) ||
	    net_timer_new(&c->retry, c->loop, core_retry_turn, c) || net_timer_new(&c->queue, c->loop, core_queue_on_timer, c))
		return ERR_NOMEM;
	core_dup_on_drop(c->dup, core_answers_drop, c);
	return 0;
}

static void on_notice_lost(struct core_trigger *t)
{
	core_trigger_step(t, &(struct trg_event){ .kind = TRG_EV_DNA_NO });
}

static const struct core_session_events session_events = { .notice_lost = on_notice_lost,
							   .probe_answered = core_probe_session_gone };

static void on_peer_usable(struct core_peer *p)
{
	if ((size_t)(p - p->core->peers) == p->core->cfg->t4.peer_index)
		core_retry_begin(p->core);
}

static const struct core_peer_events peer_events = { .usable = on_peer_usable,
						     .request = core_report_on_request,
						     .down = core_report_peer_down };

int core_new(struct core **out, struct net_loop *loop, const struct core_conf *conf, char why[CORE_WHY_MAX])
{
	struct core *c = calloc(1, sizeof *c);
	int err;

	if (!c)
		return ERR_NOMEM;
	c->cfg = conf->cfg;
	c->log = conf->log;
	c->cb = conf->cb;
	c->arg = conf->arg;
	c->loop = loop;
	c->started_ms = clock_real_ms();
	snprintf(why, CORE_WHY_MAX, "the core could not be made");
	c->names.max = c->words.max = CORE_SHARED_NAMES_MAX;
	conf_triggers(c);
	c->trg_ports = &core_trigger_ports;
	c->session_events = &session_events;
	err = make_tables(c);
	if (!err)
		err = open_stores(c, conf->decisions_fd, why);
	if (!err)
		err = net_watch_new(&c->store_bell, c->loop, asc_wake_fd(c->asc), on_store, c);
	if (!err)
		err = net_watch_set(c->store_bell, NET_READ);
	if (!err)
		err = core_peers_open(c, conf->peer_tls, &peer_events);
	if (!err) {
		snprintf(why, CORE_WHY_MAX, "the journal cannot be read");
		err = core_triggers_restore(c);
	}
	if (err) {
		core_free(c);
		return err;
	}
	*out = c;
	return 0;
}

static void free_scs(void *arg, struct map_node *node)
{
	struct core_scs *s = MAP_OF(node, struct core_scs, node);

	map_del(arg, node);
	free(s);
}

static void map_end(struct map *m)
{
	if (m->buckets)
		map_fini(m);
}

void core_free(struct core *c)
{
	struct core_edge *e;
	struct core_trigger *t;
	struct core_drr *d;

	if (!c)
		return;
	net_watch_free(c->store_bell);
	core_peers_close(c); /* everyone who waits hears of it before the triggers go */
	if (c->drrs_by_token.buckets) {
		core_probes_free(c);
		while ((e = TAILQ_FIRST(&c->edges)))
			core_edge_free(e);
		while ((t = TAILQ_FIRST(&c->triggers)))
			core_trigger_free(t);
		while ((d = TAILQ_FIRST(&c->drrs))) {
			TAILQ_REMOVE(&c->drrs, d, entry);
			free(d);
		}
		map_each(&c->scs_by_name, free_scs, &c->scs_by_name);
	}
	core_journal_close(c);
	asc_close(c->asc);
	aud_close(c->aud);
	core_finished_free(c->ended);
	core_dup_free(c->dup);
	net_check_free(c->check);
	net_timer_free(c->again);
	net_timer_free(c->expiry);
	net_timer_free(c->sweep);
	net_timer_free(c->deadline);
	heap_fini(&c->deadlines);
	net_timer_free(c->retry);
	net_timer_free(c->queue);
	net_timer_free(c->stop_timer);
	map_end(&c->sessions_by_key);
	map_end(&c->scs_by_name);
	map_end(&c->triggers_by_ref);
	map_end(&c->notices_by_number);
	map_end(&c->drrs_by_token);
	multimap_fini(&c->triggers_by_device);
	trg_names_fini(&c->takers);
	trg_names_fini(&c->names);
	trg_names_fini(&c->words);
	free(c);
}

/* -- the end in order */

static void on_stop_look(void *arg)
{
	struct core *c = arg;

	c->stopped(c->stopped_arg);
}

void core_stop(struct core *c, void (*done)(void *arg), void *arg)
{
	if (c->stopping)
		return;
	c->stopping = true;
	c->stopped = done;
	c->stopped_arg = arg;
	core_peers_leave(c);
	(void)jrn_flush(c->jrn);
	if (net_timer_new(&c->stop_timer, c->loop, on_stop_look, c)) {
		done(arg);
		return;
	}
	/* The DPRs of the peers end in the background; nothing else is waited for. */
	net_timer_start(c->stop_timer, c->cfg->timers.disconnect_wait_ms < 300 ? c->cfg->timers.disconnect_wait_ms : 300);
}
