/* aud_open.c - takes up an audit: is it ours, does it continue the last checkpoint, where does it
 * end. Nothing is written before all of this is known. What has to be written then is tried until
 * it works, on the thread of the store: a start on a full disk is no reason to stop the audit. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/aud_store_int.h"
#include "base/ed25519.h"
#include "base/lock.h"
#include "base/wake.h"

#define PIECE_OCTETS (256u * 1024u) /* of what is cut off and kept beside, at a time */

void aud_broken(struct aud_store *s, const char *format, ...)
{
	char text[AUD_WHY_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	pthread_mutex_lock(&s->lock);
	s->view.broken = true;
	memcpy(s->view.why, text, sizeof text);
	pthread_cond_broadcast(&s->tried);
	pthread_mutex_unlock(&s->lock);
	atomic_store_explicit(&s->failing, true, memory_order_relaxed);
	wake_set(s->wake);
}

static int wrong(struct aud_store *s, int err, const char *words)
{
	aud_broken(s, "%s: %s", s->dir, words);
	return err;
}

/* -- the directory, and whose it is */

static int make_dir(struct aud_store *s)
{
	int fd;

	if (mkdir(s->dir, 0750) < 0 && errno != EEXIST) {
		return wrong(s, ERR_IO, strerror(errno));
	}
	fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return wrong(s, ERR_IO, strerror(errno));
	}
	if ((mkdirat(fd, "records", 0750) < 0 && errno != EEXIST) || (mkdirat(fd, "tile", 0750) < 0 && errno != EEXIST)) {
		close(fd);
		return wrong(s, ERR_IO, strerror(errno));
	}
	s->dir_fd = fd;
	return 0;
}

static int take_lock(struct aud_store *s, uint64_t wait_ms)
{
	int err;

	s->lock_fd = openat(s->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	err = s->lock_fd < 0 ? ERR_IO : lock_take(s->lock_fd, wait_ms);
	return err ? wrong(s, err, err == ERR_BUSY ? "another process writes this audit" : strerror(errno)) : 0;
}

static int check_format(struct aud_store *s, bool *fresh)
{
	struct aud_segments segments;
	struct aud_why why;
	int fd, err = aud_dir_open(&fd, s->dir, &why);

	if (!err) {
		close(fd);
		return 0;
	}
	if (err != ERR_NOTFOUND) {
		aud_broken(s, "%s", why.text);
		return err;
	}
	err = aud_segments_list(&segments, s->dir_fd);
	*fresh = !err && segments.n == 0;
	aud_segments_free(&segments);
	if (!*fresh) {
		return wrong(s, ERR_PROTO, "it has records and no file 'format': not an audit of this program");
	}
	return 0;
}

static int check_key(struct aud_store *s, bool *none)
{
	char mine[MRK_VKEY_MAX], found[MRK_VKEY_MAX + 2];
	size_t n, len;
	int err = mrk_key_id(s->hash, s->origin, s->key, s->key_id);

	if (err) {
		return err;
	}
	len = mrk_vkey_put(mine, s->origin, s->key_id, s->key);
	err = aud_file_read(found, sizeof found, &n, s->dir_fd, "vkey");
	*none = err == ERR_NOTFOUND;
	if (*none) {
		return 0;
	}
	if (err || n < len || memcmp(found, mine, len) != 0 || strcmp(found + len, "\n") != 0) {
		return wrong(s, ERR_AUTH,
			     "this is the audit of another gateway: its file vkey names another origin or key than "
			     "audit.origin and audit.key; name another state_dir, or move the directory away");
	}
	return 0;
}

/* The last checkpoint; size 0: there is none. */
static int read_checkpoint(struct aud_store *s)
{
	char note[MRK_NOTE_MAX];
	struct mrk_checkpoint c;
	size_t n, body;
	int err = aud_file_read(note, sizeof note, &n, s->dir_fd, "checkpoint");

	if (err == ERR_NOTFOUND) {
		return 0;
	}
	if (err || mrk_checkpoint_get(&c, &body, note, n)) {
		return wrong(s, ERR_PROTO, "the file checkpoint is none; run mtcctl audit verify");
	}
	if (strcmp(c.origin, s->origin) != 0 || !ed25519_good(s->key, note, body, c.signature)) {
		return wrong(s, ERR_AUTH,
			     "the file checkpoint is not signed with the key of this gateway; run mtcctl audit verify");
	}
	s->last = (struct mrk_ask){ c.size, c.root };
	s->view.checkpoint = c.size;
	return 0;
}

static int mark_as_ours(struct aud_store *s)
{
	char text[MRK_VKEY_MAX + 2];
	size_t n = mrk_vkey_put(text, s->origin, s->key_id, s->key);

	text[n++] = '\n';
	return aud_file_write(s->dir_fd, "vkey", text, n, true) ||
		       aud_file_write(s->dir_fd, "format", AUD_FORMAT, sizeof AUD_FORMAT - 1, true)
		   ? ERR_IO
		   : 0;
}

/* -- the records */

struct scan {
	struct aud_reader *reader;
	uint64_t expected; /* number of the next record */
	uint64_t sealed;   /* records up to the last seal, it included */
	bool ended;        /* the last record is the seal of an orderly end */
	bool bad;          /* a line that is no record, or not the next one */
	bool again;        /* for the tiles only: all else was taken from the records before */
};

/* One record. Those below edge.size are in the tree already. */
static int take(struct aud_store *s, struct scan *c, const char *line, size_t len)
{
	struct aud_place at;
	struct aud_seal seal;
	struct mrk_hash leaf;
	int err;

	if (aud_record_place(&at, line, len) || at.seq != c->expected) {
		c->bad = true;
		return ERR_PROTO;
	}
	c->expected++;
	s->interval = at.interval;
	c->ended = false;
	if (aud_seal_read(&seal, line, len) == 0) {
		c->sealed = c->expected;
		c->ended = seal.last;
	}
	if (!c->again) { /* else the owner reads meanwhile what is remembered */
		aud_remember(s, line, len);
	}
	if (at.seq < s->edge.size) {
		return 0;
	}
	err = mrk_leaf(s->hash, line, len, &leaf);
	if (!err) {
		err = mrk_add(&s->edge, s->hash, &leaf, aud_tiles_put, &s->tiles);
		errno = err == ERR_IO ? s->tiles.error : errno;
	}
	return err;
}

static bool fits(struct aud_store *s, const struct mrk_ask *checkpoint)
{
	struct mrk_hash root;

	return !checkpoint->size || s->edge.size != checkpoint->size ||
	       (mrk_root(&s->edge, s->hash, &root) == 0 && mrk_equal(&root, &checkpoint->root));
}

/* Whether the tree is that of the last checkpoint, when it has its size; and that of the one that
 * the parent remembers. */
static bool continues(struct aud_store *s)
{
	return fits(s, &s->last) && fits(s, &s->signed_last);
}

/* Whether the tree of these nodes begins with the one that the parent remembers, when that is
 * smaller. If not, the records themselves decide. */
static bool begins_as_signed(struct aud_store *s, const struct mrk_nodes *nodes, uint64_t size)
{
	struct mrk_edge edge;
	struct mrk_hash root;

	return !s->signed_last.size || s->signed_last.size >= size ||
	       (mrk_edge_of(&edge, nodes, s->signed_last.size) == 0 && mrk_root(&edge, s->hash, &root) == 0 &&
		mrk_equal(&root, &s->signed_last.root));
}

/* Takes the tree of the first `size` records from its tiles. False: they are not whole. */
static bool from_tiles(struct aud_store *s, uint64_t size)
{
	struct aud_tile_reader *r = calloc(1, sizeof *r);
	struct mrk_nodes nodes = { aud_tile_get, r, s->hash };
	bool whole = false;

	if (r) {
		obj_begin(&r->obj, AUD_TILE_READER_MAGIC);
		r->dir = s->dir_fd;
		r->size = s->last.size;
		whole = mrk_edge_of(&s->edge, &nodes, size) == 0 && continues(s) && begins_as_signed(s, &nodes, size) &&
			aud_tiles_take_up(&s->tiles, s->dir_fd, size, &nodes) == 0;
	}
	free(r);
	if (!whole) {
		s->edge = (struct mrk_edge){ .size = 0 };
		s->tiles = (struct aud_tiles){ .obj = OBJ(AUD_TILES_MAGIC), .dir = s->dir_fd };
	}
	return whole;
}

static int scan(struct aud_store *s, struct scan *c)
{
	const char *line;
	size_t len;
	bool first = true;
	int err;

	while ((err = aud_reader_next(c->reader, &line, &len)) == 0) {
		if (first) {
			c->expected = aud_reader_segment(c->reader);
			first = false;
		}
		err = take(s, c, line, len);
		if (err) {
			return err;
		}
		if (!continues(s)) {
			return wrong(s, ERR_PROTO,
				     "records before the last checkpoint were changed; the audit is not continued. Run mtcctl "
				     "audit verify");
		}
	}
	c->bad = err == ERR_PROTO;
	return err == ERR_CLOSED ? 0 : err;
}

/* Copies all octets from `at` on; *n: how many. A crash leaves a torn line, a power cut pages of
 * zeros, an attacker whatever he likes: nothing of it is lost. */
static int copy_end(int to, int from, uint64_t at, uint64_t *n)
{
	char *octets = malloc(PIECE_OCTETS);
	ssize_t k = -1;

	*n = 0;
	while (octets && (k = pread(from, octets, PIECE_OCTETS, (off_t)(at + *n))) > 0) {
		errno = 0;
		if (write(to, octets, (size_t)k) != k) {
			errno = errno ? errno : ENOSPC;
			k = -1;
			break;
		}
		*n += (uint64_t)k;
	}
	free(octets);
	return k < 0 || fdatasync(to) < 0 ? ERR_IO : 0;
}

/* What stands behind the last whole record, in the last file, is cut off; a copy stays beside, and
 * the start record says how much it is. */
static int cut(struct aud_store *s)
{
	char name[AUD_NAME_MAX], copy[AUD_NAME_MAX];
	int from, to, err = ERR_IO, error;
	uint64_t n = 0;

	aud_segment_name(name, s->due.segment);
	snprintf(copy, sizeof copy, "cut-%020llu", (unsigned long long)s->due.seq);
	from = openat(s->dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	to = from < 0 ? -1 : openat(s->dir_fd, copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (to >= 0 && copy_end(to, from, s->due.at, &n) == 0 && ftruncate(from, (off_t)s->due.at) == 0) {
		err = 0;
		s->opening.cut_octets = n;
		pthread_mutex_lock(&s->lock);
		snprintf(s->view.why, sizeof s->view.why,
			 "the last %llu bytes of the records were no whole record, as after a crash; they are in %s now",
			 (unsigned long long)n, copy);
		pthread_mutex_unlock(&s->lock);
	}
	error = errno;
	if (from >= 0) {
		close(from);
	}
	if (to >= 0) {
		close(to);
	}
	errno = error;
	return err;
}

int aud_count_octets(struct aud_store *s)
{
	struct aud_segments segments;
	char name[AUD_NAME_MAX];
	struct stat st;
	int err = aud_segments_list(&segments, s->dir_fd);

	s->all_octets = 0;
	for (size_t i = 0; i < segments.n && !err; i++) {
		aud_segment_name(name, segments.first[i]);
		if (fstatat(s->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
			s->all_octets += (uint64_t)st.st_size;
		} else if (errno != ENOENT) { /* pruned meanwhile */
			err = ERR_IO;
		}
	}
	aud_segments_free(&segments);
	return err;
}

static int open_last(struct aud_store *s)
{
	struct aud_segments segments;
	char name[AUD_NAME_MAX];
	struct stat st = { .st_size = 0 };
	int err = aud_segments_list(&segments, s->dir_fd);

	if (!err) {
		err = aud_count_octets(s);
	}
	if (!err && segments.n) {
		s->segment = segments.first[segments.n - 1];
		aud_segment_name(name, s->segment);
		err = fstatat(s->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? ERR_IO : 0;
		s->file_octets = (uint64_t)st.st_size;
		s->file = err ? -1 : openat(s->dir_fd, name, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
		err = s->file < 0 ? ERR_IO : 0;
	}
	aud_segments_free(&segments);
	return err;
}

/* The rest of a scan that found a line that is no record: an end that a crash tore, or a change. */
static int judge_end(struct aud_store *s, const struct scan *c, int err)
{
	struct aud_segments segments;
	bool in_last;

	if (err && !c->bad) {
		return s->view.broken ? err : wrong(s, err, err == ERR_IO ? strerror(errno) : err_str(err));
	}
	if (c->expected < s->last.size) {
		return wrong(
		    s, ERR_PROTO,
		    "records are missing or changed that the last checkpoint covers; the audit is not continued. Run mtcctl "
		    "audit verify");
	}
	if (!err && !aud_reader_torn(c->reader)) {
		return 0;
	}
	if (aud_segments_list(&segments, s->dir_fd)) {
		return wrong(s, ERR_IO, "the files of records cannot be listed");
	}
	in_last = segments.n && segments.first[segments.n - 1] == aud_reader_segment(c->reader);
	aud_segments_free(&segments);
	if (!in_last) {
		return wrong(s, ERR_PROTO, "a file of records is damaged, and another one follows; run mtcctl audit verify");
	}
	s->due.cut = true;
	s->due.segment = aud_reader_segment(c->reader);
	s->due.at = aud_reader_offset(c->reader);
	s->due.seq = c->expected;
	return 0;
}

/* Reads the records that no tile stands for. */
static int read_records(struct aud_store *s, struct scan *c)
{
	bool tiles = s->last.size && from_tiles(s, s->last.size);
	int err = aud_reader_open(&c->reader, s->dir_fd, -1, tiles ? s->last.size - 1 : 0);

	/* a power cut took tiles: those of the records that were moved away are older, and
	 * synced */
	if (!err && !tiles && aud_reader_first(c->reader) && !from_tiles(s, aud_reader_first(c->reader))) {
		aud_reader_free(c->reader);
		return wrong(s, ERR_PROTO,
			     "the first records are not here, and the tiles that stand for them are damaged; put the archive of "
			     "'mtcctl audit prune' back, or run mtcctl audit verify");
	}
	if (err) {
		return err;
	}
	s->tiles.dir = s->dir_fd;
	s->tiles.forgiving = !c->again;
	err = scan(s, c);
	if (!c->again) {
		err = judge_end(s, c, err);
		s->due.tiles = s->tiles.missing;
	}
	s->tiles.forgiving = s->tiles.missing = false;
	aud_reader_free(c->reader);
	return err;
}

static int take_up_records(struct aud_store *s)
{
	struct scan c = { .expected = 0 };
	int err = read_records(s, &c);

	if (err) {
		return err;
	}
	if (s->edge.size < s->signed_last.size) {
		return wrong(s, ERR_PROTO,
			     "this one was rolled back: a later checkpoint was signed than it has records; the audit is not "
			     "continued. Put the right directory back");
	}
	s->opening.how = !s->edge.size ? AUD_START_FIRST : c.ended ? AUD_START_CLEAN : AUD_START_CRASH;
	s->opening.unsealed = s->edge.size - (c.sealed < s->edge.size ? c.sealed : s->edge.size);
	s->view.records = s->edge.size;
	s->view.sealed = c.sealed;
	aud_recent_sort(&s->recent);
	return 0;
}

int aud_take_up(struct aud_store *s, uint64_t lock_wait_ms)
{
	bool fresh = false, none = false;
	int err = make_dir(s);

	s->recent.since_ms = UINT64_MAX;
	obj_begin(&s->tiles.obj, AUD_TILES_MAGIC);
	s->tiles.dir = s->dir_fd;
	if (!err) {
		err = take_lock(s, lock_wait_ms);
	}
	if (!err) {
		err = check_format(s, &fresh);
	}
	if (!err) {
		err = check_key(s, &none);
	}
	if (!err) {
		err = read_checkpoint(s);
	}
	if (!err) {
		err = take_up_records(s);
	}
	s->due.mark = fresh || none;
	return err;
}

/* -- what is written, tried again from its beginning */

/* The disk had no room for the tiles of all records that were read: they are read once more. */
static int make_tiles(struct aud_store *s)
{
	struct scan c = { .again = true };
	uint64_t size = s->edge.size;
	int err;

	s->edge = (struct mrk_edge){ .size = 0 };
	s->tiles = (struct aud_tiles){ .obj = OBJ(AUD_TILES_MAGIC), .dir = s->dir_fd };
	err = read_records(s, &c);
	if (err ? c.bad : s->edge.size != size) {
		return wrong(s, ERR_PROTO, "its records were changed while it was opened; run mtcctl audit verify");
	}
	s->edge.size = size; /* for the next attempt */
	return err;
}

static int prepare(struct aud_store *s, const void *p, size_t n)
{
	int err = s->due.cut ? cut(s) : 0;

	(void)p;
	(void)n;
	s->due.cut = s->due.cut && err;
	if (!err && s->due.tiles) {
		err = make_tiles(s);
		s->due.tiles = err != 0;
	}
	if (!err && s->file < 0) {
		err = open_last(s);
	}
	return err || !s->due.mark ? err : mark_as_ours(s);
}

int aud_begin(struct aud_store *s)
{
	int err = aud_insist(s, prepare, NULL, 0);

	if (!err) {
		err = aud_begin_interval(s);
	}
	if (!err) {
		pthread_mutex_lock(&s->lock);
		s->begun = true;
		if (s->fill_len <= s->queue_max / 2) {
			atomic_store_explicit(&s->failing, false, memory_order_relaxed);
		}
		pthread_cond_broadcast(&s->tried);
		pthread_mutex_unlock(&s->lock);
		wake_set(s->wake);
	}
	return err;
}
