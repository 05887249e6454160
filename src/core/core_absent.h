/* core_absent.h - how often an SCS may learn that a device is not there. The answer to a trigger
 * that may not wait, and the report of one that waited in vain, tell an SCS that the device is
 * absent: asked often enough, they follow the device's day (TR 33.868, privacy). So each pair of an
 * SCS and a name of a device has a bucket: a window holds so many absent answers, and they come
 * back one by one over the window. While the bucket is empty, a trigger of that SCS for that device
 * is refused before and after the question to the HSS, whether the device is there or not.
 * When the table is full, an SCS that has its share of it drops its own oldest entry, so that one
 * SCS with many devices does not make the gateway forget those of the others.
 * In memory only: a restart of the core fills the buckets. PURE: the time is an argument. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct core_absents;

ERR_MUST_USE int core_absents_new(struct core_absents **out, uint32_t entries_max, uint64_t window_ms); /* ERR_NOMEM, ERR_IO */
void core_absents_free(struct core_absents *a);                                                         /* NULL allowed */

/* True: the SCS (its SCS-Identity, digits) has learned so often that this device is absent that it
 * may not ask now. `device`: a canonical External-Identifier or MSISDN; NULL and "" are never
 * over. `answers_max`: of a window, 1 or more. */
bool core_absent_over(const struct core_absents *a, const char *e164, const char *device, uint32_t answers_max, uint64_t now_ms);

/* The SCS learns it now, once for each name of the device. Without memory the name is not
 * counted, and counts as forgotten. */
void core_absent_count(struct core_absents *a, const char *e164, const char *device, uint32_t answers_max, uint64_t now_ms);

uint32_t core_absents_n(const struct core_absents *a);         /* entries */
uint64_t core_absents_forgotten(const struct core_absents *a); /* dropped within the window */
