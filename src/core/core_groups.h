/* core_groups.h - the groups of SCSs that a session's certificate proves, for as long as the
 * certificate is valid (CONTRACTS section 1, "identity record"). */
#pragma once
#include <stdint.h>

#include "assoc/asc.h"
#include "ipc/ipc_rec.h"
#include "trigger/trg.h"

struct core;

struct core_proven {
	uint64_t not_after_s;           /* 0: no end known */
	char anchor[IDENT_SCS_MAX + 1]; /* trust anchor of the certificate; "": not known here */
	uint8_t n;
	char name[IDENTITY_GROUPS_MAX][IDENT_SCS_MAX + 1];
	const char *names[IDENTITY_GROUPS_MAX];
};

/* Adds the group that a SAN URI names. Ignores a URI that names no group. */
void core_proven_add(const struct core *c, struct core_proven *p, const char *uri);
/* Returns *out owned; NULL: the certificate names no group. ERR_NOMEM: the groups are unknown. */
ERR_MUST_USE int core_proven_of(struct core_proven **out, const struct core *c, const struct ipc_identity *id);
void core_proven_free(struct core_proven *p); /* NULL allowed */
/* The session is admitted by this trust anchor, which alone counts for its groups. NULL allowed. */
void core_proven_by(struct core_proven *p, const char *anchor);

/* Writes the groups as text: a trigger outlives the session and the core. Empty for NULL. The text
 * does not say by which trust anchor they are proven, so groups of another anchor are left out. */
void core_proven_text(char out[TRG_GROUPS_LEN_MAX + 1], const struct core *c, const struct core_proven *p);
/* The reverse of core_proven_text(). Borrows nothing. The anchor is not known. */
void core_proven_from(struct core_proven *out, const char *text, uint64_t not_after_s);

/* The SCS with its proven groups as input of the association store; borrows both. Leaves out
 * expired groups. */
struct asc_asker core_asker(const char *scs, const struct core_proven *p, uint64_t now_ms);
