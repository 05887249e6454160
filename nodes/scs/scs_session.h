/* scs_session.h - the connection of an SCS to its gateway, made from options, with the loop that it
 * runs in and a clean end. */
#pragma once
#include "base/machine.h"
#include "base/obj.h"
#include "link/link_ids.h"
#include "link/link_peer.h"
#include "nodes/scs/scs_options.h"

#define SCS_SESSION_WHY_MAX 512

/* The phase is the purpose of the timer; drawn in scs_session.c. */
enum scs_phase { SCS_OPENING, SCS_DROPPING, SCS_PAUSING, SCS_PARTING, SCS_PHASES };
extern const struct machine scs_session_machine; /* the legal changes */

#define SCS_SESSION_MAGIC 0xf5ddfde2u
struct scs_session {
	struct obj obj;
	const struct scs_options *options; /* borrowed */
	const struct log *log;             /* borrowed */
	struct net_loop *loop;
	struct tls_ctx *tls;
	struct link_conf conf;
	struct link_peer_conf peer_conf;
	struct net_sctp_ends sctp; /* of peer_conf */
	struct link_peer *peer;
	struct link_ids ids;
	struct net_signal *signals[4];
	struct net_timer *timer;
	enum scs_phase phase;
	uint32_t in_phase[SCS_PHASES]; /* 1 for the present phase, else 0; all 0 after the end */
	const struct link_cb *cb;
	void (*on_signal)(void *arg);
	void *arg;
};
OBJ_FIRST(struct scs_session);

/* Loads certificates, makes loop and peer (which connects once the loop runs). SIGTERM and SIGINT
 * call on_signal(arg). After a failure, with the reason in `why`, nothing needs to be closed.
 * ERR_INVAL: certificates, keys; others: the machine. */
ERR_MUST_USE int scs_session_open(struct scs_session *s, const struct scs_options *o, const struct log *log,
				  const struct link_cb *cb, void (*on_signal)(void *arg), void *arg,
				  char why[SCS_SESSION_WHY_MAX]);
/* After on_down: makes a new peer in half a second. The old one would discard everything but
 * watchdog answers until it had three of them (RFC 3539 3.4.1, REOPEN); reports would wait a minute
 * and a half. That protects a second gateway, which an SCS does not have. */
void scs_session_again(struct scs_session *s);
/* Ends with a DPR on `l` (NULL: no connection is open). on_down stops the loop; if it does not
 * come, this function's timer does. */
void scs_session_part(struct scs_session *s, struct link *l, enum dia_disconnect_cause cause);
/* After the loop has ended. */
void scs_session_close(struct scs_session *s);

/* An error for people, on standard error. Not when standard output, which has an event with the same
 * words, is a terminal as well: they would stand there twice. */
void scs_tell_error(const char *words);

/* Microseconds since an arbitrary start. */
uint64_t scs_now_us(void);
