/* ue_link.c - the connection to the SMS-SC (docs/user/ue-link.md). A lost connection is made again.
 * After each connect all present devices register. */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/fault.h"
#include "base/shown.h"
#include "base/str.h"
#include "net/net_tcp.h"
#include "nodes/common/node.h"
#include "nodes/ue/ue.h"

enum { RECONNECT_MIN_MS = 100, RECONNECT_MAX_MS = 5000, WRITE_QUEUE_MAX = 64 * 1024 * 1024, LATE_MAX = 10000 };

#define UE_LATE_MAGIC 0x1aee77a0u
struct ue_late {
	struct obj obj;
	struct ue *u;
	struct net_timer *timer;
	char imsi[SMS_IMSI_MAX + 1];
	uint64_t id;
	uint8_t reference, cause;
	struct ue_late *prev, *next;
};
OBJ_FIRST(struct ue_late);

static void connect_now(void *arg);

static void drop(struct ue *u, const char *why)
{
	if (u->connected || u->reconnect_ms == RECONNECT_MIN_MS) {
		log_warn(&u->log, "link", "%s: %s; connecting again%s", u->link_path, why,
			 u->connected ? "" : " (is mtc-smssc running, with this path as its ue_socket?)");
	}
	net_stream_close(u->stream);
	u->stream = NULL;
	u->connected = false;
	net_timer_start(u->reconnect, u->reconnect_ms);
	u->reconnect_ms = u->reconnect_ms * 2 < RECONNECT_MAX_MS ? u->reconnect_ms * 2 : RECONNECT_MAX_MS;
}

static void write_frame(struct ue *u, const struct buf *b)
{
	int err = !u->connected || b->full ? ERR_CLOSED : net_stream_write(u->stream, b->p, b->len);

	if (err) {
		log_debug(&u->log, "link", "a frame could not be sent: %s", err_str(err));
	}
}

void ue_link_imsi(struct ue *u, enum sms_frame_type type, const char *imsi)
{
	uint8_t octets[SMS_FRAME_MAX];
	struct buf b = buf_over(octets, sizeof octets);

	if (type == SMS_FRAME_REGISTER && u->connected && !*u->current) {
		str_set(u->current, sizeof u->current, imsi);
	}
	sms_frame_imsi_build(&b, type, imsi);
	write_frame(u, &b);
}

static void send_answer(struct ue *u, uint64_t id, uint8_t reference, uint8_t cause)
{
	uint8_t octets[SMS_FRAME_MAX], rpdu[8];
	struct buf b = buf_over(octets, sizeof octets), r = buf_over(rpdu, sizeof rpdu);

	if (cause) {
		sms_rp_error_build(&r, reference, cause);
	} else {
		sms_rp_ack_build(&r, reference);
	}
	sms_frame_rpdu_build(&b, SMS_FRAME_DATA_ACK, id, r.p, r.len);
	write_frame(u, &b);
	FAULT_POINT(UE_ACK_QUEUED);
}

static void late_end(struct ue_late *l)
{
	DL_DELETE(l->u->late, l);
	l->u->late_n--;
	net_timer_free(l->timer);
	OBJ_END(l, UE_LATE_MAGIC);
	free(l);
}

static void on_late(void *arg)
{
	struct ue_late *l = OBJ_OF(arg, struct ue_late, UE_LATE_MAGIC);
	const struct ue_device *device = ue_devices_find(&l->u->devices, l->imsi);

	if (device && !device->absent) {
		send_answer(l->u, l->id, l->reference, l->cause);
	}
	late_end(l);
}

void ue_link_answer(struct ue *u, const char *imsi, uint64_t id, uint8_t reference, uint8_t cause)
{
	const struct ue_device *device = ue_devices_find(&u->devices, imsi);
	struct ue_late *l = device && device->slow_ms && u->late_n < LATE_MAX ? calloc(1, sizeof *l) : NULL;

	if (l && net_timer_new(&l->timer, u->loop, on_late, l)) {
		free(l);
		l = NULL;
	}
	if (!l) {
		send_answer(u, id, reference, cause);
		return;
	}
	obj_begin(&l->obj, UE_LATE_MAGIC);
	l->u = u;
	str_set(l->imsi, sizeof l->imsi, imsi);
	l->id = id;
	l->reference = reference;
	l->cause = cause;
	DL_APPEND(u->late, l);
	u->late_n++;
	net_timer_start(l->timer, device->slow_ms);
}

static int on_gone(struct ue *u, const uint8_t *body, size_t len)
{
	char imsi[SMS_IMSI_MAX + 1];
	struct ue_device *device;
	int err = sms_frame_imsi_parse(imsi, body, len);

	if (err) {
		return err;
	}
	device = ue_devices_find(&u->devices, imsi);
	if (!device) {
		return 0;
	}
	device->replaced = true;
	u->counts.replaced++;
	node_out_event(&u->out, json_pack("{s:s, s:s}", "event", "replaced", "imsi", imsi));
	return 0;
}

static int on_frame(void *arg, uint8_t type, const uint8_t *body, size_t len)
{
	struct ue *u = OBJ_OF(arg, struct ue, UE_MAGIC);
	const uint8_t *rpdu;
	size_t rpdu_len;
	uint64_t id;

	switch (type) {
	case SMS_FRAME_REGISTER:
		return sms_frame_imsi_parse(u->current, body, len);
	case SMS_FRAME_GONE:
		return on_gone(u, body, len);
	case SMS_FRAME_DATA:
		if (sms_frame_rpdu_parse(&id, &rpdu, &rpdu_len, body, len)) {
			return ERR_PROTO;
		}
		ue_take(u, u->current, id, rpdu, rpdu_len);
		return 0;
	case SMS_FRAME_SUBMIT_ACK:
		return ue_send_answered(u, body, len);
	default:
		return ERR_PROTO;
	}
}

int ue_link_submit(struct ue *u, const char *imsi, const uint8_t *rpdu, size_t len)
{
	uint8_t octets[2 * SMS_FRAME_MAX];
	struct buf b = buf_over(octets, sizeof octets);

	sms_frame_submit_build(&b, SMS_FRAME_SUBMIT, imsi, rpdu, len);
	return !u->connected || b.full ? ERR_CLOSED : net_stream_write(u->stream, b.p, b.len);
}

static void register_one(void *arg, const char *imsi, struct ue_device *device)
{
	if (!device->absent && !device->replaced) {
		ue_link_imsi(OBJ_OF(arg, struct ue, UE_MAGIC), SMS_FRAME_REGISTER, imsi);
	}
}

static void on_open(void *arg)
{
	struct ue *u = OBJ_OF(arg, struct ue, UE_MAGIC);
	char devices[SHOWN_COUNT_MAX];

	u->connected = true;
	u->reconnect_ms = RECONNECT_MIN_MS;
	u->framer.len = 0;
	memset(u->current, 0, sizeof u->current);
	/* the number is not of interest */
	(void)ue_devices_each(&u->devices, NULL, register_one, u);
	log_info(&u->log, "link", "connected to %s, %s", u->link_path, shown_count(devices, u->devices.devices_n, "device"));
	if (u->ready_told) {
		return;
	}
	u->ready_told = true;
	node_out_event(&u->out, json_pack("{s:s, s:s, s:I}", "event", "ready", "link", u->link_path, "devices",
					  (json_int_t)u->devices.devices_n));
}

static void on_data(void *arg, const uint8_t *p, size_t n)
{
	struct ue *u = OBJ_OF(arg, struct ue, UE_MAGIC);

	if (sms_frame_feed(&u->framer, p, n, on_frame, u)) {
		drop(u, "a frame that the lab link does not know");
	}
}

static void on_close(void *arg, int err, const char *why)
{
	drop(OBJ_OF(arg, struct ue, UE_MAGIC), why ? why : err_str(err));
}

static void connect_now(void *arg)
{
	static const struct net_stream_cb cb = { .on_open = on_open, .on_data = on_data, .on_close = on_close };
	const struct net_stream_conf conf = { .write_queue_max = WRITE_QUEUE_MAX };
	struct ue *u = OBJ_OF(arg, struct ue, UE_MAGIC);
	int err = net_unix_connect(&u->stream, u->loop, u->link_path, &conf, &cb, u);

	if (err) {
		u->stream = NULL;
		drop(u, err_str(err));
	}
}

int ue_link_start(struct ue *u)
{
	int err = net_timer_new(&u->reconnect, u->loop, connect_now, u);

	u->reconnect_ms = RECONNECT_MIN_MS;
	if (!err) {
		net_timer_start(u->reconnect, 0);
	}
	return err;
}

void ue_link_end(struct ue *u)
{
	while (u->late) {
		late_end(u->late);
	}
	net_timer_free(u->reconnect);
	net_stream_close(u->stream);
	u->stream = NULL;
}
