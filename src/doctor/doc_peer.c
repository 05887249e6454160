/* doc_peer.c - see doc_peer.h. */
#include "doctor/doc_peer.h"

#include <stdio.h>
#include <string.h>

#include "base/shown.h"
#include "doctor/doc_int.h"

static bool is(const json_t *row, const char *state)
{
	return strcmp(doc_text(row, "state"), state) == 0;
}

static bool is_settling(const json_t *row)
{
	return is(row, "reopening") || is(row, "peer in reopen") || is(row, "suspect") || is(row, "closing");
}

bool doc_peer_may_be_tried(const json_t *row)
{
	return !is(row, "open") && !is(row, "stopped") && !is_settling(row);
}

/* What a firewall calls it. */
static const char *protocol_of(const struct doc_peer *p)
{
	if (!p->transport || strcmp(p->transport, "tcp") == 0) {
		return "TCP";
	}
	return strcmp(p->transport, "sctp") == 0 ? "SCTP (IP protocol 132)" : "UDP (its udp_port)";
}

static void say(struct doc_report *r, const struct doc_peer *p, enum doc_cause cause)
{
	const char *name = doc_text(p->row, "name"), *reason = doc_text(p->row, "reason");
	char wait[32], requests[SHOWN_COUNT_MAX], answers[SHOWN_COUNT_MAX], host[600], timeouts[24], forgiven[SHOWN_COUNT_MAX];

	snprintf(wait, sizeof wait, "%u ms", p->wait_ms);
	snprintf(host, sizeof host, "host %.250s, realm %.250s", doc_text(p->row, "host"), doc_text(p->row, "realm"));
	snprintf(timeouts, sizeof timeouts, "%llu", (unsigned long long)doc_number(p->row, "timeouts"));
	doc_say(r, cause, name,
		DOC_WORDS({ "peer", name }, { "address", doc_text(p->row, "address") }, { "when", doc_text(p->row, "since") },
			  { "reason", *reason ? reason : doc_text(p->row, "state") }, { "why", p->why },
			  { "file", p->certificate }, { "wait", wait }, { "host", host },
			  { "n", cause == DOC_PEER_FORGIVEN ? shown_count(forgiven, doc_number(p->row, "forgiven"), "answer")
							    : timeouts },
			  { "requests", shown_count(requests, doc_number(p->row, "requests"), "request") },
			  { "answers", shown_count(answers, doc_number(p->row, "answers"), "answer") },
			  { "lapses", doc_text(p->row, "lapses") }, { "protocol", protocol_of(p) },
			  { "transport", p->transport ? p->transport : "tcp" }, { "local", p->local ? p->local : "" }));
}

static enum doc_cause cause_of(const struct doc_peer *p)
{
	switch (p->reach) {
	case DOC_REACH_UNTRIED:
		return DOC_PEER_UNTRIED;
	case DOC_REACH_CLOSED:
		return DOC_PEER_CLOSED;
	case DOC_REACH_SILENT:
		return DOC_PEER_SILENT;
	case DOC_REACH_NO_WAY:
		return DOC_PEER_UNREACHABLE;
	case DOC_REACH_NO_SCTP:
		return DOC_PEER_NO_SCTP;
	case DOC_REACH_NO_LOCAL:
		return DOC_PEER_OUR_ADDRESS;
	case DOC_REACH_OTHER:
		return DOC_PEER_OTHER_ADDRESS;
	case DOC_REACH_TLS_FAILS:
		return DOC_PEER_TLS;
	case DOC_REACH_TLS_REFUSED:
		return DOC_PEER_TLS_REFUSED;
	case DOC_REACH_TLS_REFUSES:
		return DOC_PEER_TLS_CERTIFICATE;
	default:
		return strcmp(doc_text(p->row, "protocol"), "smpp") == 0 ? DOC_PEER_SMPP : DOC_PEER_DIAMETER;
	}
}

/* The peer's Disconnect-Peer-Request asked for a longer pause: the way to it is fine. */
static bool asked_for_pause(const json_t *row)
{
	return strncmp(doc_text(row, "reason"), "told ", 5) == 0;
}

void doc_look_at_peer(struct doc_report *r, const struct doc_peer *p)
{
	if (is(p->row, "open")) {
		say(r, p, DOC_PEER_OPEN);
	} else if (is(p->row, "stopped")) {
		say(r, p, DOC_PEER_STOPPED);
	} else if (is_settling(p->row)) {
		say(r, p, DOC_PEER_SETTLING);
	} else {
		enum doc_cause cause = cause_of(p);
		bool connects = p->reach == DOC_REACH_CONNECTS;

		say(r, p, cause == DOC_PEER_DIAMETER && asked_for_pause(p->row) ? DOC_PEER_LEFT : cause);
		if (cause == DOC_PEER_UNTRIED) {
			say(r, p, asked_for_pause(p->row) ? DOC_PEER_LEFT : DOC_PEER_AWAY);
		} else if (connects && p->why && *p->why) {
			say(r, p, DOC_PEER_TLS_UNTRIED);
		}
	}
	if (doc_number(p->row, "timeouts")) {
		say(r, p, DOC_PEER_TIMEOUTS);
	}
	if (doc_number(p->row, "forgiven")) {
		say(r, p, DOC_PEER_FORGIVEN);
	}
}
