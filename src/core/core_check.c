/* core_check.c - checks unused stores: opens them as a start of the core does, and closes them. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "assoc/asc.h"
#include "assoc/asc_overlap.h"
#include "assoc/asc_peek.h"
#include "base/obj.h"
#include "base/str.h"
#include "core/core.h"
#include "core/core_ndsip.h"
#include "core/core_screen.h"
#include "journal/jrn_check.h"
#include "journal/jrn_copy.h"

static int check_associations(const struct cfg_iwf *cfg, const char *state_dir, char why[CORE_WHY_MAX])
{
	char dir[CFG_PATH_MAX + 64];
	struct asc_conf conf = { .dir = dir, .map_max = cfg->associations_size_max };
	struct asc_why words = { "" };
	struct asc *a;
	int err;

	snprintf(dir, sizeof dir, "%s/associations", state_dir);
	err = asc_open(&a, &conf, &words);
	if (err) {
		str_cut(why, CORE_WHY_MAX, words.text);
	} else {
		asc_close(a);
	}
	return err;
}

static int count_record(void *arg, uint64_t number, const void *record, size_t len)
{
	(void)number;
	(void)record;
	(void)len;
	++*(uint64_t *)arg;
	return 0;
}

static int check_journal(const struct cfg_iwf *cfg, const char *state_dir, char why[CORE_WHY_MAX])
{
	char dir[CFG_PATH_MAX + 64];
	struct jrn_conf conf = { .dir = dir, .size_max = cfg->journal.size_max, .segment_size = cfg->journal.segment_size };
	struct jrn_why words = { "" };
	uint64_t n = 0;
	struct jrn *j;
	int err;

	snprintf(dir, sizeof dir, "%s/journal", state_dir);
	err = jrn_open(&j, &conf, &words);
	if (err) {
		str_cut(why, CORE_WHY_MAX, words.text);
		return err;
	}
	err = jrn_replay(j, count_record, &n);
	if (err) {
		snprintf(why, CORE_WHY_MAX, "the records of the trigger journal cannot be read");
	}
	jrn_close(j);
	return err;
}

int core_stores_check(const struct cfg_iwf *cfg, const char *state_dir, bool journal, char why[CORE_WHY_MAX])
{
	int err = check_associations(cfg, state_dir, why);

	return err || !journal ? err : check_journal(cfg, state_dir, why);
}

int core_journal_restore(const char *file, const char *dir, char why[CORE_WHY_MAX])
{
	struct jrn_why words = { "" };
	int err = jrn_copy_restore(file, dir, &words);

	if (err) {
		str_cut(why, CORE_WHY_MAX, words.text);
	}
	return err;
}

#define FIRST_PROBLEM_MAGIC 0xd1e60b97u
struct first_problem {
	struct obj obj;
	struct jrn_found found; /* name "": none */
};

static void keep_first_problem(void *arg, const struct jrn_found *f)
{
	struct first_problem *first = OBJ_OF(arg, struct first_problem, FIRST_PROBLEM_MAGIC);
	bool problem = f->what == JRN_FOUND_DAMAGE || f->what == JRN_FOUND_MISSING || f->what == JRN_FOUND_FOREIGN ||
		       f->what == JRN_FOUND_NEWER;

	if (problem && !first->found.name[0]) {
		first->found = *f;
	}
}

#define SALVAGE "'mtcctl journal check' says what is whole, 'mtcctl journal salvage' saves it"

/* The same words as of a start. */
static void say_problem(char why[CORE_WHY_MAX], const char *dir, const struct jrn_found *f)
{
	switch (f->what) {
	case JRN_FOUND_FOREIGN:
		snprintf(why, CORE_WHY_MAX,
			 "trigger journal %.160s: file %s does not belong to a trigger journal; move it elsewhere", dir, f->name);
		break;
	case JRN_FOUND_MISSING:
		snprintf(why, CORE_WHY_MAX, "trigger journal %.160s: %s is missing: %s. Put it back; " SALVAGE, dir, f->name,
			 f->text);
		break;
	case JRN_FOUND_NEWER:
		snprintf(why, CORE_WHY_MAX, "trigger journal %.160s: %s: %s: it was written by a newer program", dir, f->name,
			 f->text);
		break;
	default:
		snprintf(why, CORE_WHY_MAX, "trigger journal %.160s: %s is damaged at byte %llu: %s. " SALVAGE, dir, f->name,
			 (unsigned long long)f->at, f->text);
	}
}

int core_screening_check(const struct cfg_iwf *cfg, char why[CORE_WHY_MAX])
{
	struct screen_rules rules = { 0 };
	char path[CFG_PATH_MAX + 32];
	uint32_t own;

	snprintf(path, sizeof path, "%s/" CORE_SCREEN_FILE, cfg->state_dir);
	return access(path, R_OK) ? 0 : core_screen_read(&rules, &own, path, why);
}

static void warn_unknown(const struct cfg_iwf *cfg, enum screen_row row, const char *dir, struct report *why)
{
	const struct cfg_screen *rule = &cfg->screening.row[row];
	const char *names[SCREEN_EXCEPT_MAX];
	bool known[SCREEN_EXCEPT_MAX];

	for (size_t i = 0; i < rule->except_n; i++) {
		names[i] = rule->except[i];
	}
	if (!rule->except_n || asc_peek_scs(dir, names, known, rule->except_n)) {
		return;
	}
	for (size_t i = 0; i < rule->except_n; i++) {
		if (!known[i]) {
			cfg_warn(
			    why, cfg->lines, cfg_line(cfg->lines, "screening.%s.except", screen_row_name(row)),
			    "screening.%s.except: there is no SCS '%s' ('mtcctl scs list' shows all); an SCS that is added under "
			    "this name would be exempt",
			    screen_row_name(row), names[i]);
		}
	}
}

void core_screening_names(const struct cfg_iwf *cfg, struct report *why)
{
	char dir[CFG_PATH_MAX + 64];

	snprintf(dir, sizeof dir, "%s/associations", cfg->state_dir);
	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		warn_unknown(cfg, (enum screen_row)i, dir, why);
	}
}

#define NDSIP_WARNINGS_MAX 8u

#define NDSIP_LOOK_MAGIC 0x77c2e01fu
struct ndsip_look {
	struct obj obj;
	const struct cfg_iwf *cfg;
	struct report *report;
	struct asc_scs *scs; /* those with hosts; owned */
	size_t n, cap, wrong;
};

static int keep_scs(void *arg, const struct asc_scs *scs)
{
	struct ndsip_look *l = OBJ_OF(arg, struct ndsip_look, NDSIP_LOOK_MAGIC);
	char why[CFG_WHY_MAX];

	if (!scs->ndsip_hosts.n) {
		return 0;
	}
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 16;
		struct asc_scs *bigger = realloc(l->scs, cap * sizeof *bigger);

		if (!bigger) {
			return ERR_NOMEM;
		}
		l->scs = bigger;
		l->cap = cap;
	}
	l->scs[l->n++] = *scs;
	if (!core_ndsip_fits(l->cfg, scs, why) && l->wrong++ < NDSIP_WARNINGS_MAX) {
		cfg_warn(l->report, l->cfg->lines, cfg_line(l->cfg->lines, "ndsip"), "NDS/IP would not protect SCS '%s': %s",
			 scs->name, why);
	}
	return 0;
}

static int find_overlap(const struct ndsip_look *l, char why[CORE_WHY_MAX])
{
	const struct asc_scs **all = calloc(l->n + 1, sizeof *all);
	struct asc_why words = { "" };
	size_t a, b;
	int err;

	if (!all) {
		return 0; /* the start has the last word */
	}
	for (size_t i = 0; i < l->n; i++) {
		all[i] = &l->scs[i];
	}
	err = asc_overlap_find(&a, &b, all, l->n, &words);
	free(all);
	if (err != ERR_EXISTS) {
		return 0;
	}
	snprintf(why, CORE_WHY_MAX, "association store: %.400s", words.text);
	return err;
}

int core_ndsip_check(const struct cfg_iwf *cfg, struct report *report, char why[CORE_WHY_MAX])
{
	struct ndsip_look l = { .obj = OBJ(NDSIP_LOOK_MAGIC), .cfg = cfg, .report = report };
	char dir[CFG_PATH_MAX + 64];
	int err;

	snprintf(dir, sizeof dir, "%s/associations", cfg->state_dir);
	err = asc_peek_each(dir, keep_scs, &l);
	if (!err && l.wrong > NDSIP_WARNINGS_MAX) {
		cfg_warn(report, cfg->lines, cfg_line(cfg->lines, "ndsip"), "NDS/IP would not protect %zu more SCSs",
			 l.wrong - NDSIP_WARNINGS_MAX);
	}
	err = err ? 0 : find_overlap(&l, why); /* a store that cannot be read is the start's matter */
	free(l.scs);
	return err;
}

int core_journal_check(const struct cfg_iwf *cfg, char why[CORE_WHY_MAX])
{
	struct first_problem first = { .obj = OBJ(FIRST_PROBLEM_MAGIC) };
	struct jrn_summary sum = { 0 };
	char dir[CFG_PATH_MAX + 64];
	struct jrn_why words = { "" };
	int err;

	snprintf(dir, sizeof dir, "%s/journal", cfg->state_dir);
	err = jrn_check(dir, NULL, keep_first_problem, &first, &sum, &words);
	if (err == ERR_NOTFOUND || err == ERR_BUSY || (!err && sum.opens)) {
		return 0;
	}
	if (err) {
		str_cut(why, CORE_WHY_MAX, words.text);
		return err;
	}
	say_problem(why, dir, &first.found);
	return ERR_PROTO;
}
