/* adm_export.c - writes all rows of one kind to the file that the client opened. The loop reads a
 * piece of rows from the store and a thread writes it, in turns: the loop never waits for the file,
 * and at most one piece is in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/adm_exchange.h"
#include "base/clock.h"
#include "base/str.h"
#include "net/net_feed.h"
#include "net/net_worker.h"

#define PIECE (128u * 1024u)            /* octets after which a piece is written */
#define PIECE_MAX (64u * 1024u * 1024u) /* upper bound of one device with all its rules */
#define RECORDS_A_STEP 64
#define STEPS_A_TURN 32 /* bounds a turn when few records of the store are of this kind */

#define ADM_EXPORT_MAGIC 0xa93f32abu
struct adm_export {
	struct obj obj;
	struct adm *adm;
	struct ctl_request *rq;
	struct asc_export *x;
	enum asc_kind kind;
	enum exc_format format;
	char name[ADM_FILE_NAME_MAX];
	struct net_feed feed;
	struct net_worker *work;
	struct net_timer *tick;
	uint8_t *piece; /* the thread's while it writes */
	size_t len, cap;
	uint64_t rows;
	bool running, more, ended;
	uint64_t seen_octets, seen_at_ms, began_ms;
	bool late; /* it took longer than limits.exchange_max */
	int err;   /* of the thread */
	TAILQ_ENTRY(adm_export) entry;
};

/* -- on the thread */

static void run(void *arg)
{
	struct adm_export *g = OBJ_OF(arg, struct adm_export, ADM_EXPORT_MAGIC);

	g->err = g->len ? net_feed_write(&g->feed, g->piece, g->len) : 0;
}

/* -- on the loop */

void adm_export_row(struct exc_row *out, const struct asc_export_row *row)
{
	memset(out, 0, sizeof *out);
	out->name = out->anchor = out->member = out->who = out->device = "";
	if (row->scs) {
		out->scs = *row->scs;
	}
	if (row->set) {
		out->name = row->set;
	}
	if (row->group) {
		out->name = row->group->name;
		out->anchor = row->member ? "" : row->group->anchor;
	}
	if (row->member) {
		out->member = row->member;
	}
	if (row->rule) {
		out->who = row->rule->who;
		out->device = row->rule->device;
		out->verdict = row->rule->verdict;
		out->rights = row->rule->rights;
		out->mode = row->rule->mode;
		out->not_before_s = row->rule->not_before_s;
		out->not_after_s = row->rule->not_after_s;
	}
}

static int make_room(struct adm_export *g)
{
	size_t cap = g->cap ? g->cap : PIECE + EXC_ROW_MAX;
	uint8_t *bigger;

	while (cap < g->len + EXC_ROW_MAX) {
		cap *= 2;
	}
	if (cap == g->cap) {
		return 0;
	}
	if (cap > PIECE_MAX) {
		return ERR_LIMIT;
	}
	bigger = realloc(g->piece, cap);
	if (!bigger) {
		return ERR_NOMEM;
	}
	g->piece = bigger;
	g->cap = cap;
	return 0;
}

static int on_row(void *arg, const struct asc_export_row *row)
{
	struct adm_export *g = OBJ_OF(arg, struct adm_export, ADM_EXPORT_MAGIC);
	struct exc_row r;
	struct buf b;
	int err = make_room(g);

	if (err) {
		return err;
	}
	adm_export_row(&r, row);
	b = buf_over(g->piece + g->len, g->cap - g->len);
	exc_row_put(&b, g->kind, g->format, &r);
	if (b.full) {
		return ERR_LIMIT;
	}
	g->len += b.len;
	g->rows++;
	return 0;
}

static void ended(struct adm_export *g)
{
	g->rq = NULL;
	g->ended = true;
	net_timer_start(g->tick, 0);
}

static void fail(struct adm_export *g, int err, const char *words)
{
	adm_exchange_fail(g->adm, g->rq, g->name, g->late ? ERR_LIMIT : err == ERR_LIMIT ? ERR_PROTO : err, words);
	ended(g);
}

/* Reads the next piece and lets the thread write it. A piece may be empty: this gives the loop a
 * turn. */
static void next_piece(struct adm_export *g)
{
	int more = 1;

	g->len = 0;
	for (int i = 0; i < STEPS_A_TURN && more == 1 && g->len < PIECE; i++) {
		more = asc_export_step(g->x, RECORDS_A_STEP, on_row, g);
	}
	if (more < 0) {
		fail(g, more, more == ERR_IO || more == ERR_PROTO ? "the association store cannot be read" : err_str(more));
		return;
	}
	g->more = more == 1;
	g->running = true;
	net_worker_start(g->work);
}

static void on_written(void *arg)
{
	struct adm_export *g = OBJ_OF(arg, struct adm_export, ADM_EXPORT_MAGIC);

	g->running = false;
	if (g->err) {
		/* not a refusal: the output file could not be written */
		ctl_line(g->rq, json_pack("{s:b}", "unwritten", 1));
		fail(g, g->err,
		     g->err == ERR_CLOSED  ? "the reader of its output has left"
		     : g->err == ERR_NOSPC ? "no space left where it is written"
					   : "it cannot be written");
	} else if (g->more) {
		next_piece(g);
	} else {
		st_count(g->adm->st, ST_EXPORTS);
		ctl_done(g->rq, json_pack("{s:I, s:I}", "rows", (json_int_t)g->rows, "octets",
					  (json_int_t)atomic_load(&g->feed.octets)));
		ended(g);
	}
}

static void export_free(struct adm_export *g)
{
	TAILQ_REMOVE(&g->adm->exports, g, entry);
	g->adm->exports_n--;
	net_timer_free(g->tick);
	asc_export_free(g->x);
	if (!net_worker_free(g->work, ADM_EXCHANGE_END_MS)) {
		log_error(g->adm->log, "core", "%s: its file does not come back from a write; it is left alone", g->name);
		return;
	}
	net_feed_close(&g->feed);
	OBJ_END(g, ADM_EXPORT_MAGIC);
	free(g->piece);
	free(g);
}

static void on_tick(void *arg)
{
	struct adm_export *g = OBJ_OF(arg, struct adm_export, ADM_EXPORT_MAGIC);
	uint64_t octets = atomic_load(&g->feed.octets), now = clock_mono_ms();

	if (g->ended) {
		export_free(g);
		return;
	}
	if (octets != g->seen_octets || !atomic_load(&g->feed.waiting)) {
		g->seen_octets = octets;
		g->seen_at_ms = now;
	}
	g->late = now - g->began_ms > g->adm->cfg->limits.exchange_max_ms;
	if (g->late || !ctl_alive(g->rq) ||
	    now - g->seen_at_ms > g->adm->cfg->limits.exchange_idle_ms + 4 * ADM_EXCHANGE_TICK_MS) {
		net_feed_stop(&g->feed);
		if (g->running) {
			net_worker_interrupt(g->work);
		}
	} else {
		ctl_line(g->rq,
			 json_pack("{s:b, s:s, s:I, s:I, s:I}", "progress", 1, "phase", "write", "rows", (json_int_t)g->rows,
				   "rows_total", (json_int_t)asc_export_total(g->x), "octets", (json_int_t)octets));
	}
	net_timer_start(g->tick, ADM_EXCHANGE_TICK_MS);
}

static int export_new(struct adm_export **out, struct adm *a, int fd, const json_t *args, enum asc_kind kind, struct asc_why *why)
{
	struct adm_export *g = calloc(1, sizeof *g);
	const char *words = NULL;
	int err;

	if (!g) {
		return ERR_NOMEM;
	}
	obj_begin(&g->obj, ADM_EXPORT_MAGIC);
	g->adm = a;
	g->kind = kind;
	g->format = adm_exchange_format(args, EXC_CSV);
	str_cut(g->name, sizeof g->name, ctl_arg_text(args, "name", "-"));
	g->seen_at_ms = g->began_ms = clock_mono_ms();
	err = net_feed_open(&g->feed, fd, true, (uint32_t)a->cfg->limits.exchange_idle_ms, &words);
	if (err) {
		snprintf(why->text, sizeof why->text, "it %s", words ? words : err_str(err));
		goto free_export;
	}
	err = asc_export_begin(&g->x, a->asc, kind);
	if (!err) {
		err = make_room(g);
	}
	if (!err) {
		err = net_timer_new(&g->tick, a->loop, on_tick, g);
	}
	if (!err) {
		err = net_worker_new(&g->work, a->loop, run, on_written, g);
	}
	if (err) {
		goto free_parts;
	}
	*out = g;
	return 0;

free_parts:
	net_timer_free(g->tick);
	asc_export_free(g->x);
	free(g->piece);
	close(g->feed.stop_fd); /* the descriptor is still the caller's */
free_export:
	free(g);
	return err;
}

void adm_export_begin(struct adm *a, struct ctl_request *rq, const json_t *args, enum asc_kind kind)
{
	struct asc_why why = { "" };
	struct adm_export *g;
	int fd = ctl_take_fd(rq), err = ERR_BUSY;
	struct buf head;

	OBJ_CHECK(a, ADM_MAGIC);
	if (a->exports_n >= ADM_EXPORTS_MAX) {
		snprintf(why.text, sizeof why.text, "%u exports are under way, which is as many as there may be", a->exports_n);
	} else {
		err = export_new(&g, a, fd, args, kind, &why);
	}
	if (err) {
		close(fd);
		ctl_fail(rq, "%s: %s", ctl_arg_text(args, "name", "-"), why.text[0] ? why.text : err_str(err));
		return;
	}
	g->rq = rq;
	TAILQ_INSERT_TAIL(&a->exports, g, entry);
	a->exports_n++;
	head = buf_over(g->piece, g->cap);
	exc_head_put(&head, kind, g->format);
	g->len = head.len;
	g->more = g->running = true;
	net_worker_start(g->work); /* the header is the first piece */
	net_timer_start(g->tick, ADM_EXCHANGE_TICK_MS);
}

void adm_exports_end(struct adm *a)
{
	struct adm_export *g;

	OBJ_CHECK(a, ADM_MAGIC);
	while ((g = TAILQ_FIRST(&a->exports))) {
		net_feed_stop(&g->feed);
		if (g->rq) {
			ctl_fail(g->rq, "%s: the gateway stops", g->name);
		}
		export_free(g);
	}
}
