/* core_dup.c - one hash table, a list of unanswered entries, and a list of answered ones in the
 * order of their answers. */
#include "core/core_dup.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/map.h"
#include "base/pool.h"

struct waiter {
	struct core_dup_waiter w;
	STAILQ_ENTRY(waiter) entry;
};

struct core_dup_entry {
	struct map_node node;
	TAILQ_ENTRY(core_dup_entry) entry;
	uint64_t at_ms, session_id;
	void *owner; /* NULL after the answer */
	uint8_t digest[HASH_LEN];
	bool answered;
	uint8_t waiters_n;
	STAILQ_HEAD(, waiter) waiters;
	struct ipc_device_action_answer answer;
	uint8_t key[]; /* End-to-End-Id, then Origin-Host */
};

#define WAITERS_KEPT 1024u

struct core_dup {
	struct map map;
	struct pool waiters; /* each request brings one, until its answer */
	TAILQ_HEAD(, core_dup_entry) open, answered;
	uint32_t entries_max;
	uint64_t window_ms, dropped, looked_at;
};

struct key {
	uint64_t hash;
	uint32_t len;
	uint8_t octets[4 + IDENT_HOST_MAX]; /* as in an entry */
};

/* Without its hash. */
static void key_of(struct key *out, const char *origin_host, uint32_t end_to_end)
{
	size_t len = strnlen(origin_host, IDENT_HOST_MAX);

	memcpy(out->octets, &end_to_end, 4);
	memcpy(out->octets + 4, origin_host, len);
	out->len = (uint32_t)(4 + len);
}

static void hashed_key_of(struct key *out, const struct core_dup *d, const char *origin_host, uint32_t end_to_end)
{
	key_of(out, origin_host, end_to_end);
	out->hash = map_hash(&d->map, out->octets, out->len);
}

int core_dup_new(struct core_dup **out, uint32_t entries_max, uint64_t window_ms)
{
	struct core_dup *d = calloc(1, sizeof *d);
	int err;

	if (!d) {
		return ERR_NOMEM;
	}
	err = map_init(&d->map);
	if (err) {
		free(d);
		return err;
	}
	TAILQ_INIT(&d->open);
	TAILQ_INIT(&d->answered);
	pool_init(&d->waiters, sizeof(struct waiter), WAITERS_KEPT);
	d->entries_max = entries_max ? entries_max : 1;
	d->window_ms = window_ms;
	*out = d;
	return 0;
}

int core_dup_reserve(struct core_dup *d, size_t n)
{
	return map_reserve(&d->map, n < d->entries_max ? n : d->entries_max);
}

static void waiters_free(struct core_dup *d, struct core_dup_entry *e)
{
	struct waiter *w;

	while ((w = STAILQ_FIRST(&e->waiters))) {
		STAILQ_REMOVE_HEAD(&e->waiters, entry);
		pool_give(&d->waiters, w);
	}
	e->waiters_n = 0;
}

static void entry_free(struct core_dup *d, struct core_dup_entry *e)
{
	map_del(&d->map, &e->node);
	if (e->answered) {
		TAILQ_REMOVE(&d->answered, e, entry);
	} else {
		TAILQ_REMOVE(&d->open, e, entry);
	}
	waiters_free(d, e);
	free(e);
}

void core_dup_free(struct core_dup *d)
{
	struct core_dup_entry *e;

	if (!d) {
		return;
	}
	while ((e = TAILQ_FIRST(&d->open)) || (e = TAILQ_FIRST(&d->answered))) {
		entry_free(d, e);
	}
	map_fini(&d->map);
	pool_fini(&d->waiters);
	free(d);
}

static bool is_past(const struct core_dup *d, const struct core_dup_entry *e, uint64_t now_ms)
{
	return e->answered && now_ms >= e->at_ms + d->window_ms;
}

#define NOMEM_DROPS 8 /* entries dropped at most for one new entry when there is no memory */

/* Drops the entry that was answered first, before its window is over.
 * Unanswered entries stay: their number is bounded by that of pending requests. False: no
 * answered entry. */
static bool drop_oldest(struct core_dup *d)
{
	struct core_dup_entry *e = TAILQ_FIRST(&d->answered);

	if (!e) {
		return false;
	}
	entry_free(d, e);
	d->dropped++;
	return true;
}

/* Drops entries past their window and, if the table is full, the oldest one. */
static void make_room(struct core_dup *d, uint64_t now_ms)
{
	struct core_dup_entry *e;

	while ((e = TAILQ_FIRST(&d->answered))) {
		d->looked_at++;
		if (!is_past(d, e, now_ms)) {
			break;
		}
		entry_free(d, e);
	}
	if (d->map.n >= d->entries_max) {
		(void)drop_oldest(d);
	}
}

static bool add_waiter(struct core_dup *d, struct core_dup_entry *e, const struct core_dup_waiter *waiter)
{
	struct waiter *w;

	w = e->waiters_n < CORE_DUP_WAITERS_MAX ? pool_take(&d->waiters) : NULL;
	if (w) {
		e->waiters_n++;
	} else { /* no room or no memory: replace the oldest waiter */
		w = STAILQ_FIRST(&e->waiters);
		if (!w) {
			return false;
		}
		STAILQ_REMOVE_HEAD(&e->waiters, entry);
	}
	w->w = *waiter;
	STAILQ_INSERT_TAIL(&e->waiters, w, entry);
	return true;
}

/* `past`: the entry of this key whose window is over; NULL: none. */
static struct core_dup_entry *entry_new(struct core_dup *d, const struct key *key, struct core_dup_entry *past,
					const uint8_t digest[HASH_LEN], uint64_t now_ms)
{
	struct core_dup_entry *e;

	if (past) { /* it may stand behind an entry that is not past its window */
		entry_free(d, past);
	}
	make_room(d, now_ms);
	e = calloc(1, sizeof *e + key->len);
	for (int i = 0; !e && i < NOMEM_DROPS && drop_oldest(d); i++) {
		e = calloc(1, sizeof *e + key->len);
	}
	if (!e) {
		return NULL;
	}
	STAILQ_INIT(&e->waiters);
	memcpy(e->key, key->octets, key->len);
	memcpy(e->digest, digest, HASH_LEN);
	e->at_ms = now_ms;
	map_add_hashed(&d->map, &e->node, e->key, key->len, key->hash);
	TAILQ_INSERT_TAIL(&d->open, e, entry);
	return e;
}

static void set_answer(struct core_dup *d, struct core_dup_entry *e, const struct ipc_device_action_answer *a)
{
	if (!e->answered) {
		TAILQ_REMOVE(&d->open, e, entry);
		TAILQ_INSERT_TAIL(&d->answered, e, entry);
	}
	e->answered = true;
	e->answer = *a;
}

/* An entry past its window is handed out as *past. */
static struct core_dup_entry *find_or_past(const struct core_dup *d, const struct key *key, uint64_t now_ms,
					   struct core_dup_entry **past)
{
	struct map_node *node = map_find_hashed(&d->map, key->octets, key->len, key->hash);
	struct core_dup_entry *e = MAP_OF(node, struct core_dup_entry, node);

	*past = e && is_past(d, e, now_ms) ? e : NULL;
	return *past ? NULL : e;
}

static struct core_dup_entry *find(const struct core_dup *d, const char *origin_host, uint32_t end_to_end, uint64_t now_ms)
{
	struct core_dup_entry *past;
	struct key key;

	hashed_key_of(&key, d, origin_host, end_to_end);
	return find_or_past(d, &key, now_ms, &past);
}

uint64_t core_dup_hash(const struct core_dup *d, const char *origin_host, uint32_t end_to_end)
{
	struct key key;

	hashed_key_of(&key, d, origin_host, end_to_end);
	return key.hash;
}

uint64_t core_dup_prefetch(const struct core_dup *d, const char *origin_host, uint32_t end_to_end)
{
	uint64_t hash = core_dup_hash(d, origin_host, end_to_end);

	map_prefetch(&d->map, hash);
	return hash;
}

void core_dup_prefetch_first(const struct core_dup *d, uint64_t hash)
{
	map_prefetch_first(&d->map, hash);
}

enum core_dup_verdict core_dup_look(struct core_dup *d, const char *origin_host, uint32_t end_to_end, uint64_t hash,
				    const uint8_t digest[HASH_LEN], const struct core_dup_waiter *waiter, uint64_t now_ms,
				    struct core_dup_entry **entry, struct ipc_device_action_answer *answer)
{
	struct core_dup_entry *past, *e;
	struct key key = { .hash = hash };

	key_of(&key, origin_host, end_to_end);
	e = find_or_past(d, &key, now_ms, &past);
	if (e && memcmp(e->digest, digest, HASH_LEN) != 0) {
		return CORE_DUP_DIFFERS;
	}
	if (e && e->answered) {
		*answer = e->answer;
		return CORE_DUP_ANSWERED;
	}
	if (e) {
		*entry = e;
		/* fails only for a restored entry without memory; then the edge answers */
		(void)add_waiter(d, e, waiter);
		return CORE_DUP_IN_FLIGHT;
	}
	e = entry_new(d, &key, past, digest, now_ms);
	if (e && !add_waiter(d, e, waiter)) {
		entry_free(d, e);
		e = NULL;
	}
	*entry = e;
	return e ? CORE_DUP_NEW : CORE_DUP_NOMEM;
}

void core_dup_settle(struct core_dup *d, struct core_dup_entry *e, const struct ipc_device_action_answer *a,
		     core_dup_answer_fn *fn, void *arg)
{
	struct waiter *w;

	if (!e) {
		return;
	}
	set_answer(d, e, a);
	e->owner = NULL;
	STAILQ_FOREACH (w, &e->waiters, entry) {
		fn(arg, &w->w, a);
	}
	waiters_free(d, e);
}

void core_dup_forget(struct core_dup *d, struct core_dup_entry *e)
{
	if (e) {
		entry_free(d, e);
	}
}

/* A core enters older requests of its journal while it takes new ones: an older one never takes the
 * place of a later one. */
static bool is_full_of_later(const struct core_dup *d, uint64_t at_ms)
{
	const struct core_dup_entry *first = TAILQ_FIRST(&d->answered);

	return d->map.n >= d->entries_max && first && first->at_ms > at_ms;
}

int core_dup_restore(struct core_dup *d, const char *origin_host, uint32_t end_to_end, const uint8_t digest[HASH_LEN],
		     const struct ipc_device_action_answer *answer, uint64_t now_ms, struct core_dup_entry **entry)
{
	struct core_dup_entry *past, *e;
	struct key key;

	hashed_key_of(&key, d, origin_host, end_to_end);
	if (find_or_past(d, &key, now_ms, &past)) {
		return ERR_EXISTS;
	}
	if (answer && is_full_of_later(d, now_ms)) {
		d->dropped++;
		return 0;
	}
	e = entry_new(d, &key, past, digest, now_ms);
	if (!e) {
		return ERR_NOMEM;
	}
	if (answer) {
		set_answer(d, e, answer);
	} else {
		*entry = e;
	}
	return 0;
}

void core_dup_set_session(struct core_dup_entry *e, uint64_t session_id)
{
	e->session_id = session_id;
}

struct core_replay_request core_dup_request(const struct core_dup_entry *e)
{
	struct core_replay_request q = { .host = (const char *)e->key + 4,
					 .host_len = e->node.key_len - 4,
					 .session_id = e->session_id,
					 .digest = e->digest };

	memcpy(&q.end_to_end, e->key, 4);
	return q;
}

void core_dup_set_owner(struct core_dup_entry *e, void *owner)
{
	e->owner = owner;
}

void *core_dup_owner(const struct core_dup_entry *e)
{
	return e->owner;
}

struct core_dup_entry *core_dup_override(struct core_dup *d, const char *origin_host, uint32_t end_to_end,
					 const struct ipc_device_action_answer *a, uint64_t now_ms)
{
	struct core_dup_entry *e = find(d, origin_host, end_to_end, now_ms);

	if (!e || !e->answered) {
		return e;
	}
	e->answer = *a;
	return NULL;
}

bool core_dup_answer_of(const struct core_dup *d, const char *origin_host, uint32_t end_to_end, uint64_t now_ms,
			struct ipc_device_action_answer *answer)
{
	const struct core_dup_entry *e = find(d, origin_host, end_to_end, now_ms);

	if (!e || !e->answered) {
		return false;
	}
	*answer = e->answer;
	return true;
}

uint32_t core_dup_count(const struct core_dup *d)
{
	return (uint32_t)d->map.n;
}

uint64_t core_dup_looked_at(const struct core_dup *d)
{
	return d->looked_at;
}

uint64_t core_dup_dropped(const struct core_dup *d)
{
	return d->dropped;
}
