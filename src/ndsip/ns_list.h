/* ns_list.h - the SCSs that the core provisions under NDS/IP, and what is still to be done about
 * each of them at charon. A new list is gathered aside and takes effect as a whole at its end; what
 * differs becomes work: a new SCS is loaded; a changed one is loaded, terminated and, where we know
 * its address, initiated, because neither rekeying nor reauthentication applies a change; a removed
 * one is unloaded and terminated. A new SCS is terminated, too, unless the core says that an
 * earlier helper had it as it is, and the files of its anchor are those of then: charon outlives a
 * helper and the daemon, and may have security associations of before. PURE but for the
 * allocator. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/map.h"
#include "base/obj.h"
#include "ipsec/sa_conn.h"
#include "ndsip/ns_files.h"
#include "ndsip/ns_msg.h"

#define NS_LIST_MAX 65536u /* SCSs in a list */

/* Bits; done in the order of ns_list_work(). */
enum ns_todo {
	NS_TODO_UNLOAD = 1,
	NS_TODO_LOAD = 2,
	NS_TODO_TERMINATE = 4,
	NS_TODO_INITIATE = 8,
};

#define NS_MEMBER_MAGIC 0x6d31c9a5u
struct ns_member { /* one SCS */
	struct obj obj;
	struct ns_scs scs;
	char connection[SA_CONN_NAME_MAX]; /* its name at charon */
	bool gone;                         /* not in the list any more; freed when its work is done */
	bool active;                       /* in the list in use; false: only in the one that is gathered */
	uint64_t named;                    /* number of the list of names that had it last */
	bool loaded, refused;              /* charon has it; it or our check refused it, see words */
	unsigned todo;                     /* enum ns_todo bits */
	uint32_t ended_to;                 /* newest IKE_SA at the last TERMINATE; 0: none */
	bool busy;                         /* a command about it is on its way */
	bool ending;                       /* that is TERMINATE */
	char words[NS_WORDS_MAX];          /* why it was refused */
	struct ns_scs *next;               /* in the list that is gathered; NULL: not there */
	/* What ns_status.h counts, and what the core was told. */
	uint32_t ikes, children, open;
	struct ns_scs_is said;
	bool unsaid;
	TAILQ_ENTRY(ns_member) entry, work, saying;
	struct map_node node; /* by name */
};

struct ns_list {
	struct map by_name;
	TAILQ_HEAD(ns_members, ns_member) all;
	struct ns_members urgent, work; /* those with something to do: terminate, or else */
	struct ns_members saying;       /* unsaid; of ns_status.h */
	uint32_t number;                /* of the list in use; 0: none */
	uint32_t files;                 /* the set of files in use; 0: none */
	struct ns_since {               /* of its trust anchors */
		char name[IDENT_SCS_MAX + 1];
		uint32_t since; /* the set since which its files are as they are; 0: not known */
	} anchors[NS_ANCHORS_MAX];
	size_t anchors_n;
	uint32_t n, loaded; /* SCSs in it */
	uint64_t names;     /* lists of the connections of charon that were begun */
	struct {
		uint32_t number, n, got;
		bool on;
		uint32_t files; /* of the last helper that ended all it had to end; 0: of none */
	} gather;
};

ERR_MUST_USE int ns_list_init(struct ns_list *l); /* ERR_NOMEM, ERR_IO */
void ns_list_fini(struct ns_list *l);             /* also when all is zero */

/* A list of the core. ERR_PROTO: a number that is not larger, too many, no begin, a name that is
 * there twice, another number of SCSs than announced; ERR_NOMEM. After an error the list in use
 * stays and nothing is gathered. */
ERR_MUST_USE int ns_list_begin(struct ns_list *l, const struct ns_begin *b);
ERR_MUST_USE int ns_list_put(struct ns_list *l, const struct ns_scs *s);
ERR_MUST_USE int ns_list_end(struct ns_list *l, const struct ns_end *e);
/* The core is gone, or another one begins: numbers begin anew, the list in use stays. */
void ns_list_new_core(struct ns_list *l);

/* NULL: no SCS in the list in use. */
struct ns_member *ns_list_find(const struct ns_list *l, const char *name);
/* By the name of a connection at charon. */
struct ns_member *ns_list_of(const struct ns_list *l, const char *connection);

/* Whether the end of a security association is wanted that charon has not acknowledged yet. */
bool ns_list_owes(const struct ns_list *l);

/* The SCS whose work is the most urgent, and what it is; NULL: nothing to do. It is busy from here
 * to ns_list_done(). */
struct ns_member *ns_list_work(struct ns_list *l, enum ns_todo *what);
/* The work is done, or has failed for good. May free m. */
void ns_list_done(struct ns_list *l, struct ns_member *m);
/* The channel to charon broke while m was busy: the work is to be done again. */
void ns_list_undone(struct ns_list *l, struct ns_member *m, enum ns_todo what);

/* More to do about an SCS. */
void ns_list_add_work(struct ns_list *l, struct ns_member *m, unsigned todo);
/* A charon that may know nothing: everything is loaded. */
void ns_list_new_charon(struct ns_list *l);
/* The set of files in use from now on. */
void ns_list_files(struct ns_list *l, const struct ns_files *files, uint32_t generation);
/* The certificates of this trust anchor have changed: its SCSs must prove who they are again. */
void ns_list_new_anchor(struct ns_list *l, const char *anchor);
/* Ours has changed: loaded, and used from the next authentication on. */
void ns_list_new_certificate(struct ns_list *l);

/* A list of the connections that charon has: begin, each name, end. One of ours by its name that is
 * in no list of the core was left by an earlier helper: it is unloaded and terminated; without
 * memory it stays until the next list. One that we have loaded and that is not there was unloaded
 * by somebody else, such as swanctl --load-conns: it is loaded again. */
void ns_list_names_begin(struct ns_list *l);
void ns_list_name(struct ns_list *l, const char *connection);
void ns_list_names_end(struct ns_list *l);

/* Whether charon took the connection; `words` say why not, NULL: it did. */
void ns_list_loaded(struct ns_list *l, struct ns_member *m, const char *words);
