/* core_trace.c - the trace that runs: its bounds and counts, its file, its begin and end.
 *
 *   (none) --core_trace_begin()--> RUNS --stop, time, size--> ENDS --file written--> (none)
 *                                    |                                                 ^
 *                                    +-------------- its file takes no more -----------+
 */
#include "core/core_trace_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define TICK_MS 100u        /* the file is this much behind */
#define QUIET_TICK_MS 5000u /* while nothing gathers */

/* -- what people are told */

static void decide(const struct core_trace_run *r, const char *reason)
{
	const struct core_trace_view *v = &r->view;
	char what[TRC_FILTER_TEXT_MAX + CORE_TRACE_NAME_MAX + CORE_TRACE_END_MAX + 160];

	if (*v->end) {
		snprintf(what, sizeof what, "trace %" PRIu32 ": %s; %" PRIu64 " messages, %" PRIu64 " lost; %s", v->number,
			 v->end, v->messages, v->lost, v->filter);
	} else {
		snprintf(what, sizeof what, "trace %" PRIu32 ": %s; %s; into %s; at most %" PRIu64 " s and %" PRIu64 " bytes",
			 v->number, v->filter, v->unredacted ? "UNREDACTED" : "redacted", v->name,
			 (v->until_ms - v->since_ms) / 1000, v->octets_max);
	}
	log_warn(r->core->log, "core", "%s %s: %s", reason, v->who, what);
	core_decide_trace(r->core, v->who, r->filter.scs, what, reason);
}

/* -- into the file */

void core_trace_lose(struct core_trace_run *r, uint64_t n)
{
	r->view.lost += n;
	st_count_n(&r->core->st, ST_TRACE_LOST, n);
}

static void end(struct core_trace_run *r, const char *why);

void core_trace_put(struct core_trace_run *r, const struct trc_packet *p)
{
	size_t need = p->len + TRC_PACKET_OVERHEAD, before;
	struct buf *out;

	if (r->ends) {
		return;
	}
	if (r->view.octets + need + TRC_BLOCK_MAX > r->view.octets_max) {
		end(r, "it has the size that it may have");
		return;
	}
	/* room stays for the block that says what was lost */
	out = core_trace_file_room(r->file, need + TRC_BLOCK_MAX);
	if (!out) {
		core_trace_lose(r, 1);
		return;
	}
	before = out->len;
	if (!before) {
		net_timer_start(r->tick, TICK_MS);
	}
	trc_put_packet(out, p);
	r->view.octets += out->len - before;
	r->view.messages++;
	st_count(&r->core->st, ST_TRACED);
}

static void put_counts(struct core_trace_run *r)
{
	struct buf *out = core_trace_file_room(r->file, TRC_BLOCK_MAX);
	char comment[CORE_TRACE_END_MAX + 64];
	size_t before;

	if (!out) {
		return; /* put() leaves room for this one */
	}
	before = out->len;
	snprintf(comment, sizeof comment, "ended: %s; messages lost: %" PRIu64, r->view.end, r->view.lost);
	trc_put_counts(out, net_loop_real_ms(r->core->loop) * 1000, r->view.messages + r->view.lost, r->view.lost, comment);
	r->view.octets += out->len - before;
}

/* -- the end */

static void end(struct core_trace_run *r, const char *why)
{
	if (r->ends) {
		return;
	}
	str_cut(r->view.end, sizeof r->view.end, why);
	put_counts(r);
	r->ends = true;
	r->about = NULL;
	core_trace_tap_peers(r->core);
	core_trace_tell_edges(r->core);
	core_trace_file_end(r->file);
	net_timer_start(r->tick, TICK_MS);
}

static void free_run(struct core_trace_run *r)
{
	struct core *c = r->core;

	r->view.running = false;
	c->trace.last = r->view;
	c->trace.run = NULL;
	net_timer_free(r->tick);
	trc_watch_fini(&r->watch);
	free(r->room);
	explicit_bzero(&r->key, sizeof r->key);
	if (!core_trace_file_drop(r->file)) {
		log_error(c->log, "core", "trace %" PRIu32 ": its file does not come back from a write; it is left alone",
			  r->view.number);
	}
	OBJ_END(r, CORE_TRACE_RUN_MAGIC);
	free(r);
}

static void finish(struct core_trace_run *r)
{
	core_trace_done_fn *done = r->done;
	void *arg = r->done_arg;

	decide(r, "ended");
	free_run(r);
	if (done) {
		done(arg);
	}
}

static void on_file_ended(void *arg, int err, const char *why)
{
	struct core_trace_run *r = OBJ_OF(arg, struct core_trace_run, CORE_TRACE_RUN_MAGIC);

	if (err) {
		str_cut(r->view.end, sizeof r->view.end, why);
	}
	if (!r->ends) {
		r->ends = true;
		r->about = NULL;
		core_trace_tap_peers(r->core);
		core_trace_tell_edges(r->core);
	}
	r->written = true;
	net_timer_start(r->tick, 0);
}

/* put() brings the next one forward when something gathers. */
static uint64_t next_tick_ms(const struct core_trace_run *r)
{
	uint64_t now_ms = net_loop_now_ms(r->core->loop), left_ms = r->until_ms > now_ms ? r->until_ms - now_ms : 0;
	const struct core_edge *e;

	if (r->ends || core_trace_file_gathers(r->file)) {
		return TICK_MS;
	}
	TAILQ_FOREACH (e, &r->core->edges.list, entry) {
		if (e->trace_due) {
			return TICK_MS;
		}
	}
	return left_ms < QUIET_TICK_MS ? left_ms : QUIET_TICK_MS;
}

static void on_tick(void *arg)
{
	struct core_trace_run *r = OBJ_OF(arg, struct core_trace_run, CORE_TRACE_RUN_MAGIC);

	core_trace_look(r->core);
	if (r->written) {
		finish(r);
		return;
	}
	if (!r->ends && net_loop_now_ms(r->core->loop) >= r->until_ms) {
		end(r, "its time is over");
	}
	if (!r->ends) {
		core_trace_file_push(r->file);
	}
	net_timer_start(r->tick, next_tick_ms(r));
}

int core_trace_stop(struct core *c, const char *who, core_trace_done_fn *done, void *arg)
{
	struct core_trace_run *r = c->trace.run;
	char why[CORE_TRACE_END_MAX];

	if (!r) {
		return ERR_NOTFOUND;
	}
	if (r->done || r->written) {
		return ERR_BUSY;
	}
	r->done = done;
	r->done_arg = arg;
	snprintf(why, sizeof why, "stopped by %s", who);
	end(r, why);
	return 0;
}

void core_trace_leave(struct core *c)
{
	if (c->trace.run) {
		end(c->trace.run, "the gateway stops");
	}
}

void core_trace_fini(struct core *c)
{
	struct core_trace_run *r = c->trace.run;

	if (r) {
		if (!*r->view.end) {
			str_cut(r->view.end, sizeof r->view.end, "the core ends");
		}
		finish(r);
	}
}

/* -- the begin */

static bool has_peer(const struct core *c, const char *name)
{
	for (size_t i = 0; i < c->peers.n; i++) {
		if ((c->peers.row[i].peer || c->peers.row[i].smpp) && strcmp(c->peers.row[i].conf->name, name) == 0) {
			return true;
		}
	}
	return false;
}

static void fill(struct core_trace_run *r, struct core *c, const struct core_trace_start *s)
{
	r->core = c;
	r->filter = *s->filter;
	r->unredacted = s->unredacted;
	r->whole_peer = trc_filter_whole_peer(s->filter);
	r->until_ms = net_loop_now_ms(c->loop) + s->seconds * 1000;
	r->room_size = c->cfg->limits.core_message_max;
	r->view.number = c->trace.number + 1;
	r->view.running = true;
	r->view.unredacted = s->unredacted;
	r->view.uid = s->uid;
	str_cut(r->view.who, sizeof r->view.who, s->who);
	r->view.since_ms = core_now_ms(c);
	r->view.until_ms = r->view.since_ms + s->seconds * 1000;
	r->view.octets_max = s->octets;
	(void)trc_filter_text(r->view.filter, s->filter);
	str_cut(r->view.name, sizeof r->view.name, s->name);
}

static int put_begin(struct core_trace_run *r)
{
	struct buf *out = core_trace_file_room(r->file, TRC_BLOCK_MAX);
	char comment[TRC_TEXT_MAX];

	if (!out) {
		return ERR_LIMIT;
	}
	snprintf(comment, sizeof comment, "%s: %s; number %" PRIu32 ", by %s",
		 r->unredacted ? TRC_WORD_UNREDACTED : TRC_WORD_REDACTED, r->view.filter, r->view.number, r->view.who);
	trc_put_begin(out, "mtc-iwf", comment);
	r->view.octets += out->len;
	return 0;
}

int core_trace_begin(struct core *c, const struct core_trace_start *s, int fd, const char **why)
{
	struct core_trace_run *r;
	int err;

	*why = NULL;
	if (c->trace.run) {
		return ERR_BUSY;
	}
	if (s->filter->peer[0] && !has_peer(c, s->filter->peer)) {
		return ERR_NOTFOUND;
	}
	r = calloc(1, sizeof *r);
	if (!r) {
		return ERR_NOMEM;
	}
	obj_begin(&r->obj, CORE_TRACE_RUN_MAGIC);
	fill(r, c, s);
	err = sip_key_new(&r->key);
	if (err) {
		goto free_run;
	}
	r->room = malloc(r->room_size);
	err = r->room ? trc_watch_init(&r->watch) : ERR_NOMEM;
	if (!err) {
		err = net_timer_new(&r->tick, c->loop, on_tick, r);
	}
	if (!err) {
		err = core_trace_file_open(&r->file, c->loop, fd, c->cfg->trace.buffer, (uint32_t)c->cfg->limits.exchange_idle_ms,
					   on_file_ended, r, why);
	}
	if (err) {
		goto free_parts;
	}
	err_ignore(put_begin(r), "an empty buffer has room: trace.buffer has a minimum");
	c->trace.run = r;
	c->trace.number++;
	core_trace_file_push(r->file);
	net_timer_start(r->tick, TICK_MS);
	core_trace_tap_peers(c);
	core_trace_tell_edges(c);
	decide(r, "started");
	return 0;

free_parts:
	net_timer_free(r->tick);
	trc_watch_fini(&r->watch);
	free(r->room);
free_run:
	free(r);
	return err;
}

bool core_trace_view(const struct core *c, struct core_trace_view *out)
{
	*out = c->trace.run ? c->trace.run->view : c->trace.last;
	return c->trace.number > 0;
}
