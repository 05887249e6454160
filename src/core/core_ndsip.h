/* core_ndsip.h - what the core tells the NDS/IP helper (ndsip/ns_msg.h), and what it hears of it.
 *
 *   (NONE) --channel--> SENDING --END sent--> IDLE --SCSs changed--> SENDING
 *     ^                    |                   |
 *     +------ lost --------+-------------------+
 *
 * The helper gets the whole list of peers and SCSs with NDS/IP when its channel opens, after each
 * change of SCSs, and when a block of an SCS on every device begins or ends. What happens within
 * CORE_NDSIP_GATHER_MS is one list. A list is a view of the store at one instant. It is sent as
 * fast as the helper reads, and some messages a turn.
 * What ends at once has a TERMINATE, which does not wait for a list to begin. One that the helper
 * does not take now waits, at most one for each SCS of the list: the latest reason counts. It
 * outlives a helper.
 * charon outlives a helper, too. What a helper has not ended, the next one has to: the core keeps
 * with which data of each SCS, and with which files, a helper had nothing left to end, and the next
 * one keeps only the security associations of these. */
#pragma once
#include <sys/queue.h>

#include "assoc/asc_scs.h"
#include "base/map.h"
#include "base/sip.h"
#include "conf/cfg_iwf.h"
#include "core/core_ndsip_blocks.h"
#include "ndsip/ns_channel.h"

struct asc_export;
struct core;
struct net_timer;

#define CORE_NDSIP_GATHER_MS 100u
#define CORE_NDSIP_RETRY_MS 1000u /* after an error of ours, such as no memory */
#define CORE_NDSIP_TURN_MAX 256u  /* messages that are sent in a turn */

struct core_ndsip_scs { /* an SCS or peer of the list */
	struct obj obj;
	struct map_node by_name;
	uint32_t list;          /* the last one that has it */
	bool refused;           /* by the core: it is not in the list that the helper gets */
	bool blocked;           /* that is why */
	struct ns_scs_is is;    /* as the helper said last; state 0: nothing yet */
	char own[NS_WORDS_MAX]; /* why the core refused it */
	uint8_t end_why;        /* enum ns_why: a TERMINATE about it waits; 0: none */
	/* Hashes of its data: in the last list that has it, and in the last one after which a
	 * helper had nothing left to end. 0: none. */
	uint64_t given, settled;
	TAILQ_ENTRY(core_ndsip_scs) ends;
};

enum core_ndsip_stage { CORE_NDSIP_IDLE, CORE_NDSIP_BEGIN, CORE_NDSIP_PEERS, CORE_NDSIP_SCSS, CORE_NDSIP_END };

struct core_ndsip {
	struct ns_channel *channel; /* NULL: no helper */
	struct net_timer *timer;
	bool waits;                  /* the timer runs */
	enum core_ndsip_stage stage; /* of the list that is being sent */
	size_t peer_at;              /* PEERS: the next of the configuration */
	struct asc_export *view;     /* the store as of its beginning */
	uint64_t sent_changes;       /* asc_scs_changes() of it */
	uint64_t looked;             /* asc_generation() when it was last compared with the store */
	bool due;                    /* a list has to be sent, whatever changed */
	struct core_ndsip_blocks blocks;
	struct net_timer *clock; /* a block begins or ends */
	uint32_t list, list_n;   /* its number; SCSs and peers in it */
	uint32_t peers_n;        /* of these, peers */
	uint32_t refused;        /* SCSs that the core left out of it */
	uint32_t files;          /* set of files of the last helper that had nothing left to end; 0: none */
	struct sip_key key;      /* of the hashes of data */
	struct ns_msg out;       /* the helper did not take it yet */
	bool has_out;
	TAILQ_HEAD(, core_ndsip_scs) ends; /* whose TERMINATE waits */
	struct map by_name;                /* of struct core_ndsip_scs; peers: core_proof_name() */
	/* of core_proofs.h */
	struct net_timer *proof_timer;
	uint64_t proof_id; /* the last one given */
	struct ns_summary summary;
	bool heard;        /* a summary of this helper came */
	uint64_t since_ms; /* when the helper came or went, or charon did */
	uint64_t losses;   /* of helpers */
};

/* Whether what an SCS has of NDS/IP goes with the configuration; else `why` says why not. */
bool core_ndsip_fits(const struct cfg_iwf *cfg, const struct asc_scs *scs, char why[CFG_WHY_MAX]);
/* The message about an SCS that fits, in the list of this number. */
void core_ndsip_message(struct ns_msg *m, uint32_t list, const struct cfg_iwf *cfg, const struct asc_scs *scs);
ERR_MUST_USE int core_ndsip_init(struct core *c); /* ERR_NOMEM, ERR_IO */
void core_ndsip_fini(struct core *c);             /* a zeroed part is allowed */
/* At the end of a turn: notices changes of SCSs. */
void core_ndsip_look(struct core *c);
/* The SCS was removed or changed: its security associations end, now or when there is a helper that
 * takes it. Nothing for an SCS that was in no list. */
void core_ndsip_terminate(struct core *c, const char *scs, enum ns_why why);

/* -- core_ndsip_list.c, for core_ndsip.c */

ERR_MUST_USE int core_ndsip_list_init(struct core *c);
void core_ndsip_list_fini(struct core *c); /* a zeroed part is allowed */
void core_ndsip_list_begin(struct core *c);
void core_ndsip_list_end(struct core_ndsip *n); /* what is left of it is not sent */
/* Some messages, until the helper has to read first, or there is nothing to send. */
void core_ndsip_send(struct core *c);
/* What is being sent is not: a TERMINATE waits again. */
void core_ndsip_unsend(struct core_ndsip *n);
void core_ndsip_forget(struct core_ndsip_scs *s); /* what the helper said of it */
void core_ndsip_drop(struct core_ndsip *n, struct core_ndsip_scs *s);

/* -- core_ndsip_names.c */

#define CORE_NDSIP_SCS_MAGIC 0x6e5c51a3u
/* NULL: it was in no list. */
struct core_ndsip_scs *core_ndsip_find(const struct core_ndsip *n, const char *name);
/* One that is in no list yet. NULL: no memory. */
struct core_ndsip_scs *core_ndsip_add(struct core_ndsip *n, const char *name);

/* The data of `m->scs` go into the list; whether the helper may take what charon has of it as
 * theirs. */
void core_ndsip_note_given(const struct core_ndsip *n, struct core_ndsip_scs *s, struct ns_msg *m);
/* The helper had nothing left to end, with the list in use and these files. */
void core_ndsip_settle(struct core_ndsip *n, uint32_t files);

/* -- core_ndsip_peers.c, for core_ndsip_list.c */

/* Notes the peers of the list that begins, and counts them. ERR_NOMEM. */
ERR_MUST_USE int core_ndsip_peers_note(struct core *c);
/* Puts the next peer into `out`. False: none is left. */
bool core_ndsip_peers_put(struct core *c);
