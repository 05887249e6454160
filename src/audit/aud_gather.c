/* aud_gather.c - decisions on their way to the audit. */
#include "audit/aud_gather.h"

#include <stdlib.h>
#include <string.h>

#include "audit/aud_record.h"
#include "audit/aud_store.h"
#include "base/clock.h"

int aud_gather_to(struct aud_gather *g, struct aud_store *store, uint32_t refusals_per_second, struct st_counters *counters)
{
	g->text = malloc(AUD_GATHER_MAX);
	if (!g->text) {
		return ERR_NOMEM;
	}
	obj_begin(&g->obj, AUD_GATHER_MAGIC);
	g->store = store;
	g->counters = counters;
	g->budget.per_second = refusals_per_second;
	return 0;
}

static void give(struct aud_gather *g)
{
	if (g->len) {
		aud_store_give(g->store, g->text, g->len, g->n);
		g->len = g->n = 0;
	}
}

static void gather(struct aud_gather *g, const char *line, size_t len)
{
	if (g->len + len + 1 > AUD_GATHER_MAX) {
		give(g);
	}
	memcpy(g->text + g->len, line, len);
	g->len += len;
	g->text[g->len++] = '\n';
	g->n++;
}

static void gather_summary(void *arg, const char *scs, uint64_t n)
{
	struct aud_gather *g = OBJ_OF(arg, struct aud_gather, AUD_GATHER_MAGIC);
	char line[AUD_LINE_MAX];

	st_count_n(g->counters, ST_AUDIT_SUMMED, n);
	gather(g, line, aud_line_summary(line, clock_real_ms(), scs, n));
}

void aud_gather_line(struct aud_gather *g, const struct aud_decision *d, const char *line, size_t len)
{
	if (!g->store) {
		return;
	}
	aud_budget_turn(&g->budget, d->time_ms / 1000, gather_summary, g);
	if (d->verdict == AUD_ACCEPTED || aud_budget_take(&g->budget, d->scs)) {
		gather(g, line, len);
	}
}

void aud_gather_recovered(struct aud_gather *g, const struct aud_decision *d)
{
	static const char flag[] = ",\"recovered\":true}";
	char line[AUD_LINE_MAX + sizeof flag];
	size_t n = aud_format(line, d) - 1;

	if (g->store) {
		memcpy(line + n, flag, sizeof flag);
		gather(g, line, n + sizeof flag - 1);
	}
}

void aud_gather_give(struct aud_gather *g)
{
	if (g->store) {
		give(g);
	}
}

void aud_gather_turn(struct aud_gather *g)
{
	if (g->store) {
		aud_budget_turn(&g->budget, clock_real_ms() / 1000, gather_summary, g);
		give(g);
	}
}
