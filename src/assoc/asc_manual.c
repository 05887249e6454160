/* asc_manual.c - changes by hand while an import is under way: remembered as they are made, and asked for by key at its end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_import_int.h"

void asc_manual_note(struct asc_import *im, const struct asc_job *job)
{
	uint32_t cap = im->deltas_cap ? im->deltas_cap * 2 : 64;
	struct asc_delta *d;

	if (im->deltas_n == im->deltas_cap && im->deltas_n < ASC_IMPORT_CHANGES_MAX) {
		struct asc_delta *bigger = realloc(im->deltas, cap * sizeof *bigger);

		if (bigger) {
			im->deltas = bigger;
			im->deltas_cap = cap;
		}
	}
	if (im->deltas_n == im->deltas_cap) {
		im->too_many = true;
		return;
	}
	d = &im->deltas[im->deltas_n++];
	*d = (struct asc_delta){ .op = job->op, .number = job->number, .verdict = job->verdict };
	switch (job->op) {
	case ASC_SCS_PUT:
		strcpy(d->text, job->scs.name);
		break;
	case ASC_GROUP_PUT:
		strcpy(d->text, job->group.name);
		break;
	case ASC_RULE_ADD:
		d->verdict = job->rule.verdict;
		d->entry = (struct asc_entry){ job->rule.verdict,      job->rule.rights,      job->number,
					       job->rule.not_before_s, job->rule.not_after_s, job->rule.mode };
		__attribute__((fallthrough));
	case ASC_RULE_DEL:
		d->exact = job->rule.device.axis == ASSOC_DEVICE_EXACT;
		strcpy(d->text, job->rule.device.text);
		break;
	case ASC_SET_MEMBER_ADD:
	case ASC_SET_MEMBER_DEL:
		d->exact = true;
		d->verdict = ASC_ENTRY_MEMBER;
		d->entry = (struct asc_entry){ .verdict = ASC_ENTRY_MEMBER, .scs_number = job->number };
		strcpy(d->text, job->rule.device.text);
		break;
	default:
		strcpy(d->text, job->name);
		strcpy(d->member, job->member);
	}
}

static uint64_t key_of(enum asc_touched_kind kind, uint32_t number, int verdict, const char *text, const char *more)
{
	char all[ASSOC_DEVICE_TEXT_MAX + IDENT_SCS_MAX + 48];

	snprintf(all, sizeof all, "%d/%u/%d/%s/%s", (int)kind, number, verdict, text, more);
	return asc_sets_hash(all);
}

static int by_value(const void *x, const void *y)
{
	const uint64_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

static void add_keys(struct asc_touched *t, const struct asc_delta *d)
{
	switch (d->op) {
	case ASC_SCS_PUT:
	case ASC_SCS_DEL:
		t->keys[t->n++] = key_of(ASC_TOUCHED_SCS, 0, 0, d->text, "");
		break;
	case ASC_GROUP_PUT:
	case ASC_GROUP_DEL:
		t->keys[t->n++] = key_of(ASC_TOUCHED_GROUP, 0, 0, d->text, "");
		break;
	case ASC_SET_ADD:
	case ASC_SET_DEL:
		t->keys[t->n++] = key_of(ASC_TOUCHED_SET, 0, 0, d->text, "");
		break;
	case ASC_GROUP_MEMBER_ADD:
	case ASC_GROUP_MEMBER_DEL:
		t->keys[t->n++] = key_of(ASC_TOUCHED_MEMBER, 0, 0, d->text, d->member);
		break;
	case ASC_RULE_ADD:
	case ASC_RULE_DEL:
		for (int verdict = 0; verdict <= ASSOC_BLOCK && !d->exact; verdict++) {
			if (d->verdict < 0 || d->verdict == verdict)
				t->keys[t->n++] = key_of(ASC_TOUCHED_RULE, d->number, verdict, d->text, "");
		}
		break;
	default:
		break;
	}
}

int asc_manual_gather(struct asc_touched *t, const struct asc_import *im)
{
	*t = (struct asc_touched){ .keys = malloc((3 * (size_t)im->deltas_n + 1) * sizeof(uint64_t)) };
	if (!t->keys)
		return ENOMEM;
	for (uint32_t i = 0; i < im->deltas_n; i++)
		add_keys(t, &im->deltas[i]);
	qsort(t->keys, t->n, sizeof *t->keys, by_value);
	return 0;
}

bool asc_manual_has(const struct asc_touched *t, enum asc_touched_kind kind, uint32_t number, int verdict, const char *text,
		    const char *more)
{
	uint64_t key = key_of(kind, number, verdict, text, more);

	return t->n && bsearch(&key, t->keys, t->n, sizeof key, by_value);
}
