/* link_end.c - the one end of a connection: the machines, the stream, then the pending requests and
 * the owner; and the time between the wish to leave and the end. */
#include "link/link_conn.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/shown.h"

enum peer_event link_lost_event(const struct link *l)
{
	if (l->fsm.state == PEER_WAIT_CONN_ACK) {
		return PEER_EV_I_RCV_CONN_NACK;
	}
	return l->peer ? PEER_EV_I_PEER_DISC : PEER_EV_R_PEER_DISC;
}

static void tell_machines(struct link *l, enum peer_event event)
{
	if (l->fsm.state != PEER_CLOSED) {
		link_tell(l, event, l->current);
	}
	if (l->fsm.state != PEER_CLOSED) {
		link_tell(l, link_lost_event(l), NULL);
	}
	assert(l->fsm.state == PEER_CLOSED);
	if (l->watchdog.state != PEER_WD_INITIAL && l->watchdog.state != PEER_WD_DOWN) {
		(void)link_watch(l, PEER_WD_CONNECTION_DOWN);
	}
	link_reopen(l, PEER_REOPEN_EV_CLOSED);
}

void link_finish(struct link *l, enum peer_event event, bool hard, enum link_end end, int err, const char *fmt, ...)
{
	const char *host = l->host, *realm = NULL;
	struct net_stream *s;
	va_list ap;

	OBJ_CHECK(l, LINK_MAGIC);
	if (l->phase == LINK_ENDED || l->phase == LINK_IDLE) {
		return;
	}
	link_set_phase(l, LINK_ENDED);
	l->end = end;
	l->end_err = err;
	va_start(ap, fmt);
	(void)vsnprintf(l->why, sizeof l->why, fmt, ap);
	va_end(ap);
	tell_machines(l, event);
	s = l->stream;
	l->stream = NULL;
	if (hard) {
		net_stream_abort(s);
	} else {
		net_stream_close(s);
	}
	LINK_COUNT(l, ended[end]);
	if (!*host && l->peer) {
		link_peer_expectation(l->peer, &host, &realm); /* it has not named itself: whom we meant to reach */
	}
	log_info(l->conf->log, "link", "%s: %s%sended: %s%s%s", l->address, host, *host ? " " : "", link_end_str(end),
		 *l->why ? ": " : "", l->why);
	link_arm(l);
}

void link_notify_end(struct link *l)
{
	struct peer_pending_entry e;
	char words[LINK_WHY_MAX + 128];

	l->notified = true;
	(void)snprintf(words, sizeof words, "%s%s%s", link_end_str(l->end), *l->why ? ": " : "", l->why);
	while (!l->freed && peer_pending_pop(l->pending, UINT64_MAX, &e) == 0) {
		e.fn(e.arg, ERR_CLOSED, NULL);
	}
	if (!l->freed && l->cb->on_down && (!l->peer || l->opened)) {
		l->cb->on_down(l->arg, l, l->end_err, words);
	} else if (!l->freed && l->cb->on_failed && l->peer) {
		l->cb->on_failed(l->arg, l->end_err, l->end_result_code, words);
	}
	if (!l->freed && l->peer) {
		link_peer_ended(l->peer);
	}
}

/* -- the other side leaves while we owe it answers: they are sent first (RFC 6733 5.4), for at
 * most half the time we wait for a DPA */

bool link_leaving(struct link *l)
{
	uint32_t wait_ms = (l->conf->dpa_wait_ms ? l->conf->dpa_wait_ms : 5000) / 2;
	char answers[SHOWN_COUNT_MAX];

	if (!l->owed || !link_is_open(l)) {
		return false;
	}
	if (!l->leave_by_ms) {
		l->leave_by_ms = net_loop_now_ms(l->loop) + wait_ms;
		log_info(l->conf->log, "link", "%s: %s leaves; before that, within %u ms: %s", l->address, l->host, wait_ms,
			 shown_count(answers, l->owed, "answer"));
	}
	return true;
}

void link_leaving_ends(struct link *l)
{
	struct dia_msg dpr = { .hdr = l->leave_hdr };

	l->leave_by_ms = 0;
	if (l->leave_dpr) {
		link_leave_by_dpr(l, &dpr, l->leave_cause);
	}
	if (l->leave_eof) {
		link_finish(l, link_lost_event(l), false, l->leave_dpr ? LINK_END_DISCONNECTED : LINK_END_LOST, ERR_CLOSED,
			    "closed by the other side");
	}
	link_arm(l);
}

void link_complete_all_closed(struct link *l)
{
	struct peer_pending_entry e;

	while (!l->freed && peer_pending_pop(l->pending, UINT64_MAX, &e) == 0) {
		e.fn(e.arg, ERR_CLOSED, NULL);
	}
}

void link_machine_timeout(struct link *l)
{
	static const enum link_end ends[PEER_STATE_N] = {
		[PEER_WAIT_CONN_ACK] = LINK_END_NOT_CONNECTED,
		[PEER_WAIT_I_CEA] = LINK_END_NO_CEA,
		[PEER_CLOSING] = LINK_END_NO_DPA,
	};
	enum link_end end = l->dpr_received ? LINK_END_DISCONNECTED : ends[l->fsm.state];

	link_finish(l, PEER_EV_TIMEOUT, false, end, ERR_TIMEOUT, "in %s", peer_state_str(l->fsm.state));
}
