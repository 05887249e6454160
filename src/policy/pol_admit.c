/* pol_admit.c - three names must agree: the proven, the claimed and the provisioned one. */
#include "policy/pol_admit.h"

#include <string.h>

#include "base/anchor_list.h"
#include "base/ident.h"
#include "base/str.h"

static bool same_host(const char *a, const char *b)
{
	return str_equal_nocase(a, strlen(a), b, strlen(b));
}

static bool proves_host(const struct pol_identity *id, const char *host)
{
	for (uint8_t i = 0; i < id->names_n && i < IDENTITY_NAMES_MAX; i++) {
		if (same_host(id->names[i], host)) {
			return true;
		}
	}
	return false;
}

static bool nothing_missing(const struct pol_identity *id, uint8_t i)
{
	return id->revocation[i] == REVOCATION_UNCHECKED || id->revocation[i] == REVOCATION_GOOD;
}

uint8_t pol_admit_anchor(const struct pol_identity *id, const char *anchors)
{
	uint8_t first = IDENTITY_ANCHORS_MAX;

	for (uint8_t i = 0; i < id->anchors_n && i < IDENTITY_ANCHORS_MAX; i++) {
		if (!anchor_list_has(anchors, id->anchors[i])) {
			continue;
		}
		if (nothing_missing(id, i)) {
			return i;
		}
		first = first == IDENTITY_ANCHORS_MAX ? i : first;
	}
	return first;
}

/* Nobody knows by which of the anchors strongSwan took the certificate: it may be any of those that
 * its connection had. */
static bool may_be_another(const struct pol_identity *id, const char *anchors)
{
	for (uint8_t i = 0; id->kind == IDENTITY_IPSEC && i < id->anchors_n && i < IDENTITY_ANCHORS_MAX; i++) {
		if (!anchor_list_has(anchors, id->anchors[i])) {
			return true;
		}
	}
	return false;
}

/* The certificate must chain to an anchor of this SCS, not to any anchor, and what that anchor's
 * CRLs say of it counts. */
static enum pol_reason judge_anchor(const struct pol_identity *id, const struct pol_admit_scs *scs)
{
	uint8_t i = pol_admit_anchor(id, scs->anchor);

	if (i == IDENTITY_ANCHORS_MAX || may_be_another(id, scs->anchor)) {
		return POL_WRONG_ANCHOR;
	}
	if (nothing_missing(id, i)) {
		return POL_NONE;
	}
	return scs->revocation_soft ? POL_NONE : POL_REVOCATION_UNKNOWN;
}

enum pol_reason pol_not_agreed(enum agreed_item item)
{
	static const enum pol_reason reasons[] = { [AGREED_ALL] = POL_NONE,
						   [AGREED_TRANSPORT] = POL_TRANSPORT_NOT_AGREED,
						   [AGREED_PROTECTION] = POL_PROTECTION_NOT_AGREED,
						   [AGREED_TLS_VERSION] = POL_TLS_VERSION_NOT_AGREED,
						   [AGREED_TLS_SUITE] = POL_TLS_SUITE_NOT_AGREED };

	return reasons[item];
}

bool pol_admit_security(enum pol_reason reason)
{
	return reason == POL_PROTECTION_NOT_AGREED || reason == POL_TLS_VERSION_NOT_AGREED || reason == POL_TLS_SUITE_NOT_AGREED;
}

enum pol_reason pol_admit(const struct pol_identity *id, const char *origin_host, const char *origin_realm,
			  const struct pol_admit_scs *scs, uint64_t now_s)
{
	enum agreed_item item = scs ? agreement_check(&scs->agreed, &id->connection) : AGREED_ALL;
	bool provisioned_internal = scs && strcmp(scs->anchor, IDENT_ANCHOR_INTERNAL) == 0;

	if (id->kind == IDENTITY_NONE) {
		return POL_NOT_PROTECTED;
	}
	if (id->not_after_s && now_s > id->not_after_s) {
		return POL_CERTIFICATE_EXPIRED;
	}
	if (!scs || !same_host(scs->origin_host, origin_host)) {
		return POL_UNKNOWN_PEER;
	}
	/* only the zone is known: enough for an SCS provisioned that way */
	if (id->kind == IDENTITY_INTERNAL) {
		if (!provisioned_internal) {
			return POL_NOT_PROTECTED;
		}
	} else {
		enum pol_reason reason = provisioned_internal ? POL_WRONG_ANCHOR : judge_anchor(id, scs);

		if (reason != POL_NONE) {
			return reason;
		}
		if (!proves_host(id, scs->origin_host)) {
			return POL_NAME_NOT_PROVEN;
		}
		if (id->ike && !same_host(id->ike, scs->origin_host)) {
			return POL_OTHER_IKE_IDENTITY;
		}
		if (scs->also) {
			return POL_CERTIFICATE_OF_TWO;
		}
	}
	if (!same_host(scs->realm, origin_realm)) {
		return POL_WRONG_REALM;
	}
	if (item != AGREED_ALL) {
		return pol_not_agreed(item);
	}
	if (scs->connections >= scs->connections_max) {
		return POL_TOO_MANY_CONNECTIONS;
	}
	return POL_NONE;
}

bool pol_same_origin(const char *session_host, const char *session_realm, const char *origin_host, size_t host_len,
		     const char *origin_realm, size_t realm_len)
{
	return str_equal_nocase(session_host, strlen(session_host), origin_host, host_len) &&
	       str_equal_nocase(session_realm, strlen(session_realm), origin_realm, realm_len);
}
