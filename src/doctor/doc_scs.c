/* doc_scs.c - see doc_scs.h. */
#include "doctor/doc_scs.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/anchor_list.h"
#include "base/shown.h"
#include "doctor/doc_int.h"

#define BLOCKS_TOLD 5 /* rules; more say nothing new */

/* -- reasons */

static const struct {
	const char *reason;
	enum doc_cause cause;
	const char *value; /* of the SCS; a change of it may let the next connection in. NULL: none may */
} reasons[] = {
	{ "unknown-peer", DOC_SCS_UNKNOWN, "origin_host" },
	{ "wrong-anchor", DOC_SCS_ANCHOR, "anchor" },
	{ "name-not-proven", DOC_SCS_NAME, "origin_host" },
	{ "wrong-realm", DOC_SCS_REALM, "realm" },
	{ "not-protected", DOC_SCS_UNPROTECTED, "anchor" },
	{ "certificate-expired", DOC_SCS_EXPIRED, NULL },
	{ "certificate-revoked", DOC_SCS_REVOKED, NULL },
	{ "revocation-unknown", DOC_SCS_REVOCATION, "revocation_soft" },
	{ "too-many-connections", DOC_SCS_CONNECTIONS, "connections_max" },
	{ "connecting-too-often", DOC_SCS_STORM, NULL },
	{ "certificate-of-two", DOC_SCS_TWO, NULL },
	{ "edge-false-claim", DOC_SCS_EDGE, NULL },
	{ "other-ike-identity", DOC_SCS_TUNNEL, "origin_host" },
	{ "protection-lost", DOC_SCS_TUNNEL_LOST, NULL },
	{ "foreign-origin", DOC_SCS_FOREIGN, NULL },
	{ "transport-not-agreed", DOC_SCS_TRANSPORT, "transports" },
	{ "protection-not-agreed", DOC_SCS_PROTECTION, "protections" },
	{ "tls-version-not-agreed", DOC_SCS_TLS_VERSION, "tls_versions" },
	{ "tls-suite-not-agreed", DOC_SCS_TLS_SUITE, "tls_suites" },
	{ "overload", DOC_SCS_BUSY, NULL },
	{ "out-of-memory", DOC_SCS_BUSY, NULL },
};

enum doc_cause doc_cause_of_session(const char *reason)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		if (strcmp(reasons[i].reason, reason) == 0) {
			return reasons[i].cause;
		}
	}
	return DOC_SCS_REFUSED;
}

/* Whether the command of this line set the value for which the session was refused. */
static bool mends(const json_t *change, const json_t *refused)
{
	const char *rule = doc_text(change, "rule"), *reason = doc_text(refused, "reason");

	if (strncmp(rule, "scs.set ", 8) != 0 && strncmp(rule, "scs.add ", 8) != 0) {
		return false;
	}
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		if (reasons[i].value && strcmp(reasons[i].reason, reason) == 0) {
			return strstr(rule, reasons[i].value) != NULL;
		}
	}
	return false;
}

/* -- the decision log */

static void keep(json_t **place, json_t *row)
{
	json_decref(*place);
	*place = json_incref(row);
}

static bool is_about(const json_t *row, const char *scs, const char *host)
{
	const char *name = doc_text(row, "scs");

	return *name ? strcmp(name, scs) == 0 : *host && strcmp(doc_text(row, "origin_host"), host) == 0;
}

void doc_tail_take(struct doc_tail *t, const char *scs, const char *host, const char *line, size_t len)
{
	json_t *row = json_loadb(line, len, 0, NULL);
	const char *action = doc_text(row, "action");
	bool refused = strcmp(doc_text(row, "verdict"), "refused") == 0;

	if (is_about(row, scs, host)) {
		if (strcmp(action, "session") == 0) {
			keep(refused ? &t->refused : &t->admitted, row);
			if (refused) {
				keep(&t->mended, NULL);
			}
		} else if (strcmp(action, "provisioning") == 0) {
			if (mends(row, t->refused)) {
				keep(&t->mended, row);
			}
		} else if (refused && *doc_text(row, "request_status")) {
			keep(&t->request, row);
		}
	}
	json_decref(row);
}

void doc_tail_fini(struct doc_tail *t)
{
	json_decref(t->admitted);
	json_decref(t->refused);
	json_decref(t->mended);
	json_decref(t->request);
	*t = (struct doc_tail){ 0 };
}

/* -- connections */

static void say_session(struct doc_report *r, const struct doc_scs *s, const json_t *line)
{
	const char *reason = doc_text(line, "reason");
	char n[SHOWN_COUNT_MAX], max[24];
	const json_t *in_force = json_object_get(s->row, "in_force");

	snprintf(max, sizeof max, "%llu", (unsigned long long)doc_number(in_force, "connections_max"));
	doc_say(r, doc_cause_of_session(reason), doc_text(s->row, "name"),
		DOC_WORDS({ "scs", doc_text(s->row, "name") }, { "host", doc_text(s->row, "origin_host") },
			  { "anchor", doc_text(s->row, "anchor") }, { "realm", doc_text(s->row, "realm") },
			  { "when", doc_text(line, "time") }, { "address", doc_text(line, "address") }, { "reason", reason },
			  { "rule", doc_text(line, "rule") }, { "n", shown_count(n, json_array_size(s->sessions), "connection") },
			  { "max", max }));
}

/* What a responder of its trust anchors said last about a certificate with its name. A handshake
 * that is refused leaves no line in the decision log: nobody has said yet who he is.
 * False: nothing since this time. */
static bool look_at_denied(struct doc_report *r, const struct doc_scs *s, const char *since)
{
	const char *name = doc_text(s->row, "name"), *when = since;
	const json_t *row, *denied, *last = NULL, *of = NULL;
	size_t i, k;

	json_array_foreach((json_t *)(uintptr_t)s->responders, i, row)
	{
		if (strcmp(doc_text(row, "of"), "anchor") != 0 ||
		    !anchor_list_has(doc_text(s->row, "anchor"), doc_text(row, "name"))) {
			continue;
		}
		json_array_foreach(json_object_get(row, "denied"), k, denied)
		{
			if (strcasecmp(doc_text(denied, "host"), doc_text(s->row, "origin_host")) == 0 &&
			    strcmp(doc_text(denied, "shown"), when) >= 0) {
				when = doc_text(denied, "shown");
				last = denied;
				of = row;
			}
		}
	}
	if (last) {
		doc_say(r, strcmp(doc_text(last, "status"), "unknown") == 0 ? DOC_SCS_OCSP_UNKNOWN : DOC_SCS_OCSP_REVOKED, name,
			DOC_WORDS({ "scs", name }, { "when", when }, { "url", doc_text(of, "url") },
				  { "anchor", doc_text(of, "name") }));
	}
	return last != NULL;
}

static void look_at_sessions(struct doc_report *r, const struct doc_scs *s)
{
	const json_t *oldest = json_array_get(s->sessions, 0), *row;
	const char *name = doc_text(s->row, "name"), *since, *admitted = doc_text(s->tail->admitted, "time");
	bool denied = look_at_denied(r, s, admitted);
	bool refused = s->tail->refused && strcmp(doc_text(s->tail->refused, "time"), admitted) >= 0;
	char n[SHOWN_COUNT_MAX];
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)s->sessions, i, row)
	{
		since = doc_text(row, "since");
		oldest = strcmp(since, doc_text(oldest, "since")) < 0 ? row : oldest;
	}
	if (oldest) {
		doc_say(r, DOC_SCS_CONNECTED, name,
			DOC_WORDS({ "scs", name }, { "n", shown_count(n, json_array_size(s->sessions), "connection") },
				  { "when", doc_text(oldest, "since") }, { "address", doc_text(oldest, "address") }));
	}
	if (refused && s->tail->mended) {
		doc_say(r, DOC_SCS_CHANGED, name,
			DOC_WORDS({ "scs", name }, { "when", doc_text(s->tail->refused, "time") },
				  { "reason", doc_text(s->tail->refused, "reason") },
				  { "changed", doc_text(s->tail->mended, "time") }));
	} else if (refused) {
		say_session(r, s, s->tail->refused);
	} else if (!oldest && s->tail->admitted) {
		doc_say(r, DOC_SCS_GONE, name,
			DOC_WORDS({ "scs", name }, { "when", admitted }, { "address", doc_text(s->tail->admitted, "address") }));
	} else if (!oldest && !denied && !s->no_tail) {
		doc_say(r, DOC_SCS_NEVER, name, DOC_WORDS({ "scs", name }));
	}
	if (s->no_tail) {
		doc_say(r, DOC_SCS_LOG, name, DOC_WORDS({ "scs", name }, { "why", s->no_tail }));
	}
}

bool doc_look_at_stranger(struct doc_report *r, const char *name, const struct doc_tail *tail)
{
	const json_t *line = tail->refused;

	if (!line) {
		return false;
	}
	doc_say(r, DOC_SCS_UNKNOWN, name,
		DOC_WORDS({ "host", doc_text(line, "origin_host") }, { "when", doc_text(line, "time") },
			  { "address", doc_text(line, "address") }));
	return true;
}

/* -- rights */

static bool has(const json_t *texts, const char *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)texts, i, one)
	{
		if (json_is_string(one) && strcmp(json_string_value(one), text) == 0) {
			return true;
		}
	}
	return false;
}

/* A block in mode detect-only stops nothing. One of * concerns this SCS if it is on all devices. */
static bool stops(const json_t *rule)
{
	return strcmp(doc_text(rule, "mode"), "enforce") == 0 &&
	       (strcmp(doc_text(rule, "scs"), "*") != 0 || strcmp(doc_text(rule, "device"), "*") == 0);
}

static void join(char *out, size_t size, const json_t *texts)
{
	const json_t *one;
	size_t i, n = 0;

	*out = 0;
	json_array_foreach((json_t *)(uintptr_t)texts, i, one)
	{
		if (json_is_string(one) && n < size) {
			n += (size_t)snprintf(out + n, size - n, "%s%s", n ? "," : "", json_string_value(one));
		}
	}
}

static void look_at_rights(struct doc_report *r, const struct doc_scs *s)
{
	const char *name = doc_text(s->row, "name");
	char actions[64], n[SHOWN_COUNT_MAX];
	const json_t *rule;
	size_t i, told = 0;

	json_array_foreach((json_t *)(uintptr_t)s->blocks, i, rule)
	{
		if (stops(rule) && told++ < BLOCKS_TOLD) {
			const char *device = doc_text(rule, "device");

			doc_say(r, DOC_SCS_BLOCKED, name,
				DOC_WORDS({ "scs", name }, { "who", doc_text(rule, "scs") }, { "device", device }));
		}
	}
	if (!has(json_object_get(s->row, "actions"), "trigger")) {
		join(actions, sizeof actions, json_object_get(s->row, "actions"));
		doc_say(r, DOC_SCS_NO_ACTION, name, DOC_WORDS({ "scs", name }, { "actions", *actions ? actions : "none" }));
	}
	if (!json_array_size(s->allows)) {
		doc_say(r, DOC_SCS_NO_RULE, name, DOC_WORDS({ "scs", name }));
	} else {
		snprintf(n, sizeof n, "%zu", json_array_size(s->allows));
		doc_say(r, DOC_SCS_RULES, name, DOC_WORDS({ "scs", name }, { "n", n }));
	}
}

static void look_at_quota(struct doc_report *r, const struct doc_scs *s)
{
	uint64_t quota = doc_number(s->quota, "quota"), used = doc_number(s->quota, "used");
	const char *name = doc_text(s->row, "name");
	char used_text[24], quota_text[24];

	if (!quota) {
		return;
	}
	snprintf(used_text, sizeof used_text, "%llu", (unsigned long long)used);
	snprintf(quota_text, sizeof quota_text, "%llu", (unsigned long long)quota);
	doc_say(r, used >= quota ? DOC_SCS_QUOTA : DOC_SCS_QUOTA_LEFT, name,
		DOC_WORDS({ "scs", name }, { "used", used_text }, { "quota", quota_text }, { "day", doc_text(s->quota, "day") }));
}

/* -- requests */

static bool is_about_rules(const char *reason)
{
	return strcmp(reason, "no-association") == 0 || strcmp(reason, "denied") == 0 || strcmp(reason, "blocked") == 0 ||
	       strcmp(reason, "too-many-rules") == 0;
}

/* hss-not-allowed, hss-unknown-user and the like: what the HSS says now can be asked. */
static bool is_from_hss(const char *reason)
{
	return strncmp(reason, "hss-", 4) == 0;
}

static void look_at_request(struct doc_report *r, const struct doc_scs *s)
{
	const json_t *line = s->tail->request;
	const char *name = doc_text(s->row, "name"), *reason = doc_text(line, "reason");
	enum doc_cause cause = strcmp(reason, "rate-exceeded") == 0 ? DOC_SCS_RATE
			       : is_about_rules(reason)             ? DOC_SCS_DEVICE
			       : is_from_hss(reason)                ? DOC_SCS_HSS
								    : DOC_SCS_REQUEST;
	char rate[24];

	if (!line) {
		return;
	}
	snprintf(rate, sizeof rate, "%llu", (unsigned long long)doc_number(s->row, "rate_per_s"));
	doc_say(r, cause, name,
		DOC_WORDS({ "scs", name }, { "when", doc_text(line, "time") }, { "device", doc_text(line, "device") },
			  { "reason", reason }, { "rate", rate }));
}

void doc_look_at_scs(struct doc_report *r, const struct doc_scs *s)
{
	const char *name = doc_text(s->row, "name");

	look_at_sessions(r, s);
	if (s->ndsip && *doc_text(s->ndsip, "why")) {
		doc_say(r, DOC_SCS_NDSIP, name, DOC_WORDS({ "scs", name }, { "why", doc_text(s->ndsip, "why") }));
	}
	look_at_rights(r, s);
	look_at_quota(r, s);
	look_at_request(r, s);
}
