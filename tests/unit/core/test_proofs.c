/* Connections to a peer under NDS/IP: none before its tunnel is up, and no octet before the helper has proven it. The test is the helper and the peer. */
#include "tests/unit/test.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/core_view.h"
#include "tests/unit/core/core_play.h"

#define HSS SA_PEER_PREFIX "hss"
#define GRACE_MS 50u /* where its end is waited for */

struct proofs_play {
	struct core_play core;
	struct core_peer *peer;
	int helper, listener, peer_fd; /* our ends; -1: none */
	uint16_t port;
};

static void tell(struct proofs_play *p, const struct ns_msg *m)
{
	uint8_t octets[NS_MSG_OCTETS_MAX];
	size_t n = ns_msg_encode(octets, m);

	assert_true(n > 0);
	assert_int_equal(send(p->helper, octets, n, MSG_NOSIGNAL), (ssize_t)n);
	core_play_turns(&p->core, 3);
}

/* The next message of the core of this kind. */
static struct ns_msg next(struct proofs_play *p, enum ns_kind kind)
{
	uint8_t octets[NS_MSG_OCTETS_MAX];
	struct ns_msg m = { .kind = 0 };

	for (int turns = 0; turns < 2000 && m.kind != kind; turns++) {
		ssize_t n = recv(p->helper, octets, sizeof octets, MSG_DONTWAIT);

		if (n > 0) {
			assert_int_equal(ns_msg_decode(&m, NS_FROM_CORE, octets, (size_t)n), 0);
		} else {
			core_play_turns(&p->core, 1);
		}
	}
	assert_int_equal(m.kind, kind);
	return m;
}

static void join(struct proofs_play *p)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(core_ndsip_channel(p->core.core, pair[1]), 0);
	if (p->helper >= 0) {
		close(p->helper);
	}
	p->helper = pair[0];
}

/* The helper says that charon, the rules and the tunnel are there. */
static void up(struct proofs_play *p)
{
	struct ns_msg summary = { .kind = NS_SUMMARY, .summary = { .charon = true, .rules = NS_RULES_OK, .version = "5.9.8" } };
	struct ns_msg is = { .kind = NS_SCS_STATE, .scs_is = { .name = HSS, .state = NS_SCS_UP, .children = 1 } };

	tell(p, &summary);
	tell(p, &is);
}

static bool accepted(struct proofs_play *p, int turns)
{
	for (int i = 0; i < turns && p->peer_fd < 0; i++) {
		p->peer_fd = accept4(p->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		core_play_turns(&p->core, 1);
	}
	return p->peer_fd >= 0;
}

/* Octets of the core within some turns; 0: its end; -1: none. */
static ssize_t arrived(struct proofs_play *p, int turns)
{
	uint8_t octets[4096];
	ssize_t n = -1;

	for (int i = 0; i < turns && n < 0; i++) {
		core_play_turns(&p->core, 1);
		n = recv(p->peer_fd, octets, sizeof octets, MSG_DONTWAIT);
		if (n < 0 && errno == ECONNRESET) {
			return 0;
		}
	}
	return n;
}

static void say_state(struct proofs_play *p, uint64_t id, enum ns_proof proof, enum ns_reason reason, const char *identity)
{
	struct ns_msg m = { .kind = NS_STATE, .state = { .id = id, .proof = (uint8_t)proof, .reason = (uint8_t)reason } };

	strcpy(m.state.identity, identity);
	if (proof == NS_PROVEN) {
		strcpy(m.state.scs, HSS);
		strcpy(m.state.anchor, "anchor-a");
	}
	tell(p, &m);
}

static int setup(void **state)
{
	struct proofs_play *p = calloc(1, sizeof *p);
	struct cfg_peer *conf;

	core_play_start(&p->core);
	p->helper = p->peer_fd = -1;
	p->peer = &p->core.core->peers.row[0];
	assert_int_equal(net_tcp_bind(&p->listener, &p->port, "127.0.0.1", 0, 8), 0);
	p->core.cfg->ndsip.present = true;
	p->core.cfg->ndsip.grace_ms = 600000;
	conf = &p->core.cfg->peers[0];
	conf->protection = PROTECTION_NDSIP;
	conf->port = p->peer->link_peer_conf.port = p->port;
	strcpy(conf->identity, "seg.example");
	strcpy(conf->trust, "anchor-a");
	strcpy(conf->local_addresses[conf->local_addresses_n++], "127.0.0.1");
	strcpy(conf->ike[conf->ike_n++], "192.0.2.7");
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct proofs_play *p = *state;

	core_play_end(&p->core);
	close(p->listener);
	if (p->helper >= 0) {
		close(p->helper);
	}
	if (p->peer_fd >= 0) {
		close(p->peer_fd);
	}
	free(p);
	return 0;
}

/* A connection whose OPEN the helper has got. */
static struct ns_open connected(struct proofs_play *p)
{
	struct ns_msg m;

	join(p);
	next(p, NS_END);
	up(p);
	assert_true(accepted(p, 2000));
	m = next(p, NS_OPEN);
	return m.open;
}

static void test_the_list_has_the_peer(void **state)
{
	struct proofs_play *p = *state;
	struct ns_msg m;

	join(p);
	m = next(p, NS_BEGIN);
	assert_int_equal(m.begin.n, 1);
	m = next(p, NS_SCS);
	assert_string_equal(m.scs.name, HSS);
	assert_string_equal(m.scs.identity, "seg.example");
	assert_string_equal(m.scs.anchor, "anchor-a");
	assert_int_equal(m.scs.service.port, p->port);
	assert_int_equal(m.scs.service.protocol, SA_TCP);
	assert_int_equal(m.scs.service.local_n, 1);
	assert_int_equal(m.scs.ike_n, 1);
	m = next(p, NS_END);
	assert_int_equal(m.end.n, 1);
}

static void test_without_a_tunnel_no_connection_is_begun(void **state)
{
	struct proofs_play *p = *state;
	char words[NS_WORDS_MAX];

	assert_false(accepted(p, 50));
	core_proof_words(words, p->peer);
	assert_string_equal(words, "the NDS/IP helper does not run");
	join(p);
	next(p, NS_END);
	assert_false(accepted(p, 50));
	up(p);
	assert_true(accepted(p, 2000)); /* at once, and not after the pause */
}

static void test_no_octet_before_the_proof(void **state)
{
	struct proofs_play *p = *state;
	struct ns_open o = connected(p);
	struct sa_address loopback;

	assert_int_equal(sa_address_read(&loopback, "127.0.0.1", 9), 0);
	assert_true(o.local_n == 1 && sa_address_equal(&o.local[0], &loopback) && sa_address_equal(&o.remote[0], &loopback));
	assert_true(o.remote_port == p->port && o.local_port != 0 && !o.again);
	assert_int_equal(arrived(p, 20), -1);
	say_state(p, o.id + 1, NS_PROVEN, NS_REASON_SA_PROVEN, "seg.example"); /* of another connection */
	assert_int_equal(arrived(p, 20), -1);
	say_state(p, o.id, NS_PROVEN, NS_REASON_SA_PROVEN, "seg.example");
	assert_true(arrived(p, 200) > 20); /* the CER */
}

static void test_never_proven_is_ended_without_an_octet(void **state)
{
	struct proofs_play *p = *state;
	struct ns_open o;

	p->core.cfg->ndsip.grace_ms = GRACE_MS;
	o = connected(p);
	say_state(p, o.id, NS_HELD, NS_REASON_SA_UNPROTECTED, "");
	assert_int_equal(arrived(p, 2000), 0); /* by the core's own clock: this helper says no more */
	assert_int_equal(next(p, NS_CLOSE).close.id, o.id);
}

static void test_another_identity_is_ended(void **state)
{
	struct proofs_play *p = *state;
	struct ns_open o = connected(p);

	say_state(p, o.id, NS_PROVEN, NS_REASON_SA_PROVEN, "hss.example"); /* its host, and not its identity */
	assert_int_equal(arrived(p, 200), 0);
	assert_int_equal(p->peer->proof.reason, NS_REASON_SA_OTHER_IDENTITY);
}

static void test_held_is_silent_and_goes_on_or_ends(void **state)
{
	struct proofs_play *p = *state;
	struct ns_open o = connected(p);

	say_state(p, o.id, NS_PROVEN, NS_REASON_SA_PROVEN, "seg.example");
	assert_true(arrived(p, 200) > 20);
	say_state(p, o.id, NS_HELD, NS_REASON_SA_UNPROTECTED, "");
	assert_int_equal(p->peer->proof.state, CORE_PROOF_HELD);
	assert_int_equal(send(p->peer_fd, "not Diameter at all, and long enough", 36, 0), 36);
	assert_int_equal(arrived(p, 10), -1); /* it is not read: else this would be the end */
	assert_int_equal(p->peer->proof.state, CORE_PROOF_HELD);
	say_state(p, o.id, NS_CUT, NS_REASON_SA_UNPROTECTED, "");
	assert_int_equal(arrived(p, 200), 0);
}

/* A helper that is started again is asked about the connection that was proven, and says it before the time is over. */
static void test_a_new_helper_is_asked_again(void **state)
{
	struct proofs_play *p = *state;
	struct ns_open o = connected(p);
	struct ns_msg m;

	say_state(p, o.id, NS_PROVEN, NS_REASON_SA_PROVEN, "seg.example");
	assert_true(arrived(p, 200) > 20);
	close(p->helper);
	p->helper = -1;
	core_play_turns(&p->core, 5);
	assert_int_equal(p->peer->proof.state, CORE_PROOF_HELD);
	join(p);
	m = next(p, NS_OPEN);
	assert_true(m.open.id == o.id && m.open.again);
	say_state(p, o.id, NS_PROVEN, NS_REASON_SA_PROVEN, "seg.example");
	assert_int_equal(p->peer->proof.state, CORE_PROOF_PROVEN);
}

/* The parent may say it before the end of the old channel is read. Who has not been proven by this helper is not proven. */
static void test_a_helper_in_place_of_another_has_proven_nothing(void **state)
{
	struct proofs_play *p = *state;
	struct ns_open o = connected(p);

	say_state(p, o.id, NS_PROVEN, NS_REASON_SA_PROVEN, "seg.example");
	assert_true(arrived(p, 200) > 20);
	p->core.cfg->ndsip.grace_ms = GRACE_MS;
	join(p);
	assert_int_equal(p->peer->proof.state, CORE_PROOF_HELD);
	assert_int_equal(arrived(p, 2000), 0); /* it says nothing */
}

static void test_keep_keeps_what_was_proven(void **state)
{
	struct proofs_play *p = *state;
	struct ns_open o = connected(p);

	p->core.cfg->ndsip.on_loss = CFG_NDSIP_KEEP;
	say_state(p, o.id, NS_PROVEN, NS_REASON_SA_PROVEN, "seg.example");
	say_state(p, o.id, NS_HELD, NS_REASON_CHARON_AWAY, "");
	assert_int_equal(p->peer->proof.state, CORE_PROOF_PROVEN);
	say_state(p, o.id, NS_HELD, NS_REASON_RULES_LOST, "");
	assert_int_equal(p->peer->proof.state, CORE_PROOF_HELD);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_list_has_the_peer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_a_tunnel_no_connection_is_begun, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_octet_before_the_proof, setup, teardown),
		cmocka_unit_test_setup_teardown(test_never_proven_is_ended_without_an_octet, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_identity_is_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(test_held_is_silent_and_goes_on_or_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_new_helper_is_asked_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_helper_in_place_of_another_has_proven_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keep_keeps_what_was_proven, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
