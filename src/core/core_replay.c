/* core_replay.c - one table of Session-Ids, one of SCSs, and two lists by age: of all entries, and
 * of each SCS. */
#include "core/core_replay.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/ident.h"
#include "base/map.h"

#define DIGEST_KEPT 8u /* octets: a replay is recognised by its Session-Id, this only tells which kind it is */
#define OLD_A_CALL 4u  /* entries past their window that one call drops: more than it adds, and no call drops thousands */

struct scs { /* an SCS with entries */
	struct map_node node;
	TAILQ_HEAD(, entry) entries; /* the oldest first */
	uint32_t n;
	char host[]; /* without an end; its length is in the node */
};

struct key { /* no padding */
	const struct scs *scs;
	uint64_t session_id;
};
_Static_assert(sizeof(struct key) == sizeof(void *) + sizeof(uint64_t), "all octets of a key are set");

struct entry {
	struct map_node node;
	struct key key;
	struct scs *scs;
	uint64_t at_ms;
	uint32_t end_to_end;
	uint8_t digest[DIGEST_KEPT];
	TAILQ_ENTRY(entry) by_age, of_scs;
};

struct core_replay {
	struct map by_id, by_host;
	TAILQ_HEAD(, entry) by_age;
	struct scs *recent; /* found last; NULL: none. Most requests come from few SCSs. */
	uint32_t max;
	uint64_t window_ms, forgotten;
};

int core_replay_new(struct core_replay **out, uint32_t entries_max, uint64_t window_ms)
{
	struct core_replay *r = calloc(1, sizeof *r);
	int err = r ? map_init(&r->by_id) : ERR_NOMEM;

	if (!err) {
		err = map_init(&r->by_host);
	}
	if (err) {
		core_replay_free(r);
		return err;
	}
	TAILQ_INIT(&r->by_age);
	r->max = entries_max ? entries_max : 1;
	r->window_ms = window_ms;
	*out = r;
	return 0;
}

static void drop(struct core_replay *r, struct entry *e)
{
	struct scs *s = e->scs;

	map_del(&r->by_id, &e->node);
	TAILQ_REMOVE(&r->by_age, e, by_age);
	TAILQ_REMOVE(&s->entries, e, of_scs);
	free(e);
	s->n--;
	if (!s->n) {
		r->recent = NULL;
		map_del(&r->by_host, &s->node);
		free(s);
	}
}

void core_replay_free(struct core_replay *r)
{
	struct entry *e;

	if (!r) {
		return;
	}
	while (r->by_id.n && (e = TAILQ_FIRST(&r->by_age))) {
		drop(r, e);
	}
	map_fini(&r->by_id);
	map_fini(&r->by_host);
	free(r);
}

static struct scs *scs_of(struct core_replay *r, const struct core_replay_request *q)
{
	const struct scs *recent = r->recent;

	if (!recent || recent->node.key_len != q->host_len || memcmp(recent->host, q->host, q->host_len) != 0) {
		r->recent = MAP_OF(map_find(&r->by_host, q->host, (uint32_t)q->host_len), struct scs, node);
	}
	return r->recent;
}

/* The hash of an entry of this SCS. */
static uint64_t hash_of(const struct core_replay *r, const struct scs *s, uint64_t session_id)
{
	struct key key = { s, session_id };

	return map_hash(&r->by_id, &key, sizeof key);
}

static struct entry *find(const struct core_replay *r, const struct scs *s, uint64_t session_id, uint64_t hash)
{
	struct key key = { s, session_id };

	return MAP_OF(map_find_hashed(&r->by_id, &key, sizeof key, hash), struct entry, node);
}

static bool is_past(const struct core_replay *r, const struct entry *e, uint64_t now_ms)
{
	return now_ms >= e->at_ms + r->window_ms;
}

enum core_replay_kind core_replay_look(struct core_replay *r, const struct core_replay_request *q, uint64_t now_ms)
{
	const struct scs *s = q->session_id ? scs_of(r, q) : NULL;
	const struct entry *e = s ? find(r, s, q->session_id, hash_of(r, s, q->session_id)) : NULL;

	if (!e || is_past(r, e, now_ms)) {
		return CORE_REPLAY_NONE;
	}
	if (e->end_to_end != q->end_to_end) {
		return CORE_REPLAY_OTHER_ID;
	}
	return memcmp(e->digest, q->digest, DIGEST_KEPT) != 0 ? CORE_REPLAY_OTHER_CONTENT : CORE_REPLAY_LATE;
}

const char *core_replay_words(enum core_replay_kind kind)
{
	static const char *const words[] = {
		[CORE_REPLAY_NONE] = "no replay",
		[CORE_REPLAY_OTHER_ID] = "under another End-to-End-Id",
		[CORE_REPLAY_OTHER_CONTENT] = "with another content",
		[CORE_REPLAY_LATE] = "after the window of duplicates",
	};

	return words[kind];
}

/* -- a request that has finished */

static struct scs *scs_new(struct core_replay *r, const struct core_replay_request *q)
{
	struct scs *s = calloc(1, sizeof *s + q->host_len);

	if (!s) {
		return NULL;
	}
	TAILQ_INIT(&s->entries);
	memcpy(s->host, q->host, q->host_len);
	map_add(&r->by_host, &s->node, s->host, (uint32_t)q->host_len);
	return s;
}

/* An SCS with its share of a full table pays for its own new entry, others by the oldest entry of
 * all. */
static void make_room(struct core_replay *r, const struct core_replay_request *q, uint64_t now_ms)
{
	const struct scs *s;
	struct entry *e;

	for (uint32_t i = 0; i < OLD_A_CALL && (e = TAILQ_FIRST(&r->by_age)) && is_past(r, e, now_ms); i++) {
		drop(r, e);
	}
	if (r->by_id.n < r->max) {
		return;
	}
	s = scs_of(r, q);
	e = s && s->n >= r->max / r->by_host.n ? TAILQ_FIRST(&s->entries) : TAILQ_FIRST(&r->by_age);
	r->forgotten += !is_past(r, e, now_ms);
	drop(r, e);
}

static void enter(struct core_replay *r, struct scs *s, struct entry *e, const struct core_replay_request *q, uint64_t hash,
		  uint64_t now_ms)
{
	e->key = (struct key){ s, q->session_id };
	e->scs = s;
	e->at_ms = now_ms;
	e->end_to_end = q->end_to_end;
	memcpy(e->digest, q->digest, DIGEST_KEPT);
	map_add_hashed(&r->by_id, &e->node, &e->key, sizeof e->key, hash);
	TAILQ_INSERT_TAIL(&r->by_age, e, by_age);
	TAILQ_INSERT_TAIL(&s->entries, e, of_scs);
	s->n++;
}

void core_replay_finish(struct core_replay *r, const struct core_replay_request *q, uint64_t now_ms)
{
	struct scs *s = q->session_id ? scs_of(r, q) : NULL;
	uint64_t hash = s ? hash_of(r, s, q->session_id) : 0;
	const struct scs *before = s;
	struct entry *e = s ? find(r, s, q->session_id, hash) : NULL;

	if (!q->session_id || q->host_len > IDENT_HOST_MAX) {
		return;
	}
	if (e) {
		drop(r, e); /* the newer request takes its place */
	}
	make_room(r, q, now_ms);
	e = malloc(sizeof *e);
	s = e ? scs_of(r, q) : NULL;
	s = s || !e ? s : scs_new(r, q);
	if (!s) {
		free(e);
		r->forgotten++;
		return;
	}
	/* the SCS may have gone with its last entry, and be another object now */
	enter(r, s, e, q, s == before ? hash : hash_of(r, s, q->session_id), now_ms);
}

uint32_t core_replay_count(const struct core_replay *r)
{
	return (uint32_t)r->by_id.n;
}

uint64_t core_replay_forgotten(const struct core_replay *r)
{
	return r->forgotten;
}
