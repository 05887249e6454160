/* link_recv.c - received messages, one whole message at a time.
 * Each is checked in the order of RFC 6733 7 (version, length, header bits, application,
 * command, AVP structure).
 * Then it becomes an event of the peer machine, a request for the owner or an answer for the
 * requester. */
#include "link/link_conn.h"

#include <string.h>

#include "base/str.h"
#include "diameter/dia_base.h"
#include "peer/peer_capabilities.h"

#define SIDE(l, name) ((l)->peer ? PEER_EV_I_##name : PEER_EV_R_##name)

static bool is_request(const struct dia_hdr *h)
{
	return h->flags & DIA_FLAG_R;
}

static bool is_ours(const struct link_outstanding *request, const struct dia_hdr *h)
{
	return request->out && request->hop_by_hop == h->hop_by_hop && request->end_to_end == h->end_to_end;
}

static bool advertised(const struct link_conf *c, uint32_t application)
{
	if (c->relay) {
		return application != DIA_APP_COMMON;
	}
	for (uint8_t i = 0; i < c->applications_n && i < LINK_APPLICATIONS_MAX; i++) {
		if (c->applications[i] == application) {
			return true;
		}
	}
	return false;
}

/* ---- before the connection is open ---- */

static struct peer_expect expectation(const struct link *l)
{
	struct peer_expect e = { .our_host = l->conf->host,
				 .applications = l->conf->applications,
				 .applications_n = l->conf->applications_n,
				 .relay = l->conf->relay };

	if (l->peer) {
		link_peer_expectation(l->peer, &e.host, &e.realm);
	}
	return e;
}

/* Stores the names in canonical form; they were checked as host names. */
static int remember_names(struct link *l, const struct dia_capabilities *c)
{
	int err = ident_host(l->host, c->origin_host.p, c->origin_host.len);

	return err ? err : ident_host(l->realm, c->origin_realm.p, c->origin_realm.len);
}

static void refuse_cer(struct link *l, const struct dia_msg *m, const struct dia_capabilities *cer, uint32_t result_code,
		       const char *why)
{
	uint32_t bad = result_code == DIA_RESULT_INVALID_AVP_VALUE ? peer_capabilities_bad_name(cer) : 0;
	struct dia_failed failed;
	struct dia_avp avp;

	if (bad && dia_msg_find(m, bad, 0, &avp)) {
		(void)dia_failed_avp(&failed, result_code, &avp, "%s", why);
		link_send_error(l, m, &failed);
	} else {
		link_send_cea(l, result_code);
	}
	LINK_COUNT(l, refused);
	link_finish(l, link_lost_event(l), false, LINK_END_REFUSED, ERR_REFUSED, "%s (%u): %s", dia_result_str(result_code),
		    result_code, why);
}

static void receive_cer(struct link *l, const struct dia_msg *m)
{
	const struct peer_expect expect = expectation(l);
	struct dia_capabilities cer;
	struct dia_failed failed;
	const char *why;
	uint32_t result_code;

	if (dia_capabilities_parse(&cer, m, &failed)) {
		link_send_error(l, m, &failed);
		LINK_COUNT(l, refused);
		link_finish(l, link_lost_event(l), false, LINK_END_REFUSED, ERR_PROTO, "%s (%u): %s",
			    dia_result_str(failed.result_code), failed.result_code, failed.text);
		return;
	}
	l->held_hop_by_hop = m->hdr.hop_by_hop;
	l->held_end_to_end = m->hdr.end_to_end;
	result_code = peer_capabilities_judge(&cer, &expect, &why);
	if (result_code != DIA_RESULT_SUCCESS || remember_names(l, &cer)) {
		refuse_cer(l, m, &cer, result_code, why);
		return;
	}
	dia_frame_limit(l->frame, l->conf->limits.message_len_max);
	link_set_phase(l, LINK_VERDICT);
	l->held_deadline_ms = net_loop_now_ms(l->loop) + (l->conf->cea_wait_ms ? l->conf->cea_wait_ms : 10000);
	if (!l->cb->on_cer) {
		link_admit(l);
		return;
	}
	net_stream_pause(l->stream); /* until the verdict; link_admit() resumes reading */
	l->cb->on_cer(l->arg, l, &cer);
}

static void receive_first(struct link *l, const struct dia_msg *m)
{
	if (!link_is_cer(&m->hdr)) {
		link_finish(l, link_lost_event(l), true, LINK_END_NOT_CER, ERR_PROTO, "command %u of application %u", m->hdr.code,
			    m->hdr.app_id);
		return;
	}
	receive_cer(l, m);
}

static void receive_cea(struct link *l, const struct dia_msg *m)
{
	const struct peer_expect expect = expectation(l);
	struct dia_capabilities cea;
	struct dia_failed failed;
	const char *why;
	int err;

	if (is_request(&m->hdr) || m->hdr.code != DIA_CMD_CAPABILITIES_EXCHANGE || !is_ours(&l->cer, &m->hdr)) {
		link_finish(l, PEER_EV_I_RCV_NON_CEA, false, LINK_END_WRONG_CEA, ERR_PROTO, "command %u came instead",
			    m->hdr.code);
		return;
	}
	if (dia_capabilities_parse(&cea, m, &failed)) {
		link_finish(l, PEER_EV_I_RCV_NON_CEA, false, LINK_END_WRONG_CEA, ERR_PROTO, "%s", failed.text);
		return;
	}
	l->cer.out = false;
	err = peer_capabilities_judge_cea(&cea, &expect, &why);
	if (err == ERR_REFUSED) {
		l->end_result_code = cea.result_code.v;
		link_finish(l, PEER_EV_I_RCV_NON_CEA, false, LINK_END_REFUSED_BY_PEER, err, "%s (%u)",
			    dia_result_str(cea.result_code.v), cea.result_code.v);
		return;
	}
	if (err || remember_names(l, &cea)) {
		link_finish(l, PEER_EV_I_RCV_NON_CEA, false, LINK_END_WRONG_CEA, ERR_PROTO, "%s", why);
		return;
	}
	if (link_event(l, PEER_EV_I_RCV_CEA, m) == 0) {
		link_opened(l);
	}
}

/* ---- the base protocol on an open connection ---- */

/* True if the message has the origin of the peer itself: no peer may speak for another. */
static bool own_origin(struct link *l, const struct dia_msg *m, struct dia_bytes host, struct dia_bytes realm)
{
	struct dia_failed why;

	if (str_equal_nocase(host.p, host.len, l->host, strlen(l->host)) &&
	    str_equal_nocase(realm.p, realm.len, l->realm, strlen(l->realm))) {
		return true;
	}
	dia_failed_set(&why, DIA_RESULT_UNKNOWN_PEER, "Origin-Host and Origin-Realm are not those of this connection");
	link_send_error(l, m, &why);
	link_finish(l, link_lost_event(l), false, LINK_END_FOREIGN_ORIGIN, ERR_PROTO, "command %u", m->hdr.code);
	return false;
}

static void receive_dwr(struct link *l, const struct dia_msg *m)
{
	struct dia_watchdog dwr;
	struct dia_failed failed;

	if (dia_watchdog_parse(&dwr, m, &failed)) {
		link_send_error(l, m, &failed);
	} else if (own_origin(l, m, dwr.origin_host, dwr.origin_realm) && !link_event(l, SIDE(l, RCV_DWR), m) &&
		   link_is_open(l)) {
		link_reopen(l, PEER_REOPEN_EV_DWR);
	}
}

static void receive_dpr(struct link *l, const struct dia_msg *m)
{
	struct dia_disconnect dpr;
	struct dia_failed failed;

	if (dia_disconnect_parse(&dpr, m, &failed)) {
		link_send_error(l, m, &failed);
		return;
	}
	if (!own_origin(l, m, dpr.origin_host, dpr.origin_realm)) {
		return;
	}
	if (link_leaving(l)) {
		l->leave_dpr = true;
		l->leave_hdr = m->hdr;
		l->leave_cause = dpr.disconnect_cause.v;
		return;
	}
	link_leave_by_dpr(l, m, dpr.disconnect_cause.v);
}

void link_leave_by_dpr(struct link *l, const struct dia_msg *dpr, uint32_t cause)
{
	if (link_event(l, SIDE(l, RCV_DPR), dpr)) {
		return;
	}
	l->dpr_received = true;
	l->dpr_cause_received = cause;
	log_info(l->conf->log, "link", "%s: %s disconnects with cause %s (%u)", l->address, l->host,
		 dia_disconnect_cause_str(cause), cause);
}

static void receive_base_request(struct link *l, const struct dia_msg *m)
{
	struct dia_failed why;

	switch (m->hdr.code) {
	case DIA_CMD_DEVICE_WATCHDOG:
		if (link_is_open(l)) {
			receive_dwr(l, m);
		} else {
			LINK_COUNT(l, unwelcome);
		}
		return;
	case DIA_CMD_DISCONNECT_PEER:
		receive_dpr(l, m);
		return;
	case DIA_CMD_CAPABILITIES_EXCHANGE:
		if (link_is_open(l)) {
			l->current = m;
			link_finish(l, SIDE(l, RCV_CER), false, LINK_END_REPEATED_CER, ERR_PROTO, "%s", "");
			l->current = NULL;
		} else {
			LINK_COUNT(l, unwelcome);
		}
		return;
	default:
		if (link_event(l, SIDE(l, RCV_MESSAGE), m)) {
			return;
		}
		dia_failed_set(&why, DIA_RESULT_COMMAND_UNSUPPORTED, "command %u of the base protocol", m->hdr.code);
		link_send_error(l, m, &why);
	}
}

/* ---- applications ---- */

static void receive_request(struct link *l, const struct dia_msg *m)
{
	struct dia_failed why;

	if (link_event(l, SIDE(l, RCV_MESSAGE), m)) {
		return;
	}
	if (l->leave_by_ms) { /* after its DPR the peer may send no request */
		LINK_COUNT(l, unwelcome);
		return;
	}
	if (!advertised(l->conf, m->hdr.app_id) && l->cb->on_foreign) {
		l->owed++;
		l->cb->on_foreign(l->arg, l, m);
		return;
	}
	if (!advertised(l->conf, m->hdr.app_id)) {
		dia_failed_set(&why, DIA_RESULT_APPLICATION_UNSUPPORTED, "application %u", m->hdr.app_id);
		link_send_error(l, m, &why);
		return;
	}
	if (!l->cb->on_request) {
		dia_failed_set(&why, DIA_RESULT_COMMAND_UNSUPPORTED, "command %u", m->hdr.code);
		link_send_error(l, m, &why);
		return;
	}
	if (dia_msg_check(m, &why)) { /* the top level; the applications check grouped AVPs */
		link_send_error(l, m, &why);
		return;
	}
	LINK_COUNT(l, requests_in);
	l->owed++;
	l->cb->on_request(l->arg, l, m);
}

static void receive_answer(struct link *l, const struct dia_msg *m)
{
	struct peer_pending_entry e;

	if (m->hdr.code == DIA_CMD_DISCONNECT_PEER && is_ours(&l->dpr, &m->hdr)) {
		l->dpr.out = false;
		link_finish(l, SIDE(l, RCV_DPA), false, LINK_END_DISCONNECTED, ERR_CLOSED, "by us");
		return;
	}
	if (link_event(l, SIDE(l, RCV_MESSAGE), m)) {
		return;
	}
	if (peer_pending_take(l->pending, &m->hdr, &e)) {
		LINK_COUNT(l, answers_unknown);
		log_debug(l->conf->log, "link", "%s: %s answers command %u that nobody asked", l->address, l->host, m->hdr.code);
		return;
	}
	LINK_COUNT(l, answers_in);
	e.fn(e.arg, 0, m);
}

static bool is_dwa(struct link *l, const struct dia_hdr *h)
{
	if (is_request(h) || h->code != DIA_CMD_DEVICE_WATCHDOG || !is_ours(&l->dwr, h)) {
		return false;
	}
	l->dwr.out = false;
	return true;
}

static bool is_watchdog(const struct dia_hdr *h)
{
	return h->app_id == DIA_APP_COMMON && h->code == DIA_CMD_DEVICE_WATCHDOG;
}

/* RFC 6733 2.1.1: one that has accepted may send out of order only when it knows that its CEA has
 * come. */
static void hear(struct link *l)
{
	if (!l->peer && !l->heard) {
		l->heard = true;
		net_stream_unordered(l->stream);
	}
}

/* Tells the machines of RFC 3539 of a message. False: it is dropped. In their calm states a message
 * only sets the deadline of the watchdog: one more in the same millisecond would set the same. */
static bool watch_message(struct link *l, const struct dia_msg *m)
{
	uint64_t now_ms = net_loop_now_ms(l->loop);

	if (l->watched_ms == now_ms && l->watchdog.state == PEER_WD_OKAY && l->reopen.state == PEER_REOPEN_CLEAR) {
		return true;
	}
	if (!is_watchdog(&m->hdr)) {
		link_reopen(l, PEER_REOPEN_EV_MESSAGE);
	}
	/* After a loss a peer carries traffic only after three DWAs. Messages of the base
	 * protocol are handled all the same (RFC 3539 3.4.1). */
	if (peer_fsm_is_open(&l->fsm) && (link_watch(l, PEER_WD_MESSAGE) & PEER_WD_DROP) && m->hdr.app_id != DIA_APP_COMMON) {
		return false;
	}
	l->watched_ms = now_ms;
	return true;
}

static void receive_open(struct link *l, const struct dia_msg *m)
{
	hear(l);
	if (is_dwa(l, &m->hdr)) {
		LINK_COUNT(l, dwa_received);
		if (link_event(l, SIDE(l, RCV_DWA), m) == 0) {
			(void)link_watch(l, PEER_WD_DWA);
		}
		return;
	}
	if (peer_fsm_is_open(&l->fsm) && !watch_message(l, m)) {
		return;
	}
	if (!is_request(&m->hdr)) {
		receive_answer(l, m);
	} else if (m->hdr.app_id == DIA_APP_COMMON) {
		receive_base_request(l, m);
	} else {
		receive_request(l, m);
	}
}

/* ---- one message ---- */

/* The length is right, but the header is invalid. */
static void malformed(struct link *l, const struct dia_msg *m, const struct dia_failed *failed)
{
	if (!link_is_open(l)) {
		link_finish(l, link_lost_event(l), true, LINK_END_NOT_DIAMETER, ERR_PROTO, "%s", failed->text);
	} else if (is_request(&m->hdr)) {
		link_send_error(l, m, failed);
	} else {
		LINK_COUNT(l, answers_malformed);
		log_debug(l->conf->log, "link", "%s: %s: answer discarded: %s", l->address, l->host, failed->text);
	}
}

int link_on_message(void *arg, const uint8_t *bytes, size_t len)
{
	struct link *l = OBJ_OF(arg, struct link, LINK_MAGIC);
	struct dia_failed failed;
	struct dia_msg m;

	l->probe_deadline_ms = 0; /* the peer is alive */
	if (l->tap) {
		l->tap(l->tap_arg, l, false, bytes, len);
	}
	if (dia_msg_parse(&m, bytes, len, &l->conf->limits, &failed)) {
		malformed(l, &m, &failed);
	} else if (l->phase == LINK_WAIT_CER) {
		receive_first(l, &m);
	} else if (l->phase == LINK_VERDICT) {
		link_finish(l, link_lost_event(l), true, LINK_END_EARLY, ERR_PROTO, "command %u", m.hdr.code);
	} else if (l->fsm.state == PEER_WAIT_I_CEA) {
		receive_cea(l, &m);
	} else if (l->phase == LINK_MACHINE) {
		receive_open(l, &m);
	}
	return l->phase == LINK_ENDED || l->freed;
}

/* ---- no message at all ---- */

bool link_is_whole(const struct link *l, const uint8_t *p, size_t n)
{
	struct dia_hdr h;

	if (dia_hdr_parse(&h, p, n)) {
		return false; /* shorter than a header */
	}
	return h.length == n || h.version != 1 || h.length < DIA_HEADER_LEN || h.length % 4 ||
	       h.length > l->conf->limits.message_len_max;
}

/* A peer that has sent valid Diameter gets an error answer; a stranger's garbage is cut off (RFC
 * 6733 2.1, 7.1.5).
 * A CER of another version counts as Diameter. */
void link_unframable(struct link *l, int err)
{
	const struct dia_hdr *h = err == ERR_PROTO || err == ERR_LIMIT ? dia_frame_refused(l->frame) : NULL;
	bool other_version = h && h->version != 1;
	bool heard = h && (link_is_open(l) || (l->phase == LINK_WAIT_CER && other_version && link_is_cer(h)));
	bool answer = heard && is_request(h) && (!other_version || (h->length >= DIA_HEADER_LEN && h->length % 4 == 0));

	if (answer) {
		uint8_t header[DIA_HEADER_LEN] = { 1, 0, 0, DIA_HEADER_LEN };
		struct dia_msg m = { .hdr = *h, .bytes = header, .limits = &l->conf->limits };
		struct dia_failed why;

		m.hdr.version = 1;
		m.hdr.length = DIA_HEADER_LEN;
		if (other_version) {
			dia_failed_set(&why, DIA_RESULT_UNSUPPORTED_VERSION, "version %u, expected 1", h->version);
		} else {
			dia_failed_set(&why, DIA_RESULT_INVALID_MESSAGE_LENGTH, "length %u, at most %u and a multiple of 4",
				       h->length, l->conf->limits.message_len_max);
		}
		link_send_error(l, &m, &why);
	}
	if (err == ERR_NOMEM) {
		link_finish(l, link_lost_event(l), true, LINK_END_INTERNAL, err, "no memory for a message");
	} else if (h) {
		link_finish(l, link_lost_event(l), !answer, err == ERR_LIMIT ? LINK_END_TOO_LONG : LINK_END_NOT_DIAMETER, err,
			    "version %u, length %u", h->version, h->length);
	} else {
		link_finish(l, link_lost_event(l), true, LINK_END_NOT_DIAMETER, err, "%s", err_str(err));
	}
}
