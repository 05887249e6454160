/* peer_reopen.h - whether the OTHER side has our connection in state REOPEN of RFC 3539.
 *
 * A peer whose last connection with us ended without Disconnect-Peer may answer the next CER and
 * then discard every request until it has three watchdog answers: 60 s and more. Nothing in the
 * protocol reports this. The only sign is a DWR right after its CEA. Some implementations always
 * send that DWR, so it means nothing after a clean end.
 *
 * PURE. The owner feeds events of the connection and carries out the actions. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/machine.h"

/* how long no request leaves after the CEA: the DWR may be on its way */
#define PEER_REOPEN_QUIET_MS 100u
#define PEER_REOPEN_SIGN_MS 1000u /* time after the CEA in which a DWR is the sign */
#define PEER_REOPEN_DWAS 3        /* answers after which the peer leaves REOPEN (RFC 3539 3.4.1) */
#define PEER_REOPEN_HOLD_TW 3u    /* longest hold, in our own Tw: that of the peer is not known */

enum peer_reopen_state {
	PEER_REOPEN_CLEAR,     /* no suspicion */
	PEER_REOPEN_QUIET,     /* just open after an unclean end */
	PEER_REOPEN_LISTENING, /* in use; a DWR would still be the sign */
	PEER_REOPEN_LEAVING,   /* our DPR is on its way, a new connection follows */
	PEER_REOPEN_LEFT,      /* between that end and the new connection */
	PEER_REOPEN_HOLD,      /* the new connection began with a DWR, too: only probes leave */
	PEER_REOPEN_STATE_N
};

extern const struct machine peer_reopen_machine; /* legal changes; only peer_reopen_step() makes them */

enum peer_reopen_event {
	/* CER/CEA done; the previous connection ended by Disconnect-Peer */
	PEER_REOPEN_EV_OPEN_CLEAN,
	/* CER/CEA done; the previous connection was lost, or is unknown */
	PEER_REOPEN_EV_OPEN_UNCLEAN,
	PEER_REOPEN_EV_DWR,     /* came, and was answered */
	PEER_REOPEN_EV_MESSAGE, /* any other message but DWA */
	PEER_REOPEN_EV_TIME,    /* deadline_ms */
	PEER_REOPEN_EV_PROBE,   /* a request left in HOLD */
	PEER_REOPEN_EV_CLOSED,  /* the connection is over, or could not be made */
	PEER_REOPEN_EVENT_N
};

enum peer_reopen_action {
	PEER_REOPEN_NOTHING,
	/* send DPR with REBOOTING, and connect again as soon as the connection has ended */
	PEER_REOPEN_RECONNECT,
	PEER_REOPEN_START_HOLD,
	PEER_REOPEN_USE, /* requests may leave from now on */
};

struct peer_reopen {
	enum peer_reopen_state state;
	bool reconnected;     /* RECONNECT was done since the last CLEAR: never twice */
	bool probe;           /* HOLD: one request may leave */
	int dwas;             /* HOLD: answers that the peer has */
	uint64_t deadline_ms; /* when PEER_REOPEN_EV_TIME is due; 0: never */
	uint64_t refused;     /* events that had no row */
	uint32_t tw_ms;       /* our Twinit */
	uint32_t *in_state;   /* borrowed, may be NULL: number of machines in each state */
	const struct log *log;
	const char *name;
};

/* Starts CLEAR. Borrows log, name and in_state: PEER_REOPEN_STATE_N numbers, a gauge of all
 * machines that are given it. NULL: not counted. */
void peer_reopen_init(struct peer_reopen *r, uint32_t tw_ms, uint32_t *in_state, const struct log *log, const char *name);
/* The machine leaves the gauge and is not used any more. */
void peer_reopen_end(struct peer_reopen *r);

/* The only entry point. A pair without a row is logged and counted. Then NOTHING is returned and
 * nothing has changed. */
enum peer_reopen_action peer_reopen_step(struct peer_reopen *r, enum peer_reopen_event event, uint64_t now_ms);

bool peer_reopen_due(const struct peer_reopen *r, uint64_t now_ms);
/* A request may leave now. In HOLD: one at the beginning and one after each DWR, as a probe. */
bool peer_reopen_may_send(const struct peer_reopen *r);
const char *peer_reopen_str(enum peer_reopen_state state); /* "CLEAR", ... */
