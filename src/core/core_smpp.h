/* core_smpp.h - the SMS-SC over SMPP in place of T4 (smssc.protocol: smpp): ports of the trigger
 * machine as in core_t4.h, the connection of the peer that t4.peer names, and receipts.
 *
 * SMPP knows no copies: a submit_sm without a response is not sent again (smssc.on_unknown: hold),
 * because a second one might wake the device twice. The message id of the response is durable
 * before the SCS is answered: receipts and cancel_sm name the message by it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/core_queue.h"
#include "smpp/smpp_pdu.h"
#include "trigger/trg.h"

struct core;
struct core_peer;
struct core_seat;
struct core_smpp; /* the connection of one peer */
struct core_trigger;
struct multimap_node;

/* -- ports of the trigger machine */

/* Called before the intent is stored: into how many parts it is divided. ERR_NOMEM. */
ERR_MUST_USE int core_smpp_plan(const struct core *c, struct trg *trg);
int core_smpp_submit(struct core *c, struct trg *trg, size_t place, bool again);
int core_smpp_recall(struct core *c, struct trg *trg, size_t place);
enum trg_copies core_smpp_copies(void *arg, const struct trg *trg);

/* -- the connection (core_smpp_conn.c) */

/* Begins to connect in the next turn. Borrows the peer. ERR_NOMEM. */
ERR_MUST_USE int core_smpp_new(struct core_smpp **out, struct core_peer *p);
void core_smpp_renew(struct core_smpp *s); /* smssc.window and smssc.receipts have changed */
void core_smpp_free(struct core_smpp *s);  /* takes; NULL allowed; asks end without a response */
/* Bound, and not paused after ESME_RTHROTTLED or ESME_RMSGQFUL. */
bool core_smpp_may(const struct core_smpp *s);
/* Bound, paused or not. */
bool core_smpp_bound(const struct core_smpp *s);
/* The SMS-SC is congested: new requests wait for smssc.pause. */
void core_smpp_pause(struct core_smpp *s);
void core_smpp_kick(struct core_smpp *s);                     /* connects now, also after core_smpp_stop() */
void core_smpp_stop(struct core_smpp *s, const char *reason); /* unbinds, no further attempt; static text */
void core_smpp_no_more(struct core_smpp *s, const char *reason);
const char *core_smpp_state(const struct core_smpp *s); /* a word of link_peer_state() */
const char *core_smpp_reason(const struct core_smpp *s);
uint64_t core_smpp_next_ms(const struct core_smpp *s); /* as link_peer_next_ms() */

/* For core_smpp_ask.c: sends the request of a bound connection, whose response is given to ask->fn;
 * gives ask->fn a status in a later turn. ERR_BUSY, ERR_NOMEM: nothing has happened. */
ERR_MUST_USE int core_smpp_send(struct core_smpp *s, struct smpp_pdu *pdu, struct core_ask *ask);
ERR_MUST_USE int core_smpp_send_nobody(struct core_smpp *s, struct core_ask *ask, uint32_t status);

/* -- requests (core_smpp_ask.c) */

/* Sends a request about this trigger; its sequence number is set. The response, or its absence, is
 * given to `fn` once. ERR_CLOSED, ERR_BUSY, ERR_NOMEM, ERR_LIMIT: nothing was sent. */
ERR_MUST_USE int core_smpp_ask(struct core_trigger *t, size_t place, struct smpp_pdu *pdu, core_smpp_fn *fn);
/* `fn` is called in a later turn, with `status` in place of a response: nothing is sent.
 * ERR_NOMEM. */
ERR_MUST_USE int core_smpp_ask_nobody(struct core_trigger *t, size_t place, uint32_t status, core_smpp_fn *fn);
/* The ask has ended; its trigger, or NULL. */
struct core_trigger *core_smpp_asked(struct core_ask *ask);

/* -- receipts (core_smpp_report.c) */

/* A deliver_sm or data_sm; answers it now or when its report is durable. */
void core_smpp_delivered(struct core_peer *p, const struct smpp_pdu *pdu);
struct core_smpp_receipt;
/* The receipt of this deliver_sm or data_sm (`pdu`; NULL: it has waited) becomes a report, and its
 * answer follows. False: no trigger fits, and nothing has happened. */
bool core_smpp_take(struct core_peer *p, const struct smpp_header *h, const struct core_smpp_receipt *r,
		    const struct smpp_pdu *pdu);
/* No trigger fits and none will: counts it and answers. */
void core_smpp_for_nobody(struct core_peer *p, const struct smpp_header *h);
/* Answers a deliver_sm or data_sm, if this is still its connection. */
void core_smpp_answer(struct core_smpp *s, uint32_t connection, uint32_t command, uint32_t sequence, uint32_t status);
uint32_t core_smpp_connection(const struct core_smpp *s); /* number of the connection */
struct net_stream;
void core_smpp_push(struct core_smpp *s);                             /* sends now what was written */
const struct net_stream *core_smpp_stream(const struct core_smpp *s); /* NULL: none */

/* -- cancel_sm whose result changes nothing (core_smpp_apart.c) */

struct core_smpp_apart_one;
struct core_smpp_apart {
	TAILQ_HEAD(, core_smpp_apart_one) list; /* wait for room, as they came */
	uint32_t n;
};

int core_smpp_apart_init(struct core *c);  /* always 0 */
void core_smpp_apart_fini(struct core *c); /* a zeroed part is allowed */
/* Sends it, about a message of this trigger, or keeps it until there is room. */
void core_smpp_apart(struct core_trigger *t, size_t place, struct smpp_pdu *pdu);
/* A response came, or the peer is open: sends the cancel_sm that wait, until there is no room. */
void core_smpp_apart_move(struct core_peer *p);

/* -- receipts that came before the response of their submit_sm (core_smpp_early.c) */

struct core_smpp_early_one;
struct core_smpp_early {
	TAILQ_HEAD(, core_smpp_early_one) list; /* as they came */
	uint32_t n;                             /* at most smssc.early_receipts */
	struct net_timer *timer;
};

ERR_MUST_USE int core_smpp_early_init(struct core *c); /* ERR_NOMEM */
void core_smpp_early_fini(struct core *c);             /* a zeroed part is allowed */
/* Keeps a receipt that fits no trigger while submits of this peer have no response; its answer
 * follows. ERR_LIMIT, ERR_NOMEM: it was not kept. */
ERR_MUST_USE int core_smpp_early_keep(struct core_peer *p, const struct smpp_header *h, const struct core_smpp_receipt *r);
void core_smpp_early_look(struct core_peer *p); /* a response came: looks at them again in the next turn */
void core_smpp_early_down(struct core_peer *p); /* the connection has ended: the SMS-SC sends them again */

/* -- triggers by message id, else by reference and device (core_smpp_names.c) */

ERR_MUST_USE int core_smpp_names_init(struct core *c);
void core_smpp_names_fini(struct core *c);
/* Enters the trigger under its message ids, and while one is missing under its reference.
 * ERR_NOMEM. */
ERR_MUST_USE int core_smpp_name(struct core *c, struct core_seat *seat, const struct trg *trg);
/* Enters a trigger whose message has no id under its reference: only a receipt with this reference
 * can tell its outcome. Does nothing for others. ERR_NOMEM. */
ERR_MUST_USE int core_smpp_name_reference(struct core *c, struct core_trigger *t);
void core_smpp_unname(struct core *c, struct core_seat *seat);
void core_smpp_name_move(struct core_seat *from, struct core_seat *to);
/* Those that may have this id, or this reference and device: walked by multimap_next(). */
struct multimap_node *core_smpp_named_id(struct core *c, const char *id);
struct multimap_node *core_smpp_named_reference(struct core *c, uint16_t reference, const char *msisdn);
struct core_seat *core_smpp_named(struct multimap_node *n);

/* -- the trigger of a receipt (core_smpp_find.c): awake; NULL: none. `host`: of the SMS-SC */

struct core_trigger *core_smpp_by_id(struct core *c, const char *id, const char *host);
struct core_trigger *core_smpp_by_reference(struct core *c, uint16_t reference, const char *msisdn, const char *host);

/* -- core_smpp_form.c, PURE: how a trigger is written as submit_sm, and what comes back means */

/* user_message_reference of a trigger. */
uint16_t core_smpp_reference(const struct trg *trg);

struct cfg_smssc;
#define CORE_SMPP_OCTETS_MAX (13u + 4096u) /* a header with ports and part, and the payload */
/* How many messages this trigger is sent as; at most TRG_PARTS_MAX, or it cannot be sent. */
uint32_t core_smpp_parts(const struct trg_request *req, const struct cfg_smssc *conf);
/* One of the parts that trg_parts_begin() was told, or 0. `octets` keeps what the PDU points to.
 * NULL: done; else why the trigger cannot be sent. */
const char *core_smpp_fill(struct smpp_pdu *pdu, uint8_t octets[CORE_SMPP_OCTETS_MAX], const struct trg *trg, uint32_t part,
			   const struct cfg_smssc *conf, uint64_t now_ms);
void core_smpp_fill_cancel(struct smpp_pdu *pdu, const struct trg *trg, const struct cfg_smssc *conf, const char *id);

struct core_smpp_receipt {
	char id[SMPP_MESSAGE_ID_MAX + 1]; /* "": it names none */
	uint8_t state;                    /* enum smpp_state; 0: unknown */
	bool has_reference;
	uint16_t reference;
	char device[SMPP_ADDRESS_LONG_MAX + 1]; /* source of the receipt: who the message was for; digits */
};
/* Reads a receipt; the parameters win over the text. False: it is not a receipt. */
bool core_smpp_read(struct core_smpp_receipt *out, const struct smpp_pdu *pdu);
/* enum tsp_delivery_outcome of a final state. */
uint32_t core_smpp_outcome(uint8_t state);
