/* kh_sets.h - the keys of the last sets of files. A keyholder has a set before any edge uses it,
 * and keeps the keys of older ones as long as an edge uses them, and KH_SET_GRACE_MS more, for
 * handshakes that began with them. PURE: the time is an argument. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define KH_SETS_MAX 8u /* the parent takes no further set while an edge uses one that would not fit */
#define KH_SET_GRACE_MS 30000u

struct kh_set {
	uint32_t generation; /* of the set of files */
	void *keys;
	uint64_t until_ms; /* 0: an edge may use it */
};

struct kh_sets {                       /* all zero but `forget` at first */
	struct kh_set at[KH_SETS_MAX]; /* the oldest first */
	unsigned n;
	void (*forget)(void *keys); /* wipes and frees */
};

/* The newest set. Takes `keys`. When there is no room the oldest one is forgotten. */
void kh_sets_add(struct kh_sets *s, uint32_t generation, void *keys);
/* NULL: there is no such set. */
void *kh_sets_find(const struct kh_sets *s, uint32_t generation);
/* No edge uses a set older than this one any more. The newest set stays in any case. */
void kh_sets_used(struct kh_sets *s, uint32_t oldest, uint64_t now_ms);
/* Forgets the sets whose time is over. Returns in how many ms to call again; 0: not before the
 * next kh_sets_used(). */
uint64_t kh_sets_look(struct kh_sets *s, uint64_t now_ms);
void kh_sets_fini(struct kh_sets *s);
