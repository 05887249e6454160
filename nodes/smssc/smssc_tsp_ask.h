/* smssc_tsp_ask.h - one question to the gateway about one trigger of an SME, from the disk to its
 * answer. What is the same for all of them is in smssc_tsp.c; what follows from the answer is of
 * their kind (smssc_tsp_trigger.c, smssc_tsp_change.c). */
#pragma once
#include "nodes/smssc/dlv_afar.h"
#include "nodes/smssc/sme_trigger.h"
#include "nodes/smssc/smssc_tsp.h"

enum tsp_state { TSP_STORING, TSP_ASKED, TSP_AGAIN };

struct tsp_kind {
	const char *word; /* for the log */
	bool needs_disk;  /* a disk that does not take it ends it */
	void (*build)(struct buf *out, const struct dlv_text *text, const struct sme_trigger_ends *ends);
	/* The answer. `m` is the trigger; NULL: it has its outcome, or is gone. */
	void (*answered)(struct tsp_ask *a, struct dlv_msg *m, const struct tsp_daa *daa);
	/* Its SME waits and has waited long enough; or, without an SME, there was no answer. */
	void (*late)(struct tsp_ask *a, struct dlv_msg *m, const char *words);
	/* It is not on disk. The SME is refused already. NULL: nothing is to be done. */
	void (*lost)(struct tsp_ask *a, struct dlv_msg *m);
	/* It was asked so long ago that a repetition would be a new request. NULL: it goes on as one. */
	void (*aged)(struct tsp_ask *a, struct dlv_msg *m);
};

#define TSP_ASK_MAGIC 0x71e3d80cu
struct tsp_ask {
	struct obj obj;
	struct tsp_scs *scs;
	const struct tsp_kind *kind;
	struct sme_ticket *ticket; /* in no list; NULL: no SME waits */
	enum tsp_state state;
	bool sent;     /* the gateway may have it */
	bool repeated; /* sent more than once under this name */
	/* its segments were taken, or its SME may have been answered before a restart: an end without a
	 * delivery has a receipt */
	bool owes_receipt;
	uint64_t id;          /* of the trigger */
	uint64_t deadline_ms; /* of an SME that waits; else when it is asked again */
	uint64_t asked_real_ms;
	uint32_t end_to_end, pause_ms;
	struct tsp_ask *prev, *next;
};

/* Makes one that waits for the disk, with a name of its own. With `p`, `b` is answered once.
 * NULL: no memory. */
struct tsp_ask *smssc_tsp_ask_new(struct tsp_scs *scs, const struct tsp_kind *kind, struct sme_bind *b, const struct smpp_pdu *p);
/* Enters it in the list; the record of delivery `id` is written with the next commit. */
void smssc_tsp_ask_begin(struct tsp_ask *a, uint64_t id);
void smssc_tsp_ask_free(struct tsp_ask *a); /* one that has not begun; NULL allowed */
void smssc_tsp_ask_end(struct tsp_ask *a);  /* one that has */
/* Another question about the same trigger, with a name of its own, which waits for the disk. */
void smssc_tsp_ask_turn(struct tsp_ask *a, const struct tsp_kind *kind);
/* Asked again later. */
void smssc_tsp_ask_later(struct tsp_ask *a);
/* What of it is kept on disk. */
struct dlv_change smssc_tsp_ask_change(const struct tsp_ask *a, enum dlv_change_kind kind);
/* Both answer the SME, if one waits. The first refuses at once, with a line in the log; the second
 * answers with the commit of this turn. */
void smssc_tsp_ask_refuse(struct tsp_ask *a, enum smpp_status status, const char *words);
void smssc_tsp_ask_tell(struct tsp_ask *a, enum smpp_status status);
/* SMPP_ROK, or why this SME may not ask now; NULL: it is no SCS. */
enum smpp_status smssc_tsp_may_ask(struct tsp_scs *scs, const char **why);

/* Ends `m` with the outcome that an UNDELIVERABLE of the gateway has. */
void smssc_tsp_undeliverable(struct tsp_ask *a, struct dlv_msg *m);
/* Keeps on disk, with the next commit, that the gateway is asked this about `m`. */
void smssc_tsp_ask_keep(struct tsp_ask *a, struct dlv_msg *m, enum dlv_change_kind kind);
/* Starts the timer again for what is due next. */
void smssc_tsp_arm(struct smssc *s);

extern const struct tsp_kind smssc_tsp_trigger;                    /* smssc_tsp_trigger.c */
extern const struct tsp_kind smssc_tsp_recall, smssc_tsp_withdraw; /* smssc_tsp_change.c */
