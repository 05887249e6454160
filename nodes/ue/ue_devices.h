/* ue_devices.h - the devices of one mtc-ue: ranges of IMSIs and the state of each device. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "nodes/sms/sms_frame.h"

#define UE_DEVICES_MAX 1000000u
#define UE_RANGES_MAX 64u

struct ue_device {
	bool absent;   /* not registered; receives nothing */
	bool full;     /* its memory is full */
	bool replaced; /* another process registered it; not ours until an order makes it present */
	uint32_t slow_ms;
};

struct ue_range {
	uint64_t first, last;
	unsigned digits; /* an IMSI keeps its leading zeros */
	struct ue_device *devices;
};

struct ue_devices {
	struct ue_range ranges[UE_RANGES_MAX];
	unsigned ranges_n;
	uint32_t devices_n;
};

/* "FIRST" or "FIRST-LAST", 6 to 15 digits, equal lengths. ERR_INVAL; ERR_LIMIT: too many;
 * ERR_EXISTS: overlaps; ERR_NOMEM. */
ERR_MUST_USE int ue_devices_add(struct ue_devices *d, const char *text);
void ue_devices_fini(struct ue_devices *d);

/* NULL: none of ours */
struct ue_device *ue_devices_find(const struct ue_devices *d, const char *imsi);

/* Calls `fn` for each device that `text` names (NULL: all). Returns their number, or ERR_INVAL (no
 * range), ERR_NOTFOUND (none of ours). */
typedef void ue_device_fn(void *arg, const char *imsi, struct ue_device *device);
int ue_devices_each(struct ue_devices *d, const char *text, ue_device_fn *fn, void *arg);
