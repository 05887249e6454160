/* adm_health_peer.c - the reason that health reports for a peer that is not open, by
 * link_peer_state(). PURE. */
#include "admin/adm_health_peer.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define TEXT_MAX (CORE_PEER_REASON_MAX + 512)

struct words {
	const char *state, *code;
	const char *is; /* follows the name of the peer */
	const char *advice;
};

static const struct words known[] = {
	{ "stopped", "peer-stopped", "is stopped, and nothing connects to it", "mtcctl peers start" },
	{ "peer in reopen", "peer-not-open", "is connected and discards requests",
	  "nothing: this ends by itself; when it stays or comes back, find out why connections to the peer are lost: the log "
	  "says it" },
	{ "reopening", "peer-not-open", "is connected and gets no requests yet",
	  "nothing: this ends by itself after three watchdog answers; when it comes back, the log says why connections are "
	  "lost" },
	{ "suspect", "peer-not-open", "is connected and gets no requests",
	  "see that the peer and the network to it are not overloaded" },
	{ "closing", "peer-not-open", "is being disconnected", "'mtcctl peers' shows the state that follows" },
	{ "connecting", "peer-not-open", "is not connected yet",
	  "when this stays, see that the peer runs and is reachable from here at its address: 'mtcctl peers' shows it" },
};
static const struct words waiting = { "waiting", "peer-not-open", "is not connected",
				      "see that the peer runs and is reachable from here at its address, which 'mtcctl peers' "
				      "shows; the log says why the last attempt failed" };

static const struct words *words_of(const char *state)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(state, known[i].state) == 0) {
			return &known[i];
		}
	}
	return &waiting;
}

json_t *adm_health_of_peer(const struct core_peer_view *p, const char *since, const char *role)
{
	const struct words *w = words_of(p->state);
	char text[TEXT_MAX], advice[CFG_NAME_MAX + 256];

	snprintf(text, sizeof text, "peer %s (%s) %s: %s since %s%s%s%s%s%s%s", p->conf->name, p->conf->host, w->is, p->state,
		 since, *p->reason ? " (" : "", p->reason, *p->reason ? ")" : "", role ? "; it is the " : "", role ? role : "",
		 role ? ", and triggers are answered 201" : "");
	if (strcmp(w->code, "peer-stopped") == 0) {
		snprintf(advice, sizeof advice, "when it is to be used again: '%s %s'", w->advice, p->conf->name);
	} else {
		str_cut(advice, sizeof advice, w->advice);
	}
	return json_pack("{s:s, s:s, s:s}", "reason", w->code, "text", text, "advice", advice);
}
