/* core_check.c - checks unused stores: opens them as a start of the core does, and closes them. */
#include <stdio.h>
#include <unistd.h>

#include "assoc/asc.h"
#include "assoc/asc_peek.h"
#include "base/obj.h"
#include "base/str.h"
#include "core/core.h"
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
