/* aud_look.h - the records of an audit from a given one backwards, for a search that shows the
 * newest first. It reads files only, so a thread of its own can look while the store writes. */
#pragma once
#include "audit/aud_files.h"

struct aud_look;
/* The next record is the last one whose number is below `before` (UINT64_MAX: the last one there
 * is). Borrows dir and archive, a directory whose segments count, too; -1: none. ERR_NOMEM, ERR_IO,
 * ERR_PROTO. */
ERR_MUST_USE int aud_look_open(struct aud_look **out, int dir, int archive, uint64_t before);
/* True: what is read now, or could not be read, is a segment of the archive. */
bool aud_look_in_archive(const struct aud_look *l);
/* The first record that there is a segment for; 0 when there is no segment. */
uint64_t aud_look_first(const struct aud_look *l);
void aud_look_free(struct aud_look *l); /* NULL allowed */
/* The record before the one that was given last, without its newline; borrowed until the next call.
 * ERR_CLOSED: there is none here. ERR_PROTO: it is longer than a record, or a file ends within one.
 * ERR_IO. */
ERR_MUST_USE int aud_look_prev(struct aud_look *l, const char **line, size_t *len);
/* Octets of the lines that were given. */
uint64_t aud_look_octets(const struct aud_look *l);

/* What a record has to have. Texts are borrowed; NULL: any. Times are seconds since 1970; the texts
 * of times compare as the times do. */
struct aud_want {
	const char *scs, *device, *verdict, *action, *reason;
	bool has_reference, decisions; /* decisions: not the records of the audit itself */
	uint64_t reference;
	int64_t since_s, until_s; /* INT64_MIN, INT64_MAX: any */
};
bool aud_wanted(const struct aud_want *w, const char *record, size_t len);
