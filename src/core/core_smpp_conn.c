/* core_smpp_conn.c - one SMPP connection to the SMS-SC, which we start and start again: bound as
 * transceiver, because receipts come back on it.
 *
 *  waiting --> connecting --bind_transceiver_resp--> open --lost--> waiting --> connecting
 *                                                     |
 *                                 core_smpp_stop()    +--> stopped --core_smpp_kick()--> connecting
 *
 * A request whose response does not come, because of the time or of the connection, ends without
 * one: its outcome is unknown. */
#include "core/core_smpp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "core/core_int.h"
#include "net/net_transport.h"
#include "smpp/smpp_frame.h"
#include "smpp/smpp_session.h"
#include "tls/tls_stream.h"

#define BIND_WAIT_MS 5000u
#define STEPS 4u /* the pause between two attempts doubles so often, up to timers.reconnect */
#define WRITE_QUEUE_MAX (4u << 20)

struct core_smpp {
	struct obj obj;
	struct core_peer *peer;
	struct net_stream *stream;    /* NULL: no connection */
	struct smpp_session *session; /* NULL: likewise, or not open yet */
	struct smpp_frame frame;
	struct net_timer *timer;  /* of the session, or for the next attempt */
	struct net_timer *wake;   /* fires at the end of a pause */
	struct net_timer *nobody; /* fires when asks wait that are sent to nobody */
	TAILQ_HEAD(, core_smpp_nobody) asks;
	const char *stopped; /* NULL: not stopped */
	uint64_t next_ms;    /* of the next attempt; 0: none is planned */
	uint64_t paused_until_ms;
	uint32_t connection; /* number of the connection */
	unsigned attempts;
	bool ends;                   /* the connection ends at the end of this call */
	bool looks;                  /* the timer fires in the next turn, for look() */
	char why[CORE_PEER_WHY_MAX]; /* it ends, or ended, because of this */
};

#define CORE_SMPP_MAGIC 0xb3c9a1d5u

struct core_smpp_nobody { /* an ask that nothing was sent for */
	struct core_ask *ask;
	uint32_t status;
	TAILQ_ENTRY(core_smpp_nobody) entry;
};

static uint64_t now(const struct core_smpp *s)
{
	return net_loop_now_ms(s->peer->core->loop);
}

static struct log *log_of(const struct core_smpp *s)
{
	return s->peer->core->log;
}

static void end_soon(struct core_smpp *s, const char *why)
{
	if (!s->ends) {
		s->ends = true;
		str_cut(s->why, sizeof s->why, why);
	}
}

/* -- asks */

static void answered(struct core_smpp *s, uint64_t token, const struct smpp_pdu *pdu)
{
	struct core_ask *ask = OBJ_OF((void *)(uintptr_t)token, struct core_ask, CORE_ASK_MAGIC);

	s->peer->outstanding--;
	if (pdu) {
		s->peer->answers++;
	} else {
		s->peer->timeouts++;
	}
	ask->fn(ask, pdu);
	s->peer->core->peers.events->answered(s->peer);
}

static void traced(struct core_smpp *s, bool out, const struct smpp_pdu *pdu)
{
	s->peer->core->peers.events->traced(s->peer, out, pdu);
}

static void write_pdu(struct core_smpp *s, const struct smpp_pdu *pdu)
{
	struct core *c = s->peer->core;
	struct buf out = buf_over(c->scratch, sizeof c->scratch);

	if (smpp_encode(&out, pdu) || net_stream_write(s->stream, out.p, out.len)) {
		end_soon(s, "a PDU could not be sent");
	} else {
		traced(s, true, pdu);
	}
}

static void write_refusal(struct core_smpp *s, const struct smpp_todo *todo)
{
	uint8_t room[64];
	struct buf out = buf_over(room, sizeof room);

	if (smpp_encode_refusal(&out, todo->command, todo->status, todo->sequence) ||
	    net_stream_write(s->stream, out.p, out.len)) {
		end_soon(s, "a PDU could not be sent");
	} else {
		traced(s, true, &(struct smpp_pdu){ .header = { SMPP_HEADER_LEN, todo->command, todo->status, todo->sequence } });
	}
}

static void bound(struct core_smpp *s, const struct smpp_todo *todo)
{
	struct core_peer *p = s->peer;
	char why[CORE_PEER_WHY_MAX];

	p->tried = true;
	if (todo->status != SMPP_ROK) {
		snprintf(why, sizeof why, "the bind was refused: %s, %s", smpp_status_name(todo->status),
			 smpp_status_words(todo->status));
		end_soon(s, why);
		return;
	}
	s->attempts = 0;
	s->paused_until_ms = 0;
	p->open = true;
	p->lost_why[0] = 0;
	p->since_ms = core_now_ms(p->core);
	st_count(&p->core->st, ST_PEER_OPENED);
	log_info(log_of(s), "core", "peer %s (%s) is open: SMPP, bound as transceiver, protection %s", p->conf->name,
		 p->conf->host, protection_word(p->conf->protection));
	p->core->peers.events->usable(p);
}

static bool is_bind(uint32_t command)
{
	return command == SMPP_BIND_TRANSCEIVER;
}

/* A response that cannot be read tells nothing: the outcome of its request is unknown. */
static void on_answer(struct core_smpp *s, const struct smpp_todo *todo, const uint8_t *p, size_t len)
{
	struct smpp_pdu pdu;
	bool readable = smpp_decode(&pdu, p, len) == SMPP_ROK;

	if (readable && len > SMPP_HEADER_LEN) {
		traced(s, false, &pdu);
	}
	if (is_bind(todo->command)) {
		bound(s, todo);
	} else if (readable) {
		answered(s, todo->token, &pdu);
	} else {
		log_warn(log_of(s), "core", "a response of peer %s cannot be read", s->peer->conf->name);
		answered(s, todo->token, NULL);
	}
}

static void on_request(struct core_smpp *s, const struct smpp_todo *todo, const uint8_t *p, size_t len)
{
	struct smpp_pdu pdu;
	enum smpp_status status = smpp_decode(&pdu, p, len);

	if (status == SMPP_ROK && len > SMPP_HEADER_LEN) {
		traced(s, false, &pdu);
	}

	if (status == SMPP_ROK && (todo->command == SMPP_DELIVER_SM || todo->command == SMPP_DATA_SM)) {
		s->peer->core->peers.events->receipt(s->peer, &pdu);
	} else {
		core_smpp_answer(s, s->connection, todo->command, todo->sequence, status ? status : SMPP_RINVCMDID);
	}
}

static void act(struct core_smpp *s, const struct smpp_todo *todo, const uint8_t *p, size_t len)
{
	switch (todo->what) {
	case SMPP_DO_REQUEST:
		on_request(s, todo, p, len);
		break;
	case SMPP_DO_ANSWER:
		on_answer(s, todo, p, len);
		break;
	case SMPP_DO_SEND:
		st_count_n(&s->peer->core->st, ST_REPORTS_THROTTLED, todo->status == SMPP_RTHROTTLED);
		write_refusal(s, todo);
		break;
	case SMPP_DO_EXPIRED:
		st_count(&s->peer->core->st, ST_T4_TIMEOUTS);
		answered(s, todo->token, NULL);
		break;
	case SMPP_DO_CLOSE:
		end_soon(s, todo->reason ? todo->reason : "the session has ended");
		break;
	default:
		break;
	}
	if (todo->close) {
		end_soon(s, todo->reason ? todo->reason : "the session has ended");
	}
}

/* -- the connection */

static void down(struct core_smpp *s);

static void arm_attempt(struct core_smpp *s, uint64_t delay_ms)
{
	s->looks = false;
	s->next_ms = now(s) + delay_ms;
	net_timer_start(s->timer, delay_ms);
}

/* In the next turn, once for all that a turn sends. */
static void look_soon(struct core_smpp *s)
{
	if (!s->looks) {
		s->looks = true;
		net_timer_start(s->timer, 0);
	}
}

/* What is due, and when to look again. */
static void look(struct core_smpp *s)
{
	struct smpp_todo todo;
	uint64_t next;

	s->looks = false;
	while (s->session && !s->ends) {
		smpp_session_tick(s->session, now(s), &todo);
		if (todo.what == SMPP_DO_NOTHING) {
			break;
		}
		act(s, &todo, NULL, 0);
	}
	if (s->ends) {
		down(s);
		return;
	}
	next = s->session ? smpp_session_next_ms(s->session) : 0;
	if (next) {
		net_timer_start(s->timer, next > now(s) ? next - now(s) : 0);
	}
}

static void drop_connection(struct core_smpp *s)
{
	uint32_t command;
	uint64_t token;

	net_stream_close(s->stream);
	s->stream = NULL;
	if (s->session) {
		smpp_session_closed(s->session);
		while (smpp_session_drain(s->session, &command, &token)) {
			answered(s, token, NULL);
		}
		smpp_session_free(s->session);
		s->session = NULL;
	}
	smpp_frame_fini(&s->frame);
}

static void down(struct core_smpp *s)
{
	struct core_peer *p = s->peer;
	bool open = p->open;
	unsigned steps;

	p->open = false;
	p->tried = true;
	s->ends = s->looks = false;
	net_timer_stop(s->timer);
	drop_connection(s);
	p->since_ms = open || s->stopped ? core_now_ms(p->core) : p->since_ms;
	if (open && !p->core->stop.begun && !p->leaves) {
		st_count(&p->core->st, ST_PEER_DOWN);
		log_warn(log_of(s), "core", "peer %s (%s) is down: %s", p->conf->name, p->conf->host, s->why);
	} else if (!open && !s->stopped) {
		log_info(log_of(s), "core", "peer %s (%s): the attempt to connect failed: %s", p->conf->name, p->conf->host,
			 s->why);
	}
	snprintf(p->lost_why, sizeof p->lost_why, "the last %s: %.200s", open ? "connection ended" : "attempt failed", s->why);
	p->core->peers.events->down(p);
	s->next_ms = 0;
	if (!s->stopped) {
		steps = s->attempts < STEPS ? s->attempts : STEPS;
		arm_attempt(s, p->core->cfg->timers.reconnect_ms >> (STEPS - steps));
	}
}

static int on_pdu(void *arg, const uint8_t *pdu, size_t len)
{
	struct core_smpp *s = OBJ_OF(arg, struct core_smpp, CORE_SMPP_MAGIC);
	struct smpp_header h;
	struct smpp_todo todo;

	if (smpp_header_parse(&h, pdu, len)) {
		return ERR_PROTO;
	}
	if (len == SMPP_HEADER_LEN) {
		traced(s, false, &(struct smpp_pdu){ .header = h });
	}
	smpp_session_receive(s->session, &h, now(s), &todo);
	act(s, &todo, pdu, len);
	return s->ends ? ERR_CLOSED : 0;
}

static void on_data(void *arg, const uint8_t *p, size_t n)
{
	struct core_smpp *s = OBJ_OF(arg, struct core_smpp, CORE_SMPP_MAGIC);
	int err = s->session ? smpp_frame_feed(&s->frame, p, n, on_pdu, s) : ERR_STATE;

	if (err && !s->ends) {
		uint8_t room[64];
		struct buf out = buf_over(room, sizeof room);

		if (smpp_encode_refusal(&out, SMPP_GENERIC_NACK, SMPP_RINVCMDLEN, s->frame.refused.sequence) ||
		    net_stream_write(s->stream, out.p, out.len)) {
			log_debug(log_of(s), "core", "generic_nack could not be sent");
		}
		end_soon(s, "the bytes are not SMPP");
	}
	look(s);
}

static void on_close(void *arg, int err, const char *why)
{
	struct core_smpp *s = OBJ_OF(arg, struct core_smpp, CORE_SMPP_MAGIC);

	(void)err;
	end_soon(s, why && *why ? why : "the connection was closed");
	down(s);
}

static int begin_session(struct core_smpp *s)
{
	const struct core *c = s->peer->core;
	const struct smpp_session_conf conf = { .role = SMPP_ROLE_ESME,
						.bind_wait_ms = BIND_WAIT_MS,
						.answer_wait_ms = (uint32_t)c->cfg->t4.answer_wait_ms,
						.enquire_ms = (uint32_t)c->cfg->smssc.enquire_link_ms,
						.window_in = c->cfg->smssc.receipts,
						.window_out = c->cfg->smssc.window };

	smpp_frame_init(&s->frame, SMPP_PDU_MAX);
	return smpp_session_new(&s->session, &conf, NULL, now(s));
}

static void on_open(void *arg)
{
	struct core_smpp *s = OBJ_OF(arg, struct core_smpp, CORE_SMPP_MAGIC);
	const struct core *c = s->peer->core;
	struct smpp_pdu bind = { .header.command = SMPP_BIND_TRANSCEIVER, .interface_version = SMPP_VERSION_34 };
	int err = begin_session(s);

	str_cut(bind.system_id, sizeof bind.system_id, c->cfg->smssc.system_id);
	str_cut(bind.password, sizeof bind.password, c->smpp_password);
	str_cut(bind.system_type, sizeof bind.system_type, c->cfg->smssc.system_type);
	if (!err) {
		err = smpp_session_request(s->session, SMPP_BIND_TRANSCEIVER, 0, now(s), &bind.header.sequence);
	}
	if (err) {
		end_soon(s, err_str(err));
	} else {
		write_pdu(s, &bind);
	}
	look(s);
}

static const struct net_stream_cb stream_cb = { .on_open = on_open, .on_data = on_data, .on_close = on_close };

static void connect_now(struct core_smpp *s)
{
	const struct cfg_peer *conf = s->peer->conf;
	const struct net_stream_conf how = { .write_queue_max = WRITE_QUEUE_MAX };
	struct net_loop *loop = s->peer->core->loop;
	struct tls_ctx *tls = s->peer->link_peer_conf.tls;
	int err;

	s->next_ms = 0;
	s->attempts++;
	s->connection++;
	s->ends = false;
	if (conf->protection == PROTECTION_TLS) {
		err = tls ? tls_connect(&s->stream, tls, loop, conf->address, conf->port, conf->host, &how, &stream_cb, s)
			  : ERR_STATE;
	} else {
		err = net_connect(&s->stream, loop, conf->address, conf->port, NULL, &how, &stream_cb, s);
	}
	if (err) {
		s->stream = NULL;
		end_soon(s, err_str(err));
		down(s);
	}
}

static void on_timer(void *arg)
{
	struct core_smpp *s = OBJ_OF(arg, struct core_smpp, CORE_SMPP_MAGIC);

	if (s->stream) {
		look(s);
	} else if (!s->stopped) {
		connect_now(s);
	}
}

static void on_nobody(void *arg)
{
	struct core_smpp *s = OBJ_OF(arg, struct core_smpp, CORE_SMPP_MAGIC);
	struct core_smpp_nobody *n;

	while ((n = TAILQ_FIRST(&s->asks))) {
		struct smpp_pdu pdu = { .header.status = n->status };
		struct core_ask *ask = n->ask;

		TAILQ_REMOVE(&s->asks, n, entry);
		free(n);
		ask->fn(ask, &pdu);
	}
}

static void on_wake(void *arg)
{
	(void)arg; /* waking the loop is enough: the end of the turn calls core_queue_move() */
}

int core_smpp_new(struct core_smpp **out, struct core_peer *p)
{
	struct core_smpp *s = calloc(1, sizeof *s);
	int err;

	if (!s) {
		return ERR_NOMEM;
	}
	obj_begin(&s->obj, CORE_SMPP_MAGIC);
	s->peer = p;
	TAILQ_INIT(&s->asks);
	err = net_timer_new(&s->timer, p->core->loop, on_timer, s);
	if (!err) {
		err = net_timer_new(&s->nobody, p->core->loop, on_nobody, s);
	}
	if (!err) {
		err = net_timer_new(&s->wake, p->core->loop, on_wake, s);
	}
	if (err) {
		net_timer_free(s->nobody);
		net_timer_free(s->timer);
		free(s);
		return err;
	}
	arm_attempt(s, 0);
	*out = s;
	return 0;
}

void core_smpp_renew(struct core_smpp *s)
{
	const struct cfg_smssc *conf = &s->peer->core->cfg->smssc;

	if (s->session) {
		smpp_session_window_in(s->session, conf->receipts);
		smpp_session_window_out(s->session, conf->window);
	}
}

void core_smpp_free(struct core_smpp *s)
{
	if (!s) {
		return;
	}
	s->stopped = "shutting down";
	on_nobody(s);
	drop_connection(s);
	on_nobody(s);
	net_timer_free(s->timer);
	net_timer_free(s->nobody);
	net_timer_free(s->wake);
	OBJ_END(s, CORE_SMPP_MAGIC);
	free(s);
}

bool core_smpp_bound(const struct core_smpp *s)
{
	return s->session && s->peer->open && !s->ends && smpp_session_state(s->session) == SMPP_BOUND_TRX;
}

bool core_smpp_may(const struct core_smpp *s)
{
	return core_smpp_bound(s) && now(s) >= s->paused_until_ms;
}

void core_smpp_pause(struct core_smpp *s)
{
	s->paused_until_ms = now(s) + s->peer->core->cfg->smssc.pause_ms;
	net_timer_start(s->wake, s->peer->core->cfg->smssc.pause_ms);
}

void core_smpp_kick(struct core_smpp *s)
{
	if (!s->stream) {
		s->peer->since_ms = s->stopped ? core_now_ms(s->peer->core) : s->peer->since_ms;
		arm_attempt(s, 0);
	}
	s->stopped = NULL;
}

void core_smpp_stop(struct core_smpp *s, const char *reason)
{
	struct smpp_todo todo;

	s->stopped = reason;
	s->next_ms = 0;
	if (s->session && smpp_session_unbind(s->session, now(s), &todo) == 0) {
		write_refusal(s, &todo);
		look(s);
	} else if (s->stream) {
		end_soon(s, reason);
		down(s);
	} else {
		s->peer->since_ms = core_now_ms(s->peer->core);
		net_timer_stop(s->timer);
	}
}

void core_smpp_no_more(struct core_smpp *s, const char *reason)
{
	s->stopped = reason;
	s->next_ms = 0;
	if (!s->stream) {
		net_timer_stop(s->timer);
	}
}

const char *core_smpp_state(const struct core_smpp *s)
{
	if (!s->stream) {
		return s->stopped ? "stopped" : "waiting";
	}
	if (!s->peer->open) {
		return "connecting";
	}
	return core_smpp_bound(s) ? "open" : "closing";
}

const char *core_smpp_reason(const struct core_smpp *s)
{
	if (s->stopped) {
		return s->stopped;
	}
	return core_smpp_bound(s) && !core_smpp_may(s) ? "the SMS-SC is congested: new triggers wait for smssc.pause" : "";
}

uint64_t core_smpp_next_ms(const struct core_smpp *s)
{
	uint64_t now_ms = now(s);

	return !s->next_ms ? LINK_PEER_NO_ATTEMPT : s->next_ms > now_ms ? s->next_ms - now_ms : 0;
}

void core_smpp_push(struct core_smpp *s)
{
	if (s->stream) {
		net_stream_push(s->stream);
	}
}

const struct net_stream *core_smpp_stream(const struct core_smpp *s)
{
	return s->stream;
}

uint32_t core_smpp_connection(const struct core_smpp *s)
{
	return s->connection;
}

void core_smpp_answer(struct core_smpp *s, uint32_t connection, uint32_t command, uint32_t sequence, uint32_t status)
{
	struct smpp_pdu pdu = { .header = { .command = command | SMPP_RESP, .status = status, .sequence = sequence } };

	if (!s->session || s->connection != connection) {
		return;
	}
	write_pdu(s, &pdu);
	smpp_session_answered(s->session, now(s));
	look_soon(s); /* an unbind may wait for this answer */
}

/* -- asking */

int core_smpp_send(struct core_smpp *s, struct smpp_pdu *pdu, struct core_ask *ask)
{
	int err = smpp_session_request(s->session, pdu->header.command, (uint64_t)(uintptr_t)ask, now(s), &pdu->header.sequence);

	if (!err) {
		write_pdu(s, pdu);
		look_soon(s); /* for the response, or for the end */
	}
	return err;
}

int core_smpp_send_nobody(struct core_smpp *s, struct core_ask *ask, uint32_t status)
{
	struct core_smpp_nobody *n = malloc(sizeof *n);

	if (!n) {
		return ERR_NOMEM;
	}
	*n = (struct core_smpp_nobody){ .ask = ask, .status = status };
	TAILQ_INSERT_TAIL(&s->asks, n, entry);
	net_timer_start(s->nobody, 0);
	return 0;
}
