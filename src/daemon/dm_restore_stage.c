/* dm_restore_stage.c - the backup is copied beside the state and checked there. */
#include "daemon/dm_restore_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/timeline.h"
#include "core/core.h"

#define PIECE (64u << 10)

static int make_dir(const struct dm_restoring *r, const char *path)
{
	if (mkdir(path, 0700) < 0) {
		return dm_restore_wrong("%s: cannot be made: %s", path, strerror(errno));
	}
	if (r->give && lchown(path, r->uid, r->gid) < 0) {
		return dm_restore_wrong("%s: cannot be given to %s: %s", path, r->cfg->user, strerror(errno));
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

static int check_file(const struct dm_restoring *r, const char *file, const char *sha256, uint64_t octets)
{
	const json_t *row = json_object_get(json_object_get(r->manifest, "files"), file);
	const char *wanted = json_string_value(json_object_get(row, "sha256"));

	if (!wanted) {
		return dm_restore_wrong("%s/manifest.json does not name %s", r->what->from, file);
	}
	if (json_integer_value(json_object_get(row, "octets")) != (json_int_t)octets) {
		return dm_restore_wrong("%s/%s: %llu bytes, the manifest says %lld: the backup is damaged", r->what->from, file,
					(unsigned long long)octets,
					(long long)json_integer_value(json_object_get(row, "octets")));
	}
	return strcmp(wanted, sha256) ? dm_restore_wrong("%s/%s: its SHA-256 is not that of the manifest: the backup is damaged",
							 r->what->from, file)
				      : 0;
}

/* One file of the backup into a new store directory below the staged state. */
static int stage(const struct dm_restoring *r, const char *file, const char *store)
{
	char from[DM_RESTORE_PATH], dir[DM_RESTORE_PATH + 64], to[DM_RESTORE_PATH + 96], sha256[HASH_TEXT_MAX] = "";
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
		return dm_restore_wrong("%s: %s", from, strerror(errno));
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
		return dm_restore_wrong("%s: cannot be written: %s", to, err == ERR_NOSPC ? "no space left" : strerror(errno));
	}
	file_sync_dir(dir);
	return check_file(r, file, sha256, octets);
}

/* The file journal.log of a backup of format 2 has records only: a journal is made from it. */
static int stage_journal(const struct dm_restoring *r)
{
	char from[DM_RESTORE_PATH], dir[DM_RESTORE_PATH + 64], why[CORE_WHY_MAX] = "", sha256[HASH_TEXT_MAX] = "";
	uint64_t octets = 0;
	int in, err;

	snprintf(from, sizeof from, "%s/journal.log", r->what->from);
	snprintf(dir, sizeof dir, "%s/journal", r->staged);
	in = open(from, O_RDONLY | O_CLOEXEC);
	if (in < 0) {
		return dm_restore_wrong("%s: %s", from, strerror(errno));
	}
	err = copy_octets(in, -1, sha256, &octets);
	close(in);
	if (err) {
		return dm_restore_wrong("%s: cannot be read: %s", from, strerror(errno));
	}
	if (check_file(r, "journal.log", sha256, octets) || make_dir(r, dir)) {
		return 1;
	}
	return core_journal_restore(from, dir, why) ? dm_restore_wrong("the backup cannot be used: %s", why) : 0;
}

int dm_restore_stage(const struct dm_restoring *r)
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
static int each_of_journal(const struct dm_restoring *r, int (*fn)(const struct dm_restoring *r, int dir_fd, const char *name))
{
	const struct dirent *entry;
	char path[DM_RESTORE_PATH + 64];
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

static int remove_one(const struct dm_restoring *r, int dir_fd, const char *name)
{
	(void)r;
	(void)unlinkat(dir_fd, name, 0); /* what stays is in a directory that is named in the words about it */
	return 0;
}

static int give_one(const struct dm_restoring *r, int dir_fd, const char *name)
{
	if (r->give && fchownat(dir_fd, name, r->uid, r->gid, AT_SYMLINK_NOFOLLOW) < 0) {
		return dm_restore_wrong("%s/journal/%s: cannot be given to %s: %s", r->staged, name, r->cfg->user,
					strerror(errno));
	}
	return 0;
}

static void remove_store(const struct dm_restoring *r, const char *store)
{
	static const char *const names[] = { "data.mdb", "lock.mdb", "owner.lock" };
	char path[DM_RESTORE_PATH + 96];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s/%s", r->staged, store, names[i]);
		file_remove(path);
	}
	snprintf(path, sizeof path, "%s/%s", r->staged, store);
	file_remove_dir(path);
}

void dm_restore_unstage(const struct dm_restoring *r)
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
static void remove_locks(const struct dm_restoring *r)
{
	const char *const stores[] = { "associations", "journal" };
	char path[DM_RESTORE_PATH + 96];

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

int dm_restore_check(const struct dm_restoring *r)
{
	char why[CORE_WHY_MAX] = "";

	if (core_stores_check(r->cfg, r->staged, r->what->journal, why)) {
		return dm_restore_wrong("the backup cannot be used: %s", why);
	}
	remove_locks(r);
	return r->what->journal ? each_of_journal(r, give_one) : 0; /* the check has made files, too */
}

/* The times in a journal are of its gateway's timeline. A state that has one keeps it: it is that
 * gateway's. */
int dm_restore_plant_timeline(const struct dm_restoring *r)
{
	const json_t *t = json_object_get(r->manifest, "timeline");
	const char *boot = json_string_value(json_object_get(t, "boot"));
	struct timeline_kept k = { .base_ms = json_integer_value(json_object_get(t, "base_ms")),
				   .wall_ms = json_integer_value(json_object_get(t, "wall_ms")),
				   .last_ms = (uint64_t)json_integer_value(json_object_get(t, "last_ms")) };
	char path[DM_RESTORE_PATH];
	int err;

	if (!t) { /* of an older version */
		return 0;
	}
	snprintf(path, sizeof path, "%s/" TIMELINE_FILE, r->cfg->state_dir);
	if (!boot || strlen(boot) >= sizeof k.boot) {
		return dm_restore_wrong("%s/manifest.json: 'timeline' is not valid", r->what->from);
	}
	str_set(k.boot, sizeof k.boot, boot);
	err = timeline_plant(&k, path);
	if (err == ERR_EXISTS) {
		return 0;
	}
	if (err == ERR_INVAL) {
		return dm_restore_wrong("%s/manifest.json: 'timeline' is not valid", r->what->from);
	}
	if (err || (r->give && lchown(path, r->uid, r->gid) < 0)) {
		return dm_restore_wrong("%s: cannot be written: %s", path, strerror(errno));
	}
	return 0;
}
