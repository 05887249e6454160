/* adm_check.h - one question of `assoc check`: its arguments, the facts, the verdict. Shared by
 * adm_check.c and adm_check_reply.c only. */
#pragma once
#include "admin/adm_int.h"
#include "base/obj.h"
#include "policy/pol_change.h"

/* Where the groups come from that a certificate proves. */
enum check_proof {
	CHECK_NOTHING,
	CHECK_NAMES,       /* somebody named them */
	CHECK_SESSION,     /* an open session */
	CHECK_CERTIFICATE, /* a certificate given in the command */
};

#define CHECK_MAGIC 0xa93f32b2u
struct check { /* one question, the facts about it and the verdict */
	struct obj obj;
	struct adm_wait wait;
	struct adm *adm;
	struct ctl_request *rq;
	const json_t *args; /* borrowed until the answer */
	const char *scs, *action;
	const struct asc_scs *provisioned; /* NULL: no such SCS; borrowed until the next turn */

	enum check_proof proof;
	char proven_room[IDENTITY_GROUPS_MAX][IDENT_SCS_MAX + 1];
	const char *proven[IDENTITY_GROUPS_MAX];
	uint64_t proof_not_after_s;          /* 0: no end is known */
	struct core_certificate certificate; /* CHECK_CERTIFICATE */
	/* CHECK_CERTIFICATE: why every handshake with it would fail; "": it would succeed */
	char refused[512];
	struct asc_asker who;
	char anchor[IDENT_SCS_MAX + 1]; /* of who */

	struct assoc_found found;
	struct asc_near near;
	struct pol_case c;
	struct pol_verdict verdict; /* of the gateway; then including the answer of the HSS */
	struct pol_assoc assoc;
	struct pol_changes changes;
	/* refusal that no rule can change: "certificate", "session", "hss", "other-name"; NULL:
	 * none */
	const char *beyond;

	bool hss_asked;
	int hss_err; /* the question could not be sent: ERR_*; 0: sent */
	struct core_hss_answer hss;
};

/* -- adm_check_reply.c: the last line of the answer. New reference. */
json_t *adm_check_reply(const struct check *k);
