/* smssc_ues.c - the lab link (docs/user/ue-link.md): mobiles connect over a UNIX socket, register,
 * receive their messages and answer. A client that breaks the protocol loses its connection and
 * harms no other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "base/container.h"
#include "base/fault.h"
#include "base/shown.h"
#include "base/str.h"
#include "net/net_tcp.h"
#include "nodes/smssc/smssc_mo.h"

enum { SOCKET_MODE = 0660, BACKLOG = 64, WRITE_QUEUE_MAX = 64 * 1024 * 1024 };

#define UE_CONN_MAGIC 0xdb2e9a64u
struct smssc_ue_conn {
	struct obj obj;
	struct dlv_conn dlv; /* the machine knows us by it */
	struct smssc *s;
	struct net_stream *stream;
	struct sms_framer framer;
	/* destination of data frames until another is named; at first the first registered */
	char current[SMS_IMSI_MAX + 1];
	const char *broken; /* why it is being dropped */
	struct smssc_ue_conn *prev, *next;
};

static struct smssc_ue_conn *conn_of(struct dlv_conn *dlv)
{
	struct smssc_ue_conn *c = CONTAINER_OF(dlv, struct smssc_ue_conn, dlv);

	OBJ_CHECK(c, UE_CONN_MAGIC);
	return c;
}

static void conn_end(struct smssc_ue_conn *c)
{
	struct smssc *s = c->s;

	if (s->dlv) { /* else the whole SMS-SC ends: that is no reason to give a mobile up */
		dlv_conn_lost(s->dlv, &c->dlv, smssc_now(s));
	}
	smssc_mo_forget(s, c);
	net_stream_close(c->stream);
	DL_DELETE(s->ue_conns, c);
	s->ue_conns_n--;
	OBJ_END(c, UE_CONN_MAGIC);
	free(c);
}

static void send_imsi(struct smssc_ue_conn *c, enum sms_frame_type type, const char *imsi)
{
	uint8_t octets[SMS_FRAME_MAX];
	struct buf b = buf_over(octets, sizeof octets);

	sms_frame_imsi_build(&b, type, imsi);
	if (net_stream_write(c->stream, b.p, b.len)) {
		log_debug(&c->s->log, "ue", "%s could not be informed that it has left", imsi);
	}
}

static int on_register(struct smssc_ue_conn *c, const uint8_t *body, size_t len)
{
	char imsi[SMS_IMSI_MAX + 1];

	if (sms_frame_imsi_parse(imsi, body, len)) {
		return ERR_PROTO;
	}
	if (!*c->current) {
		memcpy(c->current, imsi, sizeof imsi);
	}
	if (dlv_register(c->s->dlv, &c->dlv, imsi, smssc_now(c->s))) {
		log_warn(&c->s->log, "ue", "%s not registered: too many mobiles", imsi);
		send_imsi(c, SMS_FRAME_GONE, imsi);
	}
	return 0;
}

static int on_gone(struct smssc_ue_conn *c, const uint8_t *body, size_t len)
{
	char imsi[SMS_IMSI_MAX + 1];

	if (sms_frame_imsi_parse(imsi, body, len)) {
		return ERR_PROTO;
	}
	dlv_unregister(c->s->dlv, &c->dlv, imsi, smssc_now(c->s));
	return 0;
}

static int on_ack(struct smssc_ue_conn *c, const uint8_t *body, size_t len)
{
	const uint8_t *rpdu;
	struct sms_rp rp;
	size_t rpdu_len;
	uint64_t id;

	if (sms_frame_rpdu_parse(&id, &rpdu, &rpdu_len, body, len) || sms_rp_parse(&rp, rpdu, rpdu_len)) {
		return ERR_PROTO;
	}
	FAULT_POINT(SMSSC_ACK_TAKEN);
	dlv_ack(c->s->dlv, &c->dlv, id, &rp, smssc_now(c->s));
	return 0;
}

static int on_submit(struct smssc_ue_conn *c, const uint8_t *body, size_t len)
{
	char imsi[SMS_IMSI_MAX + 1];
	const uint8_t *rpdu;
	size_t rpdu_len;

	if (sms_frame_submit_parse(imsi, &rpdu, &rpdu_len, body, len)) {
		return ERR_PROTO;
	}
	return smssc_mo_take(c->s, c, imsi, rpdu, rpdu_len);
}

bool smssc_ues_has(const struct smssc *s, const struct smssc_ue_conn *c, const char *imsi)
{
	return dlv_has(s->dlv, &c->dlv, imsi);
}

void smssc_ues_answer(struct smssc_ue_conn *c, const char *imsi, uint8_t reference, uint8_t cause)
{
	uint8_t octets[SMS_FRAME_MAX], rpdu[8];
	struct buf b = buf_over(octets, sizeof octets), r = buf_over(rpdu, sizeof rpdu);

	sms_rp_result_build(&r, reference, cause);
	sms_frame_submit_build(&b, SMS_FRAME_SUBMIT_ACK, imsi, r.p, r.len);
	if (net_stream_write(c->stream, b.p, b.len)) {
		log_debug(&c->s->log, "ue", "an answer to %s could not be sent", imsi);
	}
}

static int on_frame(void *arg, uint8_t type, const uint8_t *body, size_t len)
{
	struct smssc_ue_conn *c = OBJ_OF(arg, struct smssc_ue_conn, UE_CONN_MAGIC);
	int err;

	switch (type) {
	case SMS_FRAME_REGISTER:
		err = on_register(c, body, len);
		c->broken = "a registration without an IMSI of 6 to 15 digits";
		break;
	case SMS_FRAME_DATA_ACK:
		err = on_ack(c, body, len);
		c->broken = "an acknowledgement that is no delivery id and RPDU";
		break;
	case SMS_FRAME_GONE:
		err = on_gone(c, body, len);
		c->broken = "a sign-off without an IMSI of 6 to 15 digits";
		break;
	case SMS_FRAME_SUBMIT:
		err = on_submit(c, body, len);
		c->broken = "a message that is no IMSI and RP-DATA of a mobile";
		break;
	default:
		c->broken = "a frame of a type that mobiles do not send";
		return ERR_PROTO;
	}
	return err;
}

static void on_data(void *arg, const uint8_t *p, size_t n)
{
	struct smssc_ue_conn *c = OBJ_OF(arg, struct smssc_ue_conn, UE_CONN_MAGIC);
	int err;

	c->broken = "a frame of impossible length";
	err = sms_frame_feed(&c->framer, p, n, on_frame, c);
	if (!err) {
		return;
	}
	log_warn(&c->s->log, "ue", "connection dropped: %s", c->broken);
	conn_end(c);
}

static void on_close(void *arg, int err, const char *why)
{
	struct smssc_ue_conn *c = OBJ_OF(arg, struct smssc_ue_conn, UE_CONN_MAGIC);
	char mobiles[SHOWN_COUNT_MAX];

	log_info(&c->s->log, "ue", "connection of %s ended: %s", shown_count(mobiles, c->dlv.ues_n, "mobile"),
		 why ? why : err_str(err));
	conn_end(c);
}

static void on_accept(void *arg, int fd, const char *peer)
{
	static const struct net_stream_cb cb = { .on_data = on_data, .on_close = on_close };
	const struct net_stream_conf conf = { .write_queue_max = WRITE_QUEUE_MAX };
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);
	struct smssc_ue_conn *c = NULL;

	if (s->ue_conns_n < s->conf.limits.ue_connections) {
		c = calloc(1, sizeof *c);
	}
	if (!c || net_tcp_accept(&c->stream, s->loop, fd, peer, &conf, &cb, c)) {
		log_warn(&s->log, "ue", "connection refused: %s", c ? "out of memory" : "too many");
		free(c);
		close(fd);
		return;
	}
	obj_begin(&c->obj, UE_CONN_MAGIC);
	c->s = s;
	DL_APPEND(s->ue_conns, c);
	s->ue_conns_n++;
}

int smssc_ues_send(void *arg, struct dlv_conn *conn, const char *imsi, uint64_t id, const uint8_t *rpdu, size_t len)
{
	struct smssc_ue_conn *c = conn_of(conn);
	uint8_t octets[2 * SMS_FRAME_MAX];
	struct buf b = buf_over(octets, sizeof octets);
	int err;

	(void)arg;
	if (strcmp(c->current, imsi) != 0) {
		sms_frame_imsi_build(&b, SMS_FRAME_REGISTER, imsi);
	}
	sms_frame_rpdu_build(&b, SMS_FRAME_DATA, id, rpdu, len);
	err = b.full ? ERR_LIMIT : net_stream_write(c->stream, b.p, b.len);
	FAULT_POINT(SMSSC_PART_QUEUED);
	if (!err) {
		str_cut(c->current, sizeof c->current, imsi);
	}
	return err;
}

void smssc_ues_taken_over(void *arg, struct dlv_conn *old, const char *imsi)
{
	(void)arg;
	send_imsi(conn_of(old), SMS_FRAME_GONE, imsi);
}

int smssc_ues_start(struct smssc *s)
{
	int err = net_unix_bind(&s->ue_fd, s->conf.ue_socket, SOCKET_MODE, BACKLOG);

	if (err) {
		s->ue_fd = -1;
		return err;
	}
	return net_listener_new(&s->ue_listener, s->loop, s->ue_fd, on_accept, s);
}

void smssc_ues_end(struct smssc *s)
{
	net_listener_free(s->ue_listener);
	s->ue_listener = NULL;
	if (s->ue_fd >= 0) {
		unlink(s->conf.ue_socket);
		close(s->ue_fd);
		s->ue_fd = -1;
	}
	while (s->ue_conns) {
		conn_end(s->ue_conns);
	}
	smssc_mo_end(s);
}
