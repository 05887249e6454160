/* adm_decisions.c - the search in the latest decisions, which the core keeps in memory (log.kept).
 * The whole history is in the decision log and the audit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/adm_int.h"
#include "base/str.h"

#define LIMIT_PRESET 100
#define WORD_MAX 321 /* of a filter, with the NUL */

#define SEARCH_MAGIC 0x1d9e5c42u
struct search {
	struct obj obj;
	const struct adm *adm;
	uint64_t before, first; /* the next line is before - 1 */
	uint64_t n, limit;
	char scs[WORD_MAX], device[WORD_MAX], verdict[WORD_MAX], reason[WORD_MAX], action[WORD_MAX], transaction[WORD_MAX];
};

/* `row` has this member with this text, or any text is wanted. */
static bool is(const json_t *row, const char *member, const char *text)
{
	const char *has = json_string_value(json_object_get(row, member));

	return !*text || (has && !strcmp(has, text));
}

static bool wanted(const struct search *s, const json_t *row)
{
	return is(row, "scs", s->scs) && is(row, "device", s->device) && is(row, "verdict", s->verdict) &&
	       is(row, "reason", s->reason) && is(row, "action", s->action) && is(row, "transaction", s->transaction);
}

/* One line a call: others have their turn after some. */
static int search_next(void *arg, struct ctl_request *rq)
{
	struct search *s = OBJ_OF(arg, struct search, SEARCH_MAGIC);
	const char *line;
	json_t *row;
	size_t len;

	if (s->before > s->first && s->n < s->limit) {
		line = core_decisions_line(s->adm->core, --s->before, &len);
		if (line) {
			row = json_loadb(line, len, 0, NULL);
			if (row && wanted(s, row)) {
				json_object_set_new(row, "number", json_integer((json_int_t)s->before));
				ctl_line(rq, json_incref(row));
				s->n++;
			}
			json_decref(row);
			return 1;
		}
	}
	core_decisions_range(s->adm->core, &s->first, &(uint64_t){ 0 });
	ctl_each_last(rq, json_pack("{s:I, s:b, s:I}", "count", (json_int_t)s->n, "more", s->before > s->first, "oldest",
				    (json_int_t)s->first));
	return 0;
}

static void search_end(void *arg)
{
	struct search *s = OBJ_OF(arg, struct search, SEARCH_MAGIC);

	OBJ_END(s, SEARCH_MAGIC);
	free(s);
}

static void on_search(void *arg, struct ctl_request *rq, const json_t *args)
{
	const struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	struct search *s = calloc(1, sizeof *s);
	uint64_t next;

	if (!s) {
		ctl_fail(rq, "out of memory");
		return;
	}
	obj_begin(&s->obj, SEARCH_MAGIC);
	s->adm = a;
	s->limit = ctl_arg_num(args, "limit", LIMIT_PRESET);
	str_cut(s->scs, WORD_MAX, ctl_arg_text(args, "scs", ""));
	str_cut(s->device, WORD_MAX, ctl_arg_text(args, "device", ""));
	str_cut(s->verdict, WORD_MAX, ctl_arg_text(args, "verdict", ""));
	str_cut(s->reason, WORD_MAX, ctl_arg_text(args, "reason", ""));
	str_cut(s->action, WORD_MAX, ctl_arg_text(args, "action", ""));
	str_cut(s->transaction, WORD_MAX, ctl_arg_text(args, "transaction", ""));
	core_decisions_range(a->core, &s->first, &next);
	s->before = ctl_arg_num(args, "before", next);
	if (s->before > next) {
		s->before = next;
	}
	ctl_each(rq, search_next, search_end, s);
}

const struct ctl_command adm_decisions_rows[] = {
	{ "decisions.search", "search the latest decisions, the newest first", ctl_args_decisions_search, false, on_search },
	{ .name = NULL },
};
