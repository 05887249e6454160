/* ns_vici.h - our end of charon's VICI socket: registers for the events that say what security
 * associations there are, sends one command at a time and reads its answer. The socket is equal to
 * root at the machine's IPsec, so only the NDS/IP helper has it; it gets a connected descriptor
 * from the parent, and another one after charon's end. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "ipsec/vici.h"
#include "ipsec/vici_write.h"
#include "net/net_loop.h"

#define NS_COMMANDS_MAX 8u     /* that wait */
#define NS_VICI_WAIT_MS 10000u /* of silence while an answer is awaited; charon is taken for dead then */

struct ns_vici;

/* The answer to a command: its response, borrowed; else NULL and an error: ERR_NOTFOUND (charon
 * does not know the command), ERR_CLOSED (the connection ended before the answer). Called once,
 * never before the function that sends it has returned. */
typedef void ns_vici_done_fn(void *arg, int err, const struct vici_packet *response);

struct ns_vici_conf { /* pointers borrowed as long as it lives */
	struct net_loop *loop;
	const struct log *log;
	uint64_t wait_ms; /* 0: NS_VICI_WAIT_MS */
	/* Connected, and registered for all events. */
	void (*on_up)(void *arg);
	/* An event, borrowed; may be one that nobody asked for. */
	void (*on_event)(void *arg, const struct vici_packet *event);
	/* The connection has ended; after the commands were answered with ERR_CLOSED. `why` is for
	 * the log and the operator. The descriptor is closed. */
	void (*on_down)(void *arg, const char *why);
	void *arg;
};

ERR_MUST_USE int ns_vici_new(struct ns_vici **out, const struct ns_vici_conf *conf);
void ns_vici_free(struct ns_vici *v); /* NULL allowed; answers no command */

/* Takes a connected descriptor in every case, in place of the one before, which ends with
 * on_down. ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int ns_vici_open(struct ns_vici *v, int fd);
/* Ends the connection; on_down is called in the next turn. */
void ns_vici_close(struct ns_vici *v, const char *why);
bool ns_vici_up(const struct ns_vici *v); /* between on_up and on_down */

/* Sends what the writer holds (vici_out_end() is called here). Copies. ERR_CLOSED: not up.
 * ERR_BUSY: NS_COMMANDS_MAX wait. ERR_NOMEM, and the errors of vici_out_end(): then `done` is not
 * called. */
ERR_MUST_USE int ns_vici_send(struct ns_vici *v, struct vici_out *command, ns_vici_done_fn *done, void *arg);
unsigned ns_vici_waiting(const struct ns_vici *v); /* commands without answer */

/* Whether a response says `success = yes`; else its errmsg, cut and made printable, in `why`. */
bool ns_vici_success(const struct vici_packet *response, char *why, size_t why_size);
