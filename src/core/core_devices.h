/* core_devices.h - finding the trigger of a delivery report by the names of its device. */
#pragma once
#include "apps/app_common.h"
#include "core/core_trigger.h"

/* Enters the trigger in the table by device. Called before its DTR may leave. */
void core_trigger_by_device(struct core_trigger *t);
/* The trigger of this SCS for this device if there is exactly one; else NULL. */
struct core_trigger *core_device_find(struct core *c, const char *e164, const struct app_user_identifier *u);
struct core_device_names { /* "": unknown */
	const char *imsi, *msisdn, *external;
};
/* True if at least one name is known to both sides and all such names are equal. */
bool core_device_named(const struct core_device_names *d, const struct app_user_identifier *u);
bool core_device_same(const struct trg *trg, const struct app_user_identifier *u);
