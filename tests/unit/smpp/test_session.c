/* smpp_session: who may send what in each state, windows, timers, unbind from either side; and two sessions that talk to each other. */
#include "tests/unit/machine_check.h"
#include "tests/unit/test.h"

#include "smpp/smpp_session.h"

#define BIND_WAIT 5000
#define ANSWER_WAIT 10000
#define ENQUIRE 30000
#define INACTIVE 100000

static const struct smpp_session_conf smsc = { SMPP_ROLE_SMSC, BIND_WAIT, ANSWER_WAIT, ENQUIRE, INACTIVE, 2, 2 };
static const struct smpp_session_conf esme = { SMPP_ROLE_ESME, BIND_WAIT, ANSWER_WAIT, ENQUIRE, 0, 2, 2 };

static struct smpp_session *begun(const struct smpp_session_conf *conf)
{
	struct smpp_session *s;

	assert_int_equal(smpp_session_new(&s, conf, NULL, 1000), 0);
	return s;
}

static struct smpp_todo got(struct smpp_session *s, uint32_t command, uint32_t status, uint32_t sequence, uint64_t now_ms)
{
	struct smpp_header h = { SMPP_HEADER_LEN, command, status, sequence };
	struct smpp_todo todo;

	smpp_session_receive(s, &h, now_ms, &todo);
	return todo;
}

static struct smpp_todo ticked(struct smpp_session *s, uint64_t now_ms)
{
	struct smpp_todo todo;

	smpp_session_tick(s, now_ms, &todo);
	return todo;
}

/* An SMSC with a bound peer. */
static struct smpp_session *bound_smsc(uint32_t bind)
{
	struct smpp_session *s = begun(&smsc);

	assert_int_equal(got(s, bind, 0, 1, 1000).what, SMPP_DO_REQUEST);
	smpp_session_bind_answered(s, SMPP_ROK, 1000);
	return s;
}

static struct smpp_session *bound_esme(uint32_t bind)
{
	struct smpp_session *s = begun(&esme);
	uint32_t sequence;

	assert_int_equal(smpp_session_request(s, bind, 77, 1000, &sequence), 0);
	assert_int_equal(sequence, 1);
	assert_int_equal(got(s, bind | SMPP_RESP, 0, 1, 1000).what, SMPP_DO_ANSWER);
	return s;
}

static void test_machine(void **state)
{
	static const char *const next[] = { "bc", "tr2uc", "lgc", "lgc", "lgc", "uc", "uc", "c", "" };

	(void)state;
	machine_check(&smpp_session_machine, "obtr2lguc", next);
	assert_int_equal(sizeof next / sizeof *next, SMPP_SESSION_STATE_N);
}

/* The table of SMPP 3.4 for what an SMSC takes: a letter for each state in which it does. */
static void test_what_an_smsc_takes(void **state)
{
	static const struct {
		uint32_t command;
		const char *taken; /* o: open, t, r, 2: bound as */
	} rows[] = {
		{ SMPP_BIND_RECEIVER, "o" },     { SMPP_BIND_TRANSMITTER, "o" }, { SMPP_BIND_TRANSCEIVER, "o" },
		{ SMPP_SUBMIT_SM, "t2" },        { SMPP_SUBMIT_MULTI, "t2" },    { SMPP_DATA_SM, "t2" },
		{ SMPP_QUERY_SM, "t2" },         { SMPP_CANCEL_SM, "t2" },       { SMPP_REPLACE_SM, "t2" },
		{ SMPP_ENQUIRE_LINK, "otr2" },   { SMPP_UNBIND, "tr2" },         { SMPP_DELIVER_SM, "" },
		{ SMPP_ALERT_NOTIFICATION, "" }, { SMPP_OUTBIND, "" },
	};
	static const char letters[] = "otr2";
	static const uint32_t binds[] = { 0, SMPP_BIND_TRANSMITTER, SMPP_BIND_RECEIVER, SMPP_BIND_TRANSCEIVER };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (size_t in = 0; in < 4; in++) {
			struct smpp_session *s = in ? bound_smsc(binds[in]) : begun(&smsc);
			bool bind = rows[i].command <= SMPP_BIND_TRANSMITTER || rows[i].command == SMPP_BIND_TRANSCEIVER;
			struct smpp_todo todo = got(s, rows[i].command, 0, 2, 1000);

			if (strchr(rows[i].taken, letters[in])) {
				assert_int_equal(todo.status, SMPP_ROK);
				assert_int_equal(smpp_session_counts(s)->wrong_state, 0);
			} else {
				assert_int_equal(todo.what, SMPP_DO_SEND);
				assert_int_equal(todo.status, bind ? SMPP_RALYBND : SMPP_RINVBNDSTS);
				assert_int_equal(todo.sequence, 2);
				assert_int_equal(todo.command, smpp_command_known(rows[i].command | SMPP_RESP)
								   ? rows[i].command | SMPP_RESP
								   : SMPP_GENERIC_NACK);
				assert_int_equal(smpp_session_counts(s)->wrong_state, 1);
			}
			smpp_session_free(s);
		}
	}
}

static void test_what_an_esme_takes(void **state)
{
	struct smpp_session *s = bound_esme(SMPP_BIND_RECEIVER);

	(void)state;
	assert_int_equal(got(s, SMPP_DELIVER_SM, 0, 1, 1000).what, SMPP_DO_REQUEST);
	assert_int_equal(got(s, SMPP_DATA_SM, 0, 2, 1000).what, SMPP_DO_REQUEST);
	assert_int_equal(got(s, SMPP_ALERT_NOTIFICATION, 0, 3, 1000).what, SMPP_DO_NOTE);
	assert_int_equal(got(s, SMPP_SUBMIT_SM, 0, 4, 1000).status, SMPP_RINVBNDSTS);
	smpp_session_free(s);
	s = bound_esme(SMPP_BIND_TRANSMITTER);
	assert_int_equal(got(s, SMPP_DELIVER_SM, 0, 1, 1000).status, SMPP_RINVBNDSTS);
	smpp_session_free(s);
	s = begun(&esme);
	assert_int_equal(got(s, SMPP_OUTBIND, 0, 1, 1000).status, SMPP_RINVBNDSTS);
	assert_int_equal(got(s, SMPP_BIND_RECEIVER, 0, 1, 1000).status, SMPP_RINVBNDSTS);
	smpp_session_free(s);
}

static void test_requests_that_are_none(void **state)
{
	struct smpp_session *s = bound_smsc(SMPP_BIND_TRANSCEIVER);
	struct smpp_todo todo = got(s, SMPP_SUBMIT_SM, 0, 0, 1000);

	(void)state;
	assert_int_equal(todo.what, SMPP_DO_SEND);
	assert_int_equal(todo.command, SMPP_GENERIC_NACK);
	assert_int_equal(todo.status, SMPP_RUNKNOWNERR);
	assert_int_equal(got(s, SMPP_SUBMIT_SM, 0, SMPP_SEQUENCE_MAX + 1, 1000).what, SMPP_DO_SEND);
	assert_int_equal(got(s, SMPP_SUBMIT_SM, 0, SMPP_SEQUENCE_MAX, 1000).what, SMPP_DO_REQUEST);
	todo = got(s, 0x112, 0, 5, 1000);
	assert_int_equal(todo.command, SMPP_GENERIC_NACK);
	assert_int_equal(todo.status, SMPP_RINVCMDID);
	assert_int_equal(todo.sequence, 5);
	assert_int_equal(smpp_session_counts(s)->sequence, 2);
	assert_int_equal(smpp_session_counts(s)->unknown, 1);
	smpp_session_free(s);
}

static void test_window_in(void **state)
{
	struct smpp_session *s = bound_smsc(SMPP_BIND_TRANSMITTER);

	(void)state;
	assert_int_equal(got(s, SMPP_SUBMIT_SM, 0, 2, 1000).what, SMPP_DO_REQUEST);
	assert_int_equal(got(s, SMPP_SUBMIT_SM, 0, 3, 1000).what, SMPP_DO_REQUEST);
	assert_int_equal(got(s, SMPP_SUBMIT_SM, 0, 4, 1000).status, SMPP_RTHROTTLED);
	assert_int_equal(smpp_session_owed(s), 2);
	assert_int_equal(got(s, SMPP_ENQUIRE_LINK, 0, 5, 1000).command, SMPP_ENQUIRE_LINK | SMPP_RESP); /* no window bounds it */
	smpp_session_answered(s, 1000);
	assert_int_equal(got(s, SMPP_SUBMIT_SM, 0, 6, 1000).what, SMPP_DO_REQUEST);
	assert_int_equal(smpp_session_counts(s)->throttled, 1);
	smpp_session_free(s);
}

static void test_window_out(void **state)
{
	struct smpp_session *s = bound_smsc(SMPP_BIND_RECEIVER);
	struct smpp_todo todo;
	uint32_t a, b, c;

	(void)state;
	assert_int_equal(smpp_session_request(s, SMPP_SUBMIT_SM, 1, 1000, &a), ERR_STATE); /* an ESME's */
	assert_true(smpp_session_may(s, SMPP_DELIVER_SM));
	assert_false(smpp_session_may(s, SMPP_SUBMIT_SM));
	assert_false(smpp_session_may(s, SMPP_UNBIND));
	assert_int_equal(smpp_session_request(s, SMPP_DELIVER_SM, 10, 1000, &a), 0);
	assert_int_equal(smpp_session_request(s, SMPP_DELIVER_SM, 11, 1000, &b), 0);
	assert_int_not_equal(a, b);
	assert_false(smpp_session_may(s, SMPP_DELIVER_SM));
	assert_int_equal(smpp_session_request(s, SMPP_DELIVER_SM, 12, 1000, &c), ERR_BUSY);
	smpp_session_window_out(s, 3);
	assert_true(smpp_session_may(s, SMPP_DELIVER_SM));
	smpp_session_window_out(s, 2);
	todo = got(s, SMPP_DELIVER_SM | SMPP_RESP, SMPP_RX_T_APPN, b, 1000); /* in any order */
	assert_int_equal(todo.what, SMPP_DO_ANSWER);
	assert_true(todo.token == 11);
	assert_int_equal(todo.status, SMPP_RX_T_APPN);
	assert_int_equal(got(s, SMPP_DELIVER_SM | SMPP_RESP, 0, b, 1000).what, SMPP_DO_NOTHING);     /* once */
	assert_int_equal(got(s, SMPP_SUBMIT_SM | SMPP_RESP, 0, a, 1000).what, SMPP_DO_NOTHING);      /* of another command */
	assert_int_equal(got(s, SMPP_GENERIC_NACK, SMPP_RINVCMDLEN, 0, 1000).what, SMPP_DO_NOTHING); /* of nothing */
	assert_int_equal(smpp_session_counts(s)->stray, 3);
	todo = got(s, SMPP_GENERIC_NACK, 0, a, 1000);
	assert_true(todo.what == SMPP_DO_ANSWER && todo.token == 10);
	assert_int_equal(todo.status, SMPP_RUNKNOWNERR); /* never taken for a yes */
	assert_int_equal(smpp_session_waiting(s), 0);
	assert_int_equal(smpp_session_request(s, SMPP_ALERT_NOTIFICATION, 0, 1000, &c), 0);
	assert_int_equal(smpp_session_waiting(s), 0);
	smpp_session_free(s);
}

static void test_half_open(void **state)
{
	struct smpp_session *s = begun(&smsc);

	(void)state;
	assert_int_equal(got(s, SMPP_ENQUIRE_LINK, 0, 1, 5000).status, SMPP_ROK); /* prolongs nothing */
	assert_true(smpp_session_next_ms(s) == 1000 + BIND_WAIT);
	assert_int_equal(ticked(s, 1000 + BIND_WAIT - 1).what, SMPP_DO_NOTHING);
	assert_int_equal(ticked(s, 1000 + BIND_WAIT).what, SMPP_DO_CLOSE);
	assert_int_equal(smpp_session_state(s), SMPP_CLOSED);
	assert_true(smpp_session_next_ms(s) == 0);
	assert_int_equal(got(s, SMPP_BIND_RECEIVER, 0, 2, 7000).what, SMPP_DO_NOTHING);
	assert_int_equal(smpp_session_counts(s)->dropped, 1);
	smpp_session_free(s);
	s = begun(&smsc); /* a bind that is never judged */
	assert_int_equal(got(s, SMPP_BIND_RECEIVER, 0, 2, 1000).what, SMPP_DO_REQUEST);
	assert_int_equal(got(s, SMPP_BIND_RECEIVER, 0, 3, 1000).status, SMPP_RALYBND);
	assert_int_equal(got(s, SMPP_SUBMIT_SM, 0, 4, 1000).status, SMPP_RINVBNDSTS);
	assert_int_equal(ticked(s, 1000 + BIND_WAIT).what, SMPP_DO_CLOSE);
	smpp_session_bind_answered(s, SMPP_ROK, 9000);
	assert_int_equal(smpp_session_state(s), SMPP_CLOSED);
	smpp_session_free(s);
}

static void test_bind_refused(void **state)
{
	struct smpp_session *s = begun(&smsc);
	struct smpp_todo todo;
	uint32_t sequence;

	(void)state;
	assert_int_equal(got(s, SMPP_BIND_TRANSCEIVER, 0, 1, 1000).what, SMPP_DO_REQUEST);
	smpp_session_bind_answered(s, SMPP_RINVPASWD, 1000);
	assert_int_equal(smpp_session_state(s), SMPP_UNBOUND);
	assert_int_equal(smpp_session_bound(s), SMPP_OPEN);
	smpp_session_free(s);
	s = begun(&esme);
	assert_int_equal(smpp_session_request(s, SMPP_SUBMIT_SM, 0, 1000, &sequence), ERR_STATE);
	assert_int_equal(smpp_session_request(s, SMPP_BIND_TRANSCEIVER, 5, 1000, &sequence), 0);
	todo = got(s, SMPP_BIND_TRANSCEIVER | SMPP_RESP, SMPP_RINVPASWD, sequence, 1000);
	assert_true(todo.what == SMPP_DO_ANSWER && todo.close && todo.token == 5);
	assert_int_equal(smpp_session_state(s), SMPP_UNBOUND);
	smpp_session_free(s);
	s = begun(&esme); /* a response of another bind is none */
	assert_int_equal(smpp_session_request(s, SMPP_BIND_TRANSCEIVER, 5, 1000, &sequence), 0);
	assert_int_equal(got(s, SMPP_BIND_RECEIVER | SMPP_RESP, 0, sequence, 1000).what, SMPP_DO_NOTHING);
	assert_int_equal(smpp_session_state(s), SMPP_BINDING);
	smpp_session_free(s);
}

static void test_enquire_link(void **state)
{
	struct smpp_session *s = bound_esme(SMPP_BIND_TRANSCEIVER);
	struct smpp_todo todo;

	(void)state;
	assert_true(smpp_session_next_ms(s) == 1000 + ENQUIRE);
	assert_int_equal(got(s, SMPP_ENQUIRE_LINK, 0, 1, 20000).what, SMPP_DO_SEND);
	assert_true(smpp_session_next_ms(s) == 20000 + ENQUIRE); /* the peer was heard */
	todo = ticked(s, 20000 + ENQUIRE);
	assert_true(todo.what == SMPP_DO_SEND && todo.command == SMPP_ENQUIRE_LINK);
	assert_int_equal(smpp_session_waiting(s), 0);
	assert_int_equal(ticked(s, 20000 + ENQUIRE).what, SMPP_DO_NOTHING); /* one at a time */
	assert_int_equal(got(s, SMPP_ENQUIRE_LINK | SMPP_RESP, 0, todo.sequence, 51000).what, SMPP_DO_NOTHING);
	assert_true(smpp_session_next_ms(s) == 51000 + ENQUIRE);
	todo = ticked(s, 51000 + ENQUIRE);
	assert_int_equal(todo.what, SMPP_DO_SEND);
	assert_true(smpp_session_next_ms(s) == 51000 + ENQUIRE + ANSWER_WAIT);
	todo = ticked(s, 51000 + ENQUIRE + ANSWER_WAIT);
	assert_int_equal(todo.what, SMPP_DO_CLOSE);
	assert_non_null(todo.reason);
	smpp_session_free(s);
}

static void test_answers_that_do_not_come(void **state)
{
	struct smpp_session *s = bound_smsc(SMPP_BIND_TRANSCEIVER);
	struct smpp_todo todo;
	uint32_t a, b;

	(void)state;
	assert_int_equal(smpp_session_request(s, SMPP_DELIVER_SM, 10, 2000, &a), 0);
	assert_int_equal(smpp_session_request(s, SMPP_DATA_SM, 11, 3000, &b), 0);
	assert_true(smpp_session_next_ms(s) == 2000 + ANSWER_WAIT);
	todo = ticked(s, 3000 + ANSWER_WAIT);
	assert_true(todo.what == SMPP_DO_EXPIRED && todo.token == 10 && todo.command == SMPP_DELIVER_SM);
	todo = ticked(s, 3000 + ANSWER_WAIT);
	assert_true(todo.what == SMPP_DO_EXPIRED && todo.token == 11);
	assert_int_equal(got(s, SMPP_DELIVER_SM | SMPP_RESP, 0, a, 14000).what, SMPP_DO_NOTHING); /* too late */
	assert_int_equal(smpp_session_counts(s)->expired, 2);
	smpp_session_free(s);
}

/* What has no response then is for the owner, who drains it, and is told once. */
static void test_nothing_is_due_after_the_end(void **state)
{
	struct smpp_session *s = bound_smsc(SMPP_BIND_TRANSCEIVER);
	uint32_t sequence, command;
	uint64_t token;

	(void)state;
	assert_int_equal(smpp_session_request(s, SMPP_DELIVER_SM, 10, 2000, &sequence), 0);
	smpp_session_closed(s);
	assert_int_equal(ticked(s, 2000 + ANSWER_WAIT).what, SMPP_DO_NOTHING);
	assert_true(smpp_session_next_ms(s) == 0);
	assert_true(smpp_session_drain(s, &command, &token));
	assert_true(command == SMPP_DELIVER_SM && token == 10);
	assert_false(smpp_session_drain(s, &command, &token));
	smpp_session_free(s);
}

static void test_peer_unbinds(void **state)
{
	struct smpp_session *s = bound_smsc(SMPP_BIND_TRANSCEIVER);
	struct smpp_todo todo = got(s, SMPP_UNBIND, 0, 9, 2000);

	(void)state;
	assert_true(todo.what == SMPP_DO_SEND && todo.close && todo.command == (SMPP_UNBIND | SMPP_RESP) && todo.sequence == 9);
	assert_int_equal(smpp_session_state(s), SMPP_UNBOUND);
	smpp_session_free(s);
	s = bound_smsc(SMPP_BIND_TRANSCEIVER); /* answers that are owed go first */
	assert_int_equal(got(s, SMPP_SUBMIT_SM, 0, 8, 2000).what, SMPP_DO_REQUEST);
	assert_int_equal(got(s, SMPP_UNBIND, 0, 9, 2000).what, SMPP_DO_NOTHING);
	assert_int_equal(got(s, SMPP_SUBMIT_SM, 0, 10, 2000).status, SMPP_RINVBNDSTS);
	assert_int_equal(ticked(s, 3000).what, SMPP_DO_NOTHING);
	smpp_session_answered(s, 4000);
	assert_true(smpp_session_next_ms(s) == 4000);
	todo = ticked(s, 4000);
	assert_true(todo.what == SMPP_DO_SEND && todo.close && todo.sequence == 9);
	assert_int_equal(smpp_session_state(s), SMPP_UNBOUND);
	assert_int_equal(ticked(s, 9000).what, SMPP_DO_NOTHING); /* one answer */
	smpp_session_free(s);
	s = bound_smsc(SMPP_BIND_TRANSCEIVER); /* answers that never come */
	assert_int_equal(got(s, SMPP_SUBMIT_SM, 0, 8, 2000).what, SMPP_DO_REQUEST);
	assert_int_equal(got(s, SMPP_UNBIND, 0, 9, 2000).what, SMPP_DO_NOTHING);
	assert_int_equal(ticked(s, 2000 + ANSWER_WAIT).what, SMPP_DO_CLOSE);
	smpp_session_free(s);
}

static void test_we_unbind(void **state)
{
	struct smpp_session *s = bound_esme(SMPP_BIND_TRANSCEIVER);
	uint32_t sequence, command;
	struct smpp_todo todo;
	uint64_t token;

	(void)state;
	assert_int_equal(smpp_session_request(s, SMPP_SUBMIT_SM, 10, 2000, &sequence), 0);
	assert_int_equal(smpp_session_unbind(s, 2000, &todo), 0);
	assert_true(todo.what == SMPP_DO_SEND && todo.command == SMPP_UNBIND);
	assert_int_equal(smpp_session_unbind(s, 2000, &todo), ERR_STATE);
	assert_int_equal(smpp_session_request(s, SMPP_SUBMIT_SM, 11, 2000, &sequence), ERR_STATE);
	assert_int_equal(got(s, SMPP_DELIVER_SM, 0, 1, 2000).what, SMPP_DO_REQUEST); /* the peer does not know yet */
	assert_int_equal(got(s, SMPP_UNBIND | SMPP_RESP, 0, sequence + 1, 2000).what, SMPP_DO_CLOSE);
	assert_int_equal(smpp_session_state(s), SMPP_UNBOUND);
	assert_true(smpp_session_drain(s, &command, &token));
	assert_true(command == SMPP_SUBMIT_SM && token == 10);
	assert_false(smpp_session_drain(s, &command, &token));
	smpp_session_free(s);
	s = bound_esme(SMPP_BIND_TRANSCEIVER);
	assert_int_equal(smpp_session_unbind(s, 2000, &todo), 0);
	assert_int_equal(ticked(s, 2000 + ANSWER_WAIT).what, SMPP_DO_CLOSE);
	smpp_session_free(s);
	s = bound_esme(SMPP_BIND_TRANSCEIVER); /* both at once */
	assert_int_equal(smpp_session_unbind(s, 2000, &todo), 0);
	todo = got(s, SMPP_UNBIND, 0, 1, 2000);
	assert_true(todo.what == SMPP_DO_SEND && todo.close && todo.command == (SMPP_UNBIND | SMPP_RESP));
	smpp_session_free(s);
}

static void test_inactive(void **state)
{
	struct smpp_session *s = bound_smsc(SMPP_BIND_TRANSCEIVER);
	struct smpp_todo todo;

	(void)state;
	for (uint64_t t = 20000; t < 1000 + INACTIVE; t += 20000) {
		assert_int_equal(got(s, SMPP_ENQUIRE_LINK, 0, (uint32_t)t, t).what, SMPP_DO_SEND); /* is no activity */
		assert_int_equal(ticked(s, t).what, SMPP_DO_NOTHING);
	}
	todo = ticked(s, 1000 + INACTIVE);
	assert_true(todo.what == SMPP_DO_SEND && todo.command == SMPP_UNBIND);
	assert_int_equal(smpp_session_state(s), SMPP_UNBINDING);
	smpp_session_free(s);
}

static void test_gauge(void **state)
{
	uint32_t in_state[SMPP_SESSION_STATE_N] = { 0 };
	struct smpp_session *s;

	(void)state;
	assert_int_equal(smpp_session_new(&s, &smsc, in_state, 0), 0);
	assert_int_equal(in_state[SMPP_OPEN], 1);
	smpp_session_closed(s);
	assert_int_equal(in_state[SMPP_OPEN], 0);
	assert_int_equal(in_state[SMPP_CLOSED], 1);
	smpp_session_free(s);
	assert_int_equal(in_state[SMPP_CLOSED], 0);
}

/* Any sequence of headers, answers and times: windows hold, what is due is done, and the owner owes what it was given. */
static void test_anything(void **state)
{
	static const uint32_t commands[] = {
		SMPP_BIND_TRANSCEIVER,       SMPP_SUBMIT_SM,    SMPP_UNBIND, SMPP_ENQUIRE_LINK,
		SMPP_DELIVER_SM | SMPP_RESP, SMPP_GENERIC_NACK, 0x999,       SMPP_ENQUIRE_LINK | SMPP_RESP,
		SMPP_UNBIND | SMPP_RESP
	};
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		struct smpp_session *s = begun(&smsc);
		uint64_t now_ms = 1000;
		uint32_t owed = 0, sequence, command;
		uint64_t token, waits = 0;

		for (unsigned step = 0; step < 40; step++) {
			struct smpp_todo todo = { 0 };
			unsigned what;

			seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			what = (unsigned)(seed >> 40);
			now_ms += what % 7 == 0 ? what % 9000 : 1;
			switch (what % 5) {
			case 0:
				if (owed && smpp_session_state(s) != SMPP_BINDING) {
					smpp_session_answered(s, now_ms);
					owed--;
				}
				break;
			case 1:
				if (!smpp_session_request(s, SMPP_DELIVER_SM, step, now_ms, &sequence)) {
					waits++;
				}
				break;
			default:
				todo = got(s, commands[what / 8 % 9], 0, what / 128 % 6 + 1, now_ms);
			}
			if (todo.what == SMPP_DO_REQUEST) {
				owed++;
				if (todo.command == SMPP_BIND_TRANSCEIVER && what % 3) {
					smpp_session_bind_answered(s, SMPP_ROK, now_ms);
					owed--;
				}
			}
			for (;;) {
				waits -= (todo.what == SMPP_DO_ANSWER || todo.what == SMPP_DO_EXPIRED);
				todo = ticked(s, now_ms);
				if (todo.what == SMPP_DO_NOTHING) {
					break;
				}
			}
			assert_int_equal(smpp_session_owed(s), owed);
			assert_true(owed <= smsc.window_in && smpp_session_waiting(s) <= smsc.window_out);
			assert_int_equal(smpp_session_waiting(s), waits);
			assert_true(!smpp_session_next_ms(s) || smpp_session_next_ms(s) > now_ms);
		}
		while (smpp_session_drain(s, &command, &token)) {
			waits--;
		}
		assert_int_equal(waits, 0);
		smpp_session_free(s);
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_what_an_smsc_takes),
		cmocka_unit_test(test_what_an_esme_takes),
		cmocka_unit_test(test_requests_that_are_none),
		cmocka_unit_test(test_window_in),
		cmocka_unit_test(test_window_out),
		cmocka_unit_test(test_half_open),
		cmocka_unit_test(test_bind_refused),
		cmocka_unit_test(test_enquire_link),
		cmocka_unit_test(test_answers_that_do_not_come),
		cmocka_unit_test(test_nothing_is_due_after_the_end),
		cmocka_unit_test(test_peer_unbinds),
		cmocka_unit_test(test_we_unbind),
		cmocka_unit_test(test_inactive),
		cmocka_unit_test(test_gauge),
		cmocka_unit_test(test_anything),
	};

	return cmocka_run_group_tests_name("smpp session", tests, NULL, NULL);
}
