/* dm_restore.c - the backup is copied beside the state, checked there as a start would, and only
 * then changes places with the state. */
#include "daemon/dm_restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/timeline.h"
#include "conf/cfg_users.h"
#include "core/core.h"

#define MANIFEST_MAX (64u << 10)
#define FORMAT 2 /* 1: the journal was an LMDB environment, journal.mdb */
#define PATH_ROOM (CFG_PATH_MAX + 128)
#define PIECE (64u << 10)

struct restore {
	const struct dm_restore *what;
	struct cfg_iwf *cfg;
	json_t *manifest;
	json_int_t format;
	uint64_t generation;    /* of the associations */
	char staged[PATH_ROOM]; /* directory beside the state in which the new state is prepared */
	char aside[PATH_ROOM];  /* where the state goes */
	uid_t uid;
	gid_t gid;
	bool give;                           /* to uid and gid */
	int associations_lock, journal_lock; /* -1: none */
};

__attribute__((format(printf, 1, 2))) static int wrong(const char *fmt, ...)
{
	va_list ap;

	fputs("mtc-iwfd: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return 1;
}

/* -- may it be done? */

/* A process listens on the socket. EAGAIN means that its backlog is full: mtc-iwfd runs, and
 * hangs. */
static bool control_listens(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	bool listens;
	int fd;

	if (!path[0] || strlen(path) >= sizeof a.sun_path) {
		return false;
	}
	str_set(a.sun_path, sizeof a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	listens = fd >= 0 && (connect(fd, (const struct sockaddr *)&a, sizeof a) == 0 || errno == EAGAIN);
	if (fd >= 0) {
		close(fd);
	}
	return listens;
}

/* The lock of a store (base/kv.c) is the core's while it runs. A store without a lock file was
 * never opened. */
static int lock_store(const struct restore *r, const char *store, int *fd)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof path, "%s/%s/owner.lock", r->cfg->state_dir, store);
	*fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (*fd < 0) {
		return errno == ENOENT
			   ? 0
			   : wrong("cannot open %s, which shows whether the store is in use: %s", path, strerror(errno));
	}
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0) {
		return 0;
	}
	return errno == EWOULDBLOCK ? wrong("%s/%s is used by another process: stop mtc-iwfd first", r->cfg->state_dir, store)
				    : wrong("cannot lock %s: %s", path, strerror(errno));
}

static int take_locks(struct restore *r)
{
	if (control_listens(r->cfg->control_path)) {
		return wrong("mtc-iwfd runs (it listens at %s): stop it first", r->cfg->control_path);
	}
	if (lock_store(r, "associations", &r->associations_lock)) {
		return 1;
	}
	return r->what->journal ? lock_store(r, "journal", &r->journal_lock) : 0;
}

static bool is_there(const struct restore *r, const char *store)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof path, "%s/%s", r->cfg->state_dir, store);
	return access(path, F_OK) == 0;
}

static int check_place(const struct restore *r)
{
	const char *there = is_there(r, "associations")                  ? "associations"
			    : r->what->journal && is_there(r, "journal") ? "journal"
									 : NULL;

	if (there && !r->what->replace) {
		return wrong("%s/%s exists: with --replace it is moved to before-restore-TIME beside it", r->cfg->state_dir,
			     there);
	}
	return 0;
}

static int find_user(struct restore *r)
{
	struct cfg_user u;

	if (cfg_user_find(&u, r->cfg, CFG_PROCESS_CORE)) {
		return wrong("user '%s' does not exist; make it or name another one", u.name);
	}
	r->uid = u.id.uid;
	r->gid = u.id.gid;
	r->give = u.change;
	return 0;
}

/* -- the manifest */

static int read_manifest(struct restore *r)
{
	char path[PATH_ROOM];
	json_error_t at;
	struct stat st;

	snprintf(path, sizeof path, "%s/manifest.json", r->what->from);
	if (stat(path, &st) < 0) {
		return wrong("%s: %s: not a backup of mtcctl backup, or one that was not finished", path, strerror(errno));
	}
	if (!S_ISREG(st.st_mode) || st.st_size > MANIFEST_MAX) {
		return wrong("%s: not a manifest", path);
	}
	r->manifest = json_load_file(path, JSON_REJECT_DUPLICATES, &at);
	if (!r->manifest) {
		return wrong("%s:%d: %s", path, at.line, at.text);
	}
	if (!json_is_object(r->manifest) || strcmp(json_string_value(json_object_get(r->manifest, "kind"))
						       ? json_string_value(json_object_get(r->manifest, "kind"))
						       : "",
						   "mtc-iwf backup") != 0) {
		return wrong("%s: not the manifest of a backup", path);
	}
	r->format = json_integer_value(json_object_get(r->manifest, "format"));
	if (r->format < 1 || r->format > FORMAT) {
		return wrong("%s: the backup has format %lld, this program knows %d%s", path, (long long)r->format, FORMAT,
			     r->format > FORMAT ? ": it was made by a newer program" : "");
	}
	r->generation = (uint64_t)json_integer_value(json_object_get(r->manifest, "generation"));
	return r->generation ? 0 : wrong("%s: no generation", path);
}

/* -- copying beside the state */

static int make_dir(const struct restore *r, const char *path)
{
	if (mkdir(path, 0700) < 0) {
		return wrong("%s: cannot be made: %s", path, strerror(errno));
	}
	if (r->give && lchown(path, r->uid, r->gid) < 0) {
		return wrong("%s: cannot be given to %s: %s", path, r->cfg->user, strerror(errno));
	}
	return 0;
}

/* `out` -1: only reads. */
static int copy_octets(int in, int out, char sha256[HASH_TEXT_MAX], uint64_t *octets)
{
	static uint8_t piece[PIECE];
	struct hash *h;
	ssize_t n;
	int err = hash_new(&h);

	if (err) {
		return err;
	}
	*octets = 0;
	while (!err && (n = read(in, piece, sizeof piece)) != 0) {
		if (n < 0) {
			err = ERR_IO;
		}
		for (ssize_t at = 0, k; !err && out >= 0 && at < n; at += k) {
			k = write(out, piece + at, (size_t)(n - at));
			if (k <= 0) {
				err = errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? ERR_NOSPC : ERR_IO;
			}
		}
		if (!err) {
			err = hash_add(h, piece, (size_t)n);
		}
		*octets += n > 0 ? (uint64_t)n : 0;
	}
	if (!err) {
		err = hash_end(h, sha256);
	}
	hash_free(h);
	return err;
}

static int check_file(const struct restore *r, const char *file, const char *sha256, uint64_t octets)
{
	const json_t *row = json_object_get(json_object_get(r->manifest, "files"), file);
	const char *wanted = json_string_value(json_object_get(row, "sha256"));

	if (!wanted) {
		return wrong("%s/manifest.json does not name %s", r->what->from, file);
	}
	if (json_integer_value(json_object_get(row, "octets")) != (json_int_t)octets) {
		return wrong("%s/%s: %llu bytes, the manifest says %lld: the backup is damaged", r->what->from, file,
			     (unsigned long long)octets, (long long)json_integer_value(json_object_get(row, "octets")));
	}
	return strcmp(wanted, sha256)
		   ? wrong("%s/%s: its SHA-256 is not that of the manifest: the backup is damaged", r->what->from, file)
		   : 0;
}

/* One file of the backup into a new store directory below the staged state. */
static int stage(const struct restore *r, const char *file, const char *store)
{
	char from[PATH_ROOM], dir[PATH_ROOM + 64], to[PATH_ROOM + 96], sha256[HASH_TEXT_MAX] = "";
	uint64_t octets = 0;
	int in, out, err;

	snprintf(from, sizeof from, "%s/%s", r->what->from, file);
	snprintf(dir, sizeof dir, "%s/%s", r->staged, store);
	snprintf(to, sizeof to, "%s/data.mdb", dir);
	if (make_dir(r, dir)) {
		return 1;
	}
	in = open(from, O_RDONLY | O_CLOEXEC);
	if (in < 0) {
		return wrong("%s: %s", from, strerror(errno));
	}
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	err = out < 0 ? ERR_IO : copy_octets(in, out, sha256, &octets);
	if (!err && (fsync(out) < 0 || (r->give && fchown(out, r->uid, r->gid) < 0))) {
		err = ERR_IO;
	}
	close(in);
	if (out >= 0) {
		close(out);
	}
	if (err) {
		return wrong("%s: cannot be written: %s", to, err == ERR_NOSPC ? "no space left" : strerror(errno));
	}
	file_sync_dir(dir);
	return check_file(r, file, sha256, octets);
}

/* The journal of a backup of format 2 is no file of a journal, but makes one. */
static int stage_journal(const struct restore *r)
{
	char from[PATH_ROOM], dir[PATH_ROOM + 64], why[CORE_WHY_MAX] = "", sha256[HASH_TEXT_MAX] = "";
	uint64_t octets = 0;
	int in, err;

	snprintf(from, sizeof from, "%s/journal.log", r->what->from);
	snprintf(dir, sizeof dir, "%s/journal", r->staged);
	in = open(from, O_RDONLY | O_CLOEXEC);
	if (in < 0) {
		return wrong("%s: %s", from, strerror(errno));
	}
	err = copy_octets(in, -1, sha256, &octets);
	close(in);
	if (err) {
		return wrong("%s: cannot be read: %s", from, strerror(errno));
	}
	if (check_file(r, "journal.log", sha256, octets) || make_dir(r, dir)) {
		return 1;
	}
	return core_journal_restore(from, dir, why) ? wrong("the backup cannot be used: %s", why) : 0;
}

static int stage_all(const struct restore *r)
{
	char rows[64];

	snprintf(rows, sizeof rows, "associations/dev-%llu", (unsigned long long)r->generation);
	if (make_dir(r, r->staged) || stage(r, "associations.mdb", "associations") || stage(r, "association-rows.mdb", rows)) {
		return 1;
	}
	if (!r->what->journal) {
		return 0;
	}
	return r->format == 1 ? stage(r, "journal.mdb", "journal") : stage_journal(r);
}

/* Calls fn for each file of the staged journal until it returns non-zero, and returns that. */
static int each_of_journal(const struct restore *r, int (*fn)(const struct restore *r, int dir_fd, const char *name))
{
	const struct dirent *entry;
	char path[PATH_ROOM + 64];
	int code = 0;
	DIR *d;

	snprintf(path, sizeof path, "%s/journal", r->staged);
	d = opendir(path);
	while (d && !code && (entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			code = fn(r, dirfd(d), entry->d_name);
		}
	}
	if (d) {
		closedir(d);
	}
	return code;
}

static int remove_one(const struct restore *r, int dir_fd, const char *name)
{
	(void)r;
	(void)unlinkat(dir_fd, name, 0); /* what stays is in a directory that is named in the words about it */
	return 0;
}

static int give_one(const struct restore *r, int dir_fd, const char *name)
{
	if (r->give && fchownat(dir_fd, name, r->uid, r->gid, AT_SYMLINK_NOFOLLOW) < 0) {
		return wrong("%s/journal/%s: cannot be given to %s: %s", r->staged, name, r->cfg->user, strerror(errno));
	}
	return 0;
}

static void remove_store(const struct restore *r, const char *store)
{
	static const char *const names[] = { "data.mdb", "lock.mdb", "owner.lock" };
	char path[PATH_ROOM + 96];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s/%s", r->staged, store, names[i]);
		file_remove(path);
	}
	snprintf(path, sizeof path, "%s/%s", r->staged, store);
	file_remove_dir(path);
}

/* Removes only what this restore created; `staged` does not contain the old state yet. */
static void remove_staged(const struct restore *r)
{
	char rows[64];

	snprintf(rows, sizeof rows, "associations/dev-%llu", (unsigned long long)r->generation);
	remove_store(r, rows);
	remove_store(r, "associations");
	(void)each_of_journal(r, remove_one);
	remove_store(r, "journal");
	file_remove_dir(r->staged);
}

/* The check created lock files as the user of this program. LMDB and base/kv.c create them
 * again. */
static void remove_locks(const struct restore *r)
{
	const char *const stores[] = { "associations", "journal" };
	char path[PATH_ROOM + 96];

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s/lock.mdb", r->staged, stores[i]);
		file_remove(path);
		snprintf(path, sizeof path, "%s/%s/owner.lock", r->staged, stores[i]);
		file_remove(path);
	}
	snprintf(path, sizeof path, "%s/associations/dev-%llu/lock.mdb", r->staged, (unsigned long long)r->generation);
	file_remove(path);
	snprintf(path, sizeof path, "%s/associations/dev-%llu/owner.lock", r->staged, (unsigned long long)r->generation);
	file_remove(path);
}

static int check_staged(const struct restore *r)
{
	char why[CORE_WHY_MAX] = "";

	if (core_stores_check(r->cfg, r->staged, r->what->journal, why)) {
		return wrong("the backup cannot be used: %s", why);
	}
	remove_locks(r);
	return r->what->journal ? each_of_journal(r, give_one) : 0; /* the check has made files, too */
}

/* The times in a journal are of its gateway's timeline. A state that has one keeps it: it is that
 * gateway's. */
static int plant_timeline(const struct restore *r)
{
	const json_t *t = json_object_get(r->manifest, "timeline");
	const char *boot = json_string_value(json_object_get(t, "boot"));
	struct timeline_kept k = { .base_ms = json_integer_value(json_object_get(t, "base_ms")),
				   .wall_ms = json_integer_value(json_object_get(t, "wall_ms")),
				   .last_ms = (uint64_t)json_integer_value(json_object_get(t, "last_ms")) };
	char path[PATH_ROOM];
	int err;

	if (!t) { /* of an older version */
		return 0;
	}
	snprintf(path, sizeof path, "%s/" TIMELINE_FILE, r->cfg->state_dir);
	if (!boot || strlen(boot) >= sizeof k.boot) {
		return wrong("%s/manifest.json: 'timeline' is not valid", r->what->from);
	}
	str_set(k.boot, sizeof k.boot, boot);
	err = timeline_plant(&k, path);
	if (err == ERR_EXISTS) {
		return 0;
	}
	if (err == ERR_INVAL) {
		return wrong("%s/manifest.json: 'timeline' is not valid", r->what->from);
	}
	if (err || (r->give && lchown(path, r->uid, r->gid) < 0)) {
		return wrong("%s: cannot be written: %s", path, strerror(errno));
	}
	return 0;
}

/* -- changing places */

/* In one step where the file system can; else there is an instant without the store, which a start
 * would take for an empty one. */
static int swap(const struct restore *r, const char *store)
{
	char now[PATH_ROOM + 32], next[PATH_ROOM + 32], old[PATH_ROOM + 32];

	snprintf(now, sizeof now, "%s/%s", r->cfg->state_dir, store);
	snprintf(next, sizeof next, "%s/%s", r->staged, store);
	snprintf(old, sizeof old, "%s/%s.old", r->staged, store);
	if (access(now, F_OK) < 0) {
		return rename(next, now) ? wrong("%s: %s", now, strerror(errno)) : 0;
	}
	if (renameat2(AT_FDCWD, next, AT_FDCWD, now, RENAME_EXCHANGE) == 0) {
		return 0;
	}
	if (rename(now, old) || rename(next, now) || rename(old, next)) {
		return wrong("%s: %s; what was there is in %s", now, strerror(errno), r->staged);
	}
	return 0;
}

/* For the next core, which makes a decision line of it, so that no restore is silent. Before the
 * exchange: a line about a restore that was not finished is better than none about one that was. */
static int tell_core(const struct restore *r)
{
	const char *time = json_string_value(json_object_get(r->manifest, "time"));
	char path[PATH_ROOM + 32], text[CORE_RESTORED_MAX];
	int n = snprintf(text, sizeof text, "%u %.40s\n", (unsigned)getuid(), time ? time : "of unknown time"), fd;
	bool well;

	snprintf(path, sizeof path, "%s/" CORE_RESTORED_FILE, r->cfg->state_dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	well = fd >= 0 && write(fd, text, (size_t)n) == n && fsync(fd) == 0 && (!r->give || fchown(fd, r->uid, r->gid) == 0);
	if (fd >= 0) {
		close(fd);
	}
	return well ? 0 : wrong("%s: cannot be written: %s", path, strerror(errno));
}

static int put_in_place(const struct restore *r)
{
	file_sync_dir(r->staged);
	if (tell_core(r) || swap(r, "associations") || (r->what->journal && swap(r, "journal"))) {
		return 1;
	}
	if (rmdir(r->staged) < 0 && rename(r->staged, r->aside) < 0) {
		return wrong("%s: %s; the backup is in place, and this directory holds what was there", r->staged,
			     strerror(errno));
	}
	file_sync_dir(r->cfg->state_dir);
	return 0;
}

static void say_done(const struct restore *r)
{
	const char *time = json_string_value(json_object_get(r->manifest, "time"));

	printf("%s: %s of the backup of %s are in place\n", r->cfg->state_dir,
	       r->what->journal ? "associations and journal" : "associations", time ? time : "?");
	if (access(r->aside, F_OK) == 0) {
		printf("what was there is in %s\n", r->aside);
	}
	puts(is_there(r, "screening")
		 ? "the screening rules set with 'mtcctl screen set' are not in a backup: those of this state_dir stay in force"
		 : "screening rules set with 'mtcctl screen set' are not in a backup: set them again if there were any");
	if (!r->what->journal && is_there(r, "journal")) {
		puts("the journal was left as it is; --journal restores that of the backup");
	} else if (!r->what->journal) {
		puts("there is no journal here: its triggers and reports are not restored; to restore them from the backup, too, "
		     "run it "
		     "again with --replace --journal before the next start");
	}
}

static void name_places(struct restore *r)
{
	char time[CLOCK_TEXT_MAX];

	clock_text(time, clock_real_ms());
	snprintf(r->staged, sizeof r->staged, "%s/restore-%d.part", r->cfg->state_dir, (int)getpid());
	snprintf(r->aside, sizeof r->aside, "%s/before-restore-%s", r->cfg->state_dir, time);
}

static int restore(struct restore *r)
{
	char why[CFG_WHY_MAX];
	int code;

	if (cfg_iwf_load(&r->cfg, r->what->config, why)) {
		return wrong("%s", why);
	}
	if (read_manifest(r) || find_user(r)) {
		return 1;
	}
	if (mkdir(r->cfg->state_dir, 0700) == 0 && r->give && chown(r->cfg->state_dir, r->uid, r->gid) < 0) {
		return wrong("state_dir %s: %s", r->cfg->state_dir, strerror(errno));
	}
	if (take_locks(r) || check_place(r)) {
		return 1;
	}
	name_places(r);
	code = stage_all(r);
	if (!code) {
		code = check_staged(r);
	}
	if (!code && r->what->journal) {
		code = plant_timeline(r);
	}
	if (code) {
		remove_staged(r);
	} else {
		code = put_in_place(r);
	}
	if (!code) {
		say_done(r);
	}
	return code;
}

int dm_restore_main(const struct dm_restore *what)
{
	struct restore r = { .what = what, .associations_lock = -1, .journal_lock = -1 };
	int code = restore(&r);

	if (r.associations_lock >= 0) {
		close(r.associations_lock);
	}
	if (r.journal_lock >= 0) {
		close(r.journal_lock);
	}
	json_decref(r.manifest);
	cfg_iwf_free(r.cfg);
	return code;
}
