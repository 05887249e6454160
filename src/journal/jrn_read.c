/* jrn_read.c - see jrn_read.h. */
#include "journal/jrn_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define PIECE (256u << 10) /* octets of a read: they stay in the cache until they are looked at */
#define CAP (JRN_COMMIT_MAX + PIECE)

int jrn_reader_open(struct jrn_reader *r, const struct jrn_disk *disk, const char *name)
{
	int64_t size;
	int fd;

	if (!r->buf) {
		r->buf = aligned_alloc(JRN_BLOCK, CAP);
	}
	if (!r->buf) {
		return -ENOMEM;
	}
	fd = disk->open(disk->arg, name, JRN_OPEN_READ);
	if (fd < 0) {
		return fd;
	}
	size = disk->size(disk->arg, fd);
	if (size < 0) {
		disk->close(disk->arg, fd);
		return (int)size;
	}
	r->disk = disk;
	r->fd = fd;
	r->size = (uint64_t)size;
	r->at = r->n = 0;
	str_cut(r->name, sizeof r->name, name);
	return 0;
}

void jrn_reader_close(struct jrn_reader *r)
{
	if (r->disk) {
		r->disk->close(r->disk->arg, r->fd);
	}
	r->disk = NULL;
}

void jrn_reader_fini(struct jrn_reader *r)
{
	jrn_reader_close(r);
	free(r->buf);
	r->buf = NULL;
}

int jrn_reader_get(struct jrn_reader *r, const uint8_t **out, uint64_t at, size_t n)
{
	*out = NULL;
	if (n > JRN_COMMIT_MAX || at > r->size || n > r->size - at) {
		return 0;
	}
	if (at < r->at || at >= r->at + r->n) { /* elsewhere: nothing of the buffer is of use */
		r->at = at;
		r->n = 0;
	} else if (r->at + r->n < at + n) { /* the rest of the last piece goes to the front */
		memmove(r->buf, r->buf + (at - r->at), r->at + r->n - at);
		r->n -= at - r->at;
		r->at = at;
	}
	while (r->at + r->n < at + n) {
		int64_t got = r->disk->pread(r->disk->arg, r->fd, r->buf + r->n, PIECE, r->at + r->n);

		if (got <= 0) {
			return got ? (int)got : -EIO; /* the file got shorter meanwhile */
		}
		r->n += (uint64_t)got;
	}
	*out = r->buf + (at - r->at);
	return 0;
}

int jrn_reader_head(struct jrn_reader *r, struct jrn_seg_head *out, int *err)
{
	/* alone: the rest may never be read */
	int64_t got = r->disk->pread(r->disk->arg, r->fd, r->buf, JRN_BLOCK, 0);

	if (got < 0) {
		return (int)got;
	}
	r->at = 0;
	r->n = (uint64_t)got;
	*err = got == JRN_BLOCK ? jrn_get_seg_head(out, r->buf) : ERR_PROTO;
	if (!*err && out->size != r->size) {
		*err = ERR_PROTO;
	}
	return 0;
}

void jrn_words_of_head(char *out, size_t cap, uint64_t *at, const struct jrn_seg_head *h, uint64_t size)
{
	*at = 0;
	if (size == 0) {
		snprintf(out, cap, "truncated: the file is empty");
	} else if (size < JRN_BLOCK) {
		*at = size;
		snprintf(out, cap, "truncated: %llu bytes are there, and a header has %u", (unsigned long long)size, JRN_BLOCK);
	} else if (h->number && size < h->size) {
		*at = size;
		snprintf(out, cap, "truncated: %llu bytes of %llu are there", (unsigned long long)size,
			 (unsigned long long)h->size);
	} else if (h->number) {
		*at = h->size;
		snprintf(out, cap, "longer than its header says: %llu bytes in place of %llu", (unsigned long long)size,
			 (unsigned long long)h->size);
	} else {
		snprintf(out, cap, "its header is damaged, or is not that of this segment");
	}
}

/* All records of a commit whose header is right. */
static bool whole(const uint8_t *p, const struct jrn_commit_head *h, const uint8_t nonce[JRN_NONCE], uint64_t at)
{
	size_t done = JRN_COMMIT_HEAD;
	struct jrn_record rec;

	for (uint32_t i = 0; i < h->records; i++) {
		size_t size = jrn_get_record(&rec, p + done, h->octets - done, nonce, at + done);

		if (!size) {
			return false;
		}
		done += size;
	}
	return done == h->octets;
}

int jrn_read_commit_moved(struct jrn_reader *r, const uint8_t nonce[JRN_NONCE], uint64_t from, uint64_t at,
			  enum jrn_commit_is *is, struct jrn_commit_head *h, const uint8_t **p)
{
	int rc = jrn_reader_get(r, p, from, JRN_COMMIT_HEAD);

	*is = JRN_COMMIT_NONE;
	if (rc || !*p || !jrn_is_of_segment(*p, nonce)) {
		return rc;
	}
	*is = JRN_COMMIT_BROKEN;
	if (jrn_get_commit_head(h, *p, nonce, at)) {
		return 0;
	}
	rc = jrn_reader_get(r, p, from, h->octets);
	if (!rc && *p && whole(*p, h, nonce, at)) {
		*is = JRN_COMMIT_WHOLE;
	}
	return rc;
}

int jrn_read_commit(struct jrn_reader *r, const uint8_t nonce[JRN_NONCE], uint64_t at, enum jrn_commit_is *is,
		    struct jrn_commit_head *h, const uint8_t **p)
{
	return jrn_read_commit_moved(r, nonce, at, at, is, h, p);
}

int jrn_read_later(struct jrn_reader *r, const uint8_t nonce[JRN_NONCE], uint64_t from, uint64_t seq, uint64_t *found)
{
	struct jrn_commit_head h;
	enum jrn_commit_is is;
	const uint8_t *p;
	int rc = 0;

	*found = 0;
	for (uint64_t at = from; !rc && !*found && at + JRN_BLOCK <= r->size; at += JRN_BLOCK) {
		rc = jrn_read_commit(r, nonce, at, &is, &h, &p);
		if (!rc && is == JRN_COMMIT_WHOLE && h.seq >= seq) {
			*found = at;
		}
	}
	return rc;
}

static bool all_zero(const uint8_t *p, size_t n)
{
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

int jrn_read_torn(struct jrn_reader *r, const uint8_t nonce[JRN_NONCE], uint64_t at, uint64_t *octets)
{
	uint64_t most = r->size - at < JRN_COMMIT_MAX ? r->size - at : JRN_COMMIT_MAX;
	struct jrn_commit_head h;
	const uint8_t *p;
	int rc = jrn_reader_get(r, &p, at, JRN_COMMIT_HEAD);

	*octets = 0;
	if (rc || !p) {
		return rc;
	}
	if (jrn_get_commit_head(&h, p, nonce, at) == 0) {
		*octets = jrn_blocks(h.octets) < most ? jrn_blocks(h.octets) : most;
		return 0;
	}
	for (uint64_t done = 0; !rc && done + JRN_BLOCK <= most; done += JRN_BLOCK) {
		rc = jrn_reader_get(r, &p, at + done, JRN_BLOCK);
		if (!rc && p && !all_zero(p, JRN_BLOCK)) {
			*octets = done + JRN_BLOCK;
		}
	}
	return rc;
}
