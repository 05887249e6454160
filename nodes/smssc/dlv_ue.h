/* dlv_ue.h - a mobile at the SMS-SC: its connection, its waiting messages, its outstanding message.
 * Inside of the delivery machine. */
#pragma once
#include "nodes/smssc/dlv.h"

enum { DLV_TIMER_MSG = 1, DLV_TIMER_UE = 2 };

/* An SME keeps no trigger waiting, whatever priority it gives its messages. */
enum dlv_rank { DLV_RANK_TRIGGER_PRIORITY, DLV_RANK_TRIGGER, DLV_RANK_SME_PRIORITY, DLV_RANK_SME, DLV_RANKS };

#define DLV_UE_MAGIC 0xf5097b4fu
struct dlv_ue {
	struct obj obj;
	char imsi[SMS_IMSI_MAX + 1];
	struct dlv_conn *conn; /* NULL: absent */
	/* it was registered before: absent means detached, else never registered */
	bool seen;
	/* by rank, then by id; the one being sent included */
	struct dlv_msg *queue;
	struct dlv_msg *last[DLV_RANKS]; /* of each rank; NULL: there is none */
	uint32_t queue_n, queue_smes_n;  /* all; those of SMEs */
	uint32_t single_n;               /* single attempts among all */
	struct dlv_msg *current;         /* being sent */
	uint8_t reference;               /* RP-Message-Reference of the outstanding message */
	bool resting;                    /* failed; waits for its next try */
	uint32_t attempt;                /* failures in a row */
	struct dlv_timer timer;          /* answer of the mobile; or the end of the rest */
	struct dlv_ue *prev, *next;      /* of the same connection */
	struct map_node by_imsi;
};

#define DLV_MAGIC 0x874206e2u
struct dlv {
	struct obj obj;
	struct dlv_conf conf;
	struct dlv_ports ports;
	struct dlv_counts counts;
	struct dlv_msg *all;
	struct map by_id, by_key;     /* messages */
	struct multimap by_number;    /* those of SMEs */
	struct map ues;               /* by IMSI */
	uint32_t msgs_n, msgs_smes_n; /* all; those of SMEs */
	uint64_t sme_octets;          /* what those of SMEs take in the store, about */
	uint32_t ues_n, ues_present;
	uint32_t places_n; /* of ues_n: registered, or with a trigger */
	uint32_t in_state[DLV_STATES];
	uint64_t id_next;
	struct dlv_timers timers;
	struct dlv_msg *batch;       /* waits for the disk */
	struct map lines;            /* of reports that wait, by who gets them */
	struct dlv_line *peer_lines; /* those of T4 among them */
	uint64_t looked_at;          /* lines and messages, to find what waits for a peer */
};

struct dlv_ue *dlv_ue_find(struct dlv *d, const char *imsi);
/* Finds or makes. NULL: out of memory, or the name is too long. */
struct dlv_ue *dlv_ue_get(struct dlv *d, const char *imsi);
/* Whether ues_max keeps this mobile from being registered, and from a trigger. One that has but
 * messages of SMEs does not count: they are bounded, and it ends with them. */
bool dlv_ue_no_place(struct dlv *d, const char *imsi);
/* Frees the mobile if it is absent and has no messages. */
void dlv_ue_put(struct dlv *d, struct dlv_ue *ue);

/* A message whose id is above those of all others here. What it takes does not depend on how many there
 * are: an SME that measures it would learn that a device has triggers. */
void dlv_ue_enqueue(struct dlv *d, struct dlv_ue *ue, struct dlv_msg *m);
void dlv_ue_dequeue(struct dlv *d, struct dlv_ue *ue, struct dlv_msg *m);
void dlv_ue_attach(struct dlv *d, struct dlv_ue *ue, struct dlv_conn *conn);
void dlv_ue_detach(struct dlv *d, struct dlv_ue *ue);

/* The message that may be sent to this mobile now; NULL: none. During a pause only messages with a
 * single attempt are sent. */
struct dlv_msg *dlv_ue_next(struct dlv_ue *ue);

/* How many TPDUs the message needs; 0: more than 255, or its header does not fit. */
unsigned dlv_parts(const struct dlv_text *t);
/* dlv_status.c: the TPDU of a status report. ERR_INVAL, ERR_LIMIT. */
ERR_MUST_USE int dlv_status_build(struct buf *out, const struct dlv_msg *m, bool more, int64_t wall_ms);
/* Writes the RPDU of the next part of `m`. ERR_LIMIT, ERR_INVAL: cannot be encoded (never for a
 * message that dlv_submit() accepted). */
ERR_MUST_USE int dlv_ue_part(struct buf *out, struct dlv *d, struct dlv_ue *ue, const struct dlv_msg *m, int64_t wall_ms);
