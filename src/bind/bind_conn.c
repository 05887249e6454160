/* bind_conn.c - what comes from the stream goes through framer and session; what the session wants
 * is done here. An end is only noted while something of the connection is on the stack (`busy`);
 * the last one out carries it out. */
#include "bind/bind_conn.h"

#include <stdlib.h>

#include "base/obj.h"
#include "base/str.h"
#include "net/net_tcp.h"
#include "smpp/smpp_frame.h"

enum { TEXTS_ROOM = 2048 }; /* octets of a PDU beside what has a length of its own */

#define BIND_MAGIC 0xb1d3c0a7u
struct bind_conn {
	struct obj obj;
	struct bind_conf conf;
	const struct bind_cb *cb;
	void *arg;
	struct net_loop *loop;
	struct net_stream *stream;
	struct net_timer *timer;
	struct smpp_session *session;
	struct smpp_frame frame;
	char peer[NET_ADDRESS_MAX];
	unsigned busy;
	bool ended;
	int end_err;
	char end_words[160]; /* of a stream, which may be gone */
	struct smpp_pdu in;  /* the one that the owner looks at */
};
OBJ_FIRST(struct bind_conn);

static void arm(struct bind_conn *c)
{
	uint64_t next_ms = smpp_session_next_ms(c->session), now_ms = net_loop_now_ms(c->loop);

	if (c->ended) {
		net_timer_start(c->timer, 0);
	} else if (next_ms) {
		net_timer_start(c->timer, next_ms > now_ms ? next_ms - now_ms : 0);
	} else {
		net_timer_stop(c->timer);
	}
}

static void note_end(struct bind_conn *c, int err, const char *why)
{
	if (c->ended) {
		return;
	}
	c->ended = true;
	c->end_err = err;
	str_cut(c->end_words, sizeof c->end_words, why);
	smpp_session_closed(c->session);
	net_timer_start(c->timer, 0);
}

static void release(struct bind_conn *c)
{
	net_timer_free(c->timer);
	net_stream_close(c->stream);
	smpp_session_free(c->session);
	smpp_frame_fini(&c->frame);
	OBJ_END(c, BIND_MAGIC);
	free(c);
}

/* Requests that wait are told first, so that the owner forgets nothing. */
static void carry_out_end(struct bind_conn *c)
{
	uint32_t command;
	uint64_t token;

	c->busy++;
	while (smpp_session_drain(c->session, &command, &token)) {
		c->cb->on_lost(c->arg, c, token, ERR_CLOSED);
	}
	c->cb->on_down(c->arg, c, c->end_err, c->end_words);
	release(c);
}

static void enter(struct bind_conn *c)
{
	OBJ_CHECK(c, BIND_MAGIC);
	c->busy++;
}

static void leave(struct bind_conn *c)
{
	c->busy--;
	if (c->busy) {
		return;
	}
	if (c->ended) {
		carry_out_end(c);
	} else {
		arm(c);
	}
}

static void write_octets(struct bind_conn *c, const struct buf *b)
{
	int err = c->ended ? ERR_CLOSED : net_stream_write(c->stream, b->p, b->len);

	if (err) {
		note_end(c, err, err == ERR_LIMIT ? "the peer does not read" : err_str(err));
	}
}

static void send_bare(struct bind_conn *c, uint32_t command, uint32_t status, uint32_t sequence)
{
	uint8_t octets[SMPP_HEADER_LEN];
	struct buf b = buf_over(octets, sizeof octets);

	if (!smpp_encode_refusal(&b, command, status, sequence)) {
		write_octets(c, &b);
	}
}

static void tell_refused(struct bind_conn *c, uint32_t command, uint32_t status)
{
	if (c->cb->on_refused) {
		c->cb->on_refused(c->arg, c, command, status);
	}
}

/* The body of a response that reports an error may be anything. */
static void take_answer(struct bind_conn *c, const struct smpp_todo *todo, const uint8_t *pdu, size_t len)
{
	bool readable = smpp_decode(&c->in, pdu, len) == SMPP_ROK && c->in.header.command == (todo->command | SMPP_RESP);
	uint32_t status = !readable && todo->status == SMPP_ROK ? (uint32_t)SMPP_RUNKNOWNERR : todo->status;

	c->cb->on_answer(c->arg, c, todo->token, status, readable ? &c->in : NULL);
}

static void take_request(struct bind_conn *c, const struct smpp_todo *todo, const uint8_t *pdu, size_t len)
{
	enum smpp_status s = smpp_decode(&c->in, pdu, len);

	if (s != SMPP_ROK) {
		log_info(c->conf.log, "smpp", "%s: %s refused with %s: %s", c->peer, smpp_command_name(todo->command),
			 smpp_status_name(s), smpp_status_words(s));
		bind_refuse(c, todo->command, s, todo->sequence);
		tell_refused(c, todo->command, s);
		return;
	}
	c->cb->on_request(c->arg, c, &c->in);
}

static void act(struct bind_conn *c, const struct smpp_todo *todo, const uint8_t *pdu, size_t len)
{
	switch (todo->what) {
	case SMPP_DO_REQUEST:
		take_request(c, todo, pdu, len);
		break;
	case SMPP_DO_NOTE:
		if (c->cb->on_note && smpp_decode(&c->in, pdu, len) == SMPP_ROK) {
			c->cb->on_note(c->arg, c, &c->in);
		}
		break;
	case SMPP_DO_ANSWER:
		take_answer(c, todo, pdu, len);
		break;
	case SMPP_DO_SEND:
		if (todo->reason) {
			log_info(c->conf.log, "smpp", "%s: refused with %s: %s", c->peer, smpp_status_name(todo->status),
				 todo->reason);
		}
		send_bare(c, todo->command, todo->status, todo->sequence);
		if (todo->reason) {
			tell_refused(c, todo->command & ~SMPP_RESP, todo->status);
		}
		break;
	case SMPP_DO_EXPIRED:
		c->cb->on_lost(c->arg, c, todo->token, ERR_TIMEOUT);
		break;
	case SMPP_DO_CLOSE:
		note_end(c, ERR_CLOSED, todo->reason);
		break;
	case SMPP_DO_NOTHING:
		break;
	}
	if (todo->close) {
		note_end(c, ERR_CLOSED, "unbound");
	}
}

static void tick(struct bind_conn *c)
{
	struct smpp_todo todo;

	do {
		smpp_session_tick(c->session, net_loop_now_ms(c->loop), &todo);
		act(c, &todo, NULL, 0);
	} while (todo.what != SMPP_DO_NOTHING && !c->ended);
}

/* A peer that is bound has proven itself: it may send longer PDUs. */
static void look_at_bound(struct bind_conn *c)
{
	if (smpp_session_bound(c->session) != SMPP_OPEN) {
		smpp_frame_limit(&c->frame, c->conf.pdu_max);
	}
}

static int on_pdu(void *arg, const uint8_t *pdu, size_t len)
{
	struct bind_conn *c = OBJ_OF(arg, struct bind_conn, BIND_MAGIC);
	struct smpp_header h;
	struct smpp_todo todo;

	if (c->ended || smpp_header_parse(&h, pdu, len)) {
		return ERR_CLOSED;
	}
	smpp_session_receive(c->session, &h, net_loop_now_ms(c->loop), &todo);
	act(c, &todo, pdu, len);
	tick(c);
	look_at_bound(c);
	return c->ended ? ERR_CLOSED : 0;
}

static void on_data(void *arg, const uint8_t *p, size_t n)
{
	struct bind_conn *c = OBJ_OF(arg, struct bind_conn, BIND_MAGIC);
	int err;

	enter(c);
	err = c->ended ? 0 : smpp_frame_feed(&c->frame, p, n, on_pdu, c);
	if (!c->ended && (err == ERR_PROTO || err == ERR_LIMIT)) {
		send_bare(c, SMPP_GENERIC_NACK, SMPP_RINVCMDLEN, c->frame.refused.sequence);
		tell_refused(c, SMPP_GENERIC_NACK, SMPP_RINVCMDLEN);
		note_end(c, err, err == ERR_PROTO ? "a command length below 16" : "a PDU longer than the limit");
	} else if (!c->ended && err) {
		note_end(c, err, err_str(err));
	}
	leave(c);
}

static void on_open(void *arg)
{
	struct bind_conn *c = OBJ_OF(arg, struct bind_conn, BIND_MAGIC);

	enter(c);
	if (!c->ended && c->cb->on_open) {
		c->cb->on_open(c->arg, c);
	}
	leave(c);
}

static void on_close(void *arg, int err, const char *why)
{
	struct bind_conn *c = OBJ_OF(arg, struct bind_conn, BIND_MAGIC);

	enter(c);
	note_end(c, err, why ? why : err_str(err));
	leave(c);
}

static void on_timer(void *arg)
{
	struct bind_conn *c = OBJ_OF(arg, struct bind_conn, BIND_MAGIC);

	enter(c);
	if (!c->ended) {
		tick(c);
	}
	leave(c);
}

int bind_conn_new(struct bind_conn **out, struct net_loop *loop, struct net_stream *stream, const struct bind_conf *conf,
		  const struct bind_cb *cb, void *arg)
{
	static const struct net_stream_cb stream_cb = { .on_open = on_open, .on_data = on_data, .on_close = on_close };
	struct bind_conn *c = calloc(1, sizeof *c);

	if (!c) {
		return ERR_NOMEM;
	}
	obj_begin(&c->obj, BIND_MAGIC);
	c->conf = *conf;
	c->cb = cb;
	c->arg = arg;
	c->loop = loop;
	if (net_timer_new(&c->timer, loop, on_timer, c)) {
		goto free_conn;
	}
	if (smpp_session_new(&c->session, &conf->session, conf->in_state, net_loop_now_ms(loop))) {
		goto free_timer;
	}
	smpp_frame_init(&c->frame, BIND_PDU_MAX);
	c->stream = stream;
	str_cut(c->peer, sizeof c->peer, net_stream_peer(stream));
	net_stream_set_cb(stream, &stream_cb, c);
	arm(c);
	*out = c;
	return 0;

free_timer:
	net_timer_free(c->timer);
free_conn:
	OBJ_END(c, BIND_MAGIC);
	free(c);
	return ERR_NOMEM;
}

/* Room for the PDU: its texts have a bound, its octets and lists are as long as they say. */
static size_t room_for(const struct smpp_pdu *p)
{
	size_t n = TEXTS_ROOM + p->short_message.len + p->destinations.len + p->failures.len;

	for (unsigned i = 0; i < SMPP_TLV_N; i++) {
		n += smpp_has(p, (enum smpp_tlv)i) ? p->octets[i].len : 0;
	}
	return n;
}

static int send_pdu(struct bind_conn *c, const struct smpp_pdu *p)
{
	size_t cap = room_for(p);
	uint8_t *octets = malloc(cap);
	struct buf b = buf_over(octets, cap);
	int err = octets ? smpp_encode(&b, p) : ERR_NOMEM;

	if (!err) {
		err = net_stream_write(c->stream, b.p, b.len);
	}
	free(octets);
	return err;
}

int bind_request(struct bind_conn *c, const struct smpp_pdu *p, uint64_t token)
{
	struct smpp_pdu copy = *p;
	int err;

	OBJ_CHECK(c, BIND_MAGIC);
	if (c->ended) {
		return ERR_CLOSED;
	}
	err = smpp_session_request(c->session, p->header.command, token, net_loop_now_ms(c->loop), &copy.header.sequence);
	if (err) {
		return err;
	}
	err = send_pdu(c, &copy);
	if (err) {
		smpp_session_unsent(c->session, copy.header.sequence);
	}
	if (!c->busy) {
		arm(c);
	}
	return err;
}

/* The session learns that one request less is owed; what waited for that is due. */
static void answered(struct bind_conn *c, uint32_t command, uint32_t status)
{
	uint32_t request = command & ~SMPP_RESP;

	if (request == SMPP_BIND_RECEIVER || request == SMPP_BIND_TRANSMITTER || request == SMPP_BIND_TRANSCEIVER) {
		smpp_session_bind_answered(c->session, status, net_loop_now_ms(c->loop));
		if (status != SMPP_ROK) {
			note_end(c, ERR_AUTH, "the bind was refused");
		}
		look_at_bound(c);
	} else {
		smpp_session_answered(c->session, net_loop_now_ms(c->loop));
	}
	if (!c->busy) {
		arm(c);
	}
}

void bind_answer(struct bind_conn *c, const struct smpp_pdu *p)
{
	int err;

	OBJ_CHECK(c, BIND_MAGIC);
	if (c->ended) {
		return;
	}
	err = send_pdu(c, p);
	if (err) {
		note_end(c, err, err == ERR_LIMIT ? "the peer does not read" : err_str(err));
	}
	answered(c, p->header.command, p->header.status);
}

void bind_refuse(struct bind_conn *c, uint32_t command, uint32_t status, uint32_t sequence)
{
	OBJ_CHECK(c, BIND_MAGIC);
	if (c->ended) {
		return;
	}
	send_bare(c, command | SMPP_RESP, status, sequence);
	answered(c, command, status);
}

void bind_window_in(struct bind_conn *c, uint32_t window_in)
{
	OBJ_CHECK(c, BIND_MAGIC);
	smpp_session_window_in(c->session, window_in);
}

void bind_unbind(struct bind_conn *c)
{
	struct smpp_todo todo;

	OBJ_CHECK(c, BIND_MAGIC);
	if (c->ended) {
		return;
	}
	if (smpp_session_unbind(c->session, net_loop_now_ms(c->loop), &todo)) {
		note_end(c, ERR_CLOSED, "closed by us");
		return;
	}
	send_bare(c, todo.command, todo.status, todo.sequence);
	if (!c->busy) {
		arm(c);
	}
}

void bind_free(struct bind_conn *c)
{
	if (!c) {
		return;
	}
	smpp_session_closed(c->session);
	release(c);
}

const struct smpp_session *bind_session(const struct bind_conn *c)
{
	return c->session;
}

struct net_stream *bind_stream(const struct bind_conn *c)
{
	return c->stream;
}

const char *bind_peer(const struct bind_conn *c)
{
	return c->peer;
}
