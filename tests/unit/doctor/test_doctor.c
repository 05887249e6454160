/* The causes, their sentences and facts; and what is said of an SCS, a peer and the gateway by rows of the control socket. */
#include "tests/unit/test.h"

#include "base/str.h"
#include "doctor/doc_dns.h"
#include "doctor/doc_gateway.h"
#include "doctor/doc_ocsp.h"
#include "doctor/doc_peer.h"
#include "doctor/doc_scs.h"
#include "policy/pol_reason.h"

static int setup(void **state)
{
	struct doc_report *r = calloc(1, sizeof *r);

	assert_non_null(r);
	assert_true(doc_report_begin(r));
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	doc_report_end(*state);
	free(*state);
	return 0;
}

static void found(struct doc_report *r, const char *causes, const char *fact)
{
	char all[400] = "", *text = json_dumps(r->findings, JSON_COMPACT);
	json_t *finding;
	size_t i;

	assert_non_null(text);
	json_array_foreach(r->findings, i, finding)
	{
		snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? " " : "",
			 json_string_value(json_object_get(finding, "cause")));
	}
	if (strcmp(all, causes) != 0 || !strstr(text, fact)) {
		fail_msg("expected '%s' with '%s', got '%s': %s", causes, fact, all, text);
	}
	json_array_foreach(r->findings, i, finding)
	{
		const char *advice = json_string_value(json_object_get(finding, "advice"));

		assert_null(strchr(json_string_value(json_object_get(finding, "text")), '{'));
		assert_true(!advice || !strchr(advice, '{'));
	}
	free(text);
	doc_report_end(r);
	assert_true(doc_report_begin(r));
}

static json_t *json(const char *text)
{
	json_t *o = json_loads(text, 0, NULL);

	assert_non_null(o);
	return o;
}

/* -- the table */

static void test_each_cause_has_its_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < DOC_CAUSES_N; i++) {
		const struct doc_row *r = &doc_rows[i];

		assert_true(*r->word && *r->sentence);
		assert_int_equal(r->level != DOC_RIGHT, *r->advice != 0);
		assert_int_equal(r->level != DOC_RIGHT, *r->page != 0);
		assert_int_not_equal(r->sentence[strlen(r->sentence) - 1], '.');
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(r->word, doc_rows[k].word);
		}
	}
}

static void test_facts_take_their_places(void **state)
{
	char out[DOC_TEXT_MAX], longest[2 * DOC_TEXT_MAX];

	(void)state;
	doc_fill(out, "{a} and {b}: {a}{none", DOC_WORDS({ "a", "one" }, { "b", NULL }));
	assert_string_equal(out, "one and : one{none");
	doc_fill(out, "{a}", DOC_WORDS({ "a", "x\n\x1b[31m\xc3\xa4\x7f{b}" }, { "b", "no" }));
	assert_string_equal(out, "x??[31m???{b}"); /* a fact is no sentence */
	doc_fill(out, "{aa}{c}", DOC_WORDS({ "a", "one" }));
	assert_string_equal(out, "{aa}{c}");
	doc_fill(out, "run '{a}' of {a}", DOC_WORDS({ "a", "x';y" }));
	assert_string_equal(out, "run 'x?;y' of x';y"); /* what a shell takes for one word stays one */
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = 0;
	doc_fill(out, "{a}", DOC_WORDS({ "a", longest }));
	assert_int_equal(strlen(out), DOC_TEXT_MAX - 1);
}

/* -- an SCS */

#define ROW                                                                                                                      \
	"{\"name\":\"acme\",\"origin_host\":\"scs.acme.example\",\"realm\":\"acme.example\",\"anchor\":\"anchor-a\","            \
	"\"actions\":[\"trigger\"],\"rate_per_s\":5,\"in_force\":{\"connections_max\":8}}"
#define ALLOW "[{\"scs\":\"acme\",\"device\":\"*@a.example\",\"effect\":\"allow\",\"mode\":\"enforce\"}]"
#define SESSION "[{\"scs\":\"acme\",\"address\":\"192.0.2.9:5\",\"since\":\"2026-11-30T10:00:00.000Z\"}]"

struct scs_case {
	const char *row, *sessions, *blocks, *allows, *quota, *ndsip, *no_tail, *responders;
	const char *lines[4];
};

static void judge(struct doc_report *r, const struct scs_case *c, const char *causes, const char *fact)
{
	struct doc_tail tail = { 0 };
	json_t *row = json(c->row ? c->row : ROW), *sessions = json(c->sessions ? c->sessions : "[]");
	json_t *blocks = json(c->blocks ? c->blocks : "[]"), *allows = json(c->allows ? c->allows : ALLOW);
	json_t *responders = c->responders ? json(c->responders) : NULL;
	json_t *quota = c->quota ? json(c->quota) : NULL, *ndsip = c->ndsip ? json(c->ndsip) : NULL;

	for (size_t i = 0; i < 4 && c->lines[i]; i++) {
		doc_tail_take(&tail, "acme", "scs.acme.example", c->lines[i], strlen(c->lines[i]));
	}
	doc_look_at_scs(r, &(struct doc_scs){ row, sessions, blocks, allows, quota, ndsip, responders, &tail, c->no_tail });
	found(r, causes, fact);
	doc_tail_fini(&tail);
	json_decref(row);
	json_decref(sessions);
	json_decref(blocks);
	json_decref(allows);
	json_decref(quota);
	json_decref(ndsip);
	json_decref(responders);
}

#define LINE(time_, verdict_, reason_)                                                                                           \
	"{\"time\":\"2026-11-30T" time_ "Z\",\"scs\":\"acme\",\"origin_host\":\"scs.acme.example\",\"address\":\"192.0.2.7:1\"," \
	"\"action\":\"session\",\"verdict\":\"" verdict_ "\",\"reason\":\"" reason_                                              \
	"\",\"rule\":\"1.2, agreed: 1.3\",\"request_status\":\"\"}"
#define REQUEST(reason_)                                                                                                         \
	"{\"time\":\"2026-11-30T12:00:00.000Z\",\"scs\":\"acme\",\"action\":\"trigger\",\"device\":\"m@a.example\",\"verdict\":" \
	"\"refused\",\"reason\":\"" reason_ "\",\"request_status\":\"NOTAUTHORIZED\"}"

static void test_an_scs_that_works(void **state)
{
	judge(*state, &(struct scs_case){ .sessions = SESSION, .quota = "{\"used\":3,\"quota\":9,\"day\":\"2026-11-30\"}" },
	      "scs-connected scs-rules scs-quota-left",
	      "is connected: 1 connection, the oldest since 2026-11-30T10:00:00.000Z from "
	      "192.0.2.9:5");
}

static void test_an_scs_that_is_not_connected(void **state)
{
	judge(*state, &(struct scs_case){ .row = NULL }, "scs-never scs-rules", "has no attempt of it");
	judge(*state, &(struct scs_case){ .lines = { LINE("10:00:00.000", "accepted", "") } }, "scs-gone scs-rules",
	      "let in last at 2026-11-30T10:00:00.000Z from 192.0.2.7:1");
	judge(*state, &(struct scs_case){ .no_tail = "Permission denied" }, "scs-log scs-rules",
	      "not looked at: Permission denied");
}

#define RESPONDERS(of_, name_, host_, status_, shown_)                                                                           \
	"[{\"of\":\"" of_ "\",\"name\":\"" name_ "\",\"url\":\"http://192.0.2.3/\",\"denied\":[{\"host\":\"scs.beta.example\","  \
	"\"status\":\"revoked\",\"shown\":\"2026-11-30T23:00:00Z\"},{\"host\":\"" host_ "\",\"status\":\"" status_               \
	"\",\"shown\":\"2026-11-30T" shown_ "Z\"}]}]"

static void test_a_certificate_that_a_responder_denies(void **state)
{
	judge(*state,
	      &(struct scs_case){ .responders = RESPONDERS("anchor", "anchor-a", "scs.acme.example", "revoked", "10:00:00") },
	      "scs-ocsp-revoked scs-rules",
	      "SCS acme was refused at 2026-11-30T10:00:00Z: it, or a CA above it, is revoked, says the OCSP responder "
	      "http://192.0.2.3/ of trust anchor anchor-a");
	judge(*state,
	      &(struct scs_case){ .responders = RESPONDERS("anchor", "anchor-a", "scs.acme.example", "unknown", "10:00:00") },
	      "scs-ocsp-unknown scs-rules", "of trust anchor anchor-a does not know it");
	/* of another SCS, of another anchor, of a listener */
	judge(*state,
	      &(struct scs_case){ .responders = RESPONDERS("anchor", "anchor-a", "scs.x.example", "revoked", "10:00:00") },
	      "scs-never scs-rules", "acme");
	judge(*state,
	      &(struct scs_case){ .responders = RESPONDERS("anchor", "anchor-b", "scs.acme.example", "revoked", "10:00:00") },
	      "scs-never scs-rules", "acme");
	judge(*state,
	      &(struct scs_case){ .responders = RESPONDERS("listener", "anchor-a", "scs.acme.example", "revoked", "10:00:00") },
	      "scs-never scs-rules", "acme");
	/* it was let in since then, and before */
	judge(*state,
	      &(struct scs_case){ .responders = RESPONDERS("anchor", "anchor-a", "scs.acme.example", "revoked", "10:00:00"),
				  .lines = { LINE("11:00:00.000", "accepted", "") } },
	      "scs-gone scs-rules", "acme");
	judge(*state,
	      &(struct scs_case){ .responders = RESPONDERS("anchor", "anchor-a", "scs.acme.example", "revoked", "12:00:00"),
				  .lines = { LINE("11:00:00.000", "accepted", "") } },
	      "scs-ocsp-revoked scs-gone scs-rules", "acme");
}

static void test_each_refusal_of_a_connection(void **state)
{
	static const struct {
		const char *line, *cause, *fact;
	} cases[] = {
		{ LINE("11:00:00.000", "refused", "wrong-anchor"), "scs-anchor", "not issued under anchor-a" },
		{ LINE("11:00:00.000", "refused", "name-not-proven"), "scs-name", "does not have the name scs.acme.example" },
		{ LINE("11:00:00.000", "refused", "wrong-realm"), "scs-realm", "another Diameter realm than acme.example" },
		{ LINE("11:00:00.000", "refused", "not-protected"), "scs-unprotected", "does not prove who it is" },
		{ LINE("11:00:00.000", "refused", "certificate-expired"), "scs-expired", "past its end" },
		{ LINE("11:00:00.000", "refused", "certificate-revoked"), "scs-revoked", "was revoked" },
		{ LINE("11:00:00.000", "refused", "revocation-unknown"), "scs-revocation",
		  "no revocation list or OCSP answer in force" },
		{ LINE("11:00:00.000", "refused", "too-many-connections"), "scs-connections",
		  "it has 0 connections, and may have 8" },
		{ LINE("11:00:00.000", "refused", "connecting-too-often"), "scs-storm", "limits.connection_rate_per_scs" },
		{ LINE("11:00:00.000", "refused", "certificate-of-two"), "scs-two", "another provisioned SCS" },
		{ LINE("11:00:00.000", "refused", "edge-false-claim"), "scs-edge", "the edge process announced" },
		{ LINE("11:00:00.000", "refused", "other-ike-identity"), "scs-tunnel",
		  "of another identity than scs.acme.example" },
		{ LINE("11:00:00.000", "refused", "protection-lost"), "scs-tunnel-lost", "its IPsec tunnel ended" },
		{ LINE("11:00:00.000", "refused", "foreign-origin"), "scs-foreign", "named another Diameter host or realm" },
		{ LINE("11:00:00.000", "refused", "transport-not-agreed"), "scs-transport", "set acme transports LIST" },
		{ LINE("11:00:00.000", "refused", "protection-not-agreed"), "scs-protection", "set acme protections LIST" },
		{ LINE("11:00:00.000", "refused", "tls-version-not-agreed"), "scs-tls-version",
		  "may not use this version of TLS: 1.2, agreed: 1.3" },
		{ LINE("11:00:00.000", "refused", "tls-suite-not-agreed"), "scs-tls-suite", "set acme tls-suites LIST" },
		{ LINE("11:00:00.000", "refused", "overload"), "scs-busy", "(overload)" },
		{ LINE("11:00:00.000", "refused", "of-a-newer-version"), "scs-refused",
		  "at 2026-11-30T11:00:00.000Z: of-a-newer" },
	};
	char causes[100];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct scs_case c = { .lines = { LINE("10:00:00.000", "accepted", ""), cases[i].line } };

		snprintf(causes, sizeof causes, "%s scs-rules", cases[i].cause);
		judge(*state, &c, causes, cases[i].fact);
	}
}

#define CHANGE(rule_)                                                                                                            \
	"{\"time\":\"2026-11-30T11:30:00.000Z\",\"scs\":\"acme\",\"origin_host\":\"\",\"action\":\"provisioning\",\"verdict\":"  \
	"\"accepted\",\"reason\":\"changed\",\"rule\":\"" rule_ "\"}"

static void test_a_refusal_whose_cause_was_changed_since(void **state)
{
	struct scs_case c = { .lines = { LINE("11:00:00.000", "refused", "tls-version-not-agreed"),
					 CHANGE("scs.set {\\\"name\\\":\\\"acme\\\",\\\"tls_versions\\\":[\\\"any\\\"]}") } };

	judge(*state, &c, "scs-changed scs-rules", "changed at 2026-11-30T11:30:00.000Z, and it has not connected since");
	c.lines[2] = LINE("11:40:00.000", "refused", "tls-version-not-agreed"); /* in vain */
	judge(*state, &c, "scs-tls-version scs-rules", "at 2026-11-30T11:40:00.000Z");
	c.lines[1] = CHANGE("scs.set {\\\"name\\\":\\\"acme\\\",\\\"quota_per_day\\\":9}"); /* another value */
	c.lines[2] = NULL;
	judge(*state, &c, "scs-tls-version scs-rules", "at 2026-11-30T11:00:00.000Z");
	c.lines[1] = CHANGE("assoc.add {\\\"device\\\":\\\"tls_versions@x.example\\\"}");
	judge(*state, &c, "scs-tls-version scs-rules", "at 2026-11-30T11:00:00.000Z");
}

static void test_every_reason_of_a_session_has_a_cause(void **state)
{
	(void)state;
	for (unsigned i = 0; i < POL_REASON_COUNT; i++) {
		bool of_session = i == POL_OVERLOAD || i == POL_NOMEM;

#define OF_SESSION(name_, word_, status_, words_)                                                                                \
	of_session = of_session || (i == POL_##name_ && (int)(status_) == POL_NO_STATUS);
		POL_REASON_TABLE(OF_SESSION)
#undef OF_SESSION
		if (of_session && doc_cause_of_session(pol_reason_str(i)) == DOC_SCS_REFUSED) {
			fail_msg("no cause stands for '%s'", pol_reason_str(i));
		}
	}
}

static void test_responders(void **state)
{
	static const struct {
		const char *why, *cause; /* the words of the fetcher and of the judge of answers */
	} cases[] = {
		{ "the responder cannot be reached", "ocsp-silent" },
		{ "the responder did not answer in time (timers.ocsp)", "ocsp-silent" },
		{ "what the responder sent is no HTTP response with an OCSP response", "ocsp-not-http" },
		{ "it is no OCSP response", "ocsp-not-http" },
		{ "it is out of date since 2026-11-30T10:00:00Z", "ocsp-old" },
		{ "it is older than the one that is known", "ocsp-old" },
		{ "its thisUpdate 2027-11-30T10:00:00Z is ahead of our clock", "ocsp-ahead" },
		{ "its signer is neither the CA of the certificate nor one that this CA issued", "ocsp-signer" },
		{ "extendedKeyUsage of its signer lacks OCSPSigning", "ocsp-signer" },
		{ "its signature is wrong", "ocsp-signer" },
		{ "it says two things about the certificate", "ocsp-refused" },
	};
	char text[600];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *rows;

		snprintf(text, sizeof text,
			 "[{\"of\":\"anchor\",\"name\":\"a\",\"url\":\"http://192.0.2.3/\",\"state\":\"failing\",\"why\":\"%s\"},"
			 "{\"of\":\"listener\",\"name\":\"a\",\"url\":\"u\",\"state\":\"answering\",\"why\":\"\"}]",
			 cases[i].why);
		rows = json(text);
		doc_look_at_ocsp(*state, rows, "b");
		found(*state, "", "");
		doc_look_at_ocsp(*state, rows, "a");
		found(*state, cases[i].cause, cases[i].why);
		doc_look_at_ocsp(*state, rows, NULL);
		snprintf(text, sizeof text, "%s ocsp", cases[i].cause);
		found(*state, text, "of trust anchor a");
		json_decref(rows);
	}
	doc_look_at_ocsp(*state, NULL, NULL);
	found(*state, "", "");
}

static void test_a_refusal_before_the_last_admission_is_over(void **state)
{
	judge(*state,
	      &(struct scs_case){
		  .sessions = SESSION,
		  .lines = { LINE("09:00:00.000", "refused", "wrong-anchor"), LINE("10:00:00.000", "accepted", "") } },
	      "scs-connected scs-rules", "acme");
	judge(*state,
	      &(struct scs_case){ .lines = { "{\"time\":\"2026-11-30T09:00:00.000Z\",\"scs\":\"beta\",\"origin_host\":"
					     "\"scs.acme.example\",\"action\":\"session\",\"verdict\":\"refused\"}",
					     "no JSON \"acme\"", "[\"acme\"]" } },
	      "scs-never scs-rules", "acme");
}

static void test_a_stranger(void **state)
{
	static const char line[] = "{\"time\":\"2026-11-30T09:00:00.000Z\",\"scs\":\"\",\"origin_host\":\"scs.new.example\","
				   "\"address\":\"192.0.2.4:7\",\"action\":\"session\",\"verdict\":\"refused\",\"reason\":"
				   "\"unknown-peer\"}";
	struct doc_tail tail = { 0 };

	assert_false(doc_look_at_stranger(*state, "scs.new.example", &tail));
	doc_tail_take(&tail, "", "scs.new.example", line, strlen(line));
	assert_true(doc_look_at_stranger(*state, "scs.new.example", &tail));
	found(*state, "scs-unknown", "from 192.0.2.4:7 called itself 'scs.new.example'");
	doc_tail_fini(&tail);
}

static void test_rights(void **state)
{
	judge(*state, &(struct scs_case){ .sessions = SESSION, .allows = "[]" }, "scs-connected scs-no-rule",
	      "no rule allows it");
	judge(*state,
	      &(struct scs_case){ .sessions = SESSION, .row = "{\"name\":\"acme\",\"actions\":[\"recall\",\"replace\"]}" },
	      "scs-connected scs-no-action scs-rules", "its actions are recall,replace");
	judge(*state,
	      &(struct scs_case){ .sessions = SESSION,
				  .blocks = "[{\"scs\":\"acme\",\"device\":\"*\",\"mode\":\"enforce\"},"
					    "{\"scs\":\"*\",\"device\":\"m@x.example\",\"mode\":\"enforce\"},"
					    "{\"scs\":\"acme\",\"device\":\"*@a.example\",\"mode\":\"detect-only\"}]" },
	      "scs-connected scs-blocked scs-rules", "mtcctl block del 'acme' '*'");
	judge(*state,
	      &(struct scs_case){ .sessions = SESSION, .blocks = "[{\"scs\":\"*\",\"device\":\"*\",\"mode\":\"enforce\"}]" },
	      "scs-connected scs-blocked scs-rules", "block del '*' '*'");
	judge(*state, &(struct scs_case){ .sessions = SESSION, .ndsip = "{\"why\":\"no IKE_SA with 192.0.2.1\"}" },
	      "scs-connected scs-ndsip scs-rules", "not protected by IPsec: no IKE_SA");
}

static void test_quota_and_requests(void **state)
{
	judge(*state, &(struct scs_case){ .sessions = SESSION, .quota = "{\"used\":9,\"quota\":9,\"day\":\"2026-11-30\"}" },
	      "scs-connected scs-rules scs-quota", "9 of 9 triggers on 2026-11-30");
	judge(*state, &(struct scs_case){ .sessions = SESSION, .lines = { REQUEST("rate-exceeded") } },
	      "scs-connected scs-rules scs-rate", "faster than its rate of 5/s");
	judge(*state, &(struct scs_case){ .sessions = SESSION, .lines = { REQUEST("denied") } },
	      "scs-connected scs-rules scs-device", "mtcctl assoc check acme 'm@a.example'");
	judge(*state, &(struct scs_case){ .sessions = SESSION, .lines = { REQUEST("hss-not-allowed") } },
	      "scs-connected scs-rules scs-hss", "mtcctl assoc check acme 'm@a.example' --ask-hss");
	judge(*state, &(struct scs_case){ .sessions = SESSION, .lines = { REQUEST("denied"), REQUEST("no-trigger-data") } },
	      "scs-connected scs-rules scs-request", "no-trigger-data");
}

/* -- a peer */

#define PEER(state_, reason_)                                                                                                    \
	"{\"name\":\"hss\",\"host\":\"hss.example\",\"realm\":\"core.example\",\"address\":\"192.0.2.1:3868\",\"state\":"        \
	"\"" state_ "\",\"reason\":\"" reason_ "\",\"since\":\"2026-11-30T10:00:00.000Z\",\"requests\":7,\"answers\":5}"

static void peer(struct doc_report *r, const char *row, enum doc_reach reach, const char *why, const char *causes,
		 const char *fact)
{
	struct doc_peer p = { .row = json(row), .reach = reach, .why = why, .certificate = "our.pem", .wait_ms = 2000 };

	doc_look_at_peer(r, &p);
	found(r, causes, fact);
	json_decref((json_t *)(uintptr_t)p.row);
}

static void test_a_peer_that_has_a_connection(void **state)
{
	peer(*state, PEER("open", ""), DOC_REACH_UNTRIED, "", "peer-open", "7 requests sent, 5 answers received");
	peer(*state, PEER("stopped", "stopped by an operator"), DOC_REACH_UNTRIED, "", "peer-stopped", "mtcctl peers start hss");
	peer(*state, PEER("suspect", "the peer does not answer the watchdog"), DOC_REACH_UNTRIED, "", "peer-settling",
	     "watchdog");
	peer(*state,
	     "{\"name\":\"hss\",\"state\":\"open\",\"requests\":7,\"timeouts\":2,\"forgiven\":1,\"lapses\":\"no "
	     "Auth-Session-State\"}",
	     DOC_REACH_UNTRIED, "", "peer-open peer-timeouts peer-forgiven", "left 2 of 7 requests without");
}

static void test_a_peer_that_is_away(void **state)
{
	static const char away[] = PEER("waiting", "connect: refused, next attempt in 3 s");

	peer(*state, away, DOC_REACH_CLOSED, "Connection refused", "peer-closed", "nothing listens at 192.0.2.1:3868");
	peer(*state, away, DOC_REACH_SILENT, "", "peer-silent", "does not answer within 2000 ms");
	peer(*state, away, DOC_REACH_NO_WAY, "No route to host", "peer-unreachable", "No route to host");
	peer(*state, away, DOC_REACH_CONNECTS, "", "peer-diameter", "no Diameter connection comes about: connect: refused");
	peer(*state, away, DOC_REACH_TLS, "", "peer-diameter", "host hss.example, realm core.example");
	peer(*state, away, DOC_REACH_CONNECTS, "no configuration", "peer-diameter peer-tls-untried",
	     "not tried: no configuration");
	peer(*state, away, DOC_REACH_TLS_FAILS, "not TLS", "peer-tls", "no TLS comes about: not TLS");
	peer(*state, away, DOC_REACH_TLS_REFUSED, "unknown CA", "peer-tls-refused",
	     "refuses our certificate 'our.pem': unknown CA");
	peer(*state, away, DOC_REACH_TLS_REFUSES, "expired", "peer-tls-certificate",
	     "certificate of peer hss is refused: expired");
	peer(*state, away, DOC_REACH_UNTRIED, "it is reached by SCTP", "peer-untried peer-away", "it is reached by SCTP");
	peer(*state, PEER("waiting", "told BUSY, next attempt in 30 s"), DOC_REACH_CONNECTS, "", "peer-left", "told BUSY");
}

static void test_a_peer_over_smpp(void **state)
{
	static const char away[] =
	    "{\"name\":\"smssc\",\"address\":\"192.0.2.1:2775\",\"protocol\":\"smpp\",\"state\":\"waiting\","
	    "\"reason\":\"the last attempt failed: the bind was refused: ESME_RINVPASWD\"}";

	peer(*state, away, DOC_REACH_CONNECTS, "", "peer-smpp", "no SMPP session comes about: the last attempt failed: the bind");
	peer(*state, away, DOC_REACH_TLS, "", "peer-smpp", "smssc.system_id");
	peer(*state, away, DOC_REACH_CLOSED, "Connection refused", "peer-closed", "nothing listens at 192.0.2.1:2775");
	peer(*state, away, DOC_REACH_TLS_REFUSES, "expired", "peer-tls-certificate", "expired");
}

static void sctp_peer(struct doc_report *r, enum doc_reach reach, const char *transport, const char *why, const char *causes,
		      const char *fact)
{
	struct doc_peer p = { .row = json(PEER("waiting", "no association")),
			      .reach = reach,
			      .why = why,
			      .wait_ms = 2000,
			      .transport = transport,
			      .local = "10.0.1.1, 10.0.2.1" };

	doc_look_at_peer(r, &p);
	found(r, causes, fact);
	json_decref((json_t *)(uintptr_t)p.row);
}

static void test_a_peer_over_sctp(void **state)
{
	sctp_peer(*state, DOC_REACH_NO_SCTP, "sctp", "Protocol not supported", "peer-no-sctp",
		  "reached over sctp, which this machine does not have");
	sctp_peer(*state, DOC_REACH_NO_LOCAL, "sctp", "Cannot assign requested address", "peer-our-address",
		  "can begin from 10.0.1.1, 10.0.2.1: Cannot assign");
	sctp_peer(*state, DOC_REACH_OTHER, "sctp", "the other side also has the address 10.0.9.2", "peer-other-address",
		  "peers[].more_addresses");
	sctp_peer(*state, DOC_REACH_SILENT, "sctp", "", "peer-silent", "drops SCTP (IP protocol 132)");
	sctp_peer(*state, DOC_REACH_SILENT, "sctp-udp", "", "peer-silent", "drops UDP (its udp_port)");
	sctp_peer(*state, DOC_REACH_SILENT, "tcp", "", "peer-silent", "drops TCP to");
	sctp_peer(*state, DOC_REACH_CLOSED, "sctp", "Connection refused", "peer-closed", "the port is closed");
	sctp_peer(*state, DOC_REACH_CONNECTS, "sctp", "", "peer-diameter", "accepts connections");
}

/* -- names */

static void test_a_name_in_dns(void **state)
{
	struct doc_dns d = {
		.about = "hss", .what = "peer hss", .key = "peers[].address", .host = "hss.example", .address = "192.0.2.1"
	};

	d.unresolved = "Name or service not known";
	doc_look_at_dns(*state, &d);
	found(*state, "dns-none", "no address of hss.example, the name of peer hss: Name or service not known");
	d.unresolved = NULL;
	str_set(d.found[d.found_n++], DOC_DNS_ADDRESS_MAX, "2001:db8::1");
	doc_look_at_dns(*state, &d);
	found(*state, "dns-family",
	      "only IPv6 addresses of hss.example, the name of peer hss: 2001:db8::1; the configuration has 192.0.2.1");
	str_set(d.found[d.found_n++], DOC_DNS_ADDRESS_MAX, "192.0.2.9");
	doc_look_at_dns(*state, &d);
	found(*state, "dns-other", "is at 2001:db8::1 192.0.2.9; the configuration has 192.0.2.1");
	d.tried = true;
	d.why = "Connection refused";
	doc_look_at_dns(*state, &d);
	found(*state, "dns-silent", "nor does anybody accept connections at 2001:db8::1 192.0.2.9");
	d.answer = d.found[1];
	doc_look_at_dns(*state, &d);
	found(*state, "dns-answers", "at 192.0.2.9, where DNS has hss.example");
	d.found_n = 1;
	d.answer = d.found[0];
	doc_look_at_dns(*state, &d);
	found(*state, "dns-family dns-answers", "at 2001:db8::1, where DNS has hss.example");
	d = (struct doc_dns){
		.about = "a", .what = "a", .key = "k", .host = "h.example", .address = "2001:DB8:0:0::1", .found_n = 1
	};
	str_set(d.found[0], DOC_DNS_ADDRESS_MAX, "2001:db8::1");
	doc_look_at_dns(*state, &d);
	found(*state, "dns", "is at 2001:DB8:0:0::1, as in the configuration");
}

static void test_only_what_has_no_connection_is_tried(void **state)
{
	static const struct {
		const char *state;
		bool tried;
	} cases[] = { { "open", false },           { "stopped", false }, { "reopening", false }, { "suspect", false },
		      { "peer in reopen", false }, { "closing", false }, { "connecting", true }, { "waiting", true } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *row = json_pack("{s:s}", "state", cases[i].state);

		assert_int_equal(doc_peer_may_be_tried(row), cases[i].tried);
		json_decref(row);
	}
}

/* -- the gateway */

#define STATUS(reasons_, lacks_, days_)                                                                                          \
	"{\"reasons\":[" reasons_                                                                                                \
	"],\"edges\":[{\"state\":\"up\"}],\"keyholders\":[{\"state\":\"up\"}],\"sandbox\":[{\"process\":"                        \
	"\"core\",\"lacks\":\"" lacks_ "\"},{\"process\":\"edge-0\",\"lacks\":\"\"}],\"files\":[{\"of\":\"anchor\",\"name\":"    \
	"\"anchor-a\",\"path\":\"a.pem\",\"days_left\":" days_                                                                   \
	",\"not_after\":\"2026-12-05\"},{\"of\":\"crl\",\"days_left\":0}],"                                                      \
	"\"stores\":[{\"disk\":9000000000},{\"disk\":5242880}]}"

static void gateway(struct doc_report *r, const char *status, uint64_t newest_s, const char *causes, const char *fact)
{
	json_t *row = json(status);

	doc_look_at_gateway(r, &(struct doc_gateway){ row, 1000, "decisions.log", newest_s });
	found(r, causes, fact);
	json_decref(row);
}

static void test_the_gateway(void **state)
{
	gateway(*state, STATUS("", "", "80"), 1000, "healthy processes confined files disk clock", "disk: 5.2 MB free");
	gateway(*state,
		STATUS("{\"reason\":\"peer-stopped\",\"text\":\"peer hss is stopped\",\"advice\":\"start it\"}", "", "80"), 0,
		"health processes confined files disk", "\"about\":\"peer-stopped\",\"text\":\"peer hss is stopped\"");
	gateway(*state, STATUS("", "no Landlock", "80"), 0, "healthy processes unconfined files disk", "core: no Landlock");
	gateway(*state, STATUS("", "", "5"), 0, "healthy processes confined ends-soon disk",
		"'a.pem' of anchor anchor-a ends in 5");
	gateway(*state, STATUS("", "", "80"), 1006, "healthy processes confined files disk clock-behind",
		"but 'decisions.log' was written at 1970-01-01T00:16:46Z");
	gateway(*state, "{}", 0, "healthy files", "0 files");
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_each_cause_has_its_words),
		T(test_facts_take_their_places),
		T(test_an_scs_that_works),
		T(test_an_scs_that_is_not_connected),
		T(test_a_certificate_that_a_responder_denies),
		T(test_each_refusal_of_a_connection),
		T(test_a_refusal_whose_cause_was_changed_since),
		T(test_every_reason_of_a_session_has_a_cause),
		T(test_responders),
		T(test_a_refusal_before_the_last_admission_is_over),
		T(test_a_stranger),
		T(test_rights),
		T(test_quota_and_requests),
		T(test_a_peer_that_has_a_connection),
		T(test_a_peer_that_is_away),
		T(test_a_peer_over_sctp),
		T(test_a_peer_over_smpp),
		T(test_a_name_in_dns),
		T(test_only_what_has_no_connection_is_tried),
		T(test_the_gateway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
