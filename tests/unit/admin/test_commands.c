/* The operator's commands against a real core with stores of its own, without the control socket (ctl_fake.h). */
#include "tests/unit/test.h"

#include <errno.h>
#include <poll.h>

#include "admin/adm.h"
#include "admin/adm_health_peer.h"
#include "admin/adm_int.h"
#include "assoc/asc_change.h"
#include "tests/unit/admin/ctl_fake.h"
#include "tests/unit/core/core_play.h"
#include "tests/unit/trigger/trg_put.h"

struct play {
	struct core_play core;
	struct adm *adm;
};

static int start(void **state)
{
	struct play *p = calloc(1, sizeof *p);

	core_play_start(&p->core);
	core_play_provision(&p->core);
	core_play_turns(&p->core, 3);
	assert_int_equal(adm_new(&p->adm, p->core.core, -1, &ADM_CONSOLE_NONE), 0);
	*state = p;
	return 0;
}

static int end(void **state)
{
	struct play *p = *state;

	adm_free(p->adm); /* NULL when the test has done so */
	core_play_end(&p->core);
	ctl_fake_free();
	free(p);
	return 0;
}

/* -- reading answers */

static const char *text_of(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	return text ? text : "(no text)";
}

static json_int_t number_of(const json_t *row, const char *name)
{
	assert_true(json_is_integer(json_object_get(row, name)));
	return json_integer_value(json_object_get(row, name));
}

static const json_t *only_row(const struct ctl_answer *a)
{
	assert_true(a->ok);
	assert_int_equal(json_array_size(a->rows), 1);
	return json_array_get(a->rows, 0);
}

/* A command that changes the store is answered in a later turn of the loop. */
static const struct ctl_answer *change(struct play *p, const char *command, const char *args)
{
	const struct ctl_answer *a = ctl_fake_run(command, args);

	for (int i = 0; i < 2000 && !a->times; i++) {
		core_play_turns(&p->core, 1);
	}
	assert_int_equal(a->times, 1);
	return a;
}

static void assert_done(const struct ctl_answer *a, const char *members)
{
	json_t *expected = json_loads(members, 0, NULL);

	if (!a->ok) {
		fail_msg("%s", a->error);
	}
	assert_non_null(expected);
	if (!json_equal(a->last, expected)) {
		fail_msg("%s instead of %s", json_dumps(a->last, 0), members);
	}
	json_decref(expected);
}

/* -- the process */

static void test_status_peers_and_sessions_are_those_of_the_core(void **state)
{
	struct play *p = *state;
	struct ipc_session_open open = core_play_session("scs.acme.example", "anchor-a");
	const struct ctl_answer *status, *peers, *sessions;
	const json_t *edge, *listener;

	core_play_open(&p->core, 5, &open);
	status = ctl_fake_run("status", "{}");
	assert_true(status->ok);
	assert_string_equal(text_of(status->last, "identity"), "iwf.operator.example");
	assert_int_equal(number_of(status->last, "sessions"), 1);
	assert_int_equal(number_of(status->last, "scs"), 1);
	assert_int_equal(number_of(status->last, "rules"), 1);
	assert_string_equal(text_of(json_object_get(status->last, "journal"), "state"), "ok");
	edge = json_array_get(json_object_get(status->last, "edges"), 0);
	assert_string_equal(text_of(edge, "name"), "edge-0");
	assert_string_equal(text_of(edge, "state"), "up");
	assert_int_equal(number_of(edge, "generation"), 7);
	assert_int_equal(number_of(edge, "sessions"), 1);
	listener = json_array_get(json_object_get(status->last, "listeners"), 0);
	assert_string_equal(text_of(listener, "name"), "tsp");
	assert_string_equal(text_of(listener, "zone"), "external");
	assert_string_equal(text_of(listener, "protection"), "tls");
	assert_string_equal(text_of(listener, "address"), "127.0.0.1");

	peers = ctl_fake_run("peers", "{}");
	assert_string_equal(text_of(only_row(peers), "name"), "hss");
	assert_string_equal(text_of(only_row(peers), "address"), "127.0.0.1:9");
	assert_string_equal(text_of(only_row(peers), "protection"), "none");
	assert_done(peers, "{\"count\": 1}");

	sessions = ctl_fake_run("sessions", "{}");
	assert_string_equal(text_of(only_row(sessions), "session"), "7-000005");
	assert_string_equal(text_of(only_row(sessions), "scs"), "acme");
	assert_string_equal(text_of(only_row(sessions), "origin_host"), "scs.acme.example");
	assert_string_equal(text_of(only_row(sessions), "address"), "192.0.2.7:40000");
	assert_string_equal(text_of(only_row(sessions), "edge"), "edge-0");
	assert_string_equal(text_of(only_row(sessions), "zone"), "external");
	assert_done(sessions, "{\"count\": 1}");
	assert_int_equal(number_of(only_row(ctl_fake_run("scs.list", "{}")), "sessions"), 1);
}

static const char *reason_of(const json_t *last, size_t i)
{
	return text_of(json_array_get(json_object_get(last, "reasons"), i), "reason");
}

static void test_health_names_each_reason(void **state)
{
	struct play *p = *state;
	struct core *c = p->core.core;
	const struct ctl_answer *a = ctl_fake_run("health", "{}");
	const char *decisions;
	const json_t *peer = json_array_get(json_object_get(a->last, "reasons"), 0);

	assert_false(json_is_true(json_object_get(a->last, "healthy"))); /* nobody is at the port of the HSS */
	assert_int_equal(json_array_size(json_object_get(a->last, "reasons")), 2);
	assert_string_equal(text_of(peer, "reason"), "peer-not-open");
	assert_non_null(strstr(text_of(peer, "text"), "hss"));
	assert_non_null(strstr(text_of(peer, "text"), " since 20"));
	assert_non_null(strstr(text_of(peer, "advice"), "mtcctl peers"));
	assert_string_equal(reason_of(a->last, 1), "edge-down"); /* one of those that are configured */

	core_edge_gone(c, p->core.generation);
	c->journal.state = ERR_NOSPC;
	c->decisions.failing = ENOSPC;
	c->triggers.pending = c->cfg->limits.pending_total;
	a = ctl_fake_run("health", "{}");
	assert_string_equal(reason_of(a->last, 1), "no-edge");
	assert_string_equal(reason_of(a->last, 2), "journal-full");
	assert_string_equal(reason_of(a->last, 3), "decisions-failing");
	decisions = text_of(json_array_get(json_object_get(a->last, "reasons"), 3), "text");
	assert_non_null(strstr(decisions, c->cfg->decisions)); /* which file */
	assert_non_null(strstr(decisions, "No space left on device"));
	assert_non_null(strstr(text_of(json_array_get(json_object_get(a->last, "reasons"), 2), "text"), c->cfg->state_dir));
	assert_string_equal(reason_of(a->last, 4), "overloaded");
	assert_true(core_memory_spend(c));
	a = ctl_fake_run("health", "{}");
	assert_string_equal(reason_of(a->last, 4), "memory-short");
	assert_string_equal(text_of(json_object_get(ctl_fake_run("status", "{}")->last, "memory"), "state"), "short");
	c->journal.state = ERR_IO;
	assert_string_equal(reason_of(ctl_fake_run("health", "{}")->last, 2), "journal-failing");
	assert_true(json_is_false(json_object_get(ctl_fake_run("status", "{}")->last, "healthy")));
	c->triggers.pending = 0;
}

static void test_health_says_that_an_operator_stopped_a_peer(void **state)
{
	struct play *p = *state;
	const char *word;
	const json_t *peer;

	assert_int_equal(core_peer_stop(p->core.core, "hss", &word), 0);
	assert_string_equal(word, "stopped");
	peer = json_array_get(json_object_get(ctl_fake_run("health", "{}")->last, "reasons"), 0);
	assert_string_equal(text_of(peer, "reason"), "peer-stopped");
	assert_non_null(strstr(text_of(peer, "text"), "is stopped, and nothing connects to it: stopped since 20"));
	assert_non_null(strstr(text_of(peer, "text"), "(stopped by operator)"));
	assert_non_null(strstr(text_of(peer, "advice"), "'mtcctl peers start hss'"));
}

static void test_health_says_what_is_true_in_each_state_of_a_peer(void **state)
{
	static const struct {
		const char *state, *reason, *text, *advice;
	} cases[] = {
		{ "peer in reopen", "it discards requests",
		  "hss.example) is connected and discards requests: peer in reopen since NOW (it discards requests); it is the "
		  "HSS",
		  "ends by itself" },
		{ "reopening", "", "is connected and gets no requests yet: reopening since NOW; it is", "ends by itself" },
		{ "suspect", "", "is connected and gets no requests: suspect since NOW", "overloaded" },
		{ "closing", "", "is being disconnected: closing since NOW", "mtcctl peers" },
		{ "connecting", "", "is not connected yet: connecting since NOW", "reachable" },
		{ "waiting", "refused, next attempt in 3 s", "is not connected: waiting since NOW (refused, next attempt in 3 s)",
		  "reachable" },
	};
	const struct cfg_peer conf = { .name = "hss", .host = "hss.example" };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct core_peer_view view = { .conf = &conf, .state = cases[i].state };
		json_t *row;

		snprintf(view.reason, sizeof view.reason, "%s", cases[i].reason);
		row = adm_health_of_peer(&view, "NOW", "HSS");
		assert_string_equal(text_of(row, "reason"), "peer-not-open");
		if (!strstr(text_of(row, "text"), cases[i].text) || !strstr(text_of(row, "advice"), cases[i].advice)) {
			fail_msg("%s: %s; %s", cases[i].state, text_of(row, "text"), text_of(row, "advice"));
		}
		json_decref(row);
	}
}

static void test_health_names_a_store_that_is_nearly_full_and_its_reader(void **state)
{
	struct play *p = *state;
	struct kv_room *room = &p->core.core->store.rooms.store[CORE_STORE_JOURNAL].now;
	const json_t *row;

	*room = (struct kv_room){ .size = 910, .size_max = 1000, .map_left = 99, .held = 300, .oldest = { .pid = 4711 } };
	row = json_array_get(json_object_get(ctl_fake_run("health", "{}")->last, "reasons"), 2);
	assert_string_equal(text_of(row, "reason"), "store-full");
	assert_non_null(
	    strstr(text_of(row, "text"), "journal: 99 of 1000 bytes are left (journal.size_max); process 4711 has been reading"));
	assert_non_null(strstr(text_of(row, "advice"), "end that process; or raise journal.size_max"));
	room->oldest.ours = true; /* nobody is to end the core */
	row = json_array_get(json_object_get(ctl_fake_run("health", "{}")->last, "reasons"), 2);
	assert_non_null(strstr(text_of(row, "text"), "; core, an export or backup has been reading"));
	assert_non_null(strstr(text_of(row, "advice"), "end the mtcctl that runs it, not the core; or raise journal.size_max"));
	assert_string_equal(
	    text_of(json_array_get(json_object_get(ctl_fake_run("status", "{}")->last, "stores"), 2), "reader_name"),
	    "core, an export or backup");
	room->held = 0;
	row = json_array_get(json_object_get(ctl_fake_run("health", "{}")->last, "reasons"), 2);
	assert_null(strstr(text_of(row, "text"), "4711"));
	room->map_left = 100;
	assert_int_equal(json_array_size(json_object_get(ctl_fake_run("health", "{}")->last, "reasons")), 2);
}

static void test_health_and_status_heed_the_disk_below_a_store(void **state)
{
	struct play *p = *state;
	struct core_room *of = p->core.core->store.rooms.store;
	struct kv_room *room = &of[CORE_STORE_ASSOC].now;
	const json_t *row, *reasons;

	*room = (struct kv_room){ .size = 100, .size_max = 8000, .map_left = 7900, .left = 50, .disk = 50, .disk_max = 500 };
	assert_int_equal(json_array_size(json_object_get(ctl_fake_run("health", "{}")->last, "reasons")), 2); /* a small disk */
	room->disk = room->left = 49;
	of[CORE_STORE_ROWS].now = *room;
	reasons = json_object_get(ctl_fake_run("health", "{}")->last, "reasons");
	assert_int_equal(json_array_size(reasons), 3); /* one for the disk of both */
	row = json_array_get(reasons, 2);
	assert_string_equal(text_of(row, "reason"), "store-full");
	assert_non_null(strstr(text_of(row, "text"), "associations: 49 of 500 bytes are left on the disk of "));
	row = json_array_get(json_object_get(ctl_fake_run("status", "{}")->last, "stores"), 0);
	assert_int_equal(json_integer_value(json_object_get(row, "left")), 49);
	assert_string_equal(text_of(row, "state"), "ok");
	*room = (struct kv_room){ .size = 100, .size_max = 8000, .map_left = 7900, .left = 7900, .failing = ERR_NOSPC };
	of[CORE_STORE_ROWS].now = (struct kv_room){ .size = 0 };
	row = json_array_get(json_object_get(ctl_fake_run("health", "{}")->last, "reasons"), 2);
	assert_string_equal(text_of(row, "reason"), "store-full");
	assert_non_null(strstr(text_of(row, "text"), "the last change could not be written (no space left)"));
	row = json_array_get(json_object_get(ctl_fake_run("status", "{}")->last, "stores"), 0);
	assert_string_equal(text_of(row, "state"), "full");
	room->failing = ERR_IO;
	row = json_array_get(json_object_get(ctl_fake_run("health", "{}")->last, "reasons"), 2);
	assert_string_equal(text_of(row, "reason"), "store-failing");
}

static void test_health_names_a_certificate_that_has_expired(void **state)
{
	struct play *p = *state;
	uint64_t now_s = clock_real_ms() / 1000;
	struct core_file files[] = { { "listener", "tsp", "/pki/iwf.pem", 0, now_s + 5, "", "" },
				     { "anchor", "anchor-a", "/pki/a.pem", 0, now_s - 5, "", "" },
				     { "anchor", "anchor-b", "/pki/b.pem", 0, now_s - 5, "", "" } };
	const json_t *row;

	core_files_set(p->core.core, 1, files, 1);
	assert_int_equal(json_array_size(json_object_get(ctl_fake_run("health", "{}")->last, "reasons")), 2);
	core_files_set(p->core.core, 2, files, 3);
	row = json_array_get(json_object_get(ctl_fake_run("health", "{}")->last, "reasons"), 2);
	assert_string_equal(text_of(row, "reason"), "certificate-expired");
	assert_non_null(strstr(text_of(row, "text"), "'/pki/a.pem' of anchor anchor-a expired on 20"));
	assert_non_null(strstr(text_of(row, "text"), "; so did 1 more"));
	assert_non_null(strstr(text_of(row, "advice"), "mtcctl reload"));
}

static void test_health_names_a_certificate_that_is_not_valid_yet(void **state)
{
	struct play *p = *state;
	uint64_t now_s = clock_real_ms() / 1000;
	struct core_file files[] = { { "listener", "tsp", "/pki/iwf.pem", now_s - 5, now_s + 5000, "", "" },
				     { "listener", "new", "/pki/new.pem", now_s + 3600, now_s + 5000, "", "" },
				     { "peer", "hss", "/pki/hss.pem", now_s + 3600, now_s + 5000, "", "" } };
	const json_t *row;

	core_files_set(p->core.core, 1, files, 1);
	assert_int_equal(json_array_size(json_object_get(ctl_fake_run("health", "{}")->last, "reasons")), 2);
	core_files_set(p->core.core, 2, files, 3);
	row = json_array_get(json_object_get(ctl_fake_run("health", "{}")->last, "reasons"), 2);
	assert_string_equal(text_of(row, "reason"), "certificate-early");
	assert_non_null(strstr(text_of(row, "text"), "'/pki/new.pem' of listener new is not valid before 20"));
	assert_non_null(strstr(text_of(row, "text"), "; 1 more are not valid yet"));
	assert_non_null(strstr(text_of(row, "advice"), "set the clock of this machine"));
	row = json_array_get(json_object_get(ctl_fake_run("status", "{}")->last, "files"), 1);
	assert_non_null(json_object_get(row, "not_before"));
}

static void test_health_and_status_name_what_is_wrong_with_crls(void **state)
{
	struct play *p = *state;
	uint64_t now_s = clock_real_ms() / 1000;
	struct core_file files[] = { { "crl", "anchor-a", "/pki/a.crl", 0, now_s - 5, "CN=A", "1f" },
				     { "crl", "anchor-a", "/pki/b.crl", 0, now_s + 5, "CN=B", "2" } };
	const json_t *row, *last;

	core_files_set(p->core.core, 1, files, 2);
	core_crls_wrong(p->core.core, 1);
	core_crls_count(p->core.core, 2, 1);
	row = json_array_get(json_object_get(ctl_fake_run("health", "{}")->last, "reasons"), 2);
	assert_string_equal(text_of(row, "reason"), "crl-stale");
	assert_non_null(strstr(text_of(row, "text"), "the CRL of 'CN=A' (trust anchor anchor-a) is out of date since 20"));
	row = json_array_get(json_object_get(ctl_fake_run("health", "{}")->last, "reasons"), 3);
	assert_string_equal(text_of(row, "reason"), "crl-refused");
	last = ctl_fake_run("status", "{}")->last;
	row = json_array_get(json_object_get(last, "files"), 0);
	assert_string_equal(text_of(row, "issuer"), "CN=A");
	assert_string_equal(text_of(row, "number"), "0x1f");
	assert_int_equal(json_array_size(json_object_get(last, "crls_refused")), 1);
	assert_true(json_array_size(json_object_get(last, "revocation_unchecked")) > 0); /* the play's anchors have no crl */
	assert_int_equal(core_counters(p->core.core)->v[ST_CRL_RENEWED], 2);
	assert_int_equal(core_counters(p->core.core)->v[ST_CRL_REFUSED], 1);
}

static bool asked_dry_run;

static int parent_takes(void *arg, uint32_t number, bool dry_run)
{
	(void)arg;
	(void)number;
	asked_dry_run = dry_run;
	return 0;
}

static void test_a_parent_that_does_not_answer_ends_the_reload(void **state)
{
	struct play *p = *state;
	struct core_cb cb = *p->core.core->cb;
	const struct core_cb *was = p->core.core->cb;
	const struct ctl_answer *first, *next;

	cb.on_reload = parent_takes;
	p->core.core->cb = &cb;
	p->core.cfg->timers.names_ms = 0;
	p->adm->reload_wait_ms = 1;
	first = ctl_fake_run("reload", "{}");
	assert_int_equal(first->times, 0);
	for (int i = 0; i < 2000 && !first->times; i++) {
		core_play_turns(&p->core, 1);
	}
	assert_int_equal(first->times, 1);
	assert_non_null(strstr(first->error, "the parent does not answer"));

	p->adm->reload_wait_ms = 60000;
	next = ctl_fake_run("reload", "{}");
	assert_int_equal(next->times, 0);
	adm_reloaded(p->adm,
		     &(struct adm_reloaded){ .number = 1, .taken = true, .text = "" }); /* the answer to the first, late */
	assert_int_equal(next->times, 0);
	adm_reloaded(p->adm, &(struct adm_reloaded){ .number = 2, .taken = true, .text = "" });
	assert_true(next->ok);
	assert_false(asked_dry_run);
	p->core.core->cb = was;
}

static void test_a_reload_answers_with_each_kind_of_line(void **state)
{
	static const char text[] =
	    "change limits.triggers: 5 -> 6\nrestart edges: 2 -> 3\nrenewed /iwf.pem\nchange trust_anchors[anchor-a]: removed\n"
	    "change trust_anchors[anchor]: removed\n";
	struct play *p = *state;
	struct core_cb cb = *p->core.core->cb;
	const struct core_cb *was = p->core.core->cb;
	struct adm_reloaded r = { .taken = true, .config = true, .dry_run = true, .text = text, .len = sizeof text - 1 };
	const struct ctl_answer *a;

	cb.on_reload = parent_takes;
	p->core.core->cb = &cb;
	a = ctl_fake_run("reload", "{\"dry_run\": true}");
	assert_true(asked_dry_run);
	r.number = p->adm->reload_number;
	adm_reloaded(p->adm, &r);
	assert_true(a->ok);
	assert_int_equal(json_integer_value(json_object_get(a->last, "changed")), 3);
	assert_int_equal(json_integer_value(json_object_get(a->last, "restart")), 1);
	assert_int_equal(json_integer_value(json_object_get(a->last, "renewed")), 1);
	assert_true(json_is_true(json_object_get(a->last, "dry_run")));
	assert_int_equal(json_array_size(a->rows), 6); /* one of SCSs that an anchor shuts out; of the other it shuts out none */
	assert_string_equal(text_of(json_array_get(a->rows, 4), "kind"), "warning");
	assert_non_null(
	    strstr(text_of(json_array_get(a->rows, 4), "text"), "trust_anchors[anchor-a]: SCSs provisioned with it: "));
	p->core.core->cb = was;
}

static void test_the_log_level_changes_in_the_core(void **state)
{
	struct play *p = *state;

	assert_done(ctl_fake_run("log.level", "{\"level\": \"warn\"}"), "{\"level\": \"warn\", \"was\": \"debug\"}");
	assert_int_equal(p->core.log.level, LOG_LEVEL_WARN);
}

/* -- the store */

static void test_members_of_groups_and_sets_are_answered_by_their_names(void **state)
{
	struct play *p = *state;

	change(p, "group.add", "{\"name\": \"fleet\"}");
	change(p, "set.add", "{\"name\": \"meters\"}");
	assert_done(change(p, "group.member.add", "{\"group\": \"fleet\", \"scs\": \"acme\"}"),
		    "{\"group\": \"fleet\", \"scs\": \"acme\", \"member\": true}");
	assert_done(change(p, "set.member.add", "{\"set\": \"meters\", \"device\": \"m-1@a.example\"}"),
		    "{\"set\": \"meters\", \"device\": \"m-1@a.example\", \"member\": true}");
	assert_true(asc_dset_there(p->core.core->store.asc, "meters"));
	assert_int_equal(asc_dset_members(p->core.core->store.asc, "meters"), 1);
	assert_string_equal(json_string_value(json_array_get(
				json_object_get(only_row(ctl_fake_run("scs.show", "{\"name\": \"acme\"}")), "groups"), 0)),
			    "fleet");
	assert_done(change(p, "group.member.del", "{\"group\": \"fleet\", \"scs\": \"acme\"}"),
		    "{\"group\": \"fleet\", \"scs\": \"acme\", \"member\": false}");
	assert_done(change(p, "set.member.del", "{\"set\": \"meters\", \"device\": \"m-1@a.example\"}"),
		    "{\"set\": \"meters\", \"device\": \"m-1@a.example\", \"member\": false}");
	assert_int_equal(asc_dset_members(p->core.core->store.asc, "meters"), 0);
	assert_false(change(p, "group.member.add", "{\"group\": \"none\", \"scs\": \"acme\"}")->ok);
	assert_false(change(p, "set.member.del", "{\"set\": \"meters\", \"device\": \"m-2@a.example\"}")->ok);
}

static void test_an_anchor_that_is_not_configured_is_refused(void **state)
{
	struct play *p = *state;

	assert_string_equal(
	    change(p, "group.add", "{\"name\": \"fleet\", \"anchor\": \"anchor-z\"}")->error,
	    "trust anchor 'anchor-z' is not in the configuration (trust_anchors); 'mtcctl status all' lists those that are");
	assert_true(change(p, "group.add", "{\"name\": \"fleet\", \"anchor\": \"anchor-b\"}")->ok);
}

static void test_an_scs_that_is_removed_loses_its_sessions(void **state)
{
	struct play *p = *state;
	struct ipc_session_open open = core_play_session("scs.acme.example", "anchor-a");

	core_play_open(&p->core, 5, &open);
	assert_done(change(p, "scs.del", "{\"name\": \"acme\"}"),
		    "{\"scs\": \"acme\", \"rules_deleted\": 1, \"sessions_cut\": 1}");
	assert_done(ctl_fake_run("sessions", "{}"), "{\"count\": 0}");
}

/* The end of the gateway between a change and its completion: admin is gone, the store completes the change later. */
static void test_a_change_that_outlives_admin_is_answered_once(void **state)
{
	struct play *p = *state;
	const struct ctl_answer *a = ctl_fake_run("set.add", "{\"name\": \"meters\"}");
	struct pollfd finished = { .fd = asc_wake_fd(p->core.core->store.asc), .events = POLLIN };

	assert_int_equal(poll(&finished, 1, TEST_HANG_MS), 1);
	assert_int_equal(a->times, 0);
	adm_free(p->adm);
	p->adm = NULL;
	assert_int_equal(a->times, 0);
	asc_completions(p->core.core->store.asc);
	assert_int_equal(a->times, 1);
	assert_false(a->ok);
	assert_string_equal(a->error, "the gateway stops; the change is stored");
	assert_true(asc_dset_there(p->core.core->store.asc, "meters"));
}

/* -- triggers */

/* A trigger that the SMS-SC has accepted. */
static void accepted(struct play *p, const char *device, uint32_t reference)
{
	struct trg_request r = { .scs = "acme",
				 .scs_e164 = "491720000001",
				 .origin_host = "scs.acme.example",
				 .origin_realm = "acme.example",
				 .external = device,
				 .action = TSP_ACTION_TRIGGER,
				 .reference = reference,
				 .groups = "",
				 .has_validity = true,
				 .validity_s = 600,
				 .received_ms = core_now_ms(p->core.core),
				 .expires_ms = core_now_ms(p->core.core) + 600000 };
	struct core_trigger *t;

	assert_int_equal(core_trigger_new(&t, p->core.core, core_scs_get(p->core.core, "acme"), &r), 0);
	trg_put(t->trg, TRG_ACCEPTED);
	t->trg->answered = true;
	t->trg->answer_status = TSP_STATUS_SUCCESS;
	t->trg->stored = true;
}

static void test_triggers_are_listed_oldest_first_and_filtered(void **state)
{
	struct play *p = *state;
	const struct ctl_answer *a;

	accepted(p, "meter-1@a.example", 1);
	accepted(p, "meter-2@a.example", 2);
	accepted(p, "meter-2@a.example", 3);
	a = ctl_fake_run("triggers.list", "{}");
	assert_done(a, "{\"count\": 3, \"more\": false}");
	assert_int_equal(number_of(json_array_get(a->rows, 0), "reference"), 1);
	assert_int_equal(number_of(json_array_get(a->rows, 2), "reference"), 3);
	assert_string_equal(text_of(json_array_get(a->rows, 0), "device"), "meter-1@a.example");
	assert_string_equal(text_of(json_array_get(a->rows, 0), "accepted"), text_of(json_array_get(a->rows, 0), "received"));
	assert_done(ctl_fake_run("triggers.list", "{\"device\": \"meter-2@a.example\"}"), "{\"count\": 2, \"more\": false}");
	assert_done(ctl_fake_run("triggers.list", "{\"limit\": 2}"), "{\"count\": 2, \"more\": true}");
	assert_done(ctl_fake_run("triggers.list", "{\"scs\": \"acme\", \"limit\": 3}"), "{\"count\": 3, \"more\": false}");
	assert_done(ctl_fake_run("triggers.list", "{\"scs\": \"nobody\"}"), "{\"count\": 0, \"more\": false}");
	assert_done(ctl_fake_run("triggers.list", "{\"older_s\": 3600}"), "{\"count\": 0, \"more\": false}");
	assert_non_null(strstr(ctl_fake_run("triggers.list", "{\"state\": \"none\"}")->error, "is not a state of a trigger"));
}

static void test_a_peer_is_stopped_and_started(void **state)
{
	const json_t *row, *next;

	(void)state;
	assert_done(ctl_fake_run("peers.stop", "{\"name\": \"hss\"}"), "{\"name\": \"hss\", \"state\": \"stopped\"}");
	row = only_row(ctl_fake_run("peers", "{}"));
	assert_string_equal(text_of(row, "state"), "stopped");
	assert_string_equal(text_of(row, "reason"), "stopped by operator");
	assert_null(json_object_get(row, "next_attempt_s"));
	assert_done(ctl_fake_run("peers.start", "{\"name\": \"hss\"}"), "{\"name\": \"hss\", \"state\": \"connecting\"}");
	next = json_object_get(only_row(ctl_fake_run("peers", "{}")), "next_attempt_s");
	assert_true(!next || json_integer_value(next) == 0); /* at once, or it is under way */
	assert_non_null(strstr(ctl_fake_run("peers.stop", "{\"name\": \"none\"}")->error, "no peer 'none'"));
	assert_non_null(strstr(ctl_fake_run("peers.start", "{\"name\": \"none\"}")->error, "no peer 'none'"));
}

static void test_one_trigger_is_shown_whole(void **state)
{
	struct play *p = *state;
	const json_t *row;

	accepted(p, "meter-1@a.example", 41);
	row = only_row(ctl_fake_run("triggers.show", "{\"reference\": 41}"));
	assert_string_equal(text_of(row, "scs"), "acme");
	assert_string_equal(text_of(row, "device"), "meter-1@a.example");
	assert_string_equal(text_of(row, "peer"), "hss (waiting)");
	assert_null(json_object_get(row, "scs_sessions"));
	assert_non_null(json_object_get(row, "waits_for"));
	assert_true(ctl_fake_run("triggers.show", "{\"reference\": 41, \"scs\": \"acme\"}")->ok);
	assert_non_null(strstr(ctl_fake_run("triggers.show", "{\"reference\": 42}")->error, "the core holds no trigger 42,"));
	assert_non_null(strstr(ctl_fake_run("triggers.show", "{\"reference\": 41, \"scs\": \"nobody\"}")->error,
			       "no trigger 41 of 'nobody',"));
}

static void test_a_cancellation_is_answered_when_the_journal_has_it(void **state)
{
	struct play *p = *state;
	const struct ctl_answer *a;
	const json_t *row;

	accepted(p, "meter-1@a.example", 41);
	a = change(p, "triggers.cancel", "{\"scs\": \"acme\", \"reference\": 41}");
	if (!a->ok) {
		fail_msg("%s", a->error);
	}
	assert_int_equal(number_of(a->last, "reference"), 41);
	assert_int_equal(p->core.core->st.v[ST_TRIGGERS_CANCELLED], 1);
	row = only_row(ctl_fake_run("triggers.show", "{\"reference\": 41}"));
	assert_int_equal(number_of(row, "cancelled_by_uid"), 4711);
	assert_string_equal(text_of(row, "state"), text_of(a->last, "state"));
	assert_string_equal(change(p, "triggers.cancel", "{\"scs\": \"acme\", \"reference\": 41}")->error,
			    "trigger 41 of 'acme': an operator has cancelled it already");
	assert_int_equal(p->core.core->st.v[ST_TRIGGERS_CANCELLED], 1);
	assert_non_null(
	    strstr(change(p, "triggers.cancel", "{\"scs\": \"acme\", \"reference\": 42}")->error, "no trigger 42 of 'acme'"));
}

static void test_a_cancellation_that_outlives_admin_is_answered_once(void **state)
{
	struct play *p = *state;
	const struct ctl_answer *a;

	accepted(p, "meter-1@a.example", 41);
	a = ctl_fake_run("triggers.cancel", "{\"scs\": \"acme\", \"reference\": 41}");
	assert_int_equal(a->times, 0);
	adm_free(p->adm);
	p->adm = NULL;
	assert_int_equal(a->times, 0);
	core_play_restart(&p->core); /* the journal completes everything before it closes */
	assert_int_equal(a->times, 1);
	assert_true(a->ok);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
#define PLAY(fn_) cmocka_unit_test_setup_teardown(fn_, start, end)
		PLAY(test_status_peers_and_sessions_are_those_of_the_core),
		PLAY(test_a_peer_is_stopped_and_started),
		PLAY(test_the_log_level_changes_in_the_core),
		PLAY(test_health_names_each_reason),
		PLAY(test_health_says_that_an_operator_stopped_a_peer),
		PLAY(test_health_says_what_is_true_in_each_state_of_a_peer),
		PLAY(test_health_names_a_store_that_is_nearly_full_and_its_reader),
		PLAY(test_health_and_status_heed_the_disk_below_a_store),
		PLAY(test_health_names_a_certificate_that_has_expired),
		PLAY(test_health_names_a_certificate_that_is_not_valid_yet),
		PLAY(test_health_and_status_name_what_is_wrong_with_crls),
		PLAY(test_a_parent_that_does_not_answer_ends_the_reload),
		PLAY(test_a_reload_answers_with_each_kind_of_line),
		PLAY(test_members_of_groups_and_sets_are_answered_by_their_names),
		PLAY(test_an_anchor_that_is_not_configured_is_refused),
		PLAY(test_an_scs_that_is_removed_loses_its_sessions),
		PLAY(test_a_change_that_outlives_admin_is_answered_once),
		PLAY(test_triggers_are_listed_oldest_first_and_filtered),
		PLAY(test_one_trigger_is_shown_whole),
		PLAY(test_a_cancellation_is_answered_when_the_journal_has_it),
		PLAY(test_a_cancellation_that_outlives_admin_is_answered_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
