/* link_conn.c - one connection: stream, timer and machine events. Its one end is in link_end.c. */
#include "link/link_conn.h"

#include "base/shown.h"
#include "diameter/dia_base.h"

int link_attach(struct link *l)
{
	struct dia_frame *frame;
	int err = dia_frame_new(&frame, &l->conf->limits);

	if (err) {
		return err;
	}
	dia_frame_free(l->frame);
	l->frame = frame;
	if (!l->peer && l->conf->cer_len_max && l->conf->cer_len_max < l->conf->limits.message_len_max) {
		dia_frame_limit(l->frame, l->conf->cer_len_max); /* until the CER is there */
	}
	l->notified = l->opened = l->stopped_by_us = l->dpr_received = false;
	l->cer.out = l->dwr.out = l->dpr.out = false;
	l->probe_deadline_ms = l->leave_by_ms = l->watched_ms = 0;
	l->owed = 0;
	l->leave_dpr = l->leave_eof = l->heard = false;
	l->end_result_code = 0;
	l->why[0] = l->host[0] = l->realm[0] = '\0';
	return 0;
}

/* CER/CEA are done. */
void link_opened(struct link *l)
{
	l->opened = true;
	LINK_COUNT(l, opened);
	if (l->peer) { /* the other side is open, too; one that has accepted knows that later (hear()) */
		net_stream_unordered(l->stream);
	}
	log_info(l->conf->log, "link", "%s: open with %s of realm %s", l->address, l->host, l->realm);
	(void)link_watch(l, PEER_WD_CONNECTION_UP);
	if (l->peer) {
		link_peer_opened(l->peer);
	}
	if (l->phase == LINK_MACHINE && l->cb->on_open) {
		l->cb->on_open(l->arg, l);
	}
}

static void act(struct link *l, enum peer_action action)
{
	switch (action) {
	case PEER_ACT_I_SND_CONN_REQ:
		link_peer_connect(l->peer);
		break;
	case PEER_ACT_I_SND_CER:
		link_send_cer(l);
		break;
	case PEER_ACT_R_SND_CEA:
		link_send_cea(l, DIA_RESULT_SUCCESS);
		break;
	case PEER_ACT_I_SND_DWA:
	case PEER_ACT_R_SND_DWA:
		link_send_dwa(l, l->current);
		break;
	case PEER_ACT_I_SND_DPR:
	case PEER_ACT_R_SND_DPR:
		link_send_dpr(l);
		break;
	case PEER_ACT_I_SND_DPA:
	case PEER_ACT_R_SND_DPA:
		link_send_dpa(l, l->current);
		break;
	case PEER_ACT_REFUSE_CER: {
		struct dia_failed why;

		dia_failed_set(&why, DIA_RESULT_UNABLE_TO_COMPLY, "capabilities were exchanged already");
		link_send_error(l, l->current, &why);
		break;
	}
	default:
		/* Process-*, Snd-Message: their callers do it once the machine has agreed. Disc,
		 * Error, Cleanup: link_finish() closes. R-Accept, R-Reject, Elect: connections
		 * that come in are judged before they become events. */
		break;
	}
}

int link_event(struct link *l, enum peer_event event, const struct dia_msg *m)
{
	const struct dia_msg *before = l->current;
	struct peer_step step;
	int err = peer_fsm_step(&l->fsm, event, net_loop_now_ms(l->loop), &step);

	if (err) {
		LINK_COUNT(l, unwelcome);
		return err;
	}
	l->current = m;
	for (uint8_t i = 0; i < step.actions_n; i++) {
		act(l, step.actions[i]);
	}
	l->current = before;
	return 0;
}

void link_tell(struct link *l, enum peer_event event, const struct dia_msg *m)
{
	if (link_event(l, event, m)) {
		return; /* counted */
	}
}

bool link_may_request(const struct link *l)
{
	return link_is_open(l) && !l->leave_by_ms && l->watchdog.state == PEER_WD_OKAY && peer_reopen_may_send(&l->reopen);
}

static void tell_usable(struct link *l)
{
	if (link_may_request(l) && l->cb->on_usable) {
		l->cb->on_usable(l->arg, l);
	}
}

unsigned link_watch(struct link *l, enum peer_wd_event event)
{
	unsigned actions = peer_watchdog_step(&l->watchdog, event, net_loop_now_ms(l->loop), link_random(l));

	if (actions & PEER_WD_SEND_DWR) {
		link_send_dwr(l);
	}
	if ((actions & PEER_WD_FAILOVER) && event == PEER_WD_TW_EXPIRES) {
		LINK_COUNT(l, suspects);
		log_warn(l->conf->log, "link", "%s: %s does not answer the watchdog, no new requests", l->address, l->host);
	}
	if (actions & PEER_WD_FAILBACK) {
		log_info(l->conf->log, "link", "%s: %s is in use again", l->address, l->host);
		tell_usable(l);
	}
	if ((actions & PEER_WD_CLOSE) && event == PEER_WD_TW_EXPIRES) {
		link_finish(l, link_lost_event(l), false, LINK_END_WATCHDOG, ERR_TIMEOUT, "state %s",
			    peer_watchdog_str(l->watchdog.state));
	}
	return actions;
}

void link_reopen(struct link *l, enum peer_reopen_event event)
{
	switch (peer_reopen_step(&l->reopen, event, net_loop_now_ms(l->loop))) {
	case PEER_REOPEN_RECONNECT:
		LINK_COUNT(l, reopen_seen);
		log_warn(l->conf->log, "link",
			 "%s: %s begins with a watchdog request after a connection that ended without Disconnect-Peer: "
			 "it is in REOPEN (RFC 3539) and discards requests; disconnecting, then connecting again",
			 l->address, l->host);
		if (l->cb->on_reopen) {
			l->cb->on_reopen(l->arg, l, false);
		}
		link_peer_reconnect(l->peer);
		link_part(l, DIA_DISCONNECT_REBOOTING);
		break;
	case PEER_REOPEN_START_HOLD:
		LINK_COUNT(l, reopen_held);
		log_warn(
		    l->conf->log, "link",
		    "%s: %s is still in REOPEN (RFC 3539): no requests until it has three watchdog answers, but single ones as "
		    "a probe",
		    l->address, l->host);
		if (l->cb->on_reopen) {
			l->cb->on_reopen(l->arg, l, true);
		}
		break;
	case PEER_REOPEN_USE:
		tell_usable(l);
		break;
	case PEER_REOPEN_NOTHING:
		break;
	}
}

static void on_open(void *arg)
{
	struct link *l = OBJ_OF(arg, struct link, LINK_MAGIC);

	link_enter(l);
	if (l->phase == LINK_WAIT_CER) {
		l->held_deadline_ms = net_loop_now_ms(l->loop) + (l->conf->cer_wait_ms ? l->conf->cer_wait_ms : 5000);
	} else if (l->phase == LINK_MACHINE) {
		if (l->cb->on_connected) {
			l->cb->on_connected(l->arg, l);
		}
		if (l->phase == LINK_MACHINE && link_event(l, PEER_EV_I_RCV_CONN_ACK, NULL)) {
			link_finish(l, link_lost_event(l), true, LINK_END_INTERNAL, ERR_STATE, "opened twice");
		}
	}
	link_arm(l);
	link_leave(l);
}

static void on_data(void *arg, const uint8_t *p, size_t n)
{
	struct link *l = OBJ_OF(arg, struct link, LINK_MAGIC);
	int err;

	link_enter(l);
	if (net_stream_is_messages(l->stream) && !link_is_whole(l, p, n)) {
		link_finish(l, link_lost_event(l), true, LINK_END_NOT_DIAMETER, ERR_PROTO,
			    "a message of the transport, %zu bytes, is not one whole Diameter message", n);
		link_leave(l);
		return;
	}
	err = dia_frame_feed(l->frame, p, n, link_on_message, l);
	if (err && l->phase != LINK_ENDED && l->phase != LINK_IDLE) {
		link_unframable(l, err);
	}
	if (!l->freed) {
		link_arm(l);
	}
	link_leave(l);
}

static enum link_end end_of_stream(const struct link *l, int err)
{
	/* after DPR it is a clean end, whichever side closes first */
	if (l->fsm.state == PEER_CLOSING) {
		return LINK_END_DISCONNECTED;
	}
	if (err == ERR_AUTH) {
		return LINK_END_NOT_AUTHENTICATED;
	}
	if (l->fsm.state == PEER_WAIT_CONN_ACK) {
		return LINK_END_NOT_CONNECTED;
	}
	return err == ERR_PROTO ? LINK_END_STREAM_MISUSED : LINK_END_LOST;
}

static void on_close(void *arg, int err, const char *why)
{
	struct link *l = OBJ_OF(arg, struct link, LINK_MAGIC);
	enum link_end end = end_of_stream(l, err);

	link_enter(l);
	if (net_stream_half_closed(l->stream) && link_leaving(l)) {
		l->leave_eof = true;
		link_complete_all_closed(l);
		link_arm(l);
	} else {
		link_finish(l, link_lost_event(l), false, end, end == LINK_END_DISCONNECTED ? ERR_CLOSED : err, "%s", why);
	}
	link_leave(l);
}

static void on_note(void *arg, const char *text)
{
	struct link *l = OBJ_OF(arg, struct link, LINK_MAGIC);

	log_warn(l->conf->log, "link", "%s: %s%s%s", l->address, l->host, *l->host ? ": " : "", text);
}

const struct net_stream_cb link_stream_cb = { .on_open = on_open, .on_data = on_data, .on_close = on_close, .on_note = on_note };

static void earlier(uint64_t *at_ms, uint64_t other_ms)
{
	if (other_ms && (!*at_ms || other_ms < *at_ms)) {
		*at_ms = other_ms;
	}
}

/* One timer runs to the earliest deadline. A deadline that moves away does not stop it: the
 * timer may be early and then re-arms. */
void link_arm(struct link *l)
{
	uint64_t now_ms = net_loop_now_ms(l->loop), at_ms = 0;

	if (l->freed) {
		return;
	}
	if (l->phase == LINK_ENDED) {
		if (l->notified) {
			return;
		}
		at_ms = now_ms ? now_ms : 1;
	} else {
		if (l->phase == LINK_WAIT_CER || l->phase == LINK_VERDICT) {
			earlier(&at_ms, l->held_deadline_ms);
		}
		earlier(&at_ms, l->fsm.deadline_ms);
		if (peer_fsm_is_open(&l->fsm)) {
			earlier(&at_ms, l->watchdog.deadline_ms);
		}
		earlier(&at_ms, l->reopen.deadline_ms);
		earlier(&at_ms, l->probe_deadline_ms);
		earlier(&at_ms, l->leave_by_ms);
		earlier(&at_ms, peer_pending_next_ms(l->pending));
	}
	if (!at_ms || (l->timer_at_ms && l->timer_at_ms <= at_ms)) {
		return;
	}
	l->timer_at_ms = at_ms;
	net_timer_start(l->timer, at_ms > now_ms ? at_ms - now_ms : 0);
}

static void time_out_requests(struct link *l, uint64_t now_ms)
{
	struct peer_pending_entry e;

	while (!l->freed && peer_pending_pop(l->pending, now_ms, &e) == 0) {
		LINK_COUNT(l, timeouts);
		e.fn(e.arg, ERR_TIMEOUT, NULL);
	}
}

static void held_timeout(struct link *l)
{
	char octets[SHOWN_COUNT_MAX];

	if (l->phase == LINK_VERDICT) {
		link_send_cea(l, DIA_RESULT_TOO_BUSY);
		LINK_COUNT(l, refused);
		link_finish(l, link_lost_event(l), false, LINK_END_REFUSED, ERR_TIMEOUT, "no verdict in time");
		return;
	}
	link_finish(l, link_lost_event(l), true, LINK_END_NO_CER, ERR_TIMEOUT, "%s came",
		    shown_count(octets, dia_frame_pending(l->frame), "byte"));
}

void link_on_timer(void *arg)
{
	struct link *l = OBJ_OF(arg, struct link, LINK_MAGIC);
	uint64_t now_ms = net_loop_now_ms(l->loop);

	link_enter(l);
	l->timer_at_ms = 0;
	if (l->phase == LINK_ENDED && !l->notified) {
		link_notify_end(l);
	} else {
		if ((l->phase == LINK_WAIT_CER || l->phase == LINK_VERDICT) && now_ms >= l->held_deadline_ms) {
			held_timeout(l);
		}
		if (l->phase == LINK_MACHINE && peer_fsm_due(&l->fsm, now_ms)) {
			link_machine_timeout(l);
		}
		if (l->phase == LINK_MACHINE && peer_fsm_is_open(&l->fsm) && peer_watchdog_due(&l->watchdog, now_ms)) {
			(void)link_watch(l, PEER_WD_TW_EXPIRES);
		}
		if (l->phase == LINK_MACHINE && peer_reopen_due(&l->reopen, now_ms)) {
			link_reopen(l, PEER_REOPEN_EV_TIME);
		}
		if (l->phase == LINK_MACHINE && l->probe_deadline_ms && now_ms >= l->probe_deadline_ms) {
			link_finish(l, link_lost_event(l), false, LINK_END_WATCHDOG, ERR_TIMEOUT, "a probe was not answered");
		}
		if (l->phase == LINK_MACHINE && l->leave_by_ms && now_ms >= l->leave_by_ms) {
			link_leaving_ends(l);
		}
		time_out_requests(l, now_ms);
	}
	link_arm(l);
	link_leave(l);
}
