/* asc_device.c - device names of rules. A text with '@' is an External-Identifier or a domain,
 * whatever precedes the '@'. A text without '@' can only be an MSISDN form. So the two never meet
 * under one key. */
#include "assoc/asc_device.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static const char msisdn_prefix[] = "msisdn:";
#define PREFIX_LEN (sizeof msisdn_prefix - 1)

static int refuse(struct asc_why *why, const char *text, const char *words)
{
	snprintf(why->text, sizeof why->text, "device '%.80s': %s", text, words);
	return ERR_INVAL;
}

static int parse_external(struct asc_devname *d, const char *text, struct asc_why *why)
{
	char host[IDENT_HOST_MAX + 1];

	if (strncmp(text, "*@", 2) == 0) {
		d->axis = ASSOC_DEVICE_DOMAIN;
		memcpy(d->text, "*@", 2);
		if (ident_host(host, text + 2, strlen(text + 2)) || strlen(host) + 2 > IDENT_EXTERNAL_MAX) {
			return refuse(why, text, "expected *@domain with a domain of letters, digits and hyphens");
		}
		str_set(d->text + 2, sizeof d->text - 2, host);
		return 0;
	}
	d->axis = ASSOC_DEVICE_EXACT;
	if (ident_external(d->text, text, strlen(text))) {
		return refuse(why, text, "not an External-Identifier: expected local@domain, one '@', printable ASCII, no blank");
	}
	return 0;
}

/* The canonical digits behind `d->text` so far, and their number. */
static int add_msisdn(struct asc_devname *d, const char *digits, size_t len, uint64_t *number)
{
	char canonical[IDENT_MSISDN_MAX + 1];

	if (ident_msisdn(canonical, digits, len) || str_parse_u64(number, canonical, 0, UINT64_MAX)) {
		return ERR_INVAL;
	}
	str_add(d->text, sizeof d->text, canonical); /* at most "msisdn:" + 15 + "-" + 15 */
	return 0;
}

static int parse_msisdn(struct asc_devname *d, const char *text, struct asc_why *why)
{
	const char *digits = text + PREFIX_LEN, *dash = strchr(digits, '-');
	size_t first_len = dash ? (size_t)(dash - digits) : strlen(digits);

	memcpy(d->text, msisdn_prefix, sizeof msisdn_prefix);
	if (add_msisdn(d, digits, first_len, &d->first)) {
		return refuse(why, text, "expected msisdn: and 5 to 15 digits, no '+', no leading 0");
	}
	d->last = d->first;
	d->axis = ASSOC_DEVICE_EXACT;
	if (!dash) {
		return 0;
	}
	str_add(d->text, sizeof d->text, "-");
	if (add_msisdn(d, dash + 1, strlen(dash + 1), &d->last)) {
		return refuse(why, text, "expected 5 to 15 digits after the '-'");
	}
	if (strlen(dash + 1) != first_len || d->last < d->first) {
		return refuse(why, text, "a range needs as many digits in both ends, and the lower one first");
	}
	d->axis = ASSOC_DEVICE_RANGE;
	return 0;
}

static int parse_named(struct asc_devname *d, const char *text, struct asc_why *why)
{
	if (!ident_name_ok(text + sizeof ASSOC_SET_PREFIX - 1)) {
		return refuse(why, text, "expected set: and a name of a-z, 0-9, '.', '_', '-'");
	}
	d->axis = ASSOC_DEVICE_SET;
	str_set(d->text, sizeof d->text, text);
	return 0;
}

int asc_devname_parse(struct asc_devname *out, const char *text, struct asc_why *why)
{
	struct asc_devname d = { 0 };
	int err;

	if (strcmp(text, "*") == 0) {
		d.axis = ASSOC_DEVICE_ANY;
		str_set(d.text, sizeof d.text, "*");
		err = 0;
	} else if (strchr(text, '@')) {
		err = parse_external(&d, text, why);
	} else if (strncmp(text, msisdn_prefix, PREFIX_LEN) == 0) {
		err = parse_msisdn(&d, text, why);
	} else if (strncmp(text, ASSOC_SET_PREFIX, sizeof ASSOC_SET_PREFIX - 1) == 0) {
		err = parse_named(&d, text, why);
	} else {
		err = refuse(why, text, "expected local@domain, *@domain, msisdn:DIGITS, msisdn:FIRST-LAST or set:NAME");
	}
	if (!err) {
		*out = d;
	} else if (ident_looks_like_pattern(text)) {
		err = refuse(why, text, ident_pattern_words(text));
	}
	return err;
}

int asc_devname_parse_new(struct asc_devname *out, const char *text, struct asc_why *why)
{
	struct asc_devname d;
	int err = asc_devname_parse(&d, text, why);

	if (!err && d.axis == ASSOC_DEVICE_EXACT && ident_looks_like_pattern(d.text)) {
		err = refuse(why, text, IDENT_PATTERN_WORDS);
	}
	if (!err) {
		*out = d;
	}
	return err;
}
