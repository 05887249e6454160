/* core_devices.h - finding the trigger of a delivery report by the names of its device. */
#pragma once
#include "apps/app_common.h"
#include "core/core_trigger.h"

/* A DTR may leave: from now on the trigger is found by its device. */
void core_trigger_by_device(struct core_trigger *t);
/* The only trigger of this SCS for this device; NULL: none, or several. */
struct core_trigger *core_device_find(struct core *c, const char *e164, const struct app_user_identifier *u);
struct core_device_names { /* "" when not known */
	const char *imsi, *msisdn, *external;
};
/* Every name of the device that both sides know is the same, and there is at least one. */
bool core_device_named(const struct core_device_names *d, const struct app_user_identifier *u);
bool core_device_same(const struct trg *t, const struct app_user_identifier *u);
