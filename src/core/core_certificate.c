/* core_certificate.c - judges a certificate before its first use as admission would judge a
 * connection with it. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "core/core_int.h"
#include "core/core_limits.h"
#include "policy/pol_admit.h"
#include "tls/tls_judge.h"

void core_judge(struct core *c, struct tls_judge *judge)
{
	c->files.judge = judge;
}

/* Verdict on a session of this SCS with its own host and realm. Open connections do not count. */
static void admission(struct core_certificate *out, const struct core *c, const struct asc_scs *scs,
		      const struct tls_identity *id, uint64_t now_s)
{
	uint8_t anchor;
	struct pol_admit_scs facts = { scs->origin_host,     scs->realm,         scs->anchor, NULL, 0, 1,
				       scs->revocation_soft, core_agreement(scs) };
	struct pol_identity who = { .kind = IDENTITY_TLS, .not_after_s = id->not_after_s };

	for (; who.names_n < id->names_n && who.names_n < IDENTITY_NAMES_MAX; who.names_n++) {
		who.names[who.names_n] = id->names[who.names_n];
	}
	for (; who.anchors_n < id->anchors_n && who.anchors_n < IDENTITY_ANCHORS_MAX; who.anchors_n++) {
		who.anchors[who.anchors_n] = id->anchors[who.anchors_n];
		who.revocation[who.anchors_n] = id->revocation[who.anchors_n];
	}
	facts.also = core_also_named(c, &who, scs);
	anchor = pol_admit_anchor(&who, scs->anchor);
	str_set(out->anchor, sizeof out->anchor, anchor < IDENTITY_ANCHORS_MAX ? who.anchors[anchor] : "");
	out->admission = pol_admit(&who, scs->origin_host, scs->realm, &facts, now_s);
}

int core_certificate(const struct core *c, const char *scs, const char *pem, uint64_t now_s, struct core_certificate *out,
		     char *why)
{
	const struct asc_scs *provisioned = asc_scs_find(c->store.asc, scs);
	struct tls_pem chain = { pem, strlen(pem) };
	struct core_proven proven = { .n = 0 };
	struct tls_identity id;
	int err;

	*out = (struct core_certificate){ .admission = POL_UNKNOWN_PEER };
	if (!c->files.judge) {
		snprintf(why, CORE_WHY_MAX, "no trust anchors are in use here");
		return ERR_STATE;
	}
	err = tls_judge_client(&id, c->files.judge, &chain, why, CORE_WHY_MAX);
	if (err) {
		return err;
	}
	str_cut(out->subject, sizeof out->subject, id.subject);
	out->not_after_s = id.not_after_s;
	for (uint8_t i = 0; i < id.groups_n && i < IDENTITY_GROUPS_MAX; i++) {
		core_proven_add(c, &proven, id.groups[i]);
	}
	for (; out->groups_n < proven.n && out->groups_n < IDENTITY_GROUPS_MAX; out->groups_n++) {
		str_set(out->groups[out->groups_n], sizeof out->groups[out->groups_n],
			proven.name[out->groups_n]); /* both names are bounded by IDENT_SCS_MAX */
	}
	if (provisioned) {
		admission(out, c, provisioned, &id, now_s);
	}
	return 0;
}
