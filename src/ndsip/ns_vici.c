/* ns_vici.c - one connection to charon.
 *
 *   (none) --open--> REGISTERING --all confirmed--> UP
 *      ^                  |                          |
 *      +------ end of file, silence, not VICI -------+
 *
 * charon answers in the order of the commands, so one is on its way at a time, and an answer
 * belongs to it. Octets are gathered to a packet of at most VICI_PACKET_MAX. */
#include "ndsip/ns_vici.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/obj.h"
#include "base/str.h"
#include "net/net_tcp.h"

static const char *const events[] = { "list-sa", "ike-updown", "child-updown", "ike-rekey", "child-rekey", NULL };

struct command {
	ns_vici_done_fn *done;
	void *arg;
	bool sent;
	TAILQ_ENTRY(command) entry;
	size_t len;
	uint8_t octets[];
};

#define NS_VICI_MAGIC 0x71c3a80du
struct ns_vici {
	struct obj obj;
	struct ns_vici_conf conf;
	struct net_stream *stream; /* NULL: none */
	struct net_timer *silence; /* runs while an answer is awaited */
	struct net_timer *later;   /* ends the connection outside of its callbacks */
	unsigned registered;       /* of events[] */
	bool up;
	bool ending;
	char why[128];
	TAILQ_HEAD(, command) commands; /* the first one may be sent */
	unsigned waiting;
	uint8_t *in; /* VICI_LENGTH_LEN + VICI_PACKET_MAX octets */
	size_t in_len;
};
OBJ_FIRST(struct ns_vici);

/* -- the end */

static void forget(struct ns_vici *v, bool tell)
{
	struct command *c;

	net_timer_stop(v->silence);
	net_timer_stop(v->later);
	net_stream_abort(v->stream);
	v->stream = NULL;
	v->in_len = 0;
	v->registered = 0;
	v->up = v->ending = false;
	while ((c = TAILQ_FIRST(&v->commands))) {
		TAILQ_REMOVE(&v->commands, c, entry);
		v->waiting--;
		if (tell) {
			c->done(c->arg, ERR_CLOSED, NULL);
		}
		free(c);
	}
}

static void end_now(struct ns_vici *v)
{
	forget(v, true);
	v->conf.on_down(v->conf.arg, v->why);
}

static void on_later(void *arg)
{
	struct ns_vici *v = OBJ_OF(arg, struct ns_vici, NS_VICI_MAGIC);

	if (v->ending) {
		end_now(v);
	}
}

void ns_vici_close(struct ns_vici *v, const char *why)
{
	OBJ_CHECK(v, NS_VICI_MAGIC);
	if (!v->stream || v->ending) {
		return;
	}
	str_cut(v->why, sizeof v->why, why);
	v->ending = true;
	net_stream_pause(v->stream);
	net_timer_start(v->later, 0);
}

static void on_silence(void *arg)
{
	ns_vici_close(OBJ_OF(arg, struct ns_vici, NS_VICI_MAGIC), "strongSwan does not answer in time");
}

/* -- sending */

static int write_octets(struct ns_vici *v, const void *p, size_t len)
{
	int err = net_stream_write(v->stream, p, len);

	if (!err) {
		net_timer_start(v->silence, v->conf.wait_ms);
	}
	return err;
}

/* One command is on its way, and registrations come before all of them. */
static void send_next(struct ns_vici *v)
{
	struct command *c = TAILQ_FIRST(&v->commands);

	if (!v->up || v->ending) {
		return;
	}
	if (!c) {
		net_timer_stop(v->silence);
		return;
	}
	if (!c->sent) {
		c->sent = true;
		if (write_octets(v, c->octets, c->len)) {
			ns_vici_close(v, "strongSwan does not read");
		}
	}
}

int ns_vici_send(struct ns_vici *v, struct vici_out *command, ns_vici_done_fn *done, void *arg)
{
	struct command *c;
	size_t len;
	int err = vici_out_end(command, &len);

	OBJ_CHECK(v, NS_VICI_MAGIC);
	if (err) {
		return err;
	}
	if (!v->up || v->ending) {
		return ERR_CLOSED;
	}
	if (v->waiting == NS_COMMANDS_MAX) {
		return ERR_BUSY;
	}
	c = calloc(1, sizeof *c + len);
	if (!c) {
		return ERR_NOMEM;
	}
	c->done = done;
	c->arg = arg;
	c->len = len;
	memcpy(c->octets, command->b.p, len);
	TAILQ_INSERT_TAIL(&v->commands, c, entry);
	v->waiting++;
	send_next(v);
	return 0;
}

static void register_next(struct ns_vici *v)
{
	uint8_t room[64];
	struct vici_out o = vici_out_over(room, sizeof room);
	size_t len;

	vici_put_register(&o, events[v->registered]);
	if (vici_out_end(&o, &len) || write_octets(v, room, len)) {
		ns_vici_close(v, "strongSwan does not read");
	}
}

/* -- receiving */

static void on_confirmed(struct ns_vici *v)
{
	if (v->up) {
		ns_vici_close(v, "strongSwan confirmed what nobody asked");
		return;
	}
	v->registered++;
	if (events[v->registered]) {
		register_next(v);
		return;
	}
	net_timer_stop(v->silence);
	v->up = true;
	v->conf.on_up(v->conf.arg);
}

static void on_answer(struct ns_vici *v, const struct vici_packet *packet)
{
	struct command *c = TAILQ_FIRST(&v->commands);

	if (!v->up || !c || !c->sent) {
		ns_vici_close(v, "strongSwan answered what nobody asked");
		return;
	}
	TAILQ_REMOVE(&v->commands, c, entry);
	v->waiting--;
	c->done(c->arg, packet->type == VICI_RESPONSE ? 0 : ERR_NOTFOUND, packet->type == VICI_RESPONSE ? packet : NULL);
	free(c);
	send_next(v);
}

static void on_packet(struct ns_vici *v, const uint8_t *p, size_t len)
{
	struct vici_packet packet;

	if (vici_packet_read(&packet, p, len)) {
		ns_vici_close(v, "what came from strongSwan is not VICI");
		return;
	}
	switch (packet.type) {
	case VICI_EVENT:
		if (TAILQ_FIRST(&v->commands)) {
			net_timer_start(v->silence, v->conf.wait_ms); /* a long list is no silence */
		}
		if (v->up) {
			v->conf.on_event(v->conf.arg, &packet);
		}
		break;
	case VICI_CONFIRM:
		on_confirmed(v);
		break;
	case VICI_UNKNOWN_EVENT:
		ns_vici_close(v, "this strongSwan does not report the events of security associations");
		break;
	case VICI_RESPONSE:
	case VICI_UNKNOWN_COMMAND:
		on_answer(v, &packet);
		break;
	default:
		ns_vici_close(v, "strongSwan sent what only its clients send");
		break;
	}
}

/* All whole packets of what has been gathered; the rest moves to the front. */
static void take_packets(struct ns_vici *v)
{
	size_t at = 0, n;
	int err = 0;

	while (!v->ending && (err = vici_frame(&n, v->in + at, v->in_len - at)) == 0) {
		on_packet(v, v->in + at + VICI_LENGTH_LEN, n - VICI_LENGTH_LEN);
		at += n;
	}
	if (err && err != ERR_AGAIN) {
		ns_vici_close(v, "what came from strongSwan is not VICI");
	}
	memmove(v->in, v->in + at, v->in_len - at);
	v->in_len -= at;
}

static void on_data(void *arg, const uint8_t *p, size_t n)
{
	struct ns_vici *v = OBJ_OF(arg, struct ns_vici, NS_VICI_MAGIC);

	while (n && !v->ending) {
		size_t room = VICI_LENGTH_LEN + VICI_PACKET_MAX - v->in_len, len = n < room ? n : room;

		memcpy(v->in + v->in_len, p, len);
		v->in_len += len;
		p += len;
		n -= len;
		take_packets(v);
	}
}

static void on_open(void *arg)
{
	register_next(OBJ_OF(arg, struct ns_vici, NS_VICI_MAGIC));
}

static void on_close(void *arg, int err, const char *why)
{
	(void)err;
	ns_vici_close(OBJ_OF(arg, struct ns_vici, NS_VICI_MAGIC), why);
}

static const struct net_stream_cb stream_cb = { .on_open = on_open, .on_data = on_data, .on_close = on_close };

/* -- life */

int ns_vici_open(struct ns_vici *v, int fd)
{
	int err;

	OBJ_CHECK(v, NS_VICI_MAGIC);
	if (v->stream) {
		str_cut(v->why, sizeof v->why, "another connection takes its place");
		end_now(v);
	}
	err = net_tcp_accept(&v->stream, v->conf.loop, fd, "strongSwan", NULL, &stream_cb, v);
	if (err) {
		close(fd);
		v->stream = NULL;
	}
	return err;
}

bool ns_vici_up(const struct ns_vici *v)
{
	return v->up && !v->ending;
}

unsigned ns_vici_waiting(const struct ns_vici *v)
{
	return v->waiting;
}

int ns_vici_new(struct ns_vici **out, const struct ns_vici_conf *conf)
{
	struct ns_vici *v = calloc(1, sizeof *v);
	int err = ERR_NOMEM;

	if (!v) {
		return ERR_NOMEM;
	}
	obj_begin(&v->obj, NS_VICI_MAGIC);
	v->conf = *conf;
	v->conf.wait_ms = conf->wait_ms ? conf->wait_ms : NS_VICI_WAIT_MS;
	TAILQ_INIT(&v->commands);
	v->in = malloc(VICI_LENGTH_LEN + VICI_PACKET_MAX);
	if (v->in) {
		err = net_timer_new(&v->silence, conf->loop, on_silence, v);
	}
	if (!err) {
		err = net_timer_new(&v->later, conf->loop, on_later, v);
	}
	if (err) {
		ns_vici_free(v);
		return err;
	}
	*out = v;
	return 0;
}

void ns_vici_free(struct ns_vici *v)
{
	if (!v) {
		return;
	}
	OBJ_CHECK(v, NS_VICI_MAGIC);
	if (v->silence && v->later) {
		forget(v, false);
	}
	net_timer_free(v->silence);
	net_timer_free(v->later);
	free(v->in);
	OBJ_END(v, NS_VICI_MAGIC);
	free(v);
}

/* -- responses */

bool ns_vici_success(const struct vici_packet *response, char *why, size_t why_size)
{
	struct vici_section s = response->message;
	struct vici_element e;
	bool success = false;
	size_t n = 0;

	why[0] = 0;
	while (vici_next(&s, &e)) {
		if (e.kind == VICI_VALUE && vici_text_is(&e.key, "success")) {
			success = vici_text_is(&e.value, "yes");
		} else if (e.kind == VICI_VALUE && vici_text_is(&e.key, "errmsg")) {
			for (n = 0; n < e.value.len && n + 1 < why_size; n++) {
				char c = e.value.p[n];

				why[n] = c >= 0x20 && c <= 0x7e ? c : '?';
			}
			why[n] = 0;
		}
	}
	return success;
}
