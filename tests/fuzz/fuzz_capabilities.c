/* fuzz_capabilities.c - the promises of the judgement on a peer: one verdict with its words, and
 * 2001 only for a peer that is who it has to be. The first octet says what is expected, the rest
 * is a CER or a CEA. */
#include <string.h>

#include "diameter/dia_base.h"
#include "peer/peer_capabilities.h"
#include "tests/fuzz/fuzz.h"

static const struct dia_limits limits = { 65536, 512, 8 };
static const uint32_t applications[] = { 16777309 };

static void fuzz_capabilities(const char *target, const uint8_t *data, size_t size)
{
	struct peer_expect expect = { .our_host = "iwf.operator.example", .applications = applications, .applications_n = 1 };
	struct dia_capabilities theirs;
	struct dia_failed failed;
	struct dia_msg m;
	const char *why = NULL;
	uint32_t code;

	(void)target;
	if (size < 1 || dia_msg_parse(&m, data + 1, size - 1, &limits, &failed) || dia_capabilities_parse(&theirs, &m, &failed)) {
		return;
	}
	expect.host = data[0] & 1 ? "scs.acme.example" : NULL;
	expect.realm = data[0] & 2 ? "acme.example" : NULL;
	expect.security_missing = data[0] & 4;
	expect.relay = data[0] & 8;
	code = peer_capabilities_judge(&theirs, &expect, &why);
	promise(why && (code == 2001) == !*why, "a refusal has words, a success has none");
	promise(code == 2001 || code == 3010 || code == 5004 || code == 5010 || code == 5017,
		"a verdict is a Result-Code of RFC 6733 5.3");
	promise(code != 5004 || peer_capabilities_bad_name(&theirs), "a bad name is named");
	promise(code != 2001 || !peer_capabilities_bad_name(&theirs), "a peer without a name is no peer");
	promise(code != 2001 || !(data[0] & 4), "a peer that has to be protected is");
	if (!theirs.request) {
		int err = peer_capabilities_judge_cea(&theirs, &expect, &why);

		promise(!err || err == ERR_REFUSED || err == ERR_PROTO, "a CEA is right, a refusal or wrong");
		promise(!!err == (why && *why), "a refused CEA has words");
	}
}

fuzz_fn *fuzz_find(const char *target)
{
	return strcmp(target, "capabilities") ? NULL : fuzz_capabilities;
}
