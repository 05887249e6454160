/* asc_manual.c - the list of manual changes during an import, and the keys they changed. */
#include "assoc/asc_manual.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_job.h"
#include "base/str.h"

void asc_manual_note(struct asc_manual *m, const struct asc_job *job)
{
	uint32_t cap = m->cap ? m->cap * 2 : 64;
	struct asc_manual_change *d;

	if (m->n == m->cap && m->n < ASC_MANUAL_MAX) {
		struct asc_manual_change *bigger = realloc(m->all, cap * sizeof *bigger);

		if (bigger) {
			m->all = bigger;
			m->cap = cap;
		}
	}
	if (m->n == m->cap) {
		m->too_many = true;
		return;
	}
	d = &m->all[m->n++];
	*d = (struct asc_manual_change){ .op = job->op, .number = job->number, .verdict = job->verdict };
	switch (job->op) {
	case ASC_SCS_PUT:
		str_set(d->text, sizeof d->text, job->scs.name);
		break;
	case ASC_GROUP_PUT:
		str_set(d->text, sizeof d->text, job->group.name);
		break;
	case ASC_RULE_ADD:
		d->verdict = job->rule.verdict;
		d->entry = (struct asc_entry){ job->rule.verdict,      job->rule.rights,      job->number,
					       job->rule.not_before_s, job->rule.not_after_s, job->rule.mode };
		__attribute__((fallthrough));
	case ASC_RULE_DEL:
		d->exact = job->rule.device.axis == ASSOC_DEVICE_EXACT;
		str_set(d->text, sizeof d->text, job->rule.device.text);
		break;
	case ASC_SET_MEMBER_ADD:
	case ASC_SET_MEMBER_DEL:
		d->exact = true;
		d->verdict = ASC_ENTRY_MEMBER;
		d->entry = (struct asc_entry){ .verdict = ASC_ENTRY_MEMBER, .scs_number = job->number };
		str_set(d->text, sizeof d->text, job->rule.device.text);
		break;
	default:
		str_set(d->text, sizeof d->text, job->name);
		str_set(d->member, sizeof d->member, job->member);
	}
}

void asc_manual_fini(struct asc_manual *m)
{
	free(m->all);
}

static uint64_t key_of(const struct asc_touched *t, enum asc_touched_kind kind, uint32_t number, int verdict, const char *text,
		       const char *more)
{
	char all[ASSOC_DEVICE_TEXT_MAX + IDENT_SCS_MAX + 48];

	snprintf(all, sizeof all, "%d/%u/%d/%s/%s", (int)kind, number, verdict, text, more);
	return sip_hash(&t->hash_key, all, strlen(all));
}

static int by_value(const void *x, const void *y)
{
	const uint64_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

static void add_keys(struct asc_touched *t, const struct asc_manual_change *d)
{
	switch (d->op) {
	case ASC_SCS_PUT:
	case ASC_SCS_DEL:
		t->keys[t->n++] = key_of(t, ASC_TOUCHED_SCS, 0, 0, d->text, "");
		break;
	case ASC_GROUP_PUT:
	case ASC_GROUP_DEL:
		t->keys[t->n++] = key_of(t, ASC_TOUCHED_GROUP, 0, 0, d->text, "");
		break;
	case ASC_SET_ADD:
	case ASC_SET_DEL:
		t->keys[t->n++] = key_of(t, ASC_TOUCHED_SET, 0, 0, d->text, "");
		break;
	case ASC_GROUP_MEMBER_ADD:
	case ASC_GROUP_MEMBER_DEL:
		t->keys[t->n++] = key_of(t, ASC_TOUCHED_MEMBER, 0, 0, d->text, d->member);
		break;
	case ASC_RULE_ADD:
	case ASC_RULE_DEL:
		for (int verdict = 0; verdict <= ASSOC_BLOCK && !d->exact; verdict++) {
			if (d->verdict < 0 || d->verdict == verdict) {
				t->keys[t->n++] = key_of(t, ASC_TOUCHED_RULE, d->number, verdict, d->text, "");
			}
		}
		break;
	default:
		break;
	}
}

int asc_manual_gather(struct asc_touched *out, const struct asc_manual *m)
{
	*out = (struct asc_touched){ .keys = malloc((3 * (size_t)m->n + 1) * sizeof(uint64_t)) };
	if (!out->keys || sip_key_new(&out->hash_key)) {
		return ENOMEM;
	}
	for (uint32_t i = 0; i < m->n; i++) {
		add_keys(out, &m->all[i]);
	}
	qsort(out->keys, out->n, sizeof *out->keys, by_value);
	return 0;
}

bool asc_manual_has(const struct asc_touched *t, enum asc_touched_kind kind, uint32_t number, int verdict, const char *text,
		    const char *more)
{
	uint64_t key = key_of(t, kind, number, verdict, text, more);

	return t->n && bsearch(&key, t->keys, t->n, sizeof key, by_value);
}
