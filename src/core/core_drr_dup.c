/* core_drr_dup.c - hash tables, a list of unanswered entries, a list of answered ones in the
 * order of their answers; and the digest of a DRR. */
#include "core/core_drr_dup.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "diameter/dia_dict.h"
#include "diameter/dia_failed.h"

#define FORGOTTEN_A_TIME 8u /* entries dropped with each new one: no call drops thousands */

/* -- the digest */

/* Agents add and remove these AVPs (RFC 6733 6.1.9 and 6.7). */
static bool is_path_avp(const struct dia_avp *avp)
{
	return avp->vendor == 0 && (avp->code == DIA_CODE_ROUTE_RECORD || avp->code == DIA_CODE_PROXY_INFO);
}

static void put_header(struct buf *b, const struct dia_hdr *h)
{
	buf_u8(b, (uint8_t)(h->flags & ~DIA_FLAG_T));
	buf_be32(b, h->code);
	buf_be32(b, h->app_id);
	buf_be32(b, h->end_to_end);
}

/* Leaves out the padding, whose octets are arbitrary. The length in each AVP's header separates
 * the AVPs. */
static int put_avps(struct buf *b, const struct dia_msg *m)
{
	struct dia_failed failed;
	struct dia_avp avp;
	uint16_t left;
	struct dia_win w = dia_msg_win(m, &left);
	int more;

	while ((more = dia_win_next(&w, &avp, &failed)) == DIA_MORE) {
		if (!is_path_avp(&avp)) {
			buf_bytes(b, avp.raw, avp.raw_len);
		}
	}
	return more;
}

int core_drr_digest(struct hash *h, uint8_t out[HASH_LEN], const struct dia_msg *m)
{
	/* large enough: the parts left out are at least as long as those added */
	uint8_t *octets = malloc(m->hdr.length);
	struct buf b = buf_over(octets, octets ? m->hdr.length : 0);
	int err;

	if (!octets) {
		return ERR_NOMEM;
	}
	put_header(&b, &m->hdr);
	err = put_avps(&b, m);
	if (!err && !b.full) {
		err = hash_piece(h, octets, b.len, out);
	}
	free(octets);
	return b.full ? ERR_LIMIT : err;
}

/* -- the entries */

int core_drr_dup_init(struct core_drr_dup *d, uint32_t entries_max, uint64_t window_ms,
		      void (*on_drop)(void *arg, uint64_t number), void *arg)
{
	TAILQ_INIT(&d->open);
	TAILQ_INIT(&d->answered);
	d->entries_max = entries_max ? entries_max : 1;
	d->window_ms = window_ms;
	d->token_next = 1;
	d->on_drop = on_drop;
	d->arg = arg;
	return map_init(&d->by_digest) || map_init(&d->by_token) || map_init(&d->by_number) ? ERR_NOMEM : 0;
}

void core_drr_dup_drop(struct core_drr_dup *d, struct core_drr_entry *e)
{
	if (e->number && d->on_drop) {
		d->on_drop(d->arg, e->number);
	}
	map_del(&d->by_digest, &e->by_digest);
	if (map_has(&e->by_token)) {
		map_del(&d->by_token, &e->by_token);
	}
	if (map_has(&e->by_number)) {
		map_del(&d->by_number, &e->by_number);
	}
	if (e->answered) {
		TAILQ_REMOVE(&d->answered, e, entry);
	} else {
		TAILQ_REMOVE(&d->open, e, entry);
	}
	free(e);
}

void core_drr_dup_fini(struct core_drr_dup *d)
{
	struct core_drr_entry *e;

	d->on_drop = NULL;
	while (d->entries_max && ((e = TAILQ_FIRST(&d->open)) || (e = TAILQ_FIRST(&d->answered)))) {
		core_drr_dup_drop(d, e);
	}
	map_fini(&d->by_digest);
	map_fini(&d->by_token);
	map_fini(&d->by_number);
}

static bool is_past(const struct core_drr_dup *d, const struct core_drr_entry *e, uint64_t now_ms)
{
	return e->answered && now_ms >= e->at_ms + d->window_ms;
}

struct core_drr_entry *core_drr_dup_find(const struct core_drr_dup *d, const uint8_t digest[HASH_LEN], uint64_t now_ms)
{
	struct core_drr_entry *e = MAP_OF(map_find(&d->by_digest, digest, HASH_LEN), struct core_drr_entry, by_digest);

	return e && !is_past(d, e, now_ms) ? e : NULL;
}

struct core_drr_entry *core_drr_dup_of_token(const struct core_drr_dup *d, uint64_t token)
{
	return MAP_OF(map_find(&d->by_token, &token, sizeof token), struct core_drr_entry, by_token);
}

struct core_drr_entry *core_drr_dup_of_number(const struct core_drr_dup *d, uint64_t number)
{
	return MAP_OF(map_find(&d->by_number, &number, sizeof number), struct core_drr_entry, by_number);
}

void core_drr_dup_number(struct core_drr_dup *d, struct core_drr_entry *e, uint64_t number)
{
	e->number = number;
	map_add(&d->by_number, &e->by_number, &e->number, sizeof e->number);
}

void core_drr_dup_follow(struct core_drr_entry *first, struct core_drr_entry *e)
{
	e->follower = first->follower;
	first->follower = e;
}

struct core_drr_entry *core_drr_dup_followers(struct core_drr_entry *first)
{
	struct core_drr_entry *e = first->follower, *before, *oldest = NULL;

	for (; e; e = before) {
		before = e->follower;
		e->follower = oldest;
		oldest = e;
	}
	first->follower = NULL;
	return oldest;
}

void core_drr_dup_age(struct core_drr_dup *d, uint64_t now_ms, uint32_t most)
{
	struct core_drr_entry *e;

	for (; most && (e = TAILQ_FIRST(&d->answered)); most--) {
		d->looked_at++;
		if (!is_past(d, e, now_ms)) {
			break;
		}
		core_drr_dup_drop(d, e);
	}
}

/* Drops answered entries only: the owner still holds the messages of the others. False: no room. */
static bool make_room(struct core_drr_dup *d, uint64_t now_ms)
{
	struct core_drr_entry *e;

	core_drr_dup_age(d, now_ms, FORGOTTEN_A_TIME);
	if (d->by_digest.n < d->entries_max) {
		return true;
	}
	e = TAILQ_FIRST(&d->answered);
	if (!e) {
		return false;
	}
	core_drr_dup_drop(d, e);
	d->dropped++;
	return true;
}

struct core_drr_entry *core_drr_dup_add(struct core_drr_dup *d, const uint8_t digest[HASH_LEN], uint64_t now_ms)
{
	struct core_drr_entry *e = MAP_OF(map_find(&d->by_digest, digest, HASH_LEN), struct core_drr_entry, by_digest);

	if (e) { /* an entry past its window */
		core_drr_dup_drop(d, e);
	}
	e = make_room(d, now_ms) ? calloc(1, sizeof *e) : NULL;
	if (!e) {
		return NULL;
	}
	TAILQ_INIT(&e->waiting);
	e->at_ms = now_ms;
	e->token = d->token_next++;
	memcpy(e->digest, digest, HASH_LEN);
	map_add(&d->by_digest, &e->by_digest, e->digest, sizeof e->digest);
	map_add(&d->by_token, &e->by_token, &e->token, sizeof e->token);
	TAILQ_INSERT_TAIL(&d->open, e, entry);
	return e;
}

void core_drr_dup_answer(struct core_drr_dup *d, struct core_drr_entry *e, const struct core_drr_answer *a)
{
	if (!e->answered) {
		TAILQ_REMOVE(&d->open, e, entry);
		TAILQ_INSERT_TAIL(&d->answered, e, entry);
	}
	e->answered = true;
	e->answer = *a;
}
