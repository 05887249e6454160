/* core_ndsip_blocks.c - see core_ndsip_blocks.h. */
#include "core/core_ndsip_blocks.h"

#include <stdlib.h>
#include <string.h>

#include "assoc/asc.h"
#include "base/obj.h"
#include "base/str.h"

#define READING_MAGIC 0x2b60f7d5u
struct reading {
	struct obj obj;
	struct core_ndsip_blocks *b;
	int64_t now_s;
};

static int add(struct core_ndsip_blocks *b, const char *who)
{
	size_t cap = b->cap ? 2 * b->cap : 8;
	void *bigger;

	if (b->n == b->cap) {
		bigger = realloc(b->who, cap * sizeof *b->who);
		if (!bigger) {
			return ERR_NOMEM;
		}
		b->who = bigger;
		b->cap = cap;
	}
	str_set(b->who[b->n++], sizeof *b->who, who);
	return 0;
}

static void note_time(struct core_ndsip_blocks *b, int64_t at_s, int64_t now_s)
{
	if (at_s > now_s && at_s < b->next_s) {
		b->next_s = at_s;
	}
}

static int take(void *arg, const struct assoc_rule *r)
{
	struct reading *g = OBJ_OF(arg, struct reading, READING_MAGIC);

	if (r->verdict != ASSOC_BLOCK || r->mode != ASSOC_ENFORCE) {
		return 0;
	}
	note_time(g->b, r->not_before_s, g->now_s);
	if (r->not_after_s) {
		note_time(g->b, r->not_after_s + 1, g->now_s);
	}
	if (r->not_before_s > g->now_s || (r->not_after_s && r->not_after_s < g->now_s)) {
		return 0;
	}
	return add(g->b, r->who);
}

int core_ndsip_blocks_read(struct core_ndsip_blocks *b, const struct asc *a, int64_t now_s)
{
	struct reading g = { .obj = OBJ(READING_MAGIC), .b = b, .now_s = now_s };
	struct asc_why why;
	int err;

	b->n = 0;
	b->next_s = INT64_MAX;
	err = asc_rule_each_on(a, "*", take, &g, &why);
	if (err) {
		b->n = 0;
	}
	return err;
}

void core_ndsip_blocks_free(struct core_ndsip_blocks *b)
{
	free(b->who);
	*b = (struct core_ndsip_blocks){ .who = NULL };
}

bool core_ndsip_blocks_equal(const struct core_ndsip_blocks *a, const struct core_ndsip_blocks *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++) {
		if (strcmp(a->who[i], b->who[i]) != 0) {
			return false;
		}
	}
	return a->n == b->n;
}

static bool has(const struct core_ndsip_blocks *b, const char *who)
{
	for (size_t i = 0; i < b->n; i++) {
		if (strcmp(b->who[i], who) == 0) {
			return true;
		}
	}
	return false;
}

bool core_ndsip_blocked(const struct core_ndsip_blocks *b, const struct asc *a, const char *scs)
{
	const struct asc_group *groups[ASC_ASKER_GROUPS_MAX];
	char who[ASSOC_WHO_TEXT_MAX + 1];
	uint8_t n;

	if (!b->n) {
		return false;
	}
	if (has(b, scs)) {
		return true;
	}
	n = asc_asker_groups(a, &(struct asc_asker){ .scs = scs }, groups);
	for (uint8_t i = 0; i < n; i++) {
		str_set(who, sizeof who, ASSOC_GROUP_PREFIX);
		str_add(who, sizeof who, groups[i]->name);
		if (has(b, who)) {
			return true;
		}
	}
	return false;
}
