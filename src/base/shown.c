/* shown.c - values as a person reads them. */
#include "base/shown.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool ends(const char *noun, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && memcmp(noun + len - n, with, n) == 0;
}

const char *shown_count(char out[SHOWN_COUNT_MAX], uint64_t n, const char *noun)
{
	size_t len = strlen(noun);
	bool hiss = ends(noun, len, "s") || ends(noun, len, "x") || ends(noun, len, "ch") || ends(noun, len, "sh");
	bool y = len > 1 && noun[len - 1] == 'y' && !strchr("aeiou", noun[len - 2]);

	if (n == 1) {
		snprintf(out, SHOWN_COUNT_MAX, "1 %s", noun);
	} else {
		snprintf(out, SHOWN_COUNT_MAX, "%" PRIu64 " %.*s%s", n, (int)(y ? len - 1 : len), noun,
			 y      ? "ies"
			 : hiss ? "es"
				: "s");
	}
	return out;
}

const char *shown_span(char out[SHOWN_SPAN_MAX], uint64_t ms)
{
	static const struct {
		uint64_t ms;
		const char *name;
	} units[] = { { 3600000, "h" }, { 60000, "m" }, { 1000, "s" }, { 1, "ms" } };
	size_t i = ms ? 0 : 2;

	while (ms % units[i].ms) {
		i++;
	}
	snprintf(out, SHOWN_SPAN_MAX, "%" PRIu64 "%s", ms / units[i].ms, units[i].name);
	return out;
}

const char *shown_size(char out[SHOWN_SIZE_MAX], uint64_t octets)
{
	static const char *const units[] = { "bytes", "kB", "MB", "GB", "TB" };
	double n = (double)octets;
	size_t unit = 0;

	while (n >= 1000 && unit + 1 < sizeof units / sizeof *units) {
		n /= 1000;
		unit++;
	}
	snprintf(out, SHOWN_SIZE_MAX, unit && n < 10 ? "%.1f %s" : "%.0f %s", n, units[unit]);
	return out;
}

const char *shown_address(char out[SHOWN_ADDRESS_MAX], const char *address, uint16_t port)
{
	bool v6 = strchr(address, ':') != NULL;

	snprintf(out, SHOWN_ADDRESS_MAX, "%s%s%s:%u", v6 ? "[" : "", address, v6 ? "]" : "", port);
	return out;
}
