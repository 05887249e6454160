/* protection.c - the words of zones and protections, for all who show them. */
#include "base/protection.h"

const char *zone_word(int zone)
{
	return zone == ZONE_EXTERNAL ? "external" : "internal";
}

const char *protection_word(int protection)
{
	switch (protection) {
	case PROTECTION_NONE:
		return "none";
	case PROTECTION_TLS:
		return "tls";
	case PROTECTION_NDSIP:
		return "ndsip";
	case PROTECTION_TLS_NDSIP:
		return "tls+ndsip";
	default:
		return "";
	}
}

bool protection_has_tls(int protection)
{
	return protection == PROTECTION_TLS || protection == PROTECTION_TLS_NDSIP;
}

bool protection_has_ndsip(int protection)
{
	return protection == PROTECTION_NDSIP || protection == PROTECTION_TLS_NDSIP;
}
