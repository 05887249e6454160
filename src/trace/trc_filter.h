/* trc_filter.h - which messages a trace copies, and the requests whose answers belong to it. A
 * message must match every member that is given. PURE. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ident.h"

struct trc_filter {
	/* each "": not given */
	char scs[IDENT_SCS_MAX + 1];
	char external[IDENT_EXTERNAL_MAX + 1], msisdn[IDENT_MSISDN_MAX + 1]; /* at most one: the device */
	char peer[IDENT_SCS_MAX + 1];                                        /* a core peer by its name in the configuration */
	bool has_reference;
	uint32_t reference; /* of the trigger; with `scs` */
};

/* A trigger, as far as a filter knows it. Texts are never NULL. */
struct trc_about {
	const char *scs, *external, *msisdn;
	uint32_t reference;
};

/* False: the filter names nothing, or a trigger without its SCS. */
bool trc_filter_ok(const struct trc_filter *f);
/* Messages of a trigger like this one match, as far as scs, device and trigger say. */
bool trc_filter_matches(const struct trc_filter *f, const struct trc_about *about);
/* True: the filter names nothing but the SCS, so all messages of its connections match. */
bool trc_filter_whole_scs(const struct trc_filter *f);
/* True: the filter names nothing but the peer, so all messages of its connection match. */
bool trc_filter_whole_peer(const struct trc_filter *f);
/* The filter in words, for people: "scs acme, trigger 41". Returns `out`. */
#define TRC_FILTER_TEXT_MAX 512
const char *trc_filter_text(char out[TRC_FILTER_TEXT_MAX], const struct trc_filter *f);

/* Requests that were copied and whose answer is to be copied, too. A table of fixed size: a request
 * may push out an older one of the same place, whose answer is then missing. */
#define TRC_WATCH_SLOTS 8192u
struct trc_watch {
	struct trc_slot {
		uint64_t connection; /* 0: free */
		uint32_t hop_by_hop;
	} * slots;     /* NULL: off */
	uint32_t used; /* of the slots; 0: no answer is waited for */
};

/* ERR_NOMEM */
ERR_MUST_USE int trc_watch_init(struct trc_watch *w);
void trc_watch_fini(struct trc_watch *w); /* also when all is zero */
/* `connection`: any number that is not 0; the two directions of a connection have two. */
void trc_watch_add(struct trc_watch *w, uint64_t connection, uint32_t hop_by_hop);
/* True once for each request that was added and not pushed out. */
bool trc_watch_take(struct trc_watch *w, uint64_t connection, uint32_t hop_by_hop);
