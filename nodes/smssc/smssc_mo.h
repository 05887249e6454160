/* smssc_mo.h - short messages that mobiles send over the lab link (docs/user/ue-link.md), to be
 * delivered to other mobiles. They pass the filter against forged triggers like those of SMEs. */
#pragma once
#include "nodes/smssc/smssc.h"

struct mo_ticket; /* a message whose answer waits for the disk */

/* A submit frame: `imsi` sends this RPDU. ERR_PROTO: it is no RP-DATA of a mobile. */
ERR_MUST_USE int smssc_mo_take(struct smssc *s, struct smssc_ue_conn *c, const char *imsi, const uint8_t *rpdu, size_t len);
/* Answers all that waited for the commit. */
void smssc_mo_committed(struct smssc *s, bool durable);
/* The connection has ended: answers to it go nowhere. */
void smssc_mo_forget(struct smssc *s, const struct smssc_ue_conn *c);
void smssc_mo_end(struct smssc *s);

/* -- smssc_ues.c */
/* Whether the mobile is registered by this connection. */
bool smssc_ues_has(const struct smssc *s, const struct smssc_ue_conn *c, const char *imsi);
/* RP-ACK, or RP-ERROR if `cause` is not 0, to what the mobile sent. */
void smssc_ues_answer(struct smssc_ue_conn *c, const char *imsi, uint8_t reference, uint8_t cause);
