/* What a reload takes of a changed file: a row for every item, and anchors, listeners and peers that keep their places. */
#include "tests/unit/test.h"

#include "conf/cfg_merge.h"
#include "conf/cfg_value_text.h"

#define HEAD                                                                                                                     \
	"identity:\n"                                                                                                            \
	"  external: { host: iwf.x.example, realm: x.example }\n"                                                                \
	"  internal: { host: iwf.core.x.example, realm: core.x.example }\n"
#define ANCHORS "trust_anchors:\n  - { name: a, file: /a.pem }\n  - { name: b, file: /b.pem }\n"
#define TSP "  - { name: tsp, address: 127.0.0.1, port: 5868, certificate: /iwf.pem, key: /iwf.key }\n"
#define TWO "  - { name: two, address: 127.0.0.1, port: 5869, certificate: /iwf.pem, key: /iwf.key }\n"
#define THREE "  - { name: three, address: 127.0.0.1, port: 5870, certificate: /iwf.pem, key: /iwf.key }\n"
#define LISTEN "listen:\n"
#define PEERS                                                                                                                    \
	"peers:\n"                                                                                                               \
	"  - { name: hss, host: hss.example, realm: x.example, address: 127.0.0.1, protection: none }\n"                         \
	"  - { name: sc, host: sc.example, realm: x.example, address: 127.0.0.2, protection: none }\n"
#define ROUTES "s6m: { peer: hss, destination_realm: x.example }\nt4: { peer: sc, destination_realm: x.example }\n"
#define GOOD HEAD ANCHORS LISTEN TSP PEERS ROUTES

static const struct cfg_merge_can can = { .zone = { true, true }, .keyholder = true, .connections_max = 10000, .now_ms = 1000 };
static struct report report;
static struct cfg_merged what;

static struct cfg_iwf *parse(const char *text)
{
	struct cfg_iwf *c = NULL;
	char why[CFG_WHY_MAX] = "";

	if (cfg_iwf_parse(&c, "/etc/mtc/c.yaml", text, strlen(text), why)) {
		fail_msg("%s", why);
	}
	return c;
}

/* What is in force after this file; `force` is freed. */
static struct cfg_iwf *after_with(struct cfg_iwf *force, const char *text, const struct cfg_merge_can *with, int expected)
{
	struct cfg_iwf *fresh = parse(text), *out = calloc(1, sizeof *out);

	report = (struct report){ .len = 0 };
	assert_int_equal(cfg_merge(out, force, fresh, with, &what, &report), expected);
	cfg_iwf_free(fresh);
	cfg_iwf_free(force);
	return out;
}

static struct cfg_iwf *after(struct cfg_iwf *force, const char *text)
{
	return after_with(force, text, &can, 0);
}

static void said(const char *line)
{
	if (!strstr(report.text, line)) {
		fail_msg("'%s' is not in:\n%s", line, report.text);
	}
}

/* -- the table */

static unsigned rows_seen;

static void each_row(const struct cfg_row *rows, const char *inside)
{
	char item[256];

	for (const struct cfg_row *row = rows; row->key; row++) {
		snprintf(item, sizeof item, "%s%s%s%s", inside, *inside ? "." : "", row->key,
			 row->type == CFG_T_LIST ? "[]" : "");
		if (row->type == CFG_T_SECTION || row->type == CFG_T_LIST) {
			each_row(row->rows, item);
		} else if (!cfg_change_of(item)) {
			fail_msg("'%s' has no row in cfg_change.c", item);
		} else {
			rows_seen++;
		}
	}
}

static bool in_schema(const struct cfg_row *rows, const char *inside, const char *wanted)
{
	char item[256];

	for (const struct cfg_row *row = rows; row->key; row++) {
		snprintf(item, sizeof item, "%s%s%s%s", inside, *inside ? "." : "", row->key,
			 row->type == CFG_T_LIST ? "[]" : "");
		if (row->type == CFG_T_SECTION || row->type == CFG_T_LIST ? in_schema(row->rows, item, wanted)
									  : strcmp(item, wanted) == 0) {
			return true;
		}
	}
	return false;
}

static void test_every_item_has_a_row_and_every_row_an_item(void **state)
{
	const struct cfg_change_row *rows;
	size_t n;

	(void)state;
	each_row(cfg_iwf_rows(), "");
	assert_true(rows_seen > 150);
	rows = cfg_change_rows(&n);
	for (size_t i = 0; i < n; i++) {
		if (!strchr(rows[i].item, '*') && !in_schema(cfg_iwf_rows(), "", rows[i].item)) {
			fail_msg("'%s' is no item of the configuration", rows[i].item);
		}
		assert_true(rows[i].when == CFG_AT_START || rows[i].by || strcmp(rows[i].item, "journal.compact_above") == 0);
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(rows[i].item, rows[k].item);
		}
	}
	assert_null(cfg_change_of("limits.moon"));
	assert_string_equal(cfg_change_words("limits.moon"), "at the next start");
	assert_string_equal(cfg_change_words("limits.triggers"), "by a reload");
	assert_string_equal(cfg_change_words("journal.lazy"), "by a reload, which starts the core anew");
}

/* Each scalar item of the sections is made another one, alone: it is taken, or it waits, as its row says. */
static void another(const struct cfg_row *row, char *base)
{
	char *member = base + row->offset;
	uint64_t zero = 0;

	if (row->type == CFG_T_TEXTS) {
		memcpy(base + row->count_offset, &(size_t){ 1 }, sizeof(size_t));
		memcpy(member, "other", 6);
	} else if (row->type == CFG_T_WORD) {
		int value;

		memcpy(&value, member, sizeof value);
		for (const struct cfg_word *w = row->words; w->word; w++) {
			if (w->value != value) {
				memcpy(member, &w->value, sizeof w->value);
				break;
			}
		}
	} else if (row->type == CFG_T_BOOL) {
		*member = !*member;
	} else if (row->type == CFG_T_U32 || row->type == CFG_T_U64 || row->type == CFG_T_DURATION || row->type == CFG_T_PORT) {
		memcpy(member, memcmp(member, &zero, row->size) ? (const void *)&zero : (const void *)&(uint64_t){ 7 },
		       row->size);
	} else {
		memcpy(member, "/other", 7);
	}
}

static unsigned tried;

static void try_each(const struct cfg_row *rows, size_t at, const struct cfg_iwf *force, const char *inside)
{
	for (const struct cfg_row *row = rows; row->key; row++) {
		struct cfg_iwf *fresh, *out;
		const struct cfg_change_row *change;
		char item[256];

		snprintf(item, sizeof item, "%s%s%s", inside, *inside ? "." : "", row->key);
		if (row->type == CFG_T_SECTION) {
			try_each(row->rows, at + row->offset, force, item);
		}
		if (row->type == CFG_T_SECTION || row->type == CFG_T_LIST || strcmp(row->key, "peer") == 0 ||
		    (row->type == CFG_T_WORD && !row->words[1].word)) {
			continue; /* a route has to have a peer, and one word has no other */
		}
		fresh = calloc(1, sizeof *fresh);
		out = calloc(1, sizeof *out);
		memcpy(fresh, force, sizeof *fresh);
		another(row, (char *)fresh + at);
		report = (struct report){ .len = 0 };
		assert_int_equal(cfg_merge(out, force, fresh, &can, &what, &report), 0);
		change = cfg_change_of(item);
		assert_non_null(change);
		if (what.changes + what.at_start != 1) {
			fail_msg("%s: %u changes, %u wait", item, what.changes, what.at_start);
		}
		assert_int_equal(what.at_start, change->when == CFG_AT_START);
		assert_int_equal(what.anew, change->when == CFG_ANEW ? change->by : 0);
		assert_true(cfg_value_same(row, (char *)out + at,
					   change->when == CFG_AT_START ? (const char *)force + at : (char *)fresh + at));
		free(fresh);
		free(out);
		tried++;
	}
}

static void test_every_item_does_what_its_row_says(void **state)
{
	struct cfg_iwf *force = parse(GOOD);

	(void)state;
	try_each(cfg_iwf_rows(), 0, force, "");
	assert_true(tried > 120);
	cfg_iwf_free(force);
}

/* -- scalars */

static void test_the_same_file_changes_nothing(void **state)
{
	struct cfg_iwf *c = after(parse(GOOD), GOOD);

	(void)state;
	assert_int_equal(what.changes + what.at_start + what.anew, 0);
	assert_string_equal(report.text, "");
	cfg_iwf_free(c);
}

static void test_values_are_told_as_they_are_written(void **state)
{
	struct cfg_iwf *c = after(parse(GOOD), GOOD "timers: { reconnect: 1500ms, watchdog: 2m }\nlog: { level: debug }\n"
						    "state_dir: /else\njournal: { lazy: 0s }\nreplay: { mode: refuse }\n");

	(void)state;
	said("change timers.reconnect: 30s -> 1500ms\n");
	said("change timers.watchdog: 30s -> 2m\n");
	said("change log.level: info -> debug\n");
	said("change journal.lazy: 200ms -> 0s (the core is restarted)\n");
	said("restart state_dir: /var/lib/mtc-iwf -> /else\n");
	assert_string_equal(c->state_dir, "/var/lib/mtc-iwf");
	assert_int_equal(c->timers.reconnect_ms, 1500);
	assert_int_equal(what.at_start, 1);
	assert_int_equal(what.anew, CFG_BY_CORE);
	cfg_iwf_free(c);
}

static void test_what_needs_more_than_there_is_waits(void **state)
{
	struct cfg_iwf *c = after(parse(GOOD), GOOD "limits: { connections_total: 20000 }\n");

	(void)state;
	said("restart limits.connections_total: 10000 -> 20000 (more descriptors than at the start are needed)\n");
	assert_int_equal(c->limits.connections_total, 10000);
	c = after(c, GOOD "limits: { connections_total: 500, connections_per_address: 500 }\n");
	assert_int_equal(c->limits.connections_total, 500);
	c = after(c, GOOD); /* up to what the start had */
	assert_int_equal(c->limits.connections_total, 10000);
	cfg_iwf_free(c);
}

/* -- places */

static void test_a_listener_comes_and_goes_and_the_others_keep_their_places(void **state)
{
	struct cfg_iwf *c = after(parse(GOOD), HEAD ANCHORS LISTEN TWO TSP PEERS ROUTES);

	(void)state;
	said("change listen[two]: added\n");
	assert_int_equal(what.changes, 1);
	assert_int_equal(c->listen_n, 2);
	assert_string_equal(c->listen[0].name, "tsp");
	assert_string_equal(c->listen[1].name, "two");
	c = after(c, HEAD ANCHORS LISTEN TWO PEERS ROUTES);
	said("change listen[tsp]: removed\n");
	assert_int_equal(c->listen_n, 2);
	assert_int_equal(c->listen[0].gone_ms, can.now_ms);
	assert_int_equal(c->listen[1].gone_ms, 0);
	c = after(c, HEAD ANCHORS LISTEN TWO PEERS ROUTES); /* it went once */
	assert_int_equal(what.changes, 0);
	c = after(c, HEAD ANCHORS LISTEN TWO TSP PEERS ROUTES);
	said("change listen[tsp]: added\n");
	assert_int_equal(c->listen_n, 2); /* in its own place */
	assert_int_equal(c->listen[0].gone_ms, 0);
	cfg_iwf_free(c);
}

static void test_another_port_is_another_listener(void **state)
{
	const char *moved = HEAD ANCHORS LISTEN "  - { name: tsp, address: 127.0.0.1, port: 5999, certificate: /new.pem, key: "
						"/iwf.key }\n" PEERS ROUTES;
	struct cfg_iwf *c = after(parse(GOOD), moved);

	(void)state;
	said("change listen[tsp].port: 5868 -> 5999\n");
	said("change listen[tsp].certificate: /iwf.pem -> /new.pem\n");
	assert_int_equal(c->listen_n, 2);
	assert_true(c->listen[0].gone_ms && c->listen[0].port == 5868);
	assert_true(!c->listen[1].gone_ms && c->listen[1].port == 5999);
	c = after(c, GOOD);
	assert_int_equal(c->listen_n, 2);
	assert_true(!c->listen[0].gone_ms && c->listen[1].gone_ms);
	cfg_iwf_free(c);
}

static void test_a_certificate_stays_in_its_place(void **state)
{
	struct cfg_iwf *c =
	    after(parse(GOOD), HEAD ANCHORS LISTEN
		  "  - { name: tsp, address: 127.0.0.1, port: 5868, certificate: /new.pem, key: /iwf.key }\n" PEERS ROUTES);

	(void)state;
	said("change listen[tsp].certificate: /iwf.pem -> /new.pem\n");
	assert_int_equal(c->listen_n, 1);
	assert_string_equal(c->listen[0].certificate, "/new.pem");
	cfg_iwf_free(c);
}

static void test_places_run_out_and_are_used_again_when_they_have_rested(void **state)
{
	struct cfg_merge_can later = can;
	struct cfg_iwf *c = parse(GOOD);
	char text[2048];

	(void)state;
	for (unsigned i = 1; i < CFG_LISTEN_MAX + 1; i++) {
		snprintf(text, sizeof text,
			 HEAD ANCHORS LISTEN
			 "  - { name: tsp, address: 127.0.0.1, port: %u, certificate: /iwf.pem, key: /iwf.key "
			 "}\n" PEERS ROUTES,
			 6000 + i);
		if (i < CFG_LISTEN_MAX) {
			c = after(c, text);
		}
	}
	assert_int_equal(c->listen_n, CFG_LISTEN_MAX);
	{
		struct cfg_iwf *kept = calloc(1, sizeof *kept);

		memcpy(kept, c, sizeof *kept);
		cfg_iwf_free(after_with(c, text, &can, ERR_LIMIT));
		said("error listen[tsp]: there are places for 16");
		c = kept;
	}
	later.now_ms = can.now_ms + CFG_PLACE_REST_MS;
	c = after_with(c, text, &later, 0);
	assert_int_equal(c->listen_n, CFG_LISTEN_MAX);
	assert_true(!c->listen[0].gone_ms && c->listen[0].port == 6000 + CFG_LISTEN_MAX);
	cfg_iwf_free(c);
}

static void test_what_the_processes_cannot_serve_waits(void **state)
{
	struct cfg_merge_can poor = { .zone = { false, true }, .connections_max = 10000, .now_ms = 1 };
	struct cfg_iwf *c =
	    after_with(parse(GOOD),
		       HEAD ANCHORS LISTEN TSP TWO "  - { name: in, zone: internal, protection: none, address: 127.0.0.9 "
						   "}\n" PEERS ROUTES,
		       &poor, 0);

	(void)state;
	said("restart listen[two]: added (no keyholder runs)\n");
	said("restart listen[in]: added (no edge serves its zone)\n");
	assert_int_equal(c->listen_n, 1);
	assert_int_equal(what.at_start, 2);
	cfg_iwf_free(c);
}

/* Their sockets are made before the sandbox closes. */
static void test_sctp_in_user_space_waits(void **state)
{
	struct cfg_iwf *c = after(parse(GOOD), HEAD ANCHORS LISTEN TSP
				  "  - { name: in, zone: internal, protection: none, transport: sctp-udp, address: 127.0.0.9 }\n"
				  "peers:\n"
				  "  - { name: sc, host: sc.example, realm: x.example, address: 127.0.0.2, protection: none }\n"
				  "  - { name: hss, host: hss.example, realm: x.example, address: 127.0.0.1, protection: none, "
				  "transport: sctp-udp, local_addresses: [ 127.0.0.1 ] }\n" ROUTES);

	(void)state;
	said("restart listen[in]: added (it is over SCTP)\n");
	said("restart peers[hss].transport: tcp -> sctp-udp (it is over SCTP in user space)\n");
	assert_int_equal(c->listen_n, 1);
	assert_int_equal(c->peers_n, 2);
	cfg_iwf_free(c);
}

static void test_a_peer_that_moves_is_a_new_one_and_the_route_follows(void **state)
{
	struct cfg_iwf *c =
	    after(parse(GOOD), HEAD ANCHORS LISTEN TSP
		  "peers:\n"
		  "  - { name: sc, host: sc.example, realm: x.example, address: 127.0.0.2, port: 4000, protection: none }\n"
		  "  - { name: hss, host: hss.example, realm: x.example, address: 127.0.0.1, protection: none, "
		  "strict_answers: yes }\n" ROUTES);

	(void)state;
	said("change peers[sc].port: 3868 -> 4000\n");
	said("change peers[hss].strict_answers: no -> yes\n");
	assert_int_equal(c->peers_n, 3);
	assert_true(c->peers[1].gone_ms);
	assert_int_equal(c->s6m.peer_index, 0);
	assert_int_equal(c->t4.peer_index, 2);
	c = after(c, GOOD);
	assert_int_equal(c->t4.peer_index, 1);
	cfg_iwf_free(c);
}

static void test_an_anchor_goes_and_the_bits_of_the_others_stay(void **state)
{
	struct cfg_iwf *c = after(parse(GOOD), HEAD "trust_anchors:\n  - { name: b, file: /new.pem }\n" LISTEN TSP PEERS ROUTES);

	(void)state;
	said("change trust_anchors[a]: removed\n");
	said("change trust_anchors[b].file: /b.pem -> /new.pem\n");
	assert_int_equal(c->anchors_n, 2);
	assert_true(c->anchors[0].gone_ms && !c->anchors[1].gone_ms);
	assert_int_equal(cfg_anchor_index(c, "b"), 1);
	assert_int_equal(cfg_anchor_index(c, "a"), CFG_ANCHORS_MAX);
	assert_false(cfg_anchor_known(c, "a"));
	cfg_iwf_free(c);
}

static void test_a_listener_whose_key_goes_into_a_token_waits_as_a_whole(void **state)
{
	static const char token[] = HEAD ANCHORS LISTEN
	    "  - { name: tsp, address: 127.0.0.1, port: 5868, certificate: /other.pem, key_object: iwf }\n" PEERS ROUTES
	    "keyholder: { pkcs11: { module: /lib/p11.so, token: t, pin_file: /pin } }\n";
	struct cfg_iwf *c;

	(void)state;
	c = after(parse(GOOD), token);
	said("restart listen[tsp].key_object: \"\" -> iwf (its key is in a token)");
	said("restart listen[tsp].key: /iwf.key -> \"\" (its key is in a token)");
	assert_string_equal(c->listen[0].key, "/iwf.key");
	assert_string_equal(c->listen[0].certificate, "/iwf.pem");
	assert_int_equal(what.changes, 0);
	cfg_iwf_free(c);
	c = after(parse(token), GOOD);
	assert_string_equal(c->listen[0].key, "");
	assert_string_equal(c->listen[0].key_object, "iwf");
	assert_string_equal(c->listen[0].certificate, "/other.pem");
	cfg_iwf_free(c);
}

static void test_an_anchor_stays_for_a_peer_that_waits(void **state)
{
#define TUNNEL(name_, host_, trust_)                                                                                             \
	"  - { name: " name_ ", host: " host_ ", realm: x.example, address: 10.78.2.1, protection: ndsip, trust: " trust_ ",\n"  \
	"      local_addresses: [ 10.78.1.1 ] }\n"
#define NDSIP "ndsip: { certificate: /iwf.pem, local_ike: [ 192.0.2.1 ] }\n"
	static const char before[] = HEAD ANCHORS LISTEN TSP PEERS TUNNEL("far", "far.example", "b") ROUTES NDSIP;
	struct cfg_iwf *c;

	(void)state;
	c = after_with(parse(before), HEAD "trust_anchors:\n  - { name: a, file: /a.pem }\n" LISTEN TSP PEERS ROUTES NDSIP, &can,
		       ERR_INVAL);
	said("restart peers[far]: removed (it is under NDS/IP)");
	said("error trust_anchors[b] cannot be removed: peers[far] has it until the next start");
	cfg_iwf_free(c);
	c = after_with(parse(before),
		       HEAD "trust_anchors:\n  - { name: b, file: /b.pem }\n" LISTEN TSP PEERS TUNNEL("far", "far.example", "b")
			   ROUTES NDSIP,
		       &can, 0);
	assert_true(c->anchors[0].gone_ms);
	cfg_iwf_free(c);
}

static void test_a_route_without_its_peer_is_refused(void **state)
{
	struct cfg_iwf *force = parse(GOOD), *fresh = parse(GOOD), *out = calloc(1, sizeof *out);

	(void)state;
	report = (struct report){ .len = 0 };
	snprintf(fresh->t4.peer, sizeof fresh->t4.peer, "nobody");
	assert_int_equal(cfg_merge(out, force, fresh, &can, &what, &report), ERR_INVAL);
	said("error t4.peer is 'nobody'");
	cfg_iwf_free(force);
	cfg_iwf_free(fresh);
	free(out);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_item_has_a_row_and_every_row_an_item),
		cmocka_unit_test(test_every_item_does_what_its_row_says),
		cmocka_unit_test(test_the_same_file_changes_nothing),
		cmocka_unit_test(test_values_are_told_as_they_are_written),
		cmocka_unit_test(test_what_needs_more_than_there_is_waits),
		cmocka_unit_test(test_a_listener_comes_and_goes_and_the_others_keep_their_places),
		cmocka_unit_test(test_another_port_is_another_listener),
		cmocka_unit_test(test_a_certificate_stays_in_its_place),
		cmocka_unit_test(test_places_run_out_and_are_used_again_when_they_have_rested),
		cmocka_unit_test(test_what_the_processes_cannot_serve_waits),
		cmocka_unit_test(test_sctp_in_user_space_waits),
		cmocka_unit_test(test_a_peer_that_moves_is_a_new_one_and_the_route_follows),
		cmocka_unit_test(test_an_anchor_goes_and_the_bits_of_the_others_stay),
		cmocka_unit_test(test_a_listener_whose_key_goes_into_a_token_waits_as_a_whole),
		cmocka_unit_test(test_an_anchor_stays_for_a_peer_that_waits),
		cmocka_unit_test(test_a_route_without_its_peer_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
