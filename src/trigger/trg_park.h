/* trg_park.h - a trigger that only waits for its report, in a third of the memory: there may be
 * millions of them. The members that it needs are kept whole; those that an accepted trigger can no
 * longer use are left out. It becomes a machine again before anything happens to it. PURE. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trigger/trg.h"

struct trg_parked; /* in the memory of its owner; aligned as a uint64_t */

#define TRG_PARKED_MAX 2888u /* octets of one; most have a third of 704 */

/* Writes the trigger to `room`, TRG_PARKED_MAX octets, and returns its size; the owner copies it.
 * It borrows the names of the trigger's party and SMS-SC, which stay. 0: it must stay a machine,
 * because it does more than wait for its report, or its names are not shared. */
size_t trg_park(struct trg_parked *room, const struct trg *t);
/* The owner has a parked trigger in place of the machine. It counts in its state as a machine does,
 * until trg_parked_end(). */
void trg_parked_begin(const struct trg_parked *p, const struct trg_conf *conf);
/* Makes the machine of a parked trigger, with its timer set for armed_ms (port `arm` is not
 * called). The parked one stays. ERR_NOMEM. */
ERR_MUST_USE int trg_unpark(struct trg **out, const struct trg_parked *p, uint64_t armed_ms, const struct trg_conf *conf,
			    const struct trg_ports *ports, void *arg);
void trg_parked_end(const struct trg_parked *p, const struct trg_conf *conf);

/* Reads the record of a trigger, as trg_restore() does, and calls `fn` with it. The trigger is on
 * the stack, with its timer set for the deadline of its report, and counts in no state: it is for
 * parking, and valid until fn returns. Returns the result of fn; ERR_VERSION, ERR_PROTO. */
typedef int trg_read_fn(void *arg, const struct trg *t);
ERR_MUST_USE int trg_read(uint64_t number, const void *record, size_t len, const struct trg_conf *conf, trg_read_fn *fn,
			  void *arg);

const struct trg_party *trg_parked_party(const struct trg_parked *p);
bool trg_parked_has_id(const struct trg_parked *p, const char *id); /* it has this message id */
uint64_t trg_parked_received_ms(const struct trg_parked *p);
uint32_t trg_parked_action(const struct trg_parked *p); /* enum tsp_action_type */
