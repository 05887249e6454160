/* trg_park.h - a trigger that only waits for its report, in a third of the memory: there may be millions of them. What it needs is kept
 * whole; what an accepted trigger can no longer use is not there. It is a machine again before anything happens to it. PURE. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "trigger/trg.h"

struct trg_parked; /* in the memory of its owner; aligned as a uint64_t */

/* Octets that the trigger takes when it is parked. 0: it has to stay a machine, because it does more than wait for its report, or its
 * names are not shared. */
size_t trg_parked_size(const struct trg *t);
/* Writes trg_parked_size() octets to `room`. Borrows the names of the trigger's party and SMS-SC, which stay. The owner then frees the
 * trigger. The parked one counts in its state as a machine does, from here to trg_parked_end(). */
void trg_park(struct trg_parked *room, const struct trg *t);
/* Makes the machine of a parked trigger, with its timer set for armed_ms (port `arm` is not called). The parked one stays. ERR_NOMEM. */
ERR_MUST_USE int trg_unpark(struct trg **out, const struct trg_parked *p, uint64_t armed_ms, const struct trg_conf *conf,
			    const struct trg_ports *ports, void *arg);
void trg_parked_end(const struct trg_parked *p, const struct trg_conf *conf);

const struct trg_party *trg_parked_party(const struct trg_parked *p);
