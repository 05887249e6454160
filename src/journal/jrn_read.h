/* jrn_read.h - reads the commits of one segment in their order, with large reads, and checks each
 * as a whole before anything of it is shown. */
#pragma once
#include "journal/jrn_disk.h"
#include "journal/jrn_format.h"

struct jrn_reader { /* zeroed before the first open */
	const struct jrn_disk *disk;
	int fd;
	uint64_t size;  /* of the file */
	uint64_t at, n; /* what `buf` has: n octets from at on */
	uint8_t *buf;   /* owned; kept for the next file */
	char name[JRN_NAME_MAX];
};

/* Opens a file and reads its header. A negative errno (-ENOENT: missing), ERR_NOMEM is -ENOMEM. */
ERR_MUST_USE int jrn_reader_open(struct jrn_reader *r, const struct jrn_disk *disk, const char *name);
void jrn_reader_close(struct jrn_reader *r); /* the buffer stays */
void jrn_reader_fini(struct jrn_reader *r);

/* Octets [at, at + n), n at most JRN_COMMIT_MAX; borrowed until the next call. *out is NULL where
 * the file ends before. 0 or a negative errno. */
ERR_MUST_USE int jrn_reader_get(struct jrn_reader *r, const uint8_t **out, uint64_t at, size_t n);

/* The header of the file. *err: as of jrn_get_seg_head(), also ERR_PROTO if the file is shorter or
 * longer than its header says. 0 or a negative errno. */
ERR_MUST_USE int jrn_reader_head(struct jrn_reader *r, struct jrn_seg_head *out, int *err);

/* Words about a file whose jrn_reader_head() is ERR_PROTO, and *at, the place that they are about.
 * `h` as that call left it; its number is 0 if there is no right header. `size`: of the file. */
void jrn_words_of_head(char *out, size_t cap, uint64_t *at, const struct jrn_seg_head *h, uint64_t size);

enum jrn_commit_is {
	JRN_COMMIT_WHOLE,
	/* nothing of this segment begins here: zeros, octets of an earlier use, the end of the
	 * file */
	JRN_COMMIT_NONE,
	JRN_COMMIT_BROKEN /* begun, and not whole */
};

/* The commit at a block. If it is whole, `p` has its octets, borrowed until the next call. 0 or a
 * negative errno. */
ERR_MUST_USE int jrn_read_commit(struct jrn_reader *r, const uint8_t nonce[JRN_NONCE], uint64_t at, enum jrn_commit_is *is,
				 struct jrn_commit_head *h, const uint8_t **p);
/* The same for octets that stand elsewhere: `from` is the position in this file, `at` that in the
 * segment. */
ERR_MUST_USE int jrn_read_commit_moved(struct jrn_reader *r, const uint8_t nonce[JRN_NONCE], uint64_t from, uint64_t at,
				       enum jrn_commit_is *is, struct jrn_commit_head *h, const uint8_t **p);
/* Looks from a block on for a whole commit of this segment with at least that sequence. *found is
 * its position, or 0. 0 or a negative errno. */
ERR_MUST_USE int jrn_read_later(struct jrn_reader *r, const uint8_t nonce[JRN_NONCE], uint64_t from, uint64_t seq,
				uint64_t *found);
/* Octets from a bad place on that may belong to a torn commit: what its header says, else up to the
 * last block within the bound that is not zero. */
ERR_MUST_USE int jrn_read_torn(struct jrn_reader *r, const uint8_t nonce[JRN_NONCE], uint64_t at, uint64_t *octets);
