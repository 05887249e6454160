/* smssc_tsp.h - the SMS-SC as a Diameter client of the gateway, for SMEs that may trigger. Each such
 * SME is an SCS of the gateway: it has a connection of its own, with the Origin-Host and the
 * certificate of that SCS, so that the gateway knows whose trigger it is, and association, quota and
 * audit decide. The path of a trigger: smssc_sme_submit (form) -> smssc_tsp (dlv, on disk) -> DAR ->
 * DAA -> the answer to the SME; later DNR -> smssc_tsp_report (on disk) -> DNA and the receipt. */
#pragma once
#include "link/link_peer.h"
#include "nodes/smssc/smssc_sme_int.h"

struct tsp_report; /* a DNR whose answer waits for the disk */
struct tsp_parts;  /* segments of one trigger: smssc_tsp_parts.c */
struct tsp_ask;    /* what the gateway is asked and has not answered: smssc_tsp_ask.h */

#define TSP_SCS_MAGIC 0x2f90c6b3u
struct tsp_scs { /* an SME that may trigger */
	struct obj obj;
	struct smssc *s;
	struct sme_owner *owner;
	struct link_conf conf;
	struct link_peer_conf peer_conf;
	struct link_peer *peer;
	struct link_ids ids;
	uint32_t asks_n, parts_n;
};

struct smssc_tsp {
	struct tsp_scs scs[SME_LIST_MAX];
	struct net_timer *timer; /* ends the wait for a connection, and a pause */
	struct tsp_ask *asks;
	struct tsp_parts *parts;
	bool parts_changed; /* in this turn */
	struct tsp_report *reports;
	uint32_t reports_n;
	bool ending;
};

/* -- smssc_tsp_tls.c */
/* The contexts of the connections over TLS, by place in the list of SMEs; for -t and for the start.
 * ERR_INVAL: errors are in `why`. */
ERR_MUST_USE int smssc_tsp_tls(struct tls_ctx *out[SME_LIST_MAX], const struct smssc_sme_conf *c, const struct cfg_lines *lines,
			       struct report *why);
/* -- smssc_tsp_link.c */
/* Begins to connect; nothing without an SME that may trigger. After smssc_sme_start(). ERR_NOMEM. */
ERR_MUST_USE int smssc_tsp_start(struct smssc *s);
void smssc_tsp_stop(struct smssc *s); /* leaves the gateway */
void smssc_tsp_end(struct smssc *s);  /* before smssc_sme_end() */

/* -- smssc_tsp.c */
/* Asks the gateway for what is on disk now, and answers its reports that are. */
void smssc_tsp_committed(struct smssc *s, bool durable);
/* The connection of the SME has ended: its answers go nowhere. */
void smssc_tsp_forget(struct smssc *s, const struct sme_bind *b);

/* The gateway takes requests of this SME (again): what waits is sent. */
void smssc_tsp_usable(struct tsp_scs *scs);
void smssc_tsp_due(void *arg);        /* of the timer; arg is the struct smssc */
void smssc_tsp_drop(struct smssc *s); /* all that waits, without an answer */

/* -- smssc_tsp_trigger.c, smssc_tsp_change.c: requests of SMEs. SMPP_ROK: the answer follows. Else
 * nothing was taken, and *why. */
enum smpp_status smssc_tsp_submit(struct sme_bind *b, struct sme_message *m, const struct smpp_pdu *p);
/* Cancels the trigger `old`, which is one of this SME. */
enum smpp_status smssc_tsp_cancel(struct sme_bind *b, const struct smpp_pdu *p, const struct dlv_msg *old, const char **why);
/* Replaces `old` by `m`. */
enum smpp_status smssc_tsp_replace(struct sme_bind *b, struct sme_message *m, const struct smpp_pdu *p,
				   const struct dlv_msg *old);

/* -- smssc_tsp_part.c */
/* Takes one segment of a trigger. As smssc_tsp_submit(). */
enum smpp_status smssc_tsp_part(struct sme_bind *b, struct sme_message *m, const struct smpp_pdu *p);
/* Whether `m` names itself a segment of a trigger of which segments are here. */
bool smssc_tsp_part_of(const struct sme_bind *b, const struct sme_message *m, const struct smpp_pdu *p);
/* Drops all segments of the trigger of which `m` is one. False: one of them is not on disk yet, or
 * the trigger waits for no segment any more. */
bool smssc_tsp_parts_cancel(struct sme_bind *b, const struct dlv_msg *m);

/* -- smssc_tsp_parts.c */
/* The commit of this turn is over. */
void smssc_tsp_parts_committed(struct smssc *s, bool durable);
/* The connection of the SME has ended: the answer for a last segment goes nowhere. */
void smssc_tsp_parts_forget(struct smssc *s, const struct sme_bind *b);
/* Asks for triggers that are whole, ends those that wait too long. */
void smssc_tsp_parts_due(struct smssc *s);
uint64_t smssc_tsp_parts_next_ms(const struct smssc *s); /* when; UINT64_MAX: never */
/* Takes up a segment that the store kept over a restart. */
void smssc_tsp_parts_resume(struct tsp_scs *scs, const struct dlv_msg *m);
void smssc_tsp_parts_drop(struct smssc *s);

/* -- smssc_tsp_change.c */
/* Goes on with what was asked before the restart. */
void smssc_tsp_resume(struct smssc *s);

/* -- smssc_tsp_report.c */
void smssc_tsp_request(struct tsp_scs *scs, struct link *l, const struct dia_msg *m);
void smssc_tsp_reports_committed(struct smssc *s, bool durable);
void smssc_tsp_reports_forget(struct smssc *s, const struct link *l); /* NULL: all */
