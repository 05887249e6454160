/* bench_assoc.h - what the files of bench_assoc share: the fleet, clocks, and look-ups under
 * load. */
#pragma once
#include <stdint.h>
#include <time.h>

#include "assoc/asc.h"

uint64_t any(uint64_t n); /* below n */
uint64_t now_ns(void);
/* of this thread, or of the process: without the time that other processes take */
uint64_t cpu_ns(clockid_t clock);
void die(const char *what, const struct asc_why *why) __attribute__((noreturn));

void device_of(char out[48], uint64_t i);
void scs_of(char out[16], uint64_t i);
void provision(struct asc *a); /* the SCSs */

/* A process that makes the same changes to a store of its own: the same work for the disk and a
 * processor, without our store. */
struct elsewhere;
struct elsewhere *elsewhere_start(const char *dir);
void elsewhere_end(struct elsewhere *e);

/* One round: look-ups of random devices without a pause, each timed: without changes, with changes,
 * and with changes elsewhere, in an order that rotates. Prints a line for each. */
void look_ups_under_load(struct asc *store, uint64_t devices, struct elsewhere *other, int round);
