/* adm_import_rows.c - the thread of an import: passes rows of the client's file to the store and
 * records mistakes. */
#include "admin/adm_import_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

static ssize_t source(void *arg, void *p, size_t n)
{
	struct adm_import *g = OBJ_OF(arg, struct adm_import, ADM_IMPORT_MAGIC);

	return net_feed_read(&g->feed, p, n);
}

static int refuse(struct asc_why *why, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int refuse(struct asc_why *why, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof why->text, fmt, ap);
	va_end(ap);
	return err;
}

static int take_scs(struct adm_import *g, uint64_t line, const struct exc_row *row, struct asc_why *why)
{
	char words[CFG_WHY_MAX], names[ANCHOR_LIST_MAX][IDENT_SCS_MAX + 1];
	uint8_t n = anchor_list_split(names, row->scs.anchor);

	for (uint8_t i = 0; i < n; i++) {
		if (!cfg_anchor_known(g->cfg, names[i])) {
			return refuse(why, ERR_NOTFOUND, "trust anchor '%s' is not in the configuration (trust_anchors)",
				      names[i]);
		}
	}
	if (adm_ndsip_check(g->cfg, &row->scs, words)) {
		return refuse(why, ERR_INVAL, "SCS '%.63s': %.300s", row->scs.name, words);
	}
	return asc_import_scs(g->im, line, &row->scs, row->keep, why);
}

static int take_group(struct adm_import *g, uint64_t line, const struct exc_row *row, struct asc_why *why)
{
	struct asc_group group = { .name = "" };

	if (*row->member && *row->anchor) {
		return refuse(why, ERR_INVAL,
			      "a row with an SCS has no anchor: group '%.63s' and its anchor stand in a row of their own",
			      row->name);
	}
	if (*row->member) {
		return asc_import_group_member(g->im, line, row->name, row->member, why);
	}
	if (strlen(row->name) >= sizeof group.name || strlen(row->anchor) >= sizeof group.anchor) {
		return refuse(why, ERR_INVAL, "a name in the row of group '%.63s' is longer than 63 bytes", row->name);
	}
	if (*row->anchor && !cfg_anchor_known(g->cfg, row->anchor)) {
		return refuse(why, ERR_NOTFOUND, "trust anchor '%s' is not in the configuration (trust_anchors)", row->anchor);
	}
	str_set(group.name, sizeof group.name, row->name);
	str_set(group.anchor, sizeof group.anchor, row->anchor);
	return asc_import_group(g->im, line, &group, row->keep & EXC_KEEP_ANCHOR, why);
}

static int take_rule(struct adm_import *g, uint64_t line, const struct exc_row *row, struct asc_why *why)
{
	struct asc_rule_new rule = { .who = row->who,
				     .device = row->device,
				     .verdict = row->verdict,
				     .rights = row->rights,
				     .not_before_s = row->not_before_s,
				     .not_after_s = row->not_after_s,
				     .mode = row->mode };

	if (row->not_after_s && row->not_after_s < g->now_s && !g->over++) {
		g->over_line = line;
	}
	return asc_import_rule(g->im, line, &rule, row->keep, why);
}

static int take(struct adm_import *g, uint64_t line, const struct exc_row *row, struct asc_why *why)
{
	switch (g->conf.kind) {
	case ASC_KIND_SCS:
		return take_scs(g, line, row, why);
	case ASC_KIND_GROUP:
		return take_group(g, line, row, why);
	case ASC_KIND_SET:
		return *row->member ? asc_import_set_member(g->im, line, row->name, row->member, why)
				    : asc_import_set(g->im, line, row->name, why);
	default:
		return take_rule(g, line, row, why);
	}
}

static int on_row(void *arg, uint64_t line, const struct exc_row *row, char words[EXC_WHY_MAX])
{
	struct adm_import *g = OBJ_OF(arg, struct adm_import, ADM_IMPORT_MAGIC);
	struct asc_why why = { "" };
	int err;

	pthread_mutex_lock(&g->in_store);
	err = g->left ? ERR_CLOSED : take(g, line, row, &why);
	pthread_mutex_unlock(&g->in_store);
	if (!err) {
		/* a membership has no anchor of its own */
		if (g->conf.kind != ASC_KIND_GROUP || !*row->member) {
			g->keep_some |= row->keep;
			g->keep_all = g->kept_of++ ? g->keep_all & row->keep : row->keep;
		}
		atomic_fetch_add(&g->taken, 1);
	} else {
		str_cut(words, EXC_WHY_MAX, why.text[0] ? why.text : err_str(err));
		g->why = why;
	}
	return err;
}

static void on_mistake(void *arg, uint64_t line, const char *words)
{
	struct adm_import *g = OBJ_OF(arg, struct adm_import, ADM_IMPORT_MAGIC);
	struct mistake *m = &g->mistakes[g->mistakes_n];

	m->line = line;
	str_cut(m->why, sizeof m->why, words);
	g->mistakes_n++;
}

void adm_import_run(void *arg)
{
	struct adm_import *g = OBJ_OF(arg, struct adm_import, ADM_IMPORT_MAGIC);
	struct exc_read r = { g->conf.kind, g->format, source, on_row, on_mistake, g, g->ended_well };
	struct asc_import_error e = { 0 };

	g->err = exc_read(&r, &g->rows);
	if (g->err) {
		return;
	}
	pthread_mutex_lock(&g->in_store);
	g->err = g->left ? ERR_CLOSED : asc_import_build(g->im, &e);
	pthread_mutex_unlock(&g->in_store);
	g->why = e.why;
	if (g->err && e.line) {
		on_mistake(g, e.line, e.why.text);
	}
}

void adm_import_leave(struct adm_import *g)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	OBJ_CHECK(g, ADM_IMPORT_MAGIC);
	while (pthread_mutex_trylock(&g->in_store)) {
		/* the thread may wait for the beginning of the import, which the loop hands over */
		asc_completions(g->adm->asc);
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
	g->left = true;
	pthread_mutex_unlock(&g->in_store);
}
