/* csl_cert.c - entries are compared with the names of a certificate whole: there are no
 * patterns. */
#include "console/csl_cert.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

static const char sha256[] = "sha256:", subject[] = "subject:", email[] = "email:", dns[] = "dns:", uri[] = "uri:";

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

int csl_cert_match_check(const char *match)
{
	static const char *const kinds[] = { subject, email, dns, uri };

	if (begins(match, sha256)) {
		const char *digits = match + sizeof sha256 - 1;

		return strlen(digits) == CSL_FINGERPRINT_MAX - 1 &&
			       strspn(digits, "0123456789abcdefABCDEF") == CSL_FINGERPRINT_MAX - 1
			   ? 0
			   : ERR_INVAL;
	}
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (begins(match, kinds[i]) && match[strlen(kinds[i])]) {
			return 0;
		}
	}
	return ERR_INVAL;
}

/* Letters of host names and digits of a fingerprint have no case; all else is compared octet by
 * octet. */
bool csl_cert_match_same(const char *a, const char *b)
{
	bool no_case = begins(a, sha256) || begins(a, dns);

	return no_case ? !strcasecmp(a, b) : !strcmp(a, b);
}

static bool matches(const struct csl_certificate *row, const struct csl_cert *cert)
{
	bool it = csl_cert_match_same(row->match, cert->subject);

	if (begins(row->match, sha256)) {
		return !strcasecmp(row->match + sizeof sha256 - 1, cert->fingerprint);
	}
	for (size_t i = 0; i < cert->names_n && i < CSL_CERT_NAMES_MAX; i++) {
		it = it || csl_cert_match_same(row->match, cert->names[i]);
	}
	return it;
}

int csl_cert_person(struct csl_person *out, const struct csl_certificate *list, size_t n, const struct csl_cert *cert)
{
	const struct csl_certificate *found = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!cert->fingerprint[0] || !matches(&list[i], cert)) {
			continue;
		}
		if (found && (strcmp(found->person, list[i].person) != 0 || found->role != list[i].role)) {
			return ERR_AUTH;
		}
		found = &list[i];
	}
	if (!found) {
		return ERR_NOTFOUND;
	}
	*out = (struct csl_person){ .role = (enum ctl_role)found->role };
	str_set(out->name, sizeof out->name, found->person);
	return 0;
}
