/* sa_table.h - the security associations that charon has, by what it says: the events ike-updown,
 * child-updown, ike-rekey and child-rekey, and whole lists (list-sas). Keys are the numbers
 * (uniqueid) that charon gives IKE_SAs and CHILD_SAs; reqids and SPIs prove nothing.
 *
 * Down is the absence of `up`, whatever the states in the event say. The end of what was never up
 * is ignored: charon reports a failed authentication as the end of an IKE_SA with the identity that
 * the peer only claimed.
 *
 * The table is whole after a list that was read to its end. It is not whole before the first list,
 * after clear(), and when something could not be taken over (no memory, a bound, a message that
 * breaks the protocol), until the next list. The reader of the socket calls clear() when charon is
 * gone, because a new charon gives the same numbers again. One thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/map.h"
#include "base/multimap.h"
#include "base/obj.h"
#include "ipsec/sa_report.h"
#include "ipsec/sa_ts.h"

#define SA_SELECTORS_MAX 8u /* of one side of a child; more are joined (sa_ts_join()) */
/* Children of one IKE_SA. A peer may ask for as many as it likes, and each judgement of its hosts
 * walks over them: an IKE_SA with more is to be ended (sa_table_crowded()). */
#define SA_IKE_CHILDREN_MAX 256u
#define SA_CONNECTION_MAX 127u /* octets of the name of a connection */

#define SA_IKE_MAGIC 0x5a1c0e71u
struct sa_ike {
	struct obj obj;
	uint32_t uniqueid;
	/* That of the IKE_SA in which the peer proved its identity: rekeying gives a new number,
	 * and asks for no other proof. */
	uint32_t first;
	uint64_t listed;                        /* number of the list that last had it */
	bool proven;                            /* it was up, or listed as authenticated */
	char connection[SA_CONNECTION_MAX + 1]; /* "": longer than any of ours */
	char identity[SA_IDENTITY_MAX + 1];     /* remote-id; "": none, too long, or with a NUL in it */
	uint32_t children_n;
	LIST_HEAD(, sa_child) children;
	LIST_ENTRY(sa_ike) entry;
	struct map_node node;
};

struct sa_selector { /* one remote selector of a child */
	struct sa_ts ts;
	struct sa_child *child;
	bool wide; /* more than one host: in the list of those, else in the table by its host */
	struct multimap_node by_host;
	LIST_ENTRY(sa_selector) entry;
};

#define SA_CHILD_MAGIC 0x5ac41d02u
struct sa_child {
	struct obj obj;
	uint32_t uniqueid;
	uint64_t listed;
	enum sa_child_state state;
	struct sa_ike *ike;
	/* Its selectors could not be read: it may carry anything. Then it has none here. */
	bool unreadable;
	uint8_t local_n, remote_n;
	struct sa_ts local[SA_SELECTORS_MAX];
	struct sa_selector remote[SA_SELECTORS_MAX];
	LIST_ENTRY(sa_child) entry;
	struct map_node node;
};

struct sa_table_conf {
	uint32_t ikes_max, children_max;
	struct sa_services services; /* borrowed as long as the table lives */
};

struct sa_table_counts {
	uint32_t ikes, children;
	uint32_t unreadable;    /* of the children */
	uint64_t ignored_downs; /* ends of what is not in the table, since the start */
	uint64_t refused;       /* messages that could not be taken over, since the start */
};

/* Whose proof may be another one than before: that of connections to these remote hosts, or of any
 * connection. */
#define SA_TOUCHED_MAX 16u
struct sa_touched {
	bool all;
	uint8_t n;
	struct sa_address hosts[SA_TOUCHED_MAX];
};

struct sa_table;

/* ERR_NOMEM, ERR_IO (no random numbers). */
ERR_MUST_USE int sa_table_new(struct sa_table **out, const struct sa_table_conf *conf);
void sa_table_free(struct sa_table *t); /* NULL allowed */
/* Forgets everything: charon is gone. */
void sa_table_clear(struct sa_table *t);

/* Takes an event over. ERR_NOTFOUND: another kind of event, nothing is changed. ERR_PROTO,
 * ERR_BUSY (ikes_max, children_max), ERR_NOMEM: the table is no longer whole. A list-sa event
 * outside of a list is ERR_PROTO. */
ERR_MUST_USE int sa_table_event(struct sa_table *t, const struct vici_packet *packet);

/* A list: begin when list-sas is sent, end when its response is there. What no list-sa event of the
 * list named, and what did not come up meanwhile, is removed. cancel: the list is not complete, and
 * nothing is removed. */
void sa_table_list_begin(struct sa_table *t);
/* ERR_STATE: no list was begun. ERR_BUSY: something could not be taken over; not whole. */
ERR_MUST_USE int sa_table_list_end(struct sa_table *t);
void sa_table_list_cancel(struct sa_table *t);

/* Since the last call. A selector of more than one host, a child that cannot be understood, the end
 * of a list and what is not whole are about all. */
void sa_table_touched(struct sa_table *t, struct sa_touched *out);

/* An IKE_SA that has got more than SA_IKE_CHILDREN_MAX children since the last call; NULL: none. */
const struct sa_ike *sa_table_crowded(struct sa_table *t);

bool sa_table_whole(const struct sa_table *t);
struct sa_table_counts sa_table_counts(const struct sa_table *t);

/* The highest number of an IKE_SA since the start or clear(); 0: none. Those that begin later have
 * higher ones. */
uint32_t sa_table_newest(const struct sa_table *t);
const struct sa_ike *sa_table_ike(const struct sa_table *t, uint32_t uniqueid); /* NULL: none */
/* All of them: LIST_NEXT(ike, entry) is the next one. NULL: none. */
const struct sa_ike *sa_table_first_ike(const struct sa_table *t);
const struct sa_child *sa_table_child(const struct sa_table *t, uint32_t uniqueid); /* NULL: none */
/* The remote selectors that may hold this address: those of one host with its hash, then the wide
 * ones. NULL: no more. A child may have several. Nothing may change during the walk. */
const struct sa_selector *sa_table_first(const struct sa_table *t, const struct sa_address *remote);
const struct sa_selector *sa_table_next(const struct sa_table *t, const struct sa_selector *s);
