/* sa_judge.h - the proof of a connection under NDS/IP: which identity protects the packets between
 * these two ends?
 *
 * A reqid belongs to a pair of selectors, not to a peer: two peers that have proven two identities
 * may hold the same selectors, and the newer takes over the traffic without an event about the
 * older. Therefore all children whose selectors hold both ends are looked at, and all have to be of
 * one identity, the provisioned one, on the connection that was loaded for it. Anything else is a
 * refusal. Nothing is concluded from one event: ask again after each child-updown of any peer. */
#pragma once
#include "ipsec/sa_table.h"

/* name, word of the decision log, words for people */
#define SA_VERDICT_TABLE(X)                                                                                                      \
	X(SA_PROVEN, "", "protected by the provisioned identity")                                                                \
	X(SA_NOT_LISTED, "sa-list-incomplete", "the list of security associations is not complete")                              \
	X(SA_NOT_UNDERSTOOD, "sa-selector-unknown", "a security association has selectors that cannot be understood")            \
	X(SA_UNPROTECTED, "sa-none", "no security association holds both addresses and the port")                                \
	X(SA_NOT_INSTALLED, "sa-not-installed", "the security association is not installed")                                     \
	X(SA_TWO_IDENTITIES, "sa-two-identities", "security associations of two identities hold both addresses and the port")    \
	X(SA_OTHER_IDENTITY, "sa-other-identity", "the security association has another identity")                               \
	X(SA_OTHER_CONNECTION, "sa-other-connection", "the security association is of another connection of strongSwan")         \
	X(SA_NOT_AUTHENTICATED, "sa-not-authenticated", "the identity of the security association is not authenticated")

enum sa_verdict {
#define SA_VERDICT_ROW(name, reason, words) name,
	SA_VERDICT_TABLE(SA_VERDICT_ROW)
#undef SA_VERDICT_ROW
};

struct sa_question {                 /* borrowed */
	struct sa_end local, remote; /* of the connection, as its socket says */
	uint8_t protocol;            /* SA_TCP, SA_SCTP */
	const char *identity;        /* the provisioned one; compared without regard to case */
	const char *connection;      /* the name that load-conn gave (sa_conn.h) */
	/* What was provisioned before counts no longer: a peer that proved its identity in an
	 * IKE_SA up to this number has to prove it again. 0: none. */
	uint32_t ended_to;
};

struct sa_answer {
	enum sa_verdict verdict;
	/* PROVEN: the child that proves it. Else the one to name in the log, NULL: none. Of the
	 * table. */
	const struct sa_child *child;
};

struct sa_answer sa_judge(const struct sa_table *t, const struct sa_question *q);

/* The reason word; "" for PROVEN. Static. */
const char *sa_verdict_reason(enum sa_verdict verdict);
const char *sa_verdict_words(enum sa_verdict verdict);
