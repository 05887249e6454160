/* `assoc check` with what an SCS would prove: a session that is open, a certificate that nobody has presented yet; and what was not asked. */
#include "tests/unit/admin/adm_play.h"

#include "tests/unit/tls/pki.h"
#include "tls/tls_judge.h"
#include "tests/support/asc_wait.h"

#define URI "urn:mtc:group:"

struct world {
	struct play *p;
	struct pki pki;
	struct pki_cert ca_a, ca_b, ca_other;
	struct tls_judge *judge;
};

static int setup(void **state)
{
	struct asc_rule_new rule = { "group:fleet", "*@b.example", ASSOC_ALLOW, ASSOC_RIGHT_TRIGGER, 0, 0, ASSOC_ENFORCE };
	struct asc_group fleet = { .name = "fleet", .anchor = "anchor-a" };
	struct world *w = calloc(1, sizeof *w);
	struct tls_anchor_conf anchors[2] = { { .name = "anchor-a" }, { .name = "anchor-b" } };
	struct asc_scs beta;
	struct asc_why why;
	char words[300];

	play_start((void **)&w->p);
	beta = *asc_scs_find(w->p->core.core->store.asc, "acme");
	strcpy(beta.name, "beta");
	strcpy(beta.e164, "491720000002");
	strcpy(beta.origin_host, "scs.beta.example");
	assert_int_equal(asc_scs_put(w->p->core.core->store.asc, &beta, &why), 0);
	assert_int_equal(asc_group_put(w->p->core.core->store.asc, &fleet, &why), 0);
	assert_int_equal(asc_rule_add(w->p->core.core->store.asc, &rule, &why), 0);
	pki_init(&w->pki);
	w->ca_a = pki_make(&w->pki, &(struct pki_spec){ .cn = "CA A", .ca = true }, NULL);
	w->ca_b = pki_make(&w->pki, &(struct pki_spec){ .cn = "CA B", .ca = true }, NULL);
	w->ca_other = pki_make(&w->pki, &(struct pki_spec){ .cn = "CA of nobody", .ca = true }, NULL);
	anchors[0].file = w->ca_a.cert_file;
	anchors[1].file = w->ca_b.cert_file;
	assert_int_equal(tls_judge_new(&w->judge, anchors, 2, words, sizeof words), 0);
	core_judge(w->p->core.core, w->judge);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	play_end((void **)&w->p);
	tls_judge_free(w->judge);
	pki_free(&w->ca_a);
	pki_free(&w->ca_b);
	pki_free(&w->ca_other);
	pki_fini(&w->pki);
	free(w);
	return 0;
}

/* Asks with this certificate. */
static const struct ctl_answer *check_cert(struct world *w, const struct pki_cert *c, const char *more)
{
	static char pem[16384], args[20000];
	FILE *f = fopen(c->cert_file, "r");
	json_t *text;
	char *quoted;

	assert_non_null(f);
	pem[fread(pem, 1, sizeof pem - 1, f)] = 0;
	fclose(f);
	text = json_string(pem);
	quoted = json_dumps(text, JSON_ENCODE_ANY);
	snprintf(args, sizeof args, "{\"scs\": \"acme\", \"device\": \"meter-1@b.example\", \"certificate\": %s%s}", quoted,
		 more);
	free(quoted);
	json_decref(text);
	return ask(w->p, "assoc.check", args);
}

static void test_a_certificate_proves_its_groups_where_its_connection_is_admitted(void **state)
{
	static const struct {
		const char *san, *eku, *reason, *path;
		char ca; /* a, b, or another one */
		bool allowed;
	} cases[] = {
		{ "DNS:scs.acme.example,URI:" URI "fleet", "clientAuth", "", "", 'a', true },
		{ "DNS:scs.acme.example,URI:" URI "fleets,URI:https://fleet/", "clientAuth", "no-association", "", 'a', false },
		{ "DNS:scs.acme.example", "clientAuth", "no-association", "", 'a', false },
		{ "DNS:scs.acme.example,URI:" URI "fleet", "clientAuth", "wrong-anchor", "is admitted as acme", 'b', false },
		{ "DNS:scs.acme.example,DNS:scs.beta.example,URI:" URI "fleet", "clientAuth", "certificate-of-two",
		  "is admitted as acme", 'a', false },
		{ "DNS:other.example,URI:" URI "fleet", "clientAuth", "name-not-proven", "is admitted as acme", 'a', false },
		{ "DNS:scs.acme.example,URI:" URI "fleet", "serverAuth", "not-protected",
		  "no connection with this certificate is made", 'a', false },
		{ "DNS:scs.acme.example,URI:" URI "fleet", "clientAuth", "not-protected",
		  "does not chain to any configured anchor", 'x', false },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct pki_cert *ca = cases[i].ca == 'a' ? &w->ca_a : cases[i].ca == 'b' ? &w->ca_b : &w->ca_other;
		struct pki_cert leaf =
		    pki_make(&w->pki, &(struct pki_spec){ .cn = "acme", .san = cases[i].san, .eku = cases[i].eku }, ca);
		const struct ctl_answer *a = check_cert(w, &leaf, "");

		pki_free(&leaf);
		if (!a->ok) {
			fail_msg("case %zu: %s", i, a->error);
		}
		if (json_is_true(json_object_get(a->last, "allowed")) != cases[i].allowed ||
		    strcmp(json_string_value(json_object_get(a->last, "reason")), cases[i].reason) != 0 ||
		    !strstr(json_of(a->last, "path"), cases[i].path)) {
			fail_msg("case %zu: %s", i, json_dumps(a->last, 0));
		}
		if (*cases[i].path) { /* no rule would change that */
			assert_string_equal(json_of(a->last, "beyond_rules"), "\"certificate\"");
			assert_string_equal(json_of(a->last, "changes"), "[]");
		}
		if (cases[i].ca == 'x') {
			assert_non_null(strstr(json_of(a->last, "meaning"), "does not chain to any configured anchor"));
		}
		assert_string_equal(json_of(json_object_get(a->last, "proof"), "by"), "\"certificate\"");
		assert_string_equal(json_of(a->last, "groups"), cases[i].allowed ? "[\"fleet\"]" : "[]");
	}
}

static void test_a_certificate_proves_nothing_after_its_end(void **state)
{
	struct world *w = *state;
	struct pki_cert leaf = pki_make(
	    &w->pki, &(struct pki_spec){ .cn = "acme", .san = "DNS:scs.acme.example,URI:" URI "fleet", .eku = "clientAuth" },
	    &w->ca_a);
	const struct ctl_answer *a = check_cert(w, &leaf, ", \"at\": 4102444800");

	pki_free(&leaf);
	assert_false(json_is_true(json_object_get(a->last, "allowed")));
	assert_non_null(strstr(json_of(a->last, "path"), "the certificate has ended by then"));
	assert_string_equal(json_of(a->last, "groups"), "[]");
}

static void test_what_is_no_certificate_is_refused(void **state)
{
	struct world *w = *state;

	assert_non_null(strstr(
	    ask(w->p, "assoc.check", "{\"scs\": \"acme\", \"device\": \"m@b.example\", \"certificate\": \"hello\"}")->error,
	    "no PEM certificate"));
	assert_non_null(strstr(ask(w->p, "assoc.check",
				   "{\"scs\": \"acme\", \"device\": \"m@b.example\", \"certificate\": \"x\", "
				   "\"group\": [\"fleet\"]}")
				   ->error,
			       "groups come from one place"));
	core_judge(w->p->core.core, NULL);
	assert_non_null(
	    strstr(ask(w->p, "assoc.check", "{\"scs\": \"acme\", \"device\": \"m@b.example\", \"certificate\": \"x\"}")->error,
		   "no trust anchors"));
}

static void open_with(struct world *w, uint64_t number, const char *uri)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");

	if (uri) {
		snprintf(s.identity.groups[s.identity.groups_n++], sizeof s.identity.groups[0], "%s", uri);
	}
	assert_true(core_play_open(&w->p->core, number, &s).admitted);
}

#define CHECK_B "\"scs\": \"acme\", \"device\": \"meter-1@b.example\""

static void test_a_session_proves_what_its_certificate_names(void **state)
{
	struct world *w = *state;
	const struct ctl_answer *a;

	open_with(w, 5, URI "fleet");
	open_with(w, 6, NULL);
	a = ask(w->p, "assoc.check", "{" CHECK_B "}");
	assert_string_equal(json_of(a->last, "allowed"), "false");
	assert_non_null(strstr(json_of(a->last, "not_asked"), "its open session 7-000005, whose certificate proves fleet"));
	a = ask(w->p, "assoc.check", "{" CHECK_B ", \"session\": \"7-000005\"}");
	assert_string_equal(json_of(a->last, "allowed"), "true");
	assert_string_equal(json_of(a->last, "rule"), "\"allow group:fleet *@b.example trigger\"");
	assert_null(strstr(json_of(a->last, "not_asked"), "certificate"));
	a = ask(w->p, "assoc.check", "{" CHECK_B ", \"session\": \"7-000006\"}");
	assert_string_equal(json_of(a->last, "allowed"), "false");
	a = ask(w->p, "assoc.check", "{" CHECK_B ", \"session\": \"7-000099\"}");
	assert_non_null(strstr(a->error, "no such session"));
	a = ask(w->p, "assoc.check", "{\"scs\": \"beta\", \"device\": \"m@b.example\", \"session\": \"7-000005\"}");
	assert_non_null(strstr(a->error, "belongs to another SCS"));
}

static void test_a_group_shows_the_members_that_sessions_prove(void **state)
{
	struct world *w = *state;
	const json_t *row;

	open_with(w, 5, URI "fleet");
	open_with(w, 6, NULL);
	row = row_of(ctl_fake_run("group.show", "{\"name\": \"fleet\"}"));
	assert_string_equal(json_of(row, "members"), "[]");
	assert_string_equal(json_of(row, "proven_sessions"), "1");
	row = json_array_get(json_object_get(row, "proven"), 0);
	assert_string_equal(json_of(row, "scs"), "\"acme\"");
	assert_string_equal(json_of(row, "session"), "\"7-000005\"");
	ask(w->p, "group.set", "{\"name\": \"fleet\", \"anchor\": \"anchor-b\"}"); /* not the one of acme: nothing is proven */
	row = row_of(ctl_fake_run("group.show", "{\"name\": \"fleet\"}"));
	assert_string_equal(json_of(row, "proven"), "[]");
	const struct ctl_answer *a = ask(w->p, "assoc.check", "{" CHECK_B ", \"group\": [\"fleet\", \"nothing\"]}");
	assert_string_equal(json_of(a->last, "unproven"), "[\"fleet\",\"nothing\"]");
	assert_string_equal(json_of(a->last, "unproven_why"),
			    "[\"fleet: the trust anchor of the group is anchor-b, that of the SCS is anchor-a\","
			    "\"nothing: no such group\"]");
	assert_string_equal(json_of(json_object_get(a->last, "proof"), "groups"), "[]");
}

static void test_an_hss_that_cannot_be_asked_is_said(void **state)
{
	struct world *w = *state;
	const struct ctl_answer *a;

	a = ask(w->p, "assoc.check", "{\"scs\": \"acme\", \"device\": \"m@a.example\"}");
	assert_string_equal(json_of(a->last, "allowed"), "true");
	assert_string_equal(json_of(a->last, "hss"), "");
	assert_non_null(strstr(json_of(a->last, "not_asked"), "the HSS"));
	assert_non_null(strstr(json_of(a->last, "not_asked"), "the SMS-SC"));
	a = ask(w->p, "assoc.check",
		"{\"scs\": \"acme\", \"device\": \"m@a.example\", \"ask_hss\": true}"); /* nobody is at its port */
	assert_string_equal(json_of(a->last, "allowed"), "false");
	assert_string_equal(json_of(a->last, "reason"), "\"hss-silent\"");
	assert_string_equal(json_of(a->last, "beyond_rules"), "\"hss\"");
	assert_string_equal(json_of(a->last, "changes"), "[]");
	assert_non_null(strstr(json_of(json_object_get(a->last, "hss"), "error"), "it is not connected"));
	assert_null(strstr(json_of(a->last, "not_asked"), "the HSS"));
	a = ask(w->p, "assoc.check", "{\"scs\": \"nobody\", \"device\": \"m@a.example\", \"ask_hss\": true}");
	assert_non_null(strstr(json_of(json_object_get(a->last, "hss"), "error"), "not provisioned"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_certificate_proves_its_groups_where_its_connection_is_admitted),
		TEST(test_a_certificate_proves_nothing_after_its_end),
		TEST(test_what_is_no_certificate_is_refused),
		TEST(test_a_session_proves_what_its_certificate_names),
		TEST(test_a_group_shows_the_members_that_sessions_prove),
		TEST(test_an_hss_that_cannot_be_asked_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
