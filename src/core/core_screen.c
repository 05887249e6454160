/* core_screen.c - keeps the rules of the screening rows, sends them to the edges, and writes a line
 * for each change and each detection. */
#include "core/core_screen.h"

#include <stdio.h>
#include <string.h>

#include "core/core_int.h"

static void path_of(char path[CFG_PATH_MAX + 32], const struct core *c)
{
	snprintf(path, CFG_PATH_MAX + 32, "%s/" CORE_SCREEN_FILE, c->cfg->state_dir);
}

/* A line for each row that lets pass what it refuses without a configuration. */
static void tell_relaxed(struct core *c)
{
	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		const struct screen_rule *rule = &c->screen.rules.row[i];
		bool own = c->screen.own & pol_row_bit((enum screen_row)i);
		char text[SCREEN_RULE_TEXT_MAX];

		if (!screen_rule_relaxed((enum screen_row)i, rule)) {
			continue;
		}
		log_warn(c->log, "core", "screening row '%s' is relaxed, by %s: %s", screen_row_name((enum screen_row)i),
			 own ? "'mtcctl screen set'" : "the configuration", screen_rule_text(text, rule));
		core_decide_screening(c, own ? "mtcctl screen set" : "configuration", (enum screen_row)i, rule, NULL);
	}
}

int core_screen_init(struct core *c, char why[CORE_WHY_MAX])
{
	char path[CFG_PATH_MAX + 32], words[SCREEN_WHY_MAX];
	struct core_screen *x = &c->screen;
	int err;

	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		if (cfg_screen_rule(&x->file.row[i], c->cfg, (enum screen_row)i, words)) {
			x->file.row[i] = screen_rule_preset((enum screen_row)i); /* the configuration was checked */
		}
	}
	x->rules = x->file;
	x->store = UINT64_MAX; /* an SCS may have been removed since the file was written */
	path_of(path, c);
	err = core_screen_read(&x->rules, &x->own, path, why);
	if (!err) {
		tell_relaxed(c);
	}
	return err;
}

/* -- to the edges */

static void send_due(struct core_edge *e)
{
	struct core *c = e->core;

	for (unsigned i = 0; i < SCREEN_ROWS_N && e->screen_due; i++) {
		struct ipc_screen_rule r = { (enum screen_row)i, c->screen.rules.row[i] };

		if (!(e->screen_due & pol_row_bit(r.row))) {
			continue;
		}
		if (core_send(e, ipc_screen_rule_put(c->record, e->who.generation, 0, &r))) {
			c->screen.due = c->screen.due || !e->bad; /* an edge that ends does not hide one that waits */
			return;
		}
		e->screen_due &= ~pol_row_bit(r.row);
	}
}

void core_screen_edge(struct core_edge *e)
{
	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		e->screen_due |= pol_row_bit((enum screen_row)i);
	}
	send_due(e);
}

static void send_all(struct core *c)
{
	struct core_edge *e;

	if (!c->screen.due) {
		return;
	}
	c->screen.due = false;
	TAILQ_FOREACH (e, &c->edges.list, entry) {
		send_due(e);
	}
}

void core_screen_on_seen(struct core_edge *e, uint64_t session, const struct ipc_screen_seen *seen)
{
	struct core_session *s = core_session_find(e->core, e->who.generation, session);

	if (!s) {
		return; /* it has ended meanwhile */
	}
	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		if (seen->rows >> i & 1) {
			core_seen_row(e->core, s, (enum screen_row)i);
		}
	}
}

/* -- for operators */

void core_screen_view(const struct core *c, enum screen_row row, struct core_screen_view *out)
{
	*out = (struct core_screen_view){ .rule = c->screen.rules.row[row],
					  .file = c->screen.file.row[row],
					  .own = c->screen.own & pol_row_bit(row),
					  .relaxed = screen_rule_relaxed(row, &c->screen.rules.row[row]),
					  .caught = c->st.v[ST_EDGE_SCREEN_IDENTITY + (unsigned)row] };
}

/* Writes the rules of `next`. On an error the file has those in force, as far as that can be
 * had. */
static int keep(struct core *c, const struct core_screen *next, char why[CORE_WHY_MAX])
{
	char path[CFG_PATH_MAX + 32], twice[CORE_WHY_MAX];
	int err;

	path_of(path, c);
	err = core_screen_write(&next->rules, next->own, path, why);
	if (err == ERR_STATE && core_screen_write(&c->screen.rules, c->screen.own, path, twice) == ERR_IO) {
		log_error(c->log, "core", "%s; it has a screening rule that is not in force now and would be after a restart",
			  twice);
	}
	return err;
}

static void tell_edges(struct core *c, uint32_t rows)
{
	struct core_edge *e;

	c->screen.due = true;
	TAILQ_FOREACH (e, &c->edges.list, entry) {
		e->screen_due |= rows;
	}
	send_all(c);
}

int core_screen_set(struct core *c, enum screen_row row, const struct screen_rule *rule, const char *who, char *why)
{
	struct core_screen next = c->screen;
	struct screen_rule before = c->screen.rules.row[row];
	int err = rule ? screen_rule_check(row, rule, why) : 0;

	if (err) {
		return err;
	}
	next.rules.row[row] = rule ? *rule : next.file.row[row];
	next.own = rule ? next.own | pol_row_bit(row) : next.own & ~pol_row_bit(row);
	err = keep(c, &next, why);
	if (err) {
		return err;
	}
	c->screen = next;
	c->screen.unsaved = false;
	core_decide_screening(c, who, row, &next.rules.row[row], &before);
	tell_edges(c, pol_row_bit(row));
	return 0;
}

void core_screen_reload(struct core *c)
{
	char words[SCREEN_WHY_MAX];
	uint32_t rows = 0;

	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		enum screen_row row = (enum screen_row)i;
		struct screen_rule fresh, before = c->screen.rules.row[i];

		if (cfg_screen_rule(&fresh, c->cfg, row, words)) {
			continue; /* not reached: the configuration was checked */
		}
		c->screen.file.row[i] = fresh;
		if ((c->screen.own & pol_row_bit(row)) || screen_rule_equal(&fresh, &before)) {
			continue;
		}
		c->screen.rules.row[i] = fresh;
		core_decide_screening(c, "configuration", row, &fresh, &before);
		rows |= pol_row_bit(row);
	}
	if (rows) {
		tell_edges(c, rows);
	}
}

/* -- exemptions of SCSs that are gone */

/* `scs` NULL: every SCS that the store does not know. */
static void end_exemptions(const struct core *c, struct screen_rule *rule, const char *scs)
{
	for (unsigned i = rule->except_n; i-- > 0;) {
		if (scs ? !strcmp(rule->except[i], scs) : !asc_scs_find(c->store.asc, rule->except[i])) {
			screen_rule_unexcept(rule, i);
		}
	}
}

/* An exemption ends although the disk does not take it. */
static void save(struct core *c)
{
	char path[CFG_PATH_MAX + 32], why[CORE_WHY_MAX];
	bool before = c->screen.unsaved;

	path_of(path, c);
	c->screen.unsaved = core_screen_write(&c->screen.rules, c->screen.own, path, why) != 0;
	if (c->screen.unsaved && !before) {
		log_error(c->log, "core",
			  "the end of an exemption from screening is in force and is not on disk, tries go on: %s", why);
	} else if (before && !c->screen.unsaved) {
		log_warn(c->log, "core", "%s is written: the exemptions that ended are on disk", path);
	}
}

void core_screen_save(struct core *c)
{
	if (c->screen.unsaved) {
		save(c);
	}
}

uint32_t core_screen_forget(struct core *c, const char *scs)
{
	uint32_t rows = 0, n = 0;

	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		struct screen_rule *rule = &c->screen.rules.row[i], before = *rule;

		if (!(c->screen.own & pol_row_bit((enum screen_row)i))) {
			continue;
		}
		end_exemptions(c, rule, scs);
		if (rule->except_n != before.except_n) {
			core_decide_screening(c, "SCS removed", (enum screen_row)i, rule, &before);
			rows |= pol_row_bit((enum screen_row)i);
			n++;
		}
	}
	if (rows) {
		save(c);
		tell_edges(c, rows);
	}
	return n;
}

void core_screen_look(struct core *c)
{
	uint64_t generation = asc_generation(c->store.asc);

	if (generation != c->screen.store) {
		c->screen.store = generation;
		(void)core_screen_forget(c, NULL);
	}
	send_all(c);
}
