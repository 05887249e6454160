/* fuzz_audit.c - the promises of what reads the files of an audit and the messages about it: records, notes, keys, requests. */
#include <string.h>

#include "audit/aud_record.h"
#include "merkle/mrk_ask.h"
#include "tests/fuzz/fuzz.h"

static void fuzz_record(const char *target, const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	char text[AUD_RECORD_MAX];
	uint8_t key[MRK_KEY];
	struct aud_place at;
	struct aud_seal s;

	(void)target;
	if (!aud_record_place(&at, p, size)) {
		promise(size && p[0] == '{' && p[size - 1] == '}', "a record is an object");
	}
	if (!aud_seal_read(&s, p, size)) {
		promise(s.signed_len < size, "the signature is not under itself");
	}
	err_ignore(aud_start_read(key, p, size), "only that it reads nothing beyond the record");
	if (aud_record_member(text, sizeof text, p, size, "verdict")) {
		promise(strlen(text) < size, "a value is a part of its record");
		promise(aud_record_is(p, size, "verdict", text), "a value is what it is compared with");
	}
}

static void fuzz_checkpoint(const char *target, const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	char made[MRK_NOTE_MAX], origin[MRK_ORIGIN_MAX];
	struct mrk_checkpoint c, again;
	uint8_t key[MRK_KEY];
	struct hash *h;
	size_t body, n;

	(void)target;
	if (!mrk_checkpoint_get(&c, &body, p, size)) {
		promise(body < size && p[body - 1] == '\n' && mrk_origin_good(c.origin), "a note has a body and an origin");
		n = mrk_checkpoint_put(made, &c);
		promise(!mrk_checkpoint_get(&again, &body, made, n) && !memcmp(&again.root, &c.root, sizeof c.root) &&
			    again.size == c.size && !memcmp(again.signature, c.signature, MRK_SIGNATURE),
			"a note is read again as the same checkpoint");
	}
	if (!hash_new(&h)) {
		if (!mrk_vkey_get(h, origin, key, p, size)) {
			promise(mrk_origin_good(origin), "a key has a good name");
		}
		hash_free(h);
	}
}

static void fuzz_ask(const char *target, const uint8_t *data, size_t size)
{
	uint8_t octets[MRK_ANSWER_OCTETS];
	struct mrk_answer a;
	struct mrk_ask q;

	(void)target;
	if (!mrk_ask_decode(&q, data, size)) {
		mrk_ask_encode(octets, &q);
		promise(size == MRK_ASK_OCTETS && !memcmp(octets, data, size), "a request has the same octets again");
	}
	if (!mrk_answer_decode(&a, data, size)) {
		mrk_answer_encode(octets, &a);
		promise(size == MRK_ANSWER_OCTETS && !memcmp(octets, data, size), "an answer has the same octets again");
		promise(*mrk_status_words(a.status), "a status has words");
	}
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "audit-record") ? fuzz_record
	       : !strcmp(target, "checkpoint") ? fuzz_checkpoint
	       : !strcmp(target, "audit-ask")  ? fuzz_ask
					       : NULL;
}
