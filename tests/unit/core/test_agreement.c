/* What was agreed with an SCS about its connections (base/agreement.h): judged at admission, and again when it changes. */
#include "tests/unit/test.h"

#include <fcntl.h>

#include "tests/support/asc_wait.h"
#include "tests/unit/core/core_play.h"

struct change {
	size_t at; /* in struct asc_scs */
	uint16_t set;
	const char *reason, *line;
	uint32_t result_code;
};

#define CHANGE(member_, set_, reason_, line_, code_)                                                                             \
	{                                                                                                                        \
		offsetof(struct asc_scs, member_), set_, reason_, line_, code_                                                   \
	}
static const struct change changes[] = {
	CHANGE(transports, 1 << TRANSPORT_SCTP, "transport-not-agreed", "tcp, agreed: sctp", 3010),
	CHANGE(protections, 1 << PROTECTION_TLS_NDSIP, "protection-not-agreed", "tls, agreed: tls+ndsip", 5017),
	CHANGE(tls_versions, 1 << AGREED_TLS_1_2, "tls-version-not-agreed", "1.3, agreed: 1.2", 5017),
	CHANGE(tls_suites, 1 << 2, "tls-suite-not-agreed", "TLS_AES_128_GCM_SHA256, agreed: TLS_AES_256_GCM_SHA384", 5017),
};

/* acme with this set, and everything else agreed. */
static void agree(struct core_play *p, const struct change *change)
{
	struct asc_scs scs = *asc_scs_find(p->core->store.asc, "acme");
	struct asc_why why;

	scs.transports = scs.protections = scs.tls_versions = scs.tls_suites = AGREED_ANY;
	if (change) {
		memcpy((char *)&scs + change->at, &change->set, sizeof change->set);
	}
	assert_int_equal(asc_scs_put(p->core->store.asc, &scs, &why), 0);
}

/* The last line of the decision log. */
static const char *last_line(struct core_play *p)
{
	static char text[65536];
	char path[128];
	FILE *f;
	size_t n;

	core_decisions_write(p->core);
	snprintf(path, sizeof path, "%s/decisions", p->dir);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = 0;
	assert_true(n > 1 && text[n - 1] == '\n');
	text[n - 1] = 0;
	return strrchr(text, '\n') ? strrchr(text, '\n') + 1 : text;
}

static void line_says(struct core_play *p, const struct change *c)
{
	const char *line = last_line(p);
	char reason[96], rule[256];

	snprintf(reason, sizeof reason, "\"reason\":\"%s\"", c->reason);
	snprintf(rule, sizeof rule, "\"rule\":\"%s\"", c->line);
	assert_non_null(strstr(line, "\"scs\":\"acme\""));
	assert_non_null(strstr(line, "\"verdict\":\"refused\""));
	assert_non_null(strstr(line, reason));
	assert_non_null(strstr(line, rule));
}

static void a_connection_that_is_not_as_agreed_is_refused(void **state)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");
	struct core_play *p = *state;
	struct ipc_session_verdict v;

	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		agree(p, &changes[i]);
		v = core_play_open(p, 1 + i, &s);
		assert_false(v.admitted);
		assert_string_equal(v.reason, changes[i].reason);
		assert_int_equal(v.result_code, changes[i].result_code);
		assert_int_equal(p->core->sessions.by_key.n, 0);
		line_says(p, &changes[i]);
	}
	assert_int_equal(p->bad_edge, 0); /* no offence of the edge */
	agree(p, NULL);
	assert_true(core_play_open(p, 9, &s).admitted);
}

/* A core that was restarted judges what is announced again, so a change in between ends it, too. */
static void an_open_session_ends_when_it_is_not_as_agreed_any_more(void **state)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");
	struct core_play *p = *state;
	struct ipc_session_cut cut;
	struct ipc_rec_head head;
	size_t len;

	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		agree(p, NULL);
		assert_true(core_play_open(p, 1 + 2 * i, &s).admitted);
		assert_true(core_play_open(p, 2 + 2 * i, &s).admitted);
		assert_int_equal(core_sessions_renew(p->core, "acme"), 0);
		agree(p, &changes[i]);
		assert_int_equal(core_sessions_renew(p->core, "beta"), 0);
		assert_int_equal(core_sessions_renew(p->core, i % 2 ? NULL : "acme"), 2);
		core_play_turns(p, 2);
		for (int n = 0; n < 2; n++) {
			len = core_play_take(p, IPC_REC_SESSION_CUT, &head);
			assert_int_equal(ipc_session_cut_get(&cut, p->record, len), 0);
			assert_string_equal(cut.reason, "not-agreed");
			assert_int_equal(cut.disconnect_cause, DIA_DISCONNECT_REBOOTING);
		}
		assert_int_equal(p->core->sessions.by_key.n, 0);
		line_says(p, &changes[i]);
	}
}

static void a_session_that_is_as_agreed_stays(void **state)
{
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");
	struct core_play *p = *state;
	struct change both = CHANGE(tls_versions, 1 << AGREED_TLS_1_2 | 1 << AGREED_TLS_1_3, "", "", 0);

	assert_true(core_play_open(p, 1, &s).admitted);
	agree(p, &both);
	assert_int_equal(core_sessions_renew(p->core, NULL), 0);
	assert_int_equal(p->core->sessions.by_key.n, 1);
}

/* A core with a decision log. */
static int setup(void **state)
{
	struct core_play *p;
	char path[128];

	assert_int_equal(core_play_setup(state), 0);
	p = *state;
	snprintf(path, sizeof path, "%s/decisions", p->dir);
	p->lines_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(p->lines_fd >= 0);
	core_play_restart(p);
	return 0;
}

static void sctp_inside_udp_is_sctp(void **state)
{
	static const struct change sctp = { .at = offsetof(struct asc_scs, transports), .set = 1 << TRANSPORT_SCTP };
	struct ipc_session_open s = core_play_session("scs.acme.example", "anchor-a");
	struct core_play *p = *state;

	agree(p, &sctp);
	p->cfg->listen[0].transport = s.transport = TRANSPORT_SCTP_UDP;
	assert_true(core_play_open(p, 1, &s).admitted);
	p->cfg->listen[0].transport = TRANSPORT_TCP;
}

TEST_GROUP()
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, core_play_teardown)
	const struct CMUnitTest tests[] = { TEST(a_connection_that_is_not_as_agreed_is_refused),
					    TEST(an_open_session_ends_when_it_is_not_as_agreed_any_more),
					    TEST(a_session_that_is_as_agreed_stays), TEST(sctp_inside_udp_is_sctp) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
