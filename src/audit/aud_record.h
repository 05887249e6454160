/* aud_record.h - one record of the audit: a line of JSON, whose octets without the newline are a
 * leaf of the tree. A decision is its line of the decision log with two members in front:
 *
 *   {"seq":N,"interval":I,"time":...}
 *
 * seq counts from 0 without a gap and is the index of the leaf. interval counts the seals. Lines
 * with the action "audit" are the audit's own (docs/user/audit.md, "Records"). PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/aud.h"
#include "merkle/mrk_note.h"

#define AUD_RECORD_MAX (AUD_LINE_MAX + 128u) /* octets, with NUL */
_Static_assert(AUD_RECORD_MAX <= MRK_LEAF_MAX, "a record is a leaf");

struct aud_place {
	uint64_t seq, interval;
};

/* The record of a line that begins with `{`, as far as it fits. Returns its length. */
size_t aud_record_put(char out[AUD_RECORD_MAX], const struct aud_place *at, const char *line, size_t len);
/* ERR_PROTO: not the beginning of a record, or not the end of one. */
ERR_MUST_USE int aud_record_place(struct aud_place *out, const char *record, size_t len);

/* The value of a member that is a text, as it is written (escaped), or of one that is a number or
 * true, false, null: its characters. False: there is none, or it has no room. */
bool aud_record_member(char *out, size_t cap, const char *record, size_t len, const char *member);
/* The same, compared. */
bool aud_record_is(const char *record, size_t len, const char *member, const char *value);

/* How an opening found the records. */
enum aud_start { AUD_START_FIRST, AUD_START_CLEAN, AUD_START_CRASH };
const char *aud_start_word(enum aud_start how);

struct aud_opening {
	enum aud_start how;
	uint64_t unsealed;   /* records that no seal covered */
	uint64_t cut_octets; /* that were no whole record, at the end of the last file, and were moved aside */
};

/* The lines of the audit itself, without seq and interval. Each returns its length. `key`: the
 * public half of the pair that seals the interval that begins; NULL: none begins. */
size_t aud_line_start(char out[AUD_LINE_MAX], uint64_t time_ms, const struct aud_opening *found, const char *origin,
		      const uint8_t key[MRK_KEY]);
size_t aud_line_lost(char out[AUD_LINE_MAX], uint64_t time_ms, uint64_t records);
size_t aud_line_summary(char out[AUD_LINE_MAX], uint64_t time_ms, const char *scs, uint64_t records);

/* A seal without its signature: what stands in front of it. `digest`: root of the tree of all
 * records before. Returns the length; the signature covers aud_seal_text() of it. */
size_t aud_seal_begin(char out[AUD_RECORD_MAX], const struct aud_place *at, uint64_t time_ms, uint64_t first,
		      const struct mrk_hash *digest, const uint8_t key[MRK_KEY]);
/* Appends the signature. Returns the whole length. */
size_t aud_seal_end(char out[AUD_RECORD_MAX], size_t len, const uint8_t signature[MRK_SIGNATURE]);

#define AUD_SEAL_TEXT_MAX (AUD_RECORD_MAX + MRK_ORIGIN_MAX + 64u)
/* What is signed: "mtc-iwf audit seal 1", the origin, and the record up to its signature, a line
 * each. */
size_t aud_seal_text(char out[AUD_SEAL_TEXT_MAX], const char *origin, const char *record, size_t len);

struct aud_seal { /* of a record that is read */
	uint64_t first;
	struct mrk_hash digest;
	bool last;            /* of an orderly end: no key follows */
	uint8_t key[MRK_KEY]; /* of the next interval */
	uint8_t signature[MRK_SIGNATURE];
	size_t signed_len; /* octets of the record that are signed */
};
/* ERR_NOTFOUND: another record. ERR_PROTO: a seal that is none. */
ERR_MUST_USE int aud_seal_read(struct aud_seal *out, const char *record, size_t len);
/* The key of a start. ERR_NOTFOUND, ERR_PROTO. */
ERR_MUST_USE int aud_start_read(uint8_t key[MRK_KEY], const char *record, size_t len);
