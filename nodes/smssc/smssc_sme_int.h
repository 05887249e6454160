/* smssc_sme_int.h - what the requests of SMEs share: a ticket for an answer that waits for the disk, a
 * message that was read. */
#pragma once
#include "nodes/smssc/sme_address.h"
#include "nodes/smssc/sme_number.h"
#include "nodes/smssc/sme_text.h"
#include "nodes/smssc/sme_told.h"
#include "nodes/smssc/smssc_sme.h"

struct sme_ticket {
	struct sme_bind *bind; /* NULL: gone */
	uint32_t command, sequence;
	uint64_t number;         /* message_id; 0: the answer has none */
	enum smpp_status status; /* of a refusal that follows the commit; SMPP_ROK: of the commit itself */
	uint8_t *failures;
	uint32_t failures_len;
	uint8_t failures_n;
	struct sme_ticket *prev, *next;
};

struct sme_message { /* what a message has in common for all of its destinations */
	struct smpp_content content;
	struct sme_text text;
	struct sme_told told;
	uint8_t originator[SMS_ADDRESS_MAX], originator_len;
	uint32_t validity_s;
	bool priority;
	uint8_t pid;
	bool stripped;       /* protocol_id and ports were taken away */
	uint8_t header[256]; /* what is left of the header then */
	bool trigger;        /* it goes to the gateway; `text` is not made */
	const char *why;     /* of a refusal, beyond the words of the status; NULL: none */
};

/* The answer to a request that was done. */
void smssc_sme_answer(const struct sme_ticket *t);
/* Answers with this status, counts and logs; `why` NULL: the words of the status. */
void smssc_sme_refuse(struct sme_bind *b, const struct smpp_pdu *p, enum smpp_status status, const char *why);
/* The answer follows with the commit of this turn. NULL: no memory; then the caller refuses. */
struct sme_ticket *smssc_sme_new_ticket(struct sme_bind *b, const struct smpp_pdu *p);
void smssc_sme_end_ticket(struct smssc_sme *sme, struct sme_ticket *t);
/* -- smssc_sme_read.c */
/* Reads all but the destination, in the order in which an attack is seen first: form, forgery,
 * source, the rest. `m` is zero before. */
enum smpp_status smssc_sme_read_message(struct sme_message *m, struct sme_bind *b, const struct smpp_pdu *p);
/* -- smssc_sme_submit.c */
/* Submits it to one destination, in place of `replaces` (NULL: of none). *number is 0 for a new
 * message_id, which it gets. */
enum smpp_status smssc_sme_submit_to(struct sme_bind *b, struct sme_message *m, const struct smpp_address *destination,
				     struct dlv_msg *replaces, uint64_t *number);

/* The device of this number; a name that no device has, if there is none, or if it takes triggers
 * only. */
void smssc_sme_device(char imsi[SMS_IMSI_MAX + 1], const struct smssc *s, const char *msisdn, const uint8_t *tbcd, size_t len);
/* Submits a trigger as a delivery that waits for the gateway; `change` is what the
 * gateway is asked. *id names it until dlv_committed(), *number as above. */
enum smpp_status smssc_sme_store_trigger(struct sme_bind *b, struct sme_message *m, const struct smpp_address *destination,
					 const struct dlv_change *change, uint64_t *id, uint64_t *number);

/* -- smssc_sme_manage.c */
void smssc_sme_query(struct sme_bind *b, const struct smpp_pdu *p);
void smssc_sme_cancel(struct sme_bind *b, const struct smpp_pdu *p);
void smssc_sme_replace(struct sme_bind *b, const struct smpp_pdu *p);
