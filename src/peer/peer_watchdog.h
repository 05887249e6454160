/* peer_watchdog.h - whether the other side is alive: the watchdog machine of RFC 3539 3.4 and its
 * appendix, one for each connection or peer.
 * PURE: the time and the random bits of the jitter are arguments. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/machine.h"

#define PEER_WATCHDOG_TWINIT_MIN_MS 6000u /* RFC 3539 3.4.1 */
#define PEER_WATCHDOG_JITTER_MS 2000u

enum peer_wd_state { PEER_WD_INITIAL, PEER_WD_OKAY, PEER_WD_SUSPECT, PEER_WD_DOWN, PEER_WD_REOPEN, PEER_WD_STATE_N };

/* Legal changes; only peer_watchdog_step() and peer_watchdog_renew() make them. */
extern const struct machine peer_wd_machine;

enum peer_wd_event {
	PEER_WD_CONNECTION_UP, /* CER/CEA done */
	PEER_WD_CONNECTION_DOWN,
	PEER_WD_DWA,
	PEER_WD_MESSAGE, /* any other message */
	PEER_WD_TW_EXPIRES,
	PEER_WD_EVENT_N
};

enum peer_wd_action {
	PEER_WD_SEND_DWR = 1,
	PEER_WD_FAILOVER = 2,      /* stop using the peer for new requests */
	PEER_WD_FAILBACK = 4,      /* use it again */
	PEER_WD_CLOSE = 8,         /* the connection */
	PEER_WD_ATTEMPT_OPEN = 16, /* connect again; with RFC 6733 this is the business of Tc */
	PEER_WD_DROP = 32,         /* the message goes no further */
};

struct peer_watchdog {
	enum peer_wd_state state;
	bool pending; /* a DWR has no answer yet */
	int num_dwa;
	uint32_t twinit_ms;
	/* REOPEN: pause after a DWA before the next DWR; 0: the rest of Tw, as RFC 3539 has it */
	uint32_t reopen_ms;
	uint64_t deadline_ms; /* when PEER_WD_TW_EXPIRES is due; 0: Tw does not run */
	uint64_t refused;     /* events that had no row */
	uint32_t *in_state;   /* borrowed, may be NULL: number of machines in each state */
	const struct log *log;
	const char *name;
};

/* Starts INITIAL. A Twinit below 6 s is raised to 6 s unless `unchecked`; 0 is 30 s. Borrows log,
 * name and in_state: PEER_WD_STATE_N numbers, a gauge of all machines that are given it. NULL: not
 * counted. `reopen_ms` shortens the way back to traffic after a loss, never the number of DWAs it
 * takes. */
void peer_watchdog_init(struct peer_watchdog *w, uint32_t twinit_ms, bool unchecked, uint32_t reopen_ms, uint32_t *in_state,
			const struct log *log, const char *name);
/* DOWN to INITIAL: the connection ended in order, which RFC 3539 does not take for a failure. The
 * next one needs no three DWAs. Only in DOWN. */
void peer_watchdog_renew(struct peer_watchdog *w);
/* The machine leaves the gauge and is not used any more. */
void peer_watchdog_end(struct peer_watchdog *w);

/* The only entry point. Returns the PEER_WD_* actions to carry out, in the order of their values.
 * `random` is fresh random bits: each setting draws a new Tw, Twinit plus or minus two seconds (a
 * third of Twinit if that is less). A pair without a row is logged and counted. Then 0 is returned
 * and nothing has changed. */
unsigned peer_watchdog_step(struct peer_watchdog *w, enum peer_wd_event event, uint64_t now_ms, uint32_t random);

bool peer_watchdog_due(const struct peer_watchdog *w, uint64_t now_ms);
const char *peer_watchdog_str(enum peer_wd_state state); /* "INITIAL", ... */
