/* core.c - start and end of the core: stores, rings of the edges, the end of each turn. */
#include "core/core.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "apps/app_common.h"
#include "assoc/asc_change.h"
#include "base/shown.h"
#include "base/str.h"
#include "core/core_int.h"
#include "core/core_overdue.h"
#include "core/core_ports.h"
#include "core/core_records.h"
#include "core/core_restore.h"

#define STOP_WAIT_MAX_MS 300
#define STOP_LOOK_MS 5

/* -- the end of a turn */

static void end_decisions(struct core *c)
{
	uint64_t lost = aud_close(c->decisions.aud);
	char decisions[SHOWN_COUNT_MAX];
	int error = errno;

	aud_kept_free(c->decisions.kept);
	if (lost) {
		log_error(c->log, "core", "lost: %s; %s cannot be written: %s", shown_count(decisions, lost, "decision"),
			  c->cfg->decisions, strerror(error));
	}
}

static void on_turn_end(void *arg)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	core_revoke_look(c);
	core_peers_look(c);
	core_queue_move(c);
	core_park_look(c);
	core_screen_look(c);
	core_ndsip_look(c);
	core_flow_all(c);
	pages_heap_look(&c->triggers.heap);
}

void core_log_lost(struct core *c, uint64_t lines)
{
	c->parent_log_lost += lines;
	c->st.v[ST_LOG_LOST] = c->parent_log_lost + log_lost(c->log);
}

void core_hung(struct core *c, uint32_t which, const char *name, uint32_t total, uint64_t more)
{
	if (which < CORE_HUNG_KINDS) {
		c->hung[which] = (struct core_hung_kind){ name, total };
	}
	st_count_n(&c->st, ST_HANGS, more);
}

void core_hung_each(const struct core *c, core_hung_fn *fn, void *arg)
{
	for (uint32_t i = 0; i < CORE_HUNG_KINDS; i++) {
		if (c->hung[i].total) {
			fn(arg, c->hung[i].name, c->hung[i].total);
		}
	}
}

void core_decisions(struct core *c, int fd)
{
	aud_reopen(c->decisions.aud, fd);
}

/* -- start and end */

static void on_store(void *arg, int events)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	(void)events;
	asc_completions(c->store.asc);
	core_rooms_look(c);
}

static int open_stores(struct core *c, const struct core_conf *conf, char why[CORE_WHY_MAX])
{
	const struct cfg_iwf *cfg = c->cfg;
	char dir[CFG_PATH_MAX + 32];
	struct asc_conf asc = { .dir = dir,
				.map_max = cfg->associations_size_max,
				.lock_wait_ms = cfg->timers.lock_wait_ms,
				.changes_max = cfg->associations_changes_max,
				.import_memory = (size_t)cfg->associations_import_memory,
				.undo_max = cfg->associations_undo_max,
				.undo_octets_max = cfg->associations_undo_size_max };
	struct asc_why asc_why = { "" };
	int err;

	err = aud_open(&c->decisions.aud, conf->decisions_fd, &c->st);
	if (err) {
		snprintf(why, CORE_WHY_MAX, "the decision log: %s", err_str(err));
		return err;
	}
	aud_lines(c->decisions.aud, cfg->decision_lines);
	if (cfg->decisions_kept) {
		err = aud_kept_new(&c->decisions.kept, cfg->decisions_kept);
		if (err) {
			snprintf(why, CORE_WHY_MAX, "log.kept: %s", err_str(err));
			return err;
		}
		aud_keep(c->decisions.aud, c->decisions.kept);
	}
	err = core_audit_open(c, conf->audit_key, conf->audit_last, conf->publish_fd);
	if (err) {
		snprintf(why, CORE_WHY_MAX, "the audit: %s", err_str(err));
		return err;
	}
	snprintf(dir, sizeof dir, "%s/associations", cfg->state_dir);
	err = asc_open(&c->store.asc, &asc, &asc_why);
	if (err) {
		str_cut(why, CORE_WHY_MAX, asc_why.text);
		return err;
	}
	err = net_watch_new(&c->store.bell, c->loop, asc_wake_fd(c->store.asc), on_store, c);
	if (!err) {
		err = net_watch_set(c->store.bell, NET_READ);
	}
	return err ? err : core_journal_open(c, why);
}

static void on_notice_lost(struct core_trigger *t)
{
	core_trigger_step(t, &(struct trg_event){ .kind = TRG_EV_DNA_NO });
}

static const struct core_session_events session_events = { .notice_ended = core_wake_room,
							   .notice_lost = on_notice_lost,
							   .probe_answered = core_probe_session_gone };

static void on_peer_usable(struct core_peer *p)
{
	core_smpp_apart_move(p);
	if ((size_t)(p - p->core->peers.row) == p->core->peers.t4) {
		core_retry_begin(p->core);
	}
}

static void on_peer_answered(struct core_peer *p)
{
	core_smpp_apart_move(p);
	core_smpp_early_look(p);
}

static void on_peer_down(struct core_peer *p)
{
	core_report_peer_down(p);
	core_smpp_early_down(p);
}

static const struct core_peer_events peer_events = { .usable = on_peer_usable,
						     .request = core_report_on_request,
						     .receipt = core_smpp_delivered,
						     .answered = on_peer_answered,
						     .traced = core_trace_smpp,
						     .down = on_peer_down };

static int make_ids(struct core *c)
{
	uint32_t random;

	if (getrandom(&random, sizeof random, 0) != sizeof random) {
		return ERR_IO;
	}
	link_ids_init(&c->peers.ids, c->cfg->internal.host, clock_real_ms(), random);
	return 0;
}

static int make_hash(struct core *c)
{
	return hash_new(&c->hash);
}

static int make_check(struct core *c)
{
	return net_check_new(&c->check, c->loop, on_turn_end, c);
}

static int make_finished(struct core *c)
{
	return core_finished_new(&c->finished, c->cfg->limits.ended_max);
}

static int init_sessions(struct core *c)
{
	return core_sessions_init(c, &session_events);
}

static int init_triggers(struct core *c)
{
	return core_triggers_init(c, &core_trigger_ports);
}

typedef int init_fn(struct core *c);

/* clang-format off */
static init_fn *const before_stores[] = {
	make_ids,
	make_hash,
	make_check,
	make_finished,
	core_past_init,
	init_sessions,
	core_deadlines_init,
	core_overdue_init,
	core_queue_init,
	core_smpp_names_init,
	core_smpp_apart_init,
	core_smpp_early_init,
};
static init_fn *const after_stores[] = {
	core_ocsp_init,
	core_rooms_init,
	init_triggers,
	core_wakes_init,
	core_dnrs_init,
	core_drrs_init,
	core_retry_init,
	core_sweep_init,
	core_edges_init,
	core_look_init,
	core_ndsip_init,
};
/* clang-format on */

static int init_each(struct core *c, init_fn *const *parts, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		err = parts[i](c);
	}
	return err;
}

/* Initialises the parts in the order of their dependencies; core_free() ends them in reverse. */
static int init_parts(struct core *c, const struct core_conf *conf, char why[CORE_WHY_MAX])
{
	int err = init_each(c, before_stores, sizeof before_stores / sizeof *before_stores);

	if (!err) {
		err = open_stores(c, conf, why);
	}
	if (!err) {
		err = core_screen_init(c, why);
	}
	if (!err) {
		err = init_each(c, after_stores, sizeof after_stores / sizeof *after_stores);
	}
	if (err) {
		return err;
	}
	core_probes_init(c);
	return core_peers_open(c, conf->peer_tls, &peer_events);
}

int core_new(struct core **out, struct net_loop *loop, const struct core_conf *conf, char why[CORE_WHY_MAX])
{
	struct core *c = calloc(1, sizeof *c);
	int err;

	if (!c) {
		return ERR_NOMEM;
	}
	obj_begin(&c->obj, CORE_MAGIC);
	c->cfg = conf->cfg;
	c->log = conf->log;
	c->cb = conf->cb;
	c->arg = conf->arg;
	core_smpp_password(c, conf->smssc_password);
	c->loop = loop;
	core_quotas_init(c);
	core_seen_init(c);
	core_pieces_init(c);
	core_time_init(c);
	c->time.started_ms = core_now_ms(c);
	snprintf(why, CORE_WHY_MAX, "the core could not be made");
	err = init_parts(c, conf, why);
	if (!err) {
		snprintf(why, CORE_WHY_MAX, "the journal cannot be read");
		err = core_triggers_restore(c);
		if (err == ERR_NOMEM) {
			snprintf(why, CORE_WHY_MAX,
				 "no memory for what the journal holds; raise limits.memory, or the limit of the system for the "
				 "service");
		}
	}
	if (!err) {
		snprintf(why, CORE_WHY_MAX, "the core could not be made");
		err = core_memory_init(c);
	}
	if (err) {
		core_free(c);
		return err;
	}
	*out = c;
	return 0;
}

void core_free(struct core *c)
{
	if (!c) {
		return;
	}
	OBJ_CHECK(c, CORE_MAGIC);
	core_memory_fini(c); /* the end may need it */
	core_trace_fini(c);
	core_ndsip_fini(c);
	core_look_fini(c);
	core_peers_close(c); /* outstanding requests complete before the triggers go */
	core_probes_fini(c);
	core_edges_fini(c);
	core_sweep_fini(c);
	core_retry_fini(c);
	core_drrs_fini(c);
	core_dnrs_fini(c);
	core_wakes_fini(c);
	core_later_fini(c);
	core_triggers_fini(c);
	core_rooms_fini(c);
	core_ocsp_fini(c);
	core_journal_close(c);
	core_smpp_apart_fini(c);
	core_pieces_fini(c); /* the last completions of the journal end triggers */
	net_watch_free(c->store.bell);
	asc_close(c->store.asc);
	end_decisions(c);
	core_audit_close(c);
	core_smpp_early_fini(c);
	core_smpp_names_fini(c);
	core_queue_fini(c);
	core_overdue_fini(c);
	core_deadlines_fini(c);
	core_sessions_fini(c);
	core_past_fini(c);
	core_finished_free(c->finished);
	net_check_free(c->check);
	hash_free(c->hash);
	net_timer_free(c->stop.timer);
	core_time_fini(c);
	OBJ_END(c, CORE_MAGIC);
	free(c);
}

/* -- orderly stop */

static void on_stop_look(void *arg)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	if (core_peers_left(c) || net_loop_now_ms(c->loop) >= c->stop.by_ms) {
		c->stop.done(c->stop.arg);
		return;
	}
	net_timer_start(c->stop.timer, STOP_LOOK_MS);
}

void core_stop(struct core *c, void (*done)(void *arg), void *arg)
{
	if (c->stop.begun) {
		return;
	}
	c->stop.begun = true;
	c->stop.done = done;
	c->stop.arg = arg;
	core_trace_leave(c);
	core_peers_leave(c);
	core_flow_lines(c);
	(void)jrn_flush(c->journal.jrn);
	if (net_timer_new(&c->stop.timer, c->loop, on_stop_look, c)) {
		done(arg);
		return;
	}
	/* The peers' DPRs complete in the background; core_stop() waits for nothing else. */
	c->stop.by_ms =
	    net_loop_now_ms(c->loop) +
	    (c->cfg->timers.disconnect_wait_ms < STOP_WAIT_MAX_MS ? c->cfg->timers.disconnect_wait_ms : STOP_WAIT_MAX_MS);
	net_timer_start(c->stop.timer, STOP_LOOK_MS);
}
