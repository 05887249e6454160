/* doc_dns.c - see doc_dns.h. */
#include "doctor/doc_dns.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/str.h"

static bool same(const char *a, const char *b)
{
	unsigned char x[16], y[16];

	if (inet_pton(AF_INET, a, x) == 1) {
		return inet_pton(AF_INET, b, y) == 1 && memcmp(x, y, 4) == 0;
	}
	return inet_pton(AF_INET6, a, x) == 1 && inet_pton(AF_INET6, b, y) == 1 && memcmp(x, y, 16) == 0;
}

bool doc_dns_has(const struct doc_dns *d)
{
	for (size_t i = 0; i < d->found_n; i++) {
		if (same(d->found[i], d->address)) {
			return true;
		}
	}
	return false;
}

static bool is_v6(const char *address)
{
	return strchr(address, ':') != NULL;
}

static bool only_the_other_family(const struct doc_dns *d)
{
	for (size_t i = 0; i < d->found_n; i++) {
		if (is_v6(d->found[i]) == is_v6(d->address)) {
			return false;
		}
	}
	return true;
}

static enum doc_cause cause_of(const struct doc_dns *d)
{
	if (d->unresolved || !d->found_n) {
		return DOC_DNS_NONE;
	}
	if (doc_dns_has(d)) {
		return DOC_DNS;
	}
	if (d->tried) {
		return d->answer ? DOC_DNS_ANSWERS : DOC_DNS_SILENT;
	}
	return only_the_other_family(d) ? DOC_DNS_FAMILY : DOC_DNS_OTHER;
}

void doc_look_at_dns(struct doc_report *r, const struct doc_dns *d)
{
	enum doc_cause cause = cause_of(d);
	char found[DOC_DNS_ADDRESSES_MAX * (DOC_DNS_ADDRESS_MAX + 1)] = "";

	for (size_t i = 0; i < d->found_n; i++) {
		str_add(found, sizeof found, i ? " " : "");
		str_add(found, sizeof found, d->found[i]);
	}
	if (d->tried && only_the_other_family(d) && cause != DOC_DNS_NONE) {
		doc_say(r, DOC_DNS_FAMILY, d->about,
			DOC_WORDS({ "host", d->host }, { "what", d->what }, { "family", is_v6(d->address) ? "IPv4" : "IPv6" },
				  { "found", found }, { "address", d->address }, { "key", d->key }));
	}
	doc_say(r, cause, d->about,
		DOC_WORDS({ "host", d->host }, { "what", d->what }, { "address", d->address }, { "key", d->key },
			  { "family", is_v6(d->address) ? "IPv4" : "IPv6" },
			  { "found", cause == DOC_DNS_ANSWERS ? d->answer : found },
			  { "why", d->unresolved ? d->unresolved
				   : d->why      ? d->why
						 : "no such entry" }));
}
