/* shown.h - values as a person reads them, in one form everywhere: a counted noun, an address with
 * its port. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Numbers from a peer's or server's JSON may be anything; a noun is ours and short. */
#define SHOWN_COUNT_MAX 64

/* Writes "1 rule", "0 rules", "2 entries", "3 addresses": n and the noun. The noun is given in the
 * singular and may have several words ("more line"). A longer text is cut. Returns `out`. */
const char *shown_count(char out[SHOWN_COUNT_MAX], uint64_t n, const char *noun);

#define SHOWN_SPAN_MAX 32

/* Writes "24h", "90m", "10s", "900ms", as a configuration has a duration: whole, in the largest
 * unit up to hours that leaves no rest; 0 is "0s". Returns `out`. */
const char *shown_span(char out[SHOWN_SPAN_MAX], uint64_t ms);

#define SHOWN_SIZE_MAX 32

/* Writes "999 bytes", "1.2 kB", "12 MB", "82 GB": what a person compares, not what is exact. The
 * units are decimal, as those of disks. Returns `out`. */
const char *shown_size(char out[SHOWN_SIZE_MAX], uint64_t octets);

/* Room for every numeric address with brackets and port, NUL included. */
#define SHOWN_ADDRESS_MAX 56

/* Writes "192.0.2.7:3868" or "[2001:db8::1]:3868": an IPv6 address with a port always stands in
 * brackets. Returns `out`. */
const char *shown_address(char out[SHOWN_ADDRESS_MAX], const char *address, uint16_t port);
