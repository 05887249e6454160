/* agreement.c - sets of words, and a connection held against them. */
#include "base/agreement.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const struct {
	uint16_t iana;
	uint8_t version;
} suites[AGREED_SUITES_N + 1] = {
#define SUITE(number_, iana_, version_) [number_] = { iana_, version_ },
	AGREED_SUITE_TABLE(SUITE)
#undef SUITE
};

uint8_t agreed_suite(uint16_t iana)
{
	for (uint8_t i = 1; i <= AGREED_SUITES_N; i++) {
		if (suites[i].iana == iana) {
			return i;
		}
	}
	return 0;
}

bool agreed_tls_possible(uint8_t version, uint8_t suite)
{
	return suite <= AGREED_SUITES_N && suites[suite].version == version;
}

static bool in(uint16_t set, uint8_t n)
{
	return (set & AGREED_ANY) || !n || (n < 16 && (set & 1u << n));
}

enum agreed_item agreement_check(const struct agreement *a, const struct agreed_connection *c)
{
	if (!in(a->transports, c->transport)) {
		return AGREED_TRANSPORT;
	}
	if (!in(a->protections, c->protection)) {
		return AGREED_PROTECTION;
	}
	if (!in(a->tls_versions, c->tls_version)) {
		return AGREED_TLS_VERSION;
	}
	return in(a->tls_suites, c->tls_suite) ? AGREED_ALL : AGREED_TLS_SUITE;
}

const char *agreement_text(char out[AGREEMENT_TEXT_MAX], enum agreed_item item, const struct agreement *a,
			   const struct agreed_connection *c)
{
	const struct {
		const char *words;
		uint16_t set;
		uint8_t n;
	} rows[] = {
		[AGREED_ALL] = { "any", 0, 0 },
		[AGREED_TRANSPORT] = { AGREED_TRANSPORTS, a->transports, c->transport },
		[AGREED_PROTECTION] = { AGREED_PROTECTIONS, a->protections, c->protection },
		[AGREED_TLS_VERSION] = { AGREED_TLS_VERSIONS, a->tls_versions, c->tls_version },
		[AGREED_TLS_SUITE] = { AGREED_TLS_SUITES, a->tls_suites, c->tls_suite },
	};
	char word[AGREED_WORD_MAX], set[AGREED_TEXT_MAX];

	*out = 0;
	if (item != AGREED_ALL) {
		snprintf(out, AGREEMENT_TEXT_MAX, "%s, agreed: %s", agreed_word(word, rows[item].words, rows[item].n),
			 agreed_text(set, rows[item].words, rows[item].set, ' '));
	}
	return out;
}

/* -- words */

/* The n-th word and its length; NULL: the list is shorter. */
static const char *word_at(const char *words, unsigned n, size_t *len)
{
	while (n-- && *words) {
		words += strcspn(words, " ");
		words += strspn(words, " ");
	}
	*len = strcspn(words, " ");
	return *len ? words : NULL;
}

const char *agreed_word(char out[AGREED_WORD_MAX], const char *words, unsigned n)
{
	size_t len;
	const char *word = n ? word_at(words, n, &len) : NULL;

	*out = 0;
	if (word) {
		snprintf(out, AGREED_WORD_MAX, "%.*s", (int)len, word);
	}
	return out;
}

const char *agreed_text(char out[AGREED_TEXT_MAX], const char *words, uint16_t set, char between)
{
	struct text t = text_over(out, AGREED_TEXT_MAX);
	const char *word;
	bool some = false;
	size_t len;

	for (unsigned i = 0; i < 16 && (word = word_at(words, i, &len)) != NULL; i++) {
		if (!(set & 1u << i) || (i && (set & AGREED_ANY))) {
			continue;
		}
		if (some) {
			text_char(&t, between);
		}
		text_octets(&t, word, len);
		some = true;
	}
	return out;
}

static int number_of(const char *words, const char *p, size_t n)
{
	const char *word;
	size_t len;

	for (int i = 0; i < 16 && (word = word_at(words, (unsigned)i, &len)) != NULL; i++) {
		if (len == n && memcmp(word, p, n) == 0) {
			return i;
		}
	}
	return -1;
}

int agreed_read(uint16_t *out, const char *words, const char *text, size_t len)
{
	uint32_t set = 0;
	size_t at = 0;

	while (at < len) {
		size_t n = 0;
		int number;

		while (at + n < len && text[at + n] != ' ' && text[at + n] != ',') {
			n++;
		}
		number = n ? number_of(words, text + at, n) : 0;
		if (number < 0) {
			return ERR_INVAL;
		}
		set |= n ? 1u << number : 0;
		at += n + 1;
	}
	if (!set) {
		return ERR_INVAL;
	}
	*out = agreed_set(set);
	return 0;
}

uint16_t agreed_set(uint32_t bits)
{
	return bits & AGREED_ANY ? AGREED_ANY : (uint16_t)bits;
}

bool agreed_known(const char *words, uint16_t set)
{
	unsigned n = 0;
	size_t len;

	while (n < 16 && word_at(words, n, &len)) {
		n++;
	}
	return set && set >> n == 0;
}
