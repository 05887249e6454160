/* smssc_tsp_parts.h - the segments of one trigger that are here: what smssc_tsp_part.c, which takes
 * them from SMEs, shares with smssc_tsp_parts.c, which makes the trigger. */
#pragma once
#include "nodes/smssc/smssc_tsp_ask.h"

enum parts_state { PARTS_GATHERING, PARTS_WHOLE, PARTS_ENDED };

#define TSP_PARTS_MAGIC 0x39ab60f7u
struct tsp_parts {
	struct obj obj;
	struct tsp_scs *scs;
	enum parts_state state;
	uint8_t outcome; /* TSP_OUTCOME_..., of one that ended */
	char source[SMPP_ADDRESS_MAX + 1], destination[SMPP_ADDRESS_MAX + 1];
	struct dlv_part name; /* .part is not used */
	bool has_port;
	uint16_t port;
	uint8_t pid;
	uint64_t number, deadline_ms;
	struct sme_ticket *ticket; /* in no list: of the last segment */
	size_t octets;
	unsigned have; /* segments that are here */
	struct tsp_parts *prev, *next;
	uint64_t ids[]; /* deliveries of the segments; 0: not here */
};
/* They wait for the others until `deadline_ms`. NULL: no memory. */
struct tsp_parts *smssc_tsp_parts_new(struct tsp_scs *scs, const struct sme_told *told, const struct dlv_part *name,
				      uint64_t deadline_ms);
void smssc_tsp_parts_end(struct tsp_parts *g);
/* Those with this source, destination, reference and number of segments. NULL: none. */
struct tsp_parts *smssc_tsp_parts_find(const struct tsp_scs *scs, const struct sme_told *told, const struct dlv_part *name);
/* The delivery of segment i, from 0, when it is on disk; else NULL. */
struct dlv_msg *smssc_tsp_segment(const struct tsp_parts *g, size_t i);
/* All of them leave the store; with `receipt` one that asked for a receipt stays with the
 * outcome. */
void smssc_tsp_parts_leave(struct tsp_parts *g, bool receipt);
/* They leave in the next turn, with this outcome (TSP_OUTCOME_...). */
void smssc_tsp_parts_give_up(struct tsp_parts *g, uint8_t outcome);
/* How long segments may wait for the others: no longer than the trigger is valid. */
uint64_t smssc_tsp_parts_wait_ms(const struct smssc *s, uint32_t validity_s);
