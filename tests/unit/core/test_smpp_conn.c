/* The SMPP connection to the SMS-SC, which the test plays over loopback: an answer belongs to the connection of its request. */
#include "tests/unit/test.h"

#include <sys/socket.h>
#include <unistd.h>

#include "net/net_tcp.h"
#include "smpp/smpp_receipt.h"
#include "tests/unit/core/core_play.h"

#define TURNS_MAX 2000

struct south {
	struct core_play play;
	int listener, fd; /* -1: none */
	uint16_t port;
};

static struct core_smpp *connection(struct south *s)
{
	struct core_smpp *c = s->play.core->peers.row[1].smpp;

	assert_non_null(c);
	return c;
}

static void turn(struct south *s)
{
	core_play_turns(&s->play, 1);
}

/* The next octets of the gateway, all that are asked for. */
static void take(struct south *s, uint8_t *out, size_t len)
{
	size_t got = 0;

	for (int i = 0; i < TURNS_MAX && got < len; i++) {
		ssize_t n = recv(s->fd, out + got, len - got, MSG_DONTWAIT);

		assert_true(n != 0);
		got += n > 0 ? (size_t)n : 0;
		turn(s);
	}
	assert_int_equal(got, len);
}

static struct smpp_header take_pdu(struct south *s)
{
	uint8_t room[512];
	struct smpp_header h;

	take(s, room, SMPP_HEADER_LEN);
	assert_int_equal(smpp_header_parse(&h, room, SMPP_HEADER_LEN), 0);
	assert_in_range(h.length, SMPP_HEADER_LEN, sizeof room);
	take(s, room + SMPP_HEADER_LEN, h.length - SMPP_HEADER_LEN);
	return h;
}

static void say(struct south *s, const struct smpp_pdu *pdu)
{
	uint8_t room[512];
	struct buf out = buf_over(room, sizeof room);

	assert_int_equal(smpp_encode(&out, pdu), 0);
	assert_int_equal(send(s->fd, room, out.len, MSG_NOSIGNAL), out.len);
}

static void accepted(struct south *s)
{
	for (int i = 0; i < TURNS_MAX && s->fd < 0; i++) {
		turn(s);
		s->fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	}
	assert_true(s->fd >= 0);
}

static void bound(struct south *s)
{
	struct smpp_pdu resp = { .header = { .command = SMPP_BIND_TRANSCEIVER | SMPP_RESP } };
	struct smpp_header h;

	accepted(s);
	h = take_pdu(s);
	assert_int_equal(h.command, SMPP_BIND_TRANSCEIVER);
	resp.header.sequence = h.sequence;
	say(s, &resp);
	for (int i = 0; i < TURNS_MAX && !core_smpp_bound(connection(s)); i++) {
		turn(s);
	}
	assert_true(core_smpp_bound(connection(s)));
}

static void cut(struct south *s)
{
	close(s->fd);
	s->fd = -1;
	for (int i = 0; i < TURNS_MAX && core_smpp_bound(connection(s)); i++) {
		turn(s);
	}
	assert_false(core_smpp_bound(connection(s)));
}

static bool silent(struct south *s)
{
	uint8_t octet;

	core_play_turns(&s->play, 5);
	return recv(s->fd, &octet, 1, MSG_DONTWAIT) < 0;
}

static int setup(void **state)
{
	struct south *s = calloc(1, sizeof *s);
	struct cfg_iwf *cfg;

	core_play_start(&s->play);
	s->fd = -1;
	assert_int_equal(net_tcp_bind(&s->listener, &s->port, "127.0.0.1", 0, 8), 0);
	cfg = s->play.cfg;
	cfg->peers[1] = cfg->peers[0];
	strcpy(cfg->peers[1].name, "smssc");
	strcpy(cfg->peers[1].host, "smsc.example");
	cfg->peers[1].port = s->port;
	cfg->peers_n = 2;
	cfg->t4.peer_index = 1;
	strcpy(cfg->t4.peer, "smssc");
	cfg->smssc.protocol = CFG_SMSSC_SMPP;
	strcpy(cfg->smssc.system_id, "iwf");
	cfg->timers.reconnect_ms = 16;
	core_play_restart(&s->play);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct south *s = *state;

	core_play_end(&s->play);
	if (s->fd >= 0) {
		close(s->fd);
	}
	close(s->listener);
	free(s);
	return 0;
}

/* A receipt is answered when its report is durable; meanwhile the SMS-SC may have bound again. It counts from 1 on
 * each connection: the answer would be one to another receipt. */
static void test_an_answer_stays_with_its_connection(void **state)
{
	struct south *s = *state;
	struct smpp_header h;
	uint32_t first;

	bound(s);
	first = core_smpp_connection(connection(s));
	cut(s);
	core_smpp_answer(connection(s), first, SMPP_DELIVER_SM, 5, SMPP_ROK); /* there is none, or the next one begins */
	bound(s);
	assert_int_not_equal(core_smpp_connection(connection(s)), first);
	core_smpp_answer(connection(s), first, SMPP_DELIVER_SM, 5, SMPP_ROK);
	assert_true(silent(s));
	core_smpp_answer(connection(s), core_smpp_connection(connection(s)), SMPP_DELIVER_SM, 6, SMPP_RX_T_APPN);
	h = take_pdu(s);
	assert_int_equal(h.command, SMPP_DELIVER_SM | SMPP_RESP);
	assert_int_equal(h.sequence, 6);
	assert_int_equal(h.status, SMPP_RX_T_APPN);
	assert_true(core_smpp_bound(connection(s)));
}

static void receipt(struct south *s, const char *id, uint32_t sequence)
{
	struct core_peer *peer = &s->play.core->peers.row[1];
	const struct smpp_header h = { .command = SMPP_DELIVER_SM, .sequence = sequence };
	struct core_smpp_receipt r = { .state = SMPP_STATE_DELIVERED };

	str_set(r.id, sizeof r.id, id);
	assert_true(core_smpp_take(peer, &h, &r, NULL));
}

static void answered(struct south *s, uint32_t sequence, uint32_t status)
{
	struct smpp_header h = take_pdu(s);

	assert_int_equal(h.command, SMPP_DELIVER_SM | SMPP_RESP);
	assert_int_equal(h.sequence, sequence);
	assert_int_equal(h.status, status);
}

/* One waits for the disk. A copy of it and another one are refused for now, and taken when it has its answer. */
static void test_so_many_receipts_wait_for_the_disk_and_no_more(void **state)
{
	struct south *s = *state;
	const struct st_counters *st;

	s->play.cfg->limits.reports_pending = 1;
	bound(s);
	core_play_provision(&s->play);
	core_play_sent(&s->play, 1, 7, "smsc.example", "77")->trg->may_report = true;
	core_play_sent(&s->play, 2, 8, "smsc.example", "78")->trg->may_report = true;
	receipt(s, "77", 21);
	receipt(s, "77", 22);
	receipt(s, "78", 23);
	st = core_counters(s->play.core);
	assert_int_equal(st->v[ST_REPORTS_FULL], 2);
	assert_int_equal(st->v[ST_REPORTS], 1);
	answered(s, 22, SMPP_RX_T_APPN);
	answered(s, 23, SMPP_RX_T_APPN);
	answered(s, 21, SMPP_ROK);
	receipt(s, "78", 24);
	answered(s, 24, SMPP_ROK);
	receipt(s, "77", 25);
	answered(s, 25, SMPP_ROK);
	assert_int_equal(st->v[ST_REPORTS_FULL], 2);
	assert_int_equal(st->v[ST_REPORTS], 2);
}

TEST_GROUP()
{
#define PLAY(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		PLAY(test_an_answer_stays_with_its_connection),
		PLAY(test_so_many_receipts_wait_for_the_disk_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
