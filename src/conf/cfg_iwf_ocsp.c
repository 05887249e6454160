/* cfg_iwf_ocsp.c - see cfg_iwf_ocsp.h. */
#include "conf/cfg_iwf_ocsp.h"

#include <string.h>

#include "base/protection.h"
#include "base/str.h"
#include "conf/cfg_place.h"

#define HOUR_MS UINT64_C(3600000)

const struct cfg_row cfg_ocsp_rows[] = {
	CFG_DURATION(
	    "refresh", struct cfg_ocsp, refresh_ms, 1000, 30 * 24 * HOUR_MS, "1h",
	    "age at which an answer of a responder is asked for again, or three quarters of its own time if that is less; "
	    "the sessions of a certificate that was revoked meanwhile are closed then"),
	CFG_DURATION("retry", struct cfg_ocsp, retry_ms, 1000, HOUR_MS, "10s",
		     "a responder that did not answer about a certificate is asked about it again after this time"),
	CFG_DURATION("max_age", struct cfg_ocsp, max_age_ms, 1000, 30 * 24 * HOUR_MS, "24h",
		     "how long after its thisUpdate an answer without nextUpdate is used"),
	CFG_BOOL(
	    "nonce", struct cfg_ocsp, nonce, "no",
	    "yes: send a nonce, and refuse an answer that does not repeat it; many responders ignore nonces, because they sign "
	    "their answers beforehand"),
	CFG_U32("size_max", struct cfg_ocsp, size_max, 1024, 32768, "16384", "bytes of an answer; a longer one is refused"),
	CFG_U32("entries", struct cfg_ocsp, entries, 16, 1000000, "16384",
		"number of certificates whose answers each edge keeps, about 1 KiB each"),
	CFG_U32("asked", struct cfg_ocsp, asked, 1, 256, "32",
		"number of questions of each edge that are out at one time; others wait for their turn"),
	CFG_U32("revoked", struct cfg_ocsp, revoked, 16, 16384, "1024",
		"number of answers that revoke a certificate which all edges keep, and which outlive a restart; "
		"above it the oldest is given up. Such an answer is not beaten by an older one that says good"),
	CFG_U32("connections", struct cfg_ocsp, connections, 1, 256, "16", "number of connections to responders at one time"),
	CFG_END,
};

static bool parse(struct cfg_responder *out, const char *ocsp, const char *address)
{
	const char *why;

	if (!*ocsp || http_url_parse(&out->url, ocsp, &why)) {
		return false;
	}
	str_cut(out->address, sizeof out->address, *address ? address : out->url.is_address ? out->url.host : "");
	return out->address[0] != 0;
}

bool cfg_responder(struct cfg_responder *out, const struct cfg_iwf *c, size_t number)
{
	if (number < CFG_ANCHORS_MAX) {
		return number < c->anchors_n && parse(out, c->anchors[number].ocsp, c->anchors[number].ocsp_address);
	}
	if (number == CFG_RECEIVER) {
		return c->audit.on && parse(out, c->audit.publish_url, c->audit.publish_address);
	}
	number -= CFG_ANCHORS_MAX;
	return number < c->listen_n && parse(out, c->listen[number].ocsp, c->listen[number].ocsp_address);
}

bool cfg_responder_any(const struct cfg_iwf *c)
{
	struct cfg_responder r;

	for (size_t i = 0; i < CFG_RESPONDERS_MAX; i++) {
		if (cfg_responder(&r, c, i)) {
			return true;
		}
	}
	return false;
}

static int check_one(const struct cfg_iwf *c, const char *list, size_t i, const char *ocsp, const char *address,
		     struct report *why)
{
	struct http_url url;
	const char *words;

	if (!*ocsp) {
		return !*address ? 0
				 : cfg_wrong(why, c->lines, cfg_line(c->lines, "%s[%zu].ocsp_address", list, i),
					     "%s[%zu] has an ocsp_address and no ocsp, expected the URL of the responder, too",
					     list, i);
	}
	if (http_url_parse(&url, ocsp, &words)) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s[%zu].ocsp", list, i),
				 "%s[%zu].ocsp is '%s', expected a URL such as http://192.0.2.1:8080/ocsp: %s", list, i, ocsp,
				 words);
	}
	if (!url.is_address && !*address) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s[%zu].ocsp", list, i),
				 "%s[%zu].ocsp names the host '%s', and names are not resolved; expected its numeric address in "
				 "ocsp_address",
				 list, i, url.host);
	}
	if (url.is_address && *address) {
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s[%zu].ocsp_address", list, i),
				 "%s[%zu].ocsp has an address already, expected no ocsp_address", list, i);
	}
	return 0;
}

int cfg_ocsp_check(const struct cfg_iwf *c, struct report *why)
{
	int err = 0;

	for (size_t i = 0; i < c->anchors_n; i++) {
		int next = check_one(c, "trust_anchors", i, c->anchors[i].ocsp, c->anchors[i].ocsp_address, why);

		err = err ? err : next;
	}
	for (size_t i = 0; i < c->listen_n; i++) {
		const struct cfg_listen *l = &c->listen[i];
		int next = check_one(c, "listen", i, l->ocsp, l->ocsp_address, why);

		if (!next && *l->ocsp && !protection_has_tls(l->protection)) {
			next = cfg_wrong(
			    why, c->lines, cfg_line(c->lines, "listen[%zu].ocsp", i),
			    "listen[%zu] has protection %s and ocsp, which is about a certificate, expected protection tls", i,
			    protection_word(l->protection));
		}
		err = err ? err : next;
	}
	return err;
}
