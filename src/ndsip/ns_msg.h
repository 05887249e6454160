/* ns_msg.h - the messages between the NDS/IP helper, the edges and the core, one a datagram of a
 * SOCK_SEQPACKET pair that the parent makes. Each end treats the octets of the other one as
 * hostile: a message is decoded into a typed struct before any field is used. PURE.
 *
 *   edge   > helper   OPEN         a connection of a listener with NDS/IP: who protects it?
 *   and core                       of the core: one that it has made to a peer of its own
 *                     CLOSE        it has ended
 *   helper > edge     STATE        the answer to OPEN, and each later change
 *   and core
 *   core   > helper   BEGIN, SCS.., END   all peers of the core and SCSs with NDS/IP; a changed
 *                                  list is a new whole list
 *                     TERMINATE    end the security associations of an SCS now
 *   helper > core     SUMMARY      charon, rules, counts
 *                     SCS_STATE    whether an SCS is protected, else a sentence that says why not
 *
 * The helper finds out what differs between two lists; a list that is not ended in order changes
 * nothing. A helper that begins knows no list before: BEGIN and SCS say what charon may have kept
 * from an earlier helper, and SUMMARY says when nothing else is left. Certificates of trust
 * anchors, our own certificate, proposals and times are not in the messages: the helper has them
 * from the parent's set of files and from the configuration. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/anchor_list.h"
#include "base/err.h"
#include "base/ident.h"
#include "ipsec/sa_conn.h"
#include "ipsec/sa_judge.h"

#define NS_MAGIC 0x3150534eu    /* "NSP1", the first four octets of each message */
#define NS_MSG_OCTETS_MAX 2048u /* of one message */

#define NS_ENDS_MAX 8u   /* addresses of one side of a connection; TCP has one */
#define NS_IKE_MAX 8u    /* IKE addresses of an SCS */
#define NS_HOSTS_MAX 32u /* protected hosts of an SCS; as SA_HOSTS_MAX */
#define NS_WORDS_MAX 256 /* a sentence, with NUL: printable ASCII */
#define NS_VERSION_MAX 32
#define NS_IDENTITY_MAX 256 /* an IKE identity, with NUL */

enum ns_kind {
	NS_OPEN = 1,
	NS_CLOSE = 2,
	NS_STATE = 3,
	NS_BEGIN = 4,
	NS_SCS = 5,
	NS_END = 6,
	NS_TERMINATE = 7,
	NS_SUMMARY = 8,
	NS_SCS_STATE = 9,
};

enum ns_side { NS_FROM_EDGE, NS_FROM_CORE, NS_TO_EDGE, NS_TO_CORE }; /* the last two: of the helper */

/* Why a connection is not proven. The first rows are the verdicts of ipsec/sa_judge.h.
 * name, word of the decision log, words for people */
#define NS_REASON_TABLE(X)                                                                                                       \
	SA_VERDICT_TABLE(X)                                                                                                      \
	X(UNKNOWN_CONNECTION, "sa-unknown-connection", "the security association is of no provisioned SCS")                      \
	X(CHARON_AWAY, "charon-away", "strongSwan does not answer")                                                              \
	X(RULES_LOST, "rules-lost", "the packet filter rules of NDS/IP are not in force")                                        \
	X(NO_HELPER, "no-ndsip-helper", "the NDS/IP helper does not run")                                                        \
	X(ENDED, "scs-ended", "the SCS was removed, changed or blocked")                                                         \
	X(TOO_MANY, "ndsip-limit", "the NDS/IP helper has too many connections")                                                 \
	X(OTHER_HOST, "ndsip-other-host", "the address is no protected host of the SCS (ndsip-hosts)")

enum ns_reason {
#define NS_REASON_ROW(name, reason, words) NS_REASON_##name,
	NS_REASON_TABLE(NS_REASON_ROW)
#undef NS_REASON_ROW
	    NS_REASONS
};

/* The word for the decision log and the sentence of a reason; "" and "" for PROVEN. Static. */
const char *ns_reason_word(unsigned reason);
const char *ns_reason_words(unsigned reason);

/* A peer of the core is an SCS in these messages, whose name begins with SA_PEER_PREFIX. It proves
 * connections of the core only, and an SCS those of edges only. */
bool ns_is_peer(const char *name);

/* -- edge and helper */

struct ns_open {
	uint64_t id;      /* chosen by the edge, not in use */
	uint8_t protocol; /* SA_TCP, SA_SCTP */
	/* An earlier helper has proven it: with ndsip.on_loss keep it is held, and not cut, while
	 * strongSwan is away. */
	bool again;
	uint16_t local_port, remote_port;
	uint8_t local_n, remote_n; /* at least one of each; every pair must be protected */
	struct sa_address local[NS_ENDS_MAX], remote[NS_ENDS_MAX];
};

struct ns_close {
	uint64_t id;
};

enum ns_proof {
	NS_HELD = 1,   /* not protected now: neither read from it nor send to it; another STATE follows */
	NS_PROVEN = 2, /* protected by the SCS and identity in the message */
	NS_CUT = 3,    /* not protected for ndsip.grace: end it. The helper has forgotten the id */
};

struct ns_state {
	uint64_t id;
	uint8_t proof;  /* enum ns_proof */
	uint8_t reason; /* enum ns_reason; PROVEN with NS_PROVEN, and only then */
	/* PROVEN: all three are given. Else scs and anchor are "" and the identity is the one that
	 * was found, for the log, or "". */
	char scs[IDENT_SCS_MAX + 1];
	char identity[NS_IDENTITY_MAX]; /* host name, lower case, when PROVEN */
	char anchor[ANCHOR_LIST_LEN];   /* trust anchors of the SCS: it is proven by one of them */
};

/* -- core and helper */

struct ns_begin {
	uint32_t list; /* number of the list, larger than those before */
	uint32_t n;    /* SCSs in it */
	/* The last helper to end all it had to end used this set of files; 0: none did yet. */
	uint32_t files;
};

struct ns_scs {
	uint32_t list;
	/* A helper that ended all it had to end had the SCS as it is here. False: what charon has
	 * under its name may be of other data. */
	bool known;
	char name[IDENT_SCS_MAX + 1];
	char identity[IDENT_HOST_MAX + 1]; /* IKE identity = Origin-Host, in lower case */
	char anchor[ANCHOR_LIST_LEN];      /* those of its trust anchors that the configuration has */
	uint8_t ike_n;                     /* 0: the SCS initiates, from any address */
	struct sa_address ike[NS_IKE_MAX];
	uint8_t hosts_n; /* at least one */
	struct sa_address hosts[NS_HOSTS_MAX];
	struct ns_service {       /* of a peer: where we connect to, and from; 0 of an SCS */
		uint8_t protocol; /* SA_TCP, SA_SCTP */
		uint16_t port;    /* of the hosts */
		uint8_t local_n;  /* at least one */
		struct sa_address local[NS_ENDS_MAX];
	} service;
};

struct ns_end {
	uint32_t list, n; /* as in BEGIN */
};

enum ns_why { NS_WHY_REMOVED = 1, NS_WHY_BLOCKED = 2, NS_WHY_CHANGED = 3, NS_WHY_OPERATOR = 4 };

struct ns_terminate {
	char name[IDENT_SCS_MAX + 1];
	uint8_t why; /* enum ns_why */
};

enum ns_rules {
	NS_RULES_UNCHECKED = 1, /* rules_check is 0, or no check has ended yet */
	NS_RULES_OK = 2,
	NS_RULES_MISSING = 3,
	NS_RULES_CHANGED = 4,
	NS_RULES_UNREADABLE = 5,
};

struct ns_summary {
	bool charon;                  /* connected, and its list of associations is complete */
	uint8_t rules;                /* enum ns_rules */
	char version[NS_VERSION_MAX]; /* "strongSwan 5.9.8"; "" while not known */
	char words[NS_WORDS_MAX];     /* what is wrong with charon or the rules; "": nothing */
	uint64_t loss_s;              /* real time of the last loss of charon; 0: none since the start */
	uint32_t list;                /* number of the list in use; 0: none */
	/* The set of files in use, when no security association is left that this list or these
	 * files do not account for; 0: some may be. */
	uint32_t ended;
	uint32_t scs, loaded;    /* of the list; charon has their connection */
	uint32_t ikes, children; /* listed by charon, those of others included */
	uint32_t open, proven;   /* connections of edges; of these, proven */
	/* since the start of the helper */
	uint64_t proofs, refused, cut; /* connections proven; never proven; cut after they were proven */
	uint64_t losses;               /* of charon */
	uint64_t events, lists;        /* of charon */
};

enum ns_scs_state {
	NS_SCS_WAITS = 1,     /* not loaded yet */
	NS_SCS_REFUSED = 2,   /* charon or the check of the connection refused it */
	NS_SCS_DOWN = 3,      /* loaded, no IKE_SA */
	NS_SCS_CHILDLESS = 4, /* an IKE_SA without an installed child */
	NS_SCS_UP = 5,        /* at least one child is installed */
};

struct ns_scs_is {
	char name[IDENT_SCS_MAX + 1];
	uint8_t state;    /* enum ns_scs_state */
	uint8_t children; /* installed; 255: that many or more */
	uint16_t open;    /* proven connections; 65535: that many or more */
	/* Why it is not protected, and what to do; "" with UP. */
	char words[NS_WORDS_MAX];
};

/* -- octets */

struct ns_msg {
	enum ns_kind kind;
	union {
		struct ns_open open;
		struct ns_close close;
		struct ns_state state;
		struct ns_begin begin;
		struct ns_scs scs;
		struct ns_end end;
		struct ns_terminate terminate;
		struct ns_summary summary;
		struct ns_scs_is scs_is;
	};
};

/* Writes the octets of a message; returns their number. 0: a field that the decoder would
 * refuse. */
size_t ns_msg_encode(uint8_t out[NS_MSG_OCTETS_MAX], const struct ns_msg *m);

/* ERR_PROTO: the octets are no message that `from` sends; `out` is unchanged. */
ERR_MUST_USE int ns_msg_decode(struct ns_msg *out, enum ns_side from, const void *p, size_t n);
