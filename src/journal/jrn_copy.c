/* jrn_copy.c - the segments of a journal that is in use, one after the other; and a journal made of
 * them. */
#include "base/obj.h"
#include "journal/jrn_copy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/jrn_int.h"

struct jrn_copy {
	struct jrn *j;
	atomic_bool cut;
	uint64_t size;
	/* the reader's */
	bool begun, at_end;
	struct jrn_extent e;
	uint64_t number; /* of the open segment; 0: none */
	uint64_t at, end;
	int fd;
};

int jrn_copy_begin(struct jrn_copy **out, struct jrn *j)
{
	struct jrn_copy *c;
	int err = 0;

	OBJ_CHECK(j, JRN_MAGIC);
	if (jrn_state(j)) {
		return ERR_BUSY;
	}
	c = calloc(1, sizeof *c);
	if (!c) {
		return ERR_NOMEM;
	}
	c->j = j;
	c->fd = -1;
	atomic_init(&c->cut, false);
	pthread_mutex_lock(&j->lock);
	if (j->pins) {
		err = ERR_BUSY;
	} else {
		j->pins++;
		c->size = j->present.octets;
	}
	pthread_mutex_unlock(&j->lock);
	if (err) {
		free(c);
		return err;
	}
	*out = c;
	return 0;
}

uint64_t jrn_copy_size(const struct jrn_copy *c)
{
	return c->size;
}

/* A round that ran when the copy began may have dropped a segment: what is there is known after
 * it. */
static void begin(struct jrn_copy *c)
{
	struct jrn *j = c->j;

	pthread_mutex_lock(&j->lock);
	while (j->busy) {
		pthread_cond_wait(&j->idle, &j->lock);
	}
	c->e = j->present;
	pthread_mutex_unlock(&j->lock);
	c->begun = true;
}

static int read_head(const struct jrn_disk *d, int fd, struct jrn_seg_head *h)
{
	uint8_t block[JRN_BLOCK];
	int64_t got = d->pread(d->arg, fd, block, sizeof block, 0);

	return got == JRN_BLOCK && jrn_get_seg_head(h, block) == 0 ? 0 : ERR_IO;
}

/* End of the commits of a segment: the next one's header says so. */
static int find_end(struct jrn_copy *c, uint64_t number)
{
	const struct jrn_disk *d = c->j->store.log.disk;
	struct jrn_seg_head h;
	char name[32];
	int fd, err;

	if (number == c->e.last) {
		c->end = c->e.end;
		return 0;
	}
	jrn_segment_name(name, number + 1);
	fd = d->open(d->arg, name, JRN_OPEN_READ);
	if (fd < 0) {
		return ERR_IO;
	}
	err = read_head(d, fd, &h);
	d->close(d->arg, fd);
	c->end = err ? 0 : h.prev_end;
	return err;
}

static int open_next(struct jrn_copy *c)
{
	const struct jrn_disk *d = c->j->store.log.disk;
	char name[32];

	if (c->number) {
		d->close(d->arg, c->fd);
	}
	c->number = c->number ? c->number + 1 : c->e.first;
	c->at = 0;
	jrn_segment_name(name, c->number);
	c->fd = d->open(d->arg, name, JRN_OPEN_READ);
	if (c->fd < 0) {
		c->number = 0;
		return ERR_IO;
	}
	return find_end(c, c->number);
}

ssize_t jrn_copy_read(struct jrn_copy *c, void *p, size_t n)
{
	const struct jrn_disk *d = c->j->store.log.disk;
	int64_t got;

	if (!c->begun) {
		begin(c);
	}
	if (atomic_load(&c->cut)) {
		return 0;
	}
	while (c->at == c->end) {
		if (c->number == c->e.last) {
			c->at_end = true;
			return 0;
		}
		if (open_next(c)) {
			return ERR_IO;
		}
	}
	got = d->pread(d->arg, c->fd, p, c->end - c->at < n ? (size_t)(c->end - c->at) : n, c->at);
	if (got <= 0) {
		return ERR_IO;
	}
	c->at += (uint64_t)got;
	return (ssize_t)got;
}

void jrn_copy_cut(struct jrn_copy *c)
{
	atomic_store(&c->cut, true);
}

int jrn_copy_end(struct jrn *j, struct jrn_copy *c)
{
	int err = c->at_end || (c->begun && c->number == c->e.last && c->at == c->end) ? 0 : ERR_CLOSED;

	OBJ_CHECK(j, JRN_MAGIC);
	pthread_mutex_lock(&j->lock);
	j->pins--;
	pthread_mutex_unlock(&j->lock);
	if (c->number) {
		j->store.log.disk->close(j->store.log.disk->arg, c->fd);
	}
	if (atomic_load(&c->cut)) {
		err = ERR_CLOSED;
	}
	free(c);
	return err;
}

/* -- the way back */

#define RESTORE_MAGIC 0xcb400311u
struct restore {
	struct obj obj;
	const char *path;
	struct jrn_disk disk; /* of the new journal */
	struct jrn_disk from; /* reads the stream as a file */
	struct jrn_reader in;
	struct jrn_why *why;
	struct jrn_seg_head h;
	uint64_t segments;
	bool not_empty;
};

static int fail(struct restore *r, int err, uint64_t at, const char *words)
{
	snprintf(r->why->text, sizeof r->why->text, "%s: %s (at byte %llu)", r->path, words, (unsigned long long)at);
	return err;
}

static int put_blocks(struct restore *r, int fd, uint64_t to, uint64_t from, uint64_t octets)
{
	const uint8_t *p;
	int rc = 0;

	for (uint64_t done = 0; !rc && done < octets; done += JRN_BLOCK) {
		rc = jrn_reader_get(&r->in, &p, from + done, JRN_BLOCK);
		if (!rc) {
			rc = p ? r->disk.pwrite(r->disk.arg, fd, p, JRN_BLOCK, to + done) : -EBADMSG;
		}
	}
	return rc;
}

/* The commits of the segment whose header is at *at. */
static int put_commits(struct restore *r, int fd, uint64_t *at)
{
	uint64_t begins = *at, to = JRN_BLOCK;
	struct jrn_commit_head h;
	enum jrn_commit_is is = JRN_COMMIT_WHOLE;
	const uint8_t *p;
	int rc = put_blocks(r, fd, 0, begins, JRN_BLOCK);

	while (!rc && is == JRN_COMMIT_WHOLE) {
		rc = jrn_read_commit_moved(&r->in, r->h.nonce, begins + to, to, &is, &h, &p);
		if (!rc && is == JRN_COMMIT_WHOLE) {
			rc = put_blocks(r, fd, to, begins + to, jrn_blocks(h.octets));
			to += jrn_blocks(h.octets);
		}
	}
	*at = begins + to;
	if (!rc && is == JRN_COMMIT_BROKEN) {
		return fail(r, ERR_PROTO, *at, "damaged: expected a whole commit");
	}
	if (rc == -EBADMSG) {
		return fail(r, ERR_PROTO, *at, "truncated");
	}
	return rc ? fail(r, jrn_disk_err(rc), *at, strerror(-rc)) : 0;
}

/* Zeros up to the size that the header names. */
static int fill_up(struct restore *r, int fd, uint64_t from)
{
	uint8_t *zeros = calloc(1, JRN_BLOCK);
	int rc = zeros ? 0 : -ENOMEM;

	for (uint64_t at = from; !rc && at < r->h.size; at += JRN_BLOCK) {
		rc = r->disk.pwrite(r->disk.arg, fd, zeros, JRN_BLOCK, at);
	}
	if (!rc) {
		rc = r->disk.flush(r->disk.arg, fd);
	}
	free(zeros);
	return rc ? fail(r, jrn_disk_err(rc), from, strerror(-rc)) : 0;
}

static int check_head(struct restore *r, uint64_t at, uint64_t before_end)
{
	struct jrn_seg_head before = r->h;
	const uint8_t *p;
	int rc = jrn_reader_get(&r->in, &p, at, JRN_BLOCK), err;

	if (rc || !p) {
		return fail(r, rc ? jrn_disk_err(rc) : ERR_PROTO, at,
			    rc ? strerror(-rc) : "truncated, or not a copy of a journal");
	}
	err = jrn_get_seg_head(&r->h, p);
	if (err) {
		return fail(r, err, at, err == ERR_VERSION ? "written by a newer program" : "expected the header of a segment");
	}
	if (r->segments && (r->h.number != before.number + 1 || r->h.prev_end != before_end)) {
		return fail(r, ERR_PROTO, at, "damaged: a segment does not follow the one before");
	}
	return 0;
}

static int one_segment(struct restore *r, uint64_t *at, uint64_t *before_end)
{
	uint64_t begins = *at;
	char name[32];
	int fd, err = check_head(r, *at, *before_end);

	if (err) {
		return err;
	}
	jrn_segment_name(name, r->h.number);
	fd = r->disk.open(r->disk.arg, name, JRN_OPEN_NEW);
	if (fd < 0) {
		return fail(r, jrn_disk_err(fd), *at, strerror(-fd));
	}
	err = put_commits(r, fd, at);
	if (!err) {
		*before_end = *at - begins;
		err = fill_up(r, fd, *before_end);
	}
	r->disk.close(r->disk.arg, fd);
	r->segments++;
	return err;
}

static int on_name(void *arg, const char *name, uint64_t size)
{
	struct restore *r = OBJ_OF(arg, struct restore, RESTORE_MAGIC);
	uint64_t number;

	(void)size;
	r->not_empty = r->not_empty || jrn_name_kind(name, &number) == JRN_NAME_SEGMENT;
	return 0;
}

static int remove_segment(void *arg, const char *name, uint64_t size)
{
	struct restore *r = OBJ_OF(arg, struct restore, RESTORE_MAGIC);
	uint64_t number;

	(void)size;
	if (jrn_name_kind(name, &number) == JRN_NAME_SEGMENT) {
		err_ignore(r->disk.unlink(r->disk.arg, name), "it is half a journal, which does not open");
	}
	return 0;
}

static int open_ends(struct restore *r, const char *path, const char *dir)
{
	const char *slash = strrchr(path, '/');
	char in[4096];
	int rc;

	snprintf(in, sizeof in, "%.*s", slash ? (slash == path ? 1 : (int)(slash - path)) : 1, slash ? path : ".");
	rc = jrn_disk_dir(&r->from, in, false);
	if (!rc) {
		rc = jrn_reader_open(&r->in, &r->from, slash ? slash + 1 : path);
	}
	if (rc) {
		return fail(r, jrn_disk_err(rc), 0, strerror(-rc));
	}
	rc = jrn_disk_dir(&r->disk, dir, true);
	if (!rc) {
		rc = r->disk.list(r->disk.arg, on_name, r);
	}
	if (rc < 0) {
		snprintf(r->why->text, sizeof r->why->text, "%s: %s", dir, strerror(-rc));
		return jrn_disk_err(rc);
	}
	if (r->not_empty) {
		snprintf(r->why->text, sizeof r->why->text, "%s: has a journal already", dir);
		return ERR_EXISTS;
	}
	return 0;
}

int jrn_copy_restore(const char *path, const char *dir, struct jrn_why *why)
{
	struct restore r = { .obj = OBJ(RESTORE_MAGIC), .path = path, .why = why };
	uint64_t at = 0, before_end = 0;
	int err = open_ends(&r, path, dir);
	bool made = !err;

	while (!err && (at == 0 || at < r.in.size)) {
		err = one_segment(&r, &at, &before_end);
	}
	if (!err) {
		int rc = r.disk.sync_dir(r.disk.arg);

		err = rc ? fail(&r, jrn_disk_err(rc), at, strerror(-rc)) : 0;
	}
	if (err && made) {
		err_ignore(r.disk.list(r.disk.arg, remove_segment, &r), "half a journal does not open");
	}
	jrn_reader_fini(&r.in);
	jrn_disk_fini(&r.from);
	jrn_disk_fini(&r.disk);
	return err;
}
