#!/bin/sh
# libosmogsm-short-validity.sh - libosmogsm reads a TP-Validity-Period of less than a minute as 0.
#
# usage: findings/libosmogsm-short-validity.sh
#
# Exit status: 0 the behaviour is as described, 1 it is another one, 77 not run: this version or the network is not available.
# Takes about 3 s. Needs a C compiler.
#
# Version: libosmocore 1.7.0-3 of Debian 12 (libosmogsm18), function gsm340_validity_period().
#
# Expected by a careful reader
#   TP-VP of an SMS in the enhanced format may be given in seconds, 1 to 255 (3GPP TS 23.040, 9.2.3.12.3). The header says that the function
#   returns minutes, so 30 seconds become one minute, or an error, as 0 in this format is reserved.
#
# Seen
#   1. Relative format: 0 is 5 minutes, 167 is 1440 and 255 is 635040 (63 weeks): as the table of TS 23.040 says.
#   2. Enhanced format, 120 s: 2 minutes. 119 s: 1 minute. 30 s and 59 s: 0 minutes.
#   3. Enhanced format, 1 h 30 min as hours, minutes and seconds: 90 minutes; the seconds of 00:00:45 give 0.
#
# So a program that takes the result for the life of a message treats one that is good for 30 s as ended, or as one without a validity. A
# device trigger is the message that is sent with such a validity.
set -eu
# shellcheck source=findings/common
. "$(dirname "$0")/common"
need cc dpkg-architecture
debian libosmocore-dev=1.7.0-3 libosmogsm18=1.7.0-3 libosmocore19=1.7.0-3 libtalloc2=2.4.0-f2 libsctp1=1.0.19+dfsg-2 libmnl0=1.0.4-3

cat >play.c <<'END'
#include <stdint.h>
#include <osmocom/gsm/gsm0411_utils.h>
#include <stdio.h>
#include <string.h>

enum { NONE = 0, ENHANCED = 1, RELATIVE = 2, ABSOLUTE = 3 }; /* TP-VPF, TS 23.040, 9.2.3.3 */

static int changed;

static void check(const char *name, uint8_t format, const uint8_t *octets, unsigned long minutes)
{
	uint8_t vp[7] = {0};
	memcpy(vp, octets, format == RELATIVE ? 1 : sizeof(vp));
	unsigned long got = gsm340_validity_period(format, vp);
	printf("    %s: %s: %lu minutes", got == minutes ? "as described" : "CHANGED", name, got);
	if (got != minutes) {
		printf(", described: %lu", minutes);
		changed = 1;
	}
	puts("");
}

int main(void)
{
	puts("1. relative format");
	check("0", RELATIVE, (const uint8_t[]){0}, 5);
	check("167", RELATIVE, (const uint8_t[]){167}, 1440);
	check("255", RELATIVE, (const uint8_t[]){255}, 635040);
	puts("2. enhanced format, seconds in one octet");
	check("120 s", ENHANCED, (const uint8_t[7]){0x02, 120}, 2);
	check("119 s", ENHANCED, (const uint8_t[7]){0x02, 119}, 1);
	check("59 s", ENHANCED, (const uint8_t[7]){0x02, 59}, 0);
	check("30 s", ENHANCED, (const uint8_t[7]){0x02, 30}, 0);
	puts("3. enhanced format, HH:MM:SS in semi-octets");
	check("01:30:00", ENHANCED, (const uint8_t[7]){0x03, 0x10, 0x03, 0x00}, 90);
	check("00:00:45", ENHANCED, (const uint8_t[7]){0x03, 0x00, 0x00, 0x54}, 0);
	puts(changed ? "the behaviour is another one" : "as described");
	return changed;
}
END
lib=root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
cc -o play play.c -Iroot/usr/include -L"$lib" -losmogsm -losmocore -Wl,-rpath-link,"$lib" -Wl,--allow-shlib-undefined >cc.log 2>&1 || {
	cat cc.log
	not_run "the example cannot be compiled"
}
LD_LIBRARY_PATH=$lib ./play
