/* adm_import.c - reads a file of rows into the store while the core keeps working.
 *
 *  loop:    begin -----------> built, client alive? --> switch (the store's) --> answered, freed
 *  thread:    read, check, sort, merge, sync  (adm_import_rows.c)
 *
 * The client gets its progress four times per second. If the client leaves before the switch, the
 * import is cancelled. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/adm_import_int.h"
#include "assoc/asc_change.h"
#include "base/clock.h"
#include "base/shown.h"
#include "base/str.h"

/* two turns of the loop: one sends a line, the next learns of a failed write */
#define LAST_LOOK_MS 2

static const char *phase_word(enum asc_import_phase phase)
{
	static const char *const words[] = { "read", "merge", "sync", "switch", "done" };

	return words[phase <= ASC_IMPORT_DONE ? phase : ASC_IMPORT_DONE];
}

static void tell_progress(struct adm_import *g)
{
	struct asc_import_progress p;

	asc_import_progress(g->im, &p);
	if (p.phase == ASC_IMPORT_ROWS) {
		p.rows = atomic_load(&g->taken);
	}
	ctl_line(g->rq, json_pack("{s:b, s:s, s:I, s:I, s:I, s:I}", "progress", 1, "phase", phase_word(p.phase), "rows",
				  (json_int_t)p.rows, "rows_total", (json_int_t)p.rows_total, "octets",
				  (json_int_t)atomic_load(&g->feed.octets), "octets_total", (json_int_t)g->feed.total));
}

/* rq is answered. The import is freed in the next turn, because the caller may be a callback of the
 * store. */
static void ended(struct adm_import *g)
{
	g->rq = NULL;
	g->ended = true;
	net_timer_start(g->tick, 0);
}

static void fail(struct adm_import *g, int err, const char *words)
{
	struct adm *a = g->adm;

	st_count(a->st, ST_IMPORTS_FAILED);
	if (err == ERR_TIMEOUT) {
		ctl_fail(g->rq, "%s: nothing came for %llu s (limits.exchange_idle); nothing was changed", g->name,
			 (unsigned long long)(a->cfg->limits.exchange_idle_ms / 1000));
	} else {
		ctl_fail(g->rq, "%s: %s; nothing was changed", g->name, words && *words ? words : err_str(err));
	}
	ended(g);
}

static void tell_mistakes(struct adm_import *g)
{
	char words[128];

	for (unsigned i = 0; i < g->mistakes_n; i++) {
		ctl_line(g->rq, json_pack("{s:I, s:s}", "line", (json_int_t)g->mistakes[i].line, "error", g->mistakes[i].why));
	}
	if (g->mistakes_n >= EXC_ERRORS_MAX) {
		snprintf(words, sizeof words, "the first %u mistakes are shown, there may be more", g->mistakes_n);
	} else {
		(void)shown_count(words, g->mistakes_n, "mistake");
	}
	fail(g, ERR_INVAL, words);
}

static void cut_sessions(struct adm *a, const struct asc_import_result *r)
{
	for (size_t i = 0; i < r->peers_n; i++) {
		core_sessions_cut(a->core, r->peers[i].name, r->peers[i].removed ? CORE_CUT_SCS_REMOVED : CORE_CUT_SCS_CHANGED);
	}
	core_sessions_renew(a->core, NULL);
}

static void tell_gone(struct adm_import *g, const struct asc_import_result *r)
{
	for (size_t i = 0; i < r->gone_n; i++) {
		ctl_line(g->rq, json_pack("{s:s}", "goes", r->gone[i].text));
	}
}

/* It deletes much: what goes, how much, and that nothing was done. */
static void fail_unsure(struct adm_import *g, const struct asc_why *why, const struct asc_import_result *r)
{
	tell_gone(g, r);
	adm_needs_yes(g->rq, why, r->deleted + r->along);
	st_count(g->adm->st, ST_IMPORTS_FAILED);
	ctl_fail(g->rq, "%s: %s; nothing was changed. --yes or --deletes-max %llu does it, --dry-run only counts", g->name,
		 why->text, (unsigned long long)(r->deleted + r->along));
	ended(g);
}

/* Names of these columns that the rows lack. A row without such a column keeps the stored value. */
static json_t *left_alone(const struct adm_import *g, uint32_t keep)
{
	const struct exc_column *c = exc_columns(g->conf.kind);
	json_t *list = json_array();

	for (size_t i = 0; i < exc_columns_n(g->conf.kind); i++) {
		/* without an effect a row allows */
		if ((keep & c[i].keep) && c[i].type != EXC_T_EFFECT) {
			json_array_append_new(list, json_string(c[i].name));
		}
	}
	return list;
}

static json_t *warnings_of(const struct adm_import *g, const struct asc_import_result *r)
{
	json_t *list = json_array();
	char n[SHOWN_COUNT_MAX];

	if (g->over) {
		json_array_append_new(list, json_sprintf("the time of %s is over already, first in line %llu",
							 shown_count(n, g->over, "row"), (unsigned long long)g->over_line));
	}
	if (r->beside) {
		json_array_append_new(
		    list, json_sprintf("%s without an effect, which means allow, where a deny of the same who and device "
				       "stays in the store beside it: the effect is a part of the key, so nothing replaces "
				       "the deny; write effect, or delete the deny",
				       shown_count(n, r->beside, "row")));
	}
	if (r->twins->n) {
		json_array_append_new(list,
				      json_sprintf("%s: the name differs only in case from another one's, as '%s' and '%s'; "
						   "they are two devices%s",
						   shown_count(n, r->twins->n, "device"), r->twins->first, r->twins->second,
						   r->twins->more ? " (not all were looked at)" : ""));
	}
	return list;
}

static void on_switched(void *arg, int err, const struct asc_why *why, const struct asc_import_result *r)
{
	struct adm_import *g = OBJ_OF(arg, struct adm_import, ADM_IMPORT_MAGIC);
	struct adm *a = g->adm;
	char rows[SHOWN_COUNT_MAX];

	g->finishing = false;
	if (err && r->much && err == ERR_LIMIT) {
		fail_unsure(g, why, r);
		return;
	}
	if (err) {
		fail(g, err, why->text);
		return;
	}
	if (g->conf.dry_run) {
		tell_gone(g, r);
	}
	if (!g->conf.dry_run) {
		st_count(a->st, ST_IMPORTS);
		st_count_n(a->st, ST_IMPORT_ROWS, r->rows);
		cut_sessions(a, r);
	}
	ctl_note(g->rq, "%s: %llu added, %llu replaced, %llu unchanged, %llu deleted%s", shown_count(rows, r->rows, "row"),
		 (unsigned long long)r->added, (unsigned long long)r->replaced, (unsigned long long)r->unchanged,
		 (unsigned long long)r->deleted, g->conf.dry_run ? " (dry run)" : "");
	ctl_done(g->rq,
		 json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:b, s:o, s:o, s:o}", "rows", (json_int_t)r->rows, "added",
			   (json_int_t)r->added, "replaced", (json_int_t)r->replaced, "unchanged", (json_int_t)r->unchanged,
			   "deleted", (json_int_t)r->deleted, "along", (json_int_t)r->along, "dry_run", g->conf.dry_run,
			   "needs_yes", g->conf.dry_run && r->much, "undo", r->kept, "left_alone", left_alone(g, g->keep_all),
			   "left_alone_in_some", left_alone(g, g->keep_some & ~g->keep_all), "warnings", warnings_of(g, r)));
	ended(g);
}

static void on_built(void *arg)
{
	struct adm_import *g = OBJ_OF(arg, struct adm_import, ADM_IMPORT_MAGIC);

	g->running = false;
	if (g->mistakes_n) {
		tell_mistakes(g);
	} else if (g->err) {
		fail(g, g->err,
		     g->err == ERR_CLOSED                  ? "cancelled"
		     : g->err == ERR_IO && !g->why.text[0] ? "it cannot be read"
							   : g->why.text);
	} else {
		/* Send one more line first: if the client has left, its write fails and nothing is
		 * applied. */
		tell_progress(g);
		g->built = true;
		net_timer_start(g->tick, LAST_LOOK_MS);
	}
}

static void finish(struct adm_import *g)
{
	g->built = false;
	if (!ctl_alive(g->rq)) {
		fail(g, ERR_CLOSED, "cancelled");
		return;
	}
	g->finishing = true;
	asc_import_finish(g->im, on_switched, g);
}

static void import_free(struct adm_import *g)
{
	g->adm->import = NULL;
	net_timer_free(g->tick);
	if (!net_worker_free(g->work, ADM_EXCHANGE_END_MS)) {
		log_error(g->adm->log, "core", "%s: its file does not come back from a read; it is left alone", g->name);
		adm_import_leave(g);
		asc_import_free(g->im);
		return; /* the thread may still use the rest */
	}
	asc_import_free(g->im);
	pthread_mutex_destroy(&g->in_store);
	net_feed_close(&g->feed);
	OBJ_END(g, ADM_IMPORT_MAGIC);
	free(g);
}

static void cancel(struct adm_import *g)
{
	net_feed_stop(&g->feed);
	asc_import_cancel(g->im);
	if (g->running) {
		net_worker_interrupt(g->work);
	}
}

/* A read has begun and does not return although data was there: another process has read the
 * data. */
static bool hangs(struct adm_import *g)
{
	uint64_t octets = atomic_load(&g->feed.octets), now = clock_mono_ms();

	if (octets != g->seen_octets || !atomic_load(&g->feed.waiting)) {
		g->seen_octets = octets;
		g->seen_at_ms = now;
	}
	return now - g->seen_at_ms > g->cfg->limits.exchange_idle_ms + 4 * ADM_EXCHANGE_TICK_MS;
}

static void on_tick(void *arg)
{
	struct adm_import *g = OBJ_OF(arg, struct adm_import, ADM_IMPORT_MAGIC);

	if (g->ended) {
		import_free(g);
		return;
	}
	if (g->built) {
		finish(g);
	}
	if (g->ended) {
		return; /* the timer is set */
	}
	if (!ctl_alive(g->rq) || (g->running && hangs(g))) {
		cancel(g);
	} else {
		tell_progress(g);
	}
	net_timer_start(g->tick, ADM_EXCHANGE_TICK_MS);
}

enum exc_format adm_exchange_format(const json_t *args, enum exc_format preset)
{
	enum exc_format format;

	return exc_format_parse(&format, ctl_arg_text(args, "format", "")) ? preset : format;
}

/* The end of a long name says more than its beginning. It is cut between characters. */
static void keep_name(char out[ASC_IMPORT_NAME_MAX + 1], const char *name)
{
	size_t n = strlen(name), from = n > ASC_IMPORT_NAME_MAX ? n - ASC_IMPORT_NAME_MAX : 0;

	while (((unsigned char)name[from] & 0xc0) == 0x80) {
		from++;
	}
	str_cut(out, ASC_IMPORT_NAME_MAX + 1, name + from);
}

static int import_new(struct adm_import **out, struct adm *a, int fd, const json_t *args, enum asc_kind kind, struct asc_why *why)
{
	struct adm_import *g = calloc(1, sizeof *g);
	const char *words = NULL;
	struct stat st;
	int err;

	if (!g) {
		return ERR_NOMEM;
	}
	obj_begin(&g->obj, ADM_IMPORT_MAGIC);
	pthread_mutex_init(&g->in_store, NULL);
	g->adm = a;
	g->cfg = a->cfg;
	g->conf = (struct asc_import_conf){ .kind = kind,
					    .replace = ctl_arg_bool(args, "replace", false),
					    .dry_run = ctl_arg_bool(args, "dry_run", false),
					    .sure = ctl_arg_bool(args, "yes", false),
					    .deletes_max = ctl_arg_num(args, "deletes_max", 0),
					    .at_ms = clock_real_ms() };
	g->now_s = (int64_t)(g->conf.at_ms / 1000);
	g->ended_well = g->conf.replace || fstat(fd, &st) || !S_ISREG(st.st_mode);
	g->format = adm_exchange_format(args, EXC_DETECT);
	str_cut(g->name, sizeof g->name, ctl_arg_text(args, "name", "-"));
	keep_name(g->conf.name, g->name);
	g->seen_at_ms = clock_mono_ms();
	err = net_feed_open(&g->feed, fd, false, (uint32_t)a->cfg->limits.exchange_idle_ms, &words);
	if (err) {
		snprintf(why->text, sizeof why->text, "it %s", words ? words : err_str(err));
		goto free_import;
	}
	err = asc_import_begin(&g->im, a->asc, &g->conf, why);
	if (!err) {
		err = net_timer_new(&g->tick, a->loop, on_tick, g);
	}
	if (!err) {
		err = net_worker_new(&g->work, a->loop, adm_import_run, on_built, g);
	}
	if (err) {
		goto free_parts;
	}
	*out = g;
	return 0;

free_parts:
	net_timer_free(g->tick);
	asc_import_free(g->im);
	close(g->feed.stop_fd); /* the descriptor is still the caller's */
free_import:
	pthread_mutex_destroy(&g->in_store);
	free(g);
	return err;
}

void adm_import_begin(struct adm *a, struct ctl_request *rq, const json_t *args, enum asc_kind kind)
{
	struct asc_why why = { "" };
	int fd = ctl_take_fd(rq), err;
	struct adm_import *g;

	OBJ_CHECK(a, ADM_MAGIC);
	err = import_new(&g, a, fd, args, kind, &why);
	if (err) {
		close(fd);
		st_count(a->st, ST_IMPORTS_FAILED);
		ctl_fail(rq, "%s: %s; nothing was changed", ctl_arg_text(args, "name", "-"),
			 why.text[0] ? why.text : err_str(err));
		return;
	}
	g->rq = rq;
	g->running = true;
	a->import = g;
	net_worker_start(g->work);
	net_timer_start(g->tick, ADM_EXCHANGE_TICK_MS);
}

void adm_imports_end(struct adm *a)
{
	struct adm_import *g = a->import;

	OBJ_CHECK(a, ADM_MAGIC);
	if (!g) {
		return;
	}
	if (!g->ended) {
		cancel(g);
	}
	for (int i = 0; i < ADM_EXCHANGE_END_MS / 50 && g->finishing; i++) {
		struct pollfd p = { .fd = asc_wake_fd(a->asc), .events = POLLIN };

		if (poll(&p, 1, 50) == 1) {
			asc_completions(a->asc);
		}
	}
	if (g->rq) {
		ctl_fail(g->rq, "%s: the gateway stops; nothing was changed", g->name);
		g->rq = NULL;
	}
	import_free(g);
}
