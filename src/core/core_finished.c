/* core_finished.c - the triggers that ended last, newest first, one memory block each. */
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "core/core_finished.h"

struct entry {
	struct core_trigger_view past; /* its texts and its history follow in the same block */
	TAILQ_ENTRY(entry) entry;
};

struct core_finished {
	TAILQ_HEAD(entries, entry) entries;
	uint32_t n, max;
};

int core_finished_new(struct core_finished **out, uint32_t max)
{
	struct core_finished *e = calloc(1, sizeof *e);

	if (!e) {
		return ERR_NOMEM;
	}
	TAILQ_INIT(&e->entries);
	e->max = max;
	*out = e;
	return 0;
}

static void drop_oldest(struct core_finished *e)
{
	struct entry *oldest = TAILQ_LAST(&e->entries, entries);

	TAILQ_REMOVE(&e->entries, oldest, entry);
	e->n--;
	free(oldest);
}

void core_finished_free(struct core_finished *e)
{
	if (!e) {
		return;
	}
	while (e->n) {
		drop_oldest(e);
	}
	free(e);
}

static const char *keep(char **at, const char *text)
{
	char *kept = *at;
	size_t size = strlen(text) + 1;

	memcpy(kept, text, size);
	*at += size;
	return kept;
}

static struct entry *copy(const struct core_trigger_view *p)
{
	size_t history = p->history_n * sizeof *p->history;
	size_t texts = strlen(p->scs) + strlen(p->device) + strlen(p->transaction) + strlen(p->address) + strlen(p->rule) +
		       strlen(p->accepted_by) + 6;
	struct entry *new = malloc(sizeof *new + history + texts);
	struct trg_history_entry *entries;
	char *at;

	if (!new) {
		return NULL;
	}
	new->past = *p;
	entries = (struct trg_history_entry *)(void *)(new + 1);
	if (history) {
		memcpy(entries, p->history, history);
	}
	new->past.history = entries;
	at = (char *)(entries + p->history_n);
	new->past.scs = keep(&at, p->scs);
	new->past.device = keep(&at, p->device);
	new->past.transaction = keep(&at, p->transaction);
	new->past.address = keep(&at, p->address);
	new->past.rule = keep(&at, p->rule);
	new->past.accepted_by = keep(&at, p->accepted_by);
	return new;
}

bool core_finished_add(struct core_finished *e, const struct core_trigger_view *p)
{
	struct entry *new = e->max ? copy(p) : NULL;
	bool full = new && e->n == e->max;

	if (!new) {
		return false;
	}
	if (full) {
		drop_oldest(e);
	}
	TAILQ_INSERT_HEAD(&e->entries, new, entry);
	e->n++;
	return full;
}

const struct core_trigger_view *core_finished_find(const struct core_finished *e, const char *scs, uint32_t reference)
{
	const struct entry *one;

	TAILQ_FOREACH (one, &e->entries, entry) {
		if (one->past.reference == reference && (!scs || strcmp(one->past.scs, scs) == 0)) {
			return &one->past;
		}
	}
	return NULL;
}

uint32_t core_finished_count(const struct core_finished *e)
{
	return e->n;
}
