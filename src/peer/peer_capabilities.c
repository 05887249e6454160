/* peer_capabilities.c - identity first, then security, then what there is to talk about. */
#include "peer/peer_capabilities.h"

#include "base/ident.h"
#include "base/str.h"
#include "diameter/dia_dict.h"

static bool is(struct dia_bytes b, const char *text)
{
	struct dia_bytes t = dia_text(text);

	return b.p && str_equal_nocase(b.p, b.len, t.p, t.len);
}

static bool is_host(struct dia_bytes b)
{
	char canonical[IDENT_HOST_MAX + 1];

	return b.p && ident_host(canonical, b.p, b.len) == 0;
}

static uint32_t judged(const char **why, uint32_t result_code, const char *words)
{
	*why = words;
	return result_code;
}

uint32_t peer_capabilities_bad_name(const struct dia_capabilities *theirs)
{
	if (!is_host(theirs->origin_host)) {
		return DIA_CODE_ORIGIN_HOST;
	}
	return is_host(theirs->origin_realm) ? 0 : DIA_CODE_ORIGIN_REALM;
}

uint32_t peer_capabilities_judge(const struct dia_capabilities *theirs, const struct peer_expect *expect, const char **why)
{
	uint32_t bad = peer_capabilities_bad_name(theirs);

	if (bad) {
		return judged(why, DIA_RESULT_INVALID_AVP_VALUE,
			      bad == DIA_CODE_ORIGIN_HOST ? "its Origin-Host is no host name" : "its Origin-Realm is no realm");
	}
	if (expect->our_host && is(theirs->origin_host, expect->our_host)) {
		return judged(why, DIA_RESULT_UNKNOWN_PEER, "it bears our own Origin-Host");
	}
	if (expect->host && !is(theirs->origin_host, expect->host)) {
		return judged(why, DIA_RESULT_UNKNOWN_PEER, "its Origin-Host is not the expected one");
	}
	if (expect->realm && !is(theirs->origin_realm, expect->realm)) {
		return judged(why, DIA_RESULT_UNKNOWN_PEER, "its Origin-Realm is not the expected one");
	}
	if (expect->security_missing) {
		return judged(why, DIA_RESULT_NO_COMMON_SECURITY, "the connection is not protected");
	}
	if (!expect->relay && !dia_common_application(theirs, expect->applications, expect->applications_n)) {
		return judged(why, DIA_RESULT_NO_COMMON_APPLICATION, "no application in common");
	}
	return judged(why, DIA_RESULT_SUCCESS, "");
}

int peer_capabilities_judge_cea(const struct dia_capabilities *cea, const struct peer_expect *expect, const char **why)
{
	if (!cea->result_code.present || cea->result_code.v / 1000 != 2) {
		*why = "its Capabilities-Exchange-Answer says no";
		return ERR_REFUSED;
	}
	return peer_capabilities_judge(cea, expect, why) == DIA_RESULT_SUCCESS ? 0 : ERR_PROTO;
}
