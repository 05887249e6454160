/* dlv_msg.h - one trigger stored at the SMS-SC: its data (TS 23.682 5.3.1), its outcome once there
 * is one, and its record on disk. PURE. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/machine.h"
#include "base/map.h"
#include "base/multimap.h"
#include "base/obj.h"
#include "base/str.h"
#include "nodes/sms/sms_deliver.h"
#include "nodes/sms/sms_frame.h"
#include "nodes/smssc/dlv_timers.h"

enum dlv_state {
	DLV_STORING,   /* its record is not on disk yet; no answer was sent */
	DLV_WAITING,   /* on disk; for its turn, or for the mobile */
	DLV_SENDING,   /* a part is on its way to the mobile */
	DLV_REMOVING,  /* its erasure waits for the disk */
	DLV_RECORDING, /* its outcome waits for the disk */
	DLV_REPORTING, /* outcome on disk; until the MTC-IWF acknowledges the report */
	DLV_AFAR,      /* a trigger of an SME, on disk; the gateway was asked, or has it, until it reports */
	DLV_GONE,
	DLV_STATES
};
extern const struct machine dlv_machine; /* legal changes; only dlv_step() makes them */

enum dlv_kind {
	DLV_KIND_TO_MOBILE, /* a message of an SME, of a mobile or of another network to a mobile */
	DLV_KIND_TO_SME,    /* a message of a mobile to an SME: it is "reported" until the SME has taken it */
	DLV_KIND_STATUS,    /* what became of a message of a mobile, to that mobile: SMS-STATUS-REPORT */
	DLV_KINDS
};

/* What the gateway is asked about a trigger of an SME, and has not answered. It is on disk before
 * it is asked, so that a restart goes on asking. */
enum dlv_change_kind {
	DLV_CHANGE_NONE,
	DLV_CHANGE_RECALL,   /* to take it back; its SME was refused and knows nothing of it */
	DLV_CHANGE_CANCEL,   /* to take it back, because its SME cancels it */
	DLV_CHANGE_REPLACE,  /* to let it take the place of the one with the reference number `old` */
	DLV_CHANGE_FIND,     /* to take it back, because it may have come beside that one */
	DLV_CHANGE_PART,     /* nothing: it is one segment of a trigger */
	DLV_CHANGE_ASK,      /* for the trigger itself */
	DLV_CHANGE_WITHDRAW, /* to take it back, because there was no answer in time */
	DLV_CHANGES
};

enum dlv_part_form { DLV_PART_8BIT, DLV_PART_16BIT, DLV_PART_SAR, DLV_PART_FORMS };

struct dlv_part { /* which segment of which trigger */
	uint16_t reference;
	uint8_t form, parts, part; /* part from 1 to parts */
};

struct dlv_change {
	uint8_t kind;
	uint32_t old;
	uint32_t end_to_end;    /* of the request */
	uint64_t asked_real_ms; /* when it was made, by the timeline of the store */
	struct dlv_part part;
};

/* What an SME submitted (docs/user/tsms.md) beside what a trigger has. Its payload and header are
 * octets as the device gets them. */
struct dlv_sme {
	const char *system_id; /* of the owner, who gets the receipt; NULL: a trigger from the MTC-IWF */
	uint64_t number;       /* message_id of SMPP; several messages have it (submit_multi, replace_sm) */
	uint8_t pid, dcs;
	bool trigger;             /* it goes to the gateway, and comes back over T4 as a message of the gateway's */
	struct dlv_change change; /* of a trigger */
	const uint8_t *header;    /* elements of a user data header; NULL: none. Then it is one part */
	size_t header_len;
	const uint8_t *told; /* what its owner has to know for the receipt: smssc_sme_told.h */
	size_t told_len;
	enum dlv_kind kind;
	/* Of a message of a mobile that wants a status report: its IMSI, TP-MR and TP-DA. NULL: it
	 * wants none */
	const char *sender;
	uint8_t reference;
	const uint8_t *recipient;
	size_t recipient_len;
};

struct dlv_text { /* parts of a trigger; */
	const char *imsi;
	const uint8_t *smea; /* SM-RP-SMEA, checked */
	size_t smea_len;
	const uint8_t *payload;
	size_t payload_len;
	const uint8_t *msisdn; /* TBCD */
	size_t msisdn_len;
	const char *external_id;
	const char *iwf_host, *iwf_realm; /* recipient of the outcome */
	/* the peer that brought it: an agent, or the MTC-IWF itself */
	const char *via;
	bool has_reference, has_port, priority;
	uint32_t reference;
	uint16_t port;
	uint32_t validity_s; /* 0: one attempt, no waiting */
	struct dlv_sme sme;
};

#define DLV_OUTCOME_UNKNOWN 0x7f /* of a trigger of an SME: nobody knows what became of it */

#define DLV_KEY_MAX (SMS_ADDRESS_MAX + 4)

#define DLV_MSG_MAGIC 0xd5de6e91u
struct dlv_msg {
	struct obj obj;
	enum dlv_state state;
	uint64_t id;
	struct dlv_text text; /* points into this object's own memory */
	uint64_t submitted_real_ms, give_up_real_ms;
	bool has_outcome, has_diagnostic;
	/* SM-Delivery-Outcome-T4, or DLV_OUTCOME_UNKNOWN; Absent-Subscriber-Diagnostic-T4 */
	uint8_t outcome, diagnostic;
	uint64_t outcome_real_ms;
	uint32_t report_end_to_end;

	/* not kept on disk */
	struct dlv_ue *ue;
	struct dlv_timer timer; /* give-up; then the next try of the report */
	unsigned parts, parts_done;
	uint32_t report_attempt;
	bool late;       /* give-up came while a part was under way */
	bool report_out; /* a report waits for its answer */
	bool unwanted;   /* nobody wants its report */
	bool asked;      /* DLV_AFAR: the gateway has not answered yet */
	bool refused;    /* DLV_AFAR: it is over, and the record could not be erased yet */
	bool indexed;
	uint8_t key[DLV_KEY_MAX]; /* SMEA and reference number */
	unsigned key_len;
	struct dlv_msg *prev, *next;             /* the mobile's queue */
	struct dlv_msg *batch_prev, *batch_next; /* change that is not on disk yet */
	struct dlv_msg *all_prev, *all_next;     /* all, in the order in which they came */
	struct dlv_line *line;                   /* its report waits for room on a connection; NULL: it does not */
	struct dlv_msg *line_prev, *line_next;
	struct dlv_line *counted_in; /* of its SME, which has not taken it yet; NULL: it is to no SME */
	struct map_node by_id, by_key;
	struct multimap_node by_number; /* of messages of SMEs */
	char memory[];                  /* what `text` points to */
};

/* A copy of `text`, all in one piece of memory. ERR_NOMEM. */
ERR_MUST_USE int dlv_msg_new(struct dlv_msg **out, const struct dlv_text *text);
void dlv_msg_free(struct dlv_msg *m);          /* takes; NULL allowed */
bool dlv_of_sme(const struct dlv_msg *m);      /* submitted by an SME or a mobile; else a trigger */
bool dlv_to_sme(const struct dlv_msg *m);      /* a message of a mobile to an SME */
bool dlv_is_septets(const struct dlv_text *t); /* its payload is text of the 7-bit alphabet, one character an octet */
/* What it takes in the store, about, and never less: whole units, as pages are. */
uint64_t dlv_room(const struct dlv_msg *m);

#define DLV_TOLD_MAX 512u
#define DLV_RECORD_MAX (4096u + SMS_PAYLOAD_MAX)

/* The record without its id. Once there is an outcome the payload is left out. Check out->full. */
void dlv_msg_encode(struct buf *out, const struct dlv_msg *m);
/* ERR_VERSION: written by a newer program; ERR_PROTO: damaged; ERR_NOMEM. */
ERR_MUST_USE int dlv_msg_decode(struct dlv_msg **out, uint64_t id, const void *p, size_t len);
