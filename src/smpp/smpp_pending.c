/* smpp_pending.c - requests that wait. Some entries that are done with are kept for the next ones:
 * a busy session needs one for each message. */
#include "smpp/smpp_pending.h"

#include <stdlib.h>

#include "base/container.h"

enum { CHAINS_FIRST = 16, UNUSED_MAX = 64 };

struct smpp_waiting {
	struct smpp_pending_entry entry;
	struct multimap_node by_sequence;
	TAILQ_ENTRY(smpp_waiting) link;
};

/* The numbers are our own and count up: each is its own hash, never 0. */
static uint64_t hash_of(uint32_t sequence)
{
	return (uint64_t)1 << 32 | sequence;
}

static struct smpp_waiting *find(const struct smpp_pending *p, uint32_t sequence)
{
	struct multimap_node *n = multimap_first(&p->by_sequence, hash_of(sequence));

	return n ? CONTAINER_OF(n, struct smpp_waiting, by_sequence) : NULL;
}

static void remove_one(struct smpp_pending *p, struct smpp_waiting *w, struct smpp_pending_entry *out)
{
	*out = w->entry;
	multimap_del(&p->by_sequence, &w->by_sequence);
	TAILQ_REMOVE(&p->by_time, w, link);
	p->n--;
	if (p->unused_n < UNUSED_MAX) {
		TAILQ_INSERT_HEAD(&p->unused, w, link);
		p->unused_n++;
	} else {
		free(w);
	}
}

int smpp_pending_init(struct smpp_pending *p)
{
	*p = (struct smpp_pending){ 0 };
	TAILQ_INIT(&p->by_time);
	TAILQ_INIT(&p->unused);
	return multimap_init_small(&p->by_sequence, CHAINS_FIRST);
}

static void free_all(struct smpp_waiting_list *list)
{
	struct smpp_waiting *w;

	while ((w = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, w, link);
		free(w);
	}
}

void smpp_pending_fini(struct smpp_pending *p)
{
	free_all(&p->by_time);
	free_all(&p->unused);
	multimap_fini(&p->by_sequence);
	p->n = p->unused_n = 0;
}

static struct smpp_waiting *unused_one(struct smpp_pending *p)
{
	struct smpp_waiting *w = TAILQ_FIRST(&p->unused);

	if (!w) {
		return calloc(1, sizeof *w);
	}
	TAILQ_REMOVE(&p->unused, w, link);
	p->unused_n--;
	return w;
}

int smpp_pending_add(struct smpp_pending *p, const struct smpp_pending_entry *entry)
{
	const struct smpp_waiting *last = TAILQ_LAST(&p->by_time, smpp_waiting_list);
	struct smpp_waiting *w;

	if (find(p, entry->sequence)) {
		return ERR_EXISTS;
	}
	w = unused_one(p);
	if (!w) {
		return ERR_NOMEM;
	}
	w->entry = *entry;
	if (last && w->entry.deadline_ms < last->entry.deadline_ms) {
		w->entry.deadline_ms = last->entry.deadline_ms;
	}
	multimap_add(&p->by_sequence, &w->by_sequence, hash_of(entry->sequence));
	TAILQ_INSERT_TAIL(&p->by_time, w, link);
	p->n++;
	return 0;
}

int smpp_pending_take(struct smpp_pending *p, uint32_t sequence, uint32_t command, struct smpp_pending_entry *out)
{
	struct smpp_waiting *w = find(p, sequence);

	if (!w || (command && w->entry.command != command)) {
		return ERR_NOTFOUND;
	}
	remove_one(p, w, out);
	return 0;
}

int smpp_pending_pop(struct smpp_pending *p, uint64_t now_ms, struct smpp_pending_entry *out)
{
	struct smpp_waiting *w = TAILQ_FIRST(&p->by_time);

	if (!w || w->entry.deadline_ms > now_ms) {
		return ERR_NOTFOUND;
	}
	remove_one(p, w, out);
	return 0;
}

uint64_t smpp_pending_next_ms(const struct smpp_pending *p)
{
	const struct smpp_waiting *w = TAILQ_FIRST(&p->by_time);

	return w ? w->entry.deadline_ms : 0;
}
