/* asc_device.h - the forms in which a rule names devices. Only this file makes them canonical
 * (room-private). */
#pragma once
#include "assoc/asc.h"

struct asc_devname {
	uint8_t axis;                         /* enum assoc_device_axis */
	char text[ASSOC_DEVICE_TEXT_MAX + 1]; /* canonical */
	/* of an MSISDN or a range, as numbers; first: of a named set, its number in the store */
	uint64_t first, last;
};

/* "local@domain", "*@domain", "msisdn:DIGITS", "msisdn:FIRST-LAST" (as many digits in both),
 * "set:NAME", "*". ERR_INVAL with words. */
ERR_MUST_USE int asc_devname_parse(struct asc_devname *out, const char *text, struct asc_why *why);
/* The same for a name to be stored: refuses a name that looks like a pattern (ident.h). Such a name
 * that an older version stored can still be listed and deleted. */
ERR_MUST_USE int asc_devname_parse_new(struct asc_devname *out, const char *text, struct asc_why *why);
