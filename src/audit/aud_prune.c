/* aud_prune.c - see aud_prune.h. */
#include "audit/aud_prune.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/aud_record.h"
#include "base/clock.h"

#define PIECE_OCTETS (256u * 1024u)

struct pruning {
	int dir, archive;
	struct aud_segments segments;
	size_t n; /* of them, the first so many move */
};

static int no(struct aud_why *why, const char *path, const char *doing)
{
	snprintf(why->text, sizeof why->text, "%.400s: %s: %s", path, doing, strerror(errno));
	return ERR_IO;
}

/* Root prunes for the owner of the audit, who has to read everything afterwards: the core searches
 * the archive, and prunes later. Gives away only what root has made; a file with a second name is
 * none of ours. */
static int give(const struct pruning *p, int fd)
{
	struct stat owner, st;

	if (geteuid() != 0) {
		return 0;
	}
	if (fstat(p->dir, &owner) < 0 || fstat(fd, &st) < 0) {
		return ERR_IO;
	}
	if (st.st_uid != 0 || (S_ISREG(st.st_mode) && st.st_nlink != 1)) {
		return 0;
	}
	return fchown(fd, owner.st_uid, owner.st_gid) < 0 ? ERR_IO : 0;
}

static int give_named(const struct pruning *p, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), err = fd < 0 ? ERR_IO : give(p, fd);

	if (fd >= 0) {
		close(fd);
	}
	return err;
}

/* Whether the segment begins with a record that is older than `before`. The times are data: who
 * made them lie moves other files, and loses none. */
static bool begins_before(int dir, uint64_t first, const char *before)
{
	char time[CLOCK_TEXT_MAX];
	struct aud_reader *r;
	const char *line;
	size_t len;
	bool older = false;

	if (aud_reader_open(&r, dir, -1, first)) {
		return false;
	}
	if (aud_reader_next(r, &line, &len) == 0 && aud_record_member(time, sizeof time, line, len, "time")) {
		older = strcmp(time, before) < 0;
	}
	aud_reader_free(r);
	return older;
}

static int choose(struct pruning *p, const struct aud_prune_conf *conf, uint64_t checkpoint, struct aud_pruned *out)
{
	char name[AUD_NAME_MAX];
	struct stat st;
	int err = aud_segments_list(&p->segments, p->dir);

	out->first = p->segments.n ? p->segments.first[0] : 0;
	while (!err && p->n + 1 < p->segments.n && p->segments.first[p->n + 1] <= checkpoint &&
	       begins_before(p->dir, p->segments.first[p->n + 1], conf->before)) {
		aud_segment_name(name, p->segments.first[p->n]);
		if (fstatat(p->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			return ERR_IO;
		}
		out->octets += (uint64_t)st.st_size;
		out->first = p->segments.first[++p->n];
	}
	out->files = p->n;
	return err;
}

static int copy(int from, int to)
{
	char *octets = malloc(PIECE_OCTETS);
	ssize_t n = -1;

	while (octets && (n = read(from, octets, PIECE_OCTETS)) > 0) {
		if (write(to, octets, (size_t)n) != n) {
			errno = errno ? errno : ENOSPC;
			n = -1;
			break;
		}
	}
	free(octets);
	return n < 0 || fsync(to) < 0 ? ERR_IO : 0;
}

/* Whether the archive has this file already, with the same octets: a crash came before it was
 * removed here. */
static bool same(const struct pruning *p, const char *name)
{
	int a = openat(p->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int b = openat(p->archive, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char *octets = malloc(2 * PIECE_OCTETS);
	ssize_t n = a < 0 || b < 0 || !octets ? -1 : 1;

	while (n > 0) {
		n = read(a, octets, PIECE_OCTETS);
		if (read(b, octets + PIECE_OCTETS, PIECE_OCTETS) != n ||
		    (n > 0 && memcmp(octets, octets + PIECE_OCTETS, (size_t)n) != 0)) {
			n = -1;
		}
	}
	free(octets);
	if (a >= 0) {
		close(a);
	}
	if (b >= 0) {
		close(b);
	}
	return n == 0;
}

/* To another file system: the copy has its name only when it is whole. */
static int move_copy(const struct pruning *p, const char *name)
{
	char part[AUD_NAME_MAX + 8];
	int from = openat(p->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), to, err = ERR_IO;

	snprintf(part, sizeof part, "%s.part", name);
	to = from < 0 ? -1 : openat(p->archive, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (to >= 0 && copy(from, to) == 0 && give(p, to) == 0 &&
	    renameat2(p->archive, part, p->archive, name, RENAME_NOREPLACE) == 0) {
		err = 0;
	}
	if (from >= 0) {
		close(from);
	}
	if (to >= 0) {
		close(to);
	}
	return err;
}

static int sync_names(int dir)
{
	int fd = openat(dir, "records", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = fd < 0 || fsync(fd) < 0 ? ERR_IO : 0;

	if (fd >= 0) {
		close(fd);
	}
	return err;
}

static int move_one(const struct pruning *p, uint64_t first)
{
	char name[AUD_NAME_MAX];
	int error;

	aud_segment_name(name, first);
	if (renameat2(p->dir, name, p->archive, name, RENAME_NOREPLACE) == 0) {
		return 0;
	}
	error = errno;
	if (!same(p, name) && (error != EXDEV || move_copy(p, name))) {
		errno = error == EXDEV ? errno : error;
		return ERR_IO; /* what the archive has under that name is never replaced */
	}
	if (sync_names(p->archive)) {
		return ERR_IO;
	}
	return unlinkat(p->dir, name, 0) < 0 ? ERR_IO : 0;
}

static int open_archive(struct pruning *p, const char *path, struct aud_why *why)
{
	bool made = mkdir(path, 0750) == 0;

	if (!made && errno != EEXIST) {
		return no(why, path, "cannot be made");
	}
	p->archive = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->archive < 0 || (mkdirat(p->archive, "records", 0750) < 0 && errno != EEXIST)) {
		return no(why, path, "cannot be used");
	}
	if (give_named(p, p->archive, "records") || (made && give(p, p->archive))) {
		return no(why, path, "cannot be given to the owner of the audit");
	}
	return 0;
}

/* The file `pruned` first: after a crash it names more than was moved, and the same call goes
 * on. */
static int move_all(struct pruning *p, const struct aud_prune_conf *conf, const struct aud_pruned *out, struct aud_why *why)
{
	char text[sizeof AUD_PRUNED + 24];
	int n = snprintf(text, sizeof text, AUD_PRUNED "%llu\n", (unsigned long long)out->first), err;

	err = open_archive(p, conf->archive, why);
	if (!err && (aud_file_write(p->dir, "pruned", text, (size_t)n, true) || give_named(p, p->dir, "pruned"))) {
		err = no(why, conf->dir, "the file 'pruned' cannot be written");
	}
	for (size_t i = 0; i < p->n && !err; i++) {
		if (move_one(p, p->segments.first[i])) {
			err = no(why, conf->archive, "a file of records cannot be moved there");
		}
	}
	if (!err && (sync_names(p->archive) || sync_names(p->dir))) {
		err = no(why, conf->archive, "it cannot be synced");
	}
	return err;
}

int aud_prune(const struct aud_prune_conf *conf, aud_problem_fn *problem, void *arg, struct aud_pruned *out, struct aud_why *why)
{
	struct aud_verify_conf verify = { .dir = conf->dir, .vkey = conf->vkey };
	struct pruning p = { .dir = -1, .archive = -1 };
	int err;

	*out = (struct aud_pruned){ .files = 0 };
	err = aud_verify(&verify, problem, arg, &out->summary, why);
	if (!err && out->summary.problems) {
		snprintf(why->text, sizeof why->text, "nothing was moved: the audit is not whole");
		err = ERR_STATE;
	}
	if (!err) {
		err = aud_dir_open(&p.dir, conf->dir, why);
	}
	if (!err && choose(&p, conf, out->summary.checkpoint, out)) {
		err = no(why, conf->dir, "the files of records cannot be listed");
	}
	if (!err && p.n && !conf->try_only && syncfs(p.dir) < 0) { /* tiles stand for the records from now on */
		err = no(why, conf->dir, "the tiles cannot be synced");
	}
	if (!err && p.n && !conf->try_only) {
		err = move_all(&p, conf, out, why);
	}
	aud_segments_free(&p.segments);
	if (p.dir >= 0) {
		close(p.dir);
	}
	if (p.archive >= 0) {
		close(p.archive);
	}
	return err;
}
