/* asc_export.c - giving out everything of a kind, some rows a step. */
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_import.h"
#include "assoc/asc_int.h"

struct asc_export {
	struct asc *a;
	enum asc_kind kind;
	asc_export_fn *fn;
	void *arg;
	const char *set;
};

int asc_export_begin(struct asc_export **out, struct asc *a, enum asc_kind kind)
{
	struct asc_export *x = calloc(1, sizeof *x);

	if (!x)
		return ERR_NOMEM;
	x->a = a;
	x->kind = kind;
	*out = x;
	return 0;
}

uint64_t asc_export_total(const struct asc_export *x)
{
	return x->kind == ASC_KIND_SCS ? asc_scs_count(x->a) : asc_rule_count(x->a);
}

static int give_scs(void *arg, const struct asc_scs *scs)
{
	struct asc_export *x = arg;

	return x->fn(x->arg, &(struct asc_export_row){ .scs = scs });
}

static int give_rule(void *arg, const struct assoc_rule *r)
{
	struct asc_export *x = arg;
	enum asc_kind kind = r->verdict == ASSOC_BLOCK ? ASC_KIND_BLOCK : ASC_KIND_ASSOC;

	return kind == x->kind ? x->fn(x->arg, &(struct asc_export_row){ .rule = r }) : 0;
}

static int give_group(void *arg, const struct asc_group *g)
{
	struct asc_export *x = arg;
	int stop = x->fn(x->arg, &(struct asc_export_row){ .group = g });

	for (size_t i = 0; i < x->a->n && !stop; i++) {
		struct asc_node *scs = x->a->by_name[i];

		for (size_t k = 0; k < scs->groups_n && !stop; k++) {
			if (&scs->groups[k]->group == g)
				stop = x->fn(x->arg, &(struct asc_export_row){ .group = g, .member = scs->scs.name });
		}
	}
	return stop;
}

static int give_device(void *arg, const char *device)
{
	struct asc_export *x = arg;

	return x->fn(x->arg, &(struct asc_export_row){ .set = x->set, .member = device });
}

static int give_set(void *arg, const struct asc_dset *s)
{
	struct asc_export *x = arg;
	int stop = x->fn(x->arg, &(struct asc_export_row){ .set = s->name });

	x->set = s->name;
	return stop ? stop : asc_dset_member_each(x->a, s->name, give_device, x);
}

int asc_export_step(struct asc_export *x, uint32_t records, asc_export_fn *fn, void *arg)
{
	(void)records;
	x->fn = fn;
	x->arg = arg;
	switch (x->kind) {
	case ASC_KIND_SCS:
		return asc_scs_each(x->a, give_scs, x);
	case ASC_KIND_GROUP:
		return asc_group_each(x->a, give_group, x);
	case ASC_KIND_SET:
		return asc_dset_each(x->a, give_set, x);
	default:
		return asc_rule_each(x->a, NULL, give_rule, x);
	}
}

void asc_export_free(struct asc_export *x)
{
	free(x);
}
