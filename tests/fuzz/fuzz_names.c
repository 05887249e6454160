/* fuzz_names.c - the promises of names: what is taken is canonical, so that reading it again gives
 * the same text. The names come from messages (External-Identifier, MSISDN, host), from operators
 * (rules, sets, times), and from certificates. */
#include <ctype.h>
#include <string.h>

#include "assoc/asc_device.h"
#include "assoc/asc_why.h"
#include "base/clock.h"
#include "base/ident.h"
#include "tests/fuzz/fuzz.h"

static void external(const uint8_t *p, size_t n)
{
	char out[IDENT_EXTERNAL_MAX + 1], again[IDENT_EXTERNAL_MAX + 1];

	if (ident_external(out, p, n)) {
		return;
	}
	promise(strlen(out) == n && strchr(out, '@'), "an External-Identifier keeps its length and has an @");
	promise(!ident_external(again, out, n) && !strcmp(out, again), "an External-Identifier is canonical");
	for (const char *c = strchr(out, '@'); *c; c++) {
		promise(!isupper((unsigned char)*c), "a domain is in lower case");
	}
}

static void numbers_and_hosts(const uint8_t *p, size_t n)
{
	char out[IDENT_HOST_MAX + 1], again[IDENT_HOST_MAX + 1], digits[IDENT_MSISDN_MAX + 1];

	if (!ident_msisdn(digits, p, n)) {
		promise(strlen(digits) == n && strspn(digits, "0123456789") == n && digits[0] != '0' && n >= 5,
			"an MSISDN is digits");
	}
	if (!ident_host(out, p, n)) {
		promise(strlen(out) == n && !ident_host(again, out, n) && !strcmp(out, again), "a host name is canonical");
	}
}

static void device_of_a_rule(const char *text)
{
	struct asc_devname d, again;
	struct asc_why why;

	if (asc_devname_parse(&d, text, &why)) {
		promise(*why.text != 0, "a refused device has words");
		return;
	}
	promise(!asc_devname_parse(&again, d.text, &why) && again.axis == d.axis && !strcmp(again.text, d.text),
		"a device is canonical");
	if (!asc_devname_parse_new(&again, text, &why)) {
		promise(!strcmp(again.text, d.text), "a new device is the same device");
	}
}

static void time_of_an_operator(const char *text)
{
	char out[CLOCK_TEXT_MAX];
	int64_t s, again;

	if (!clock_parse(&s, text) && s >= 0) {
		promise(!clock_parse(&again, clock_text_s(out, s)) && again == s, "a time can be shown and read");
	}
	if (!clock_parse_end(&s, text) && s >= 0) {
		promise(!clock_parse(&again, clock_text_s(out, s)) && again == s, "an end can be shown and read");
	}
}

static void fuzz_names(const char *target, const uint8_t *data, size_t size)
{
	char text[1024];

	(void)target;
	if (size >= sizeof text) {
		return;
	}
	external(data, size);
	numbers_and_hosts(data, size);
	for (size_t i = 0; i < size; i++) {
		text[i] = (char)data[i];
	}
	text[size] = 0;
	device_of_a_rule(text);
	time_of_an_operator(text);
	(void)ident_name_ok(text);
	(void)ident_looks_like_pattern(text);
}

fuzz_fn *fuzz_find(const char *target)
{
	return strcmp(target, "names") ? NULL : fuzz_names;
}
