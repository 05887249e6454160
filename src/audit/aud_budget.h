/* aud_budget.h - how many refusals of one SCS become records in one second; further ones are
 * counted in one record a second, so that what somebody asks cannot fill the disk. PURE: seconds
 * are an argument. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUD_BUDGET_SLOTS 1024u /* SCSs that are told apart in a second; the rest share one */
#define AUD_BUDGET_NAME_MAX 64u

struct aud_budget {
	uint32_t per_second; /* 0: no limit */
	uint64_t second;
	uint32_t used_n; /* slots in use */
	uint16_t used[AUD_BUDGET_SLOTS];
	struct aud_budget_slot {
		char scs[AUD_BUDGET_NAME_MAX]; /* "": of refusals without an SCS, or of those that have no slot */
		bool there;
		uint32_t n; /* refusals in this second */
	} at[AUD_BUDGET_SLOTS];
};

/* The second has changed: gives every SCS that had more than its budget to `say`, with the number
 * of refusals that are in no record, and counts from zero again. A clock that goes back is a
 * change, too. */
void aud_budget_turn(struct aud_budget *b, uint64_t second, void (*say)(void *arg, const char *scs, uint64_t n), void *arg);
/* One refusal of this SCS (NULL: of nobody known). True: it becomes a record. */
bool aud_budget_take(struct aud_budget *b, const char *scs);
