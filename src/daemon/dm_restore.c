/* dm_restore.c - the backup is copied beside the state, checked there as a start would
 * (dm_restore_stage.c), and only then changes places with the state. */
#include "daemon/dm_restore_int.h"

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
#include "base/exit_codes.h"
#include "base/file.h"
#include "base/str.h"
#include "conf/cfg_users.h"
#include "core/core.h"
#include "daemon/dm_names.h"

#define MANIFEST_MAX (64u << 10)
#define FORMAT 2 /* 1: the journal was an LMDB environment, journal.mdb */

int dm_restore_wrong(const char *fmt, ...)
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
static int lock_store(const struct dm_restoring *r, const char *store, int *fd)
{
	char path[DM_RESTORE_PATH];

	snprintf(path, sizeof path, "%s/%s/owner.lock", r->cfg->state_dir, store);
	*fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (*fd < 0) {
		return errno == ENOENT ? 0
				       : dm_restore_wrong("cannot open %s, which shows whether the store is in use: %s", path,
							  strerror(errno));
	}
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0) {
		return 0;
	}
	return errno == EWOULDBLOCK
		   ? dm_restore_wrong("%s/%s is used by another process: stop mtc-iwfd first", r->cfg->state_dir, store)
		   : dm_restore_wrong("cannot lock %s: %s", path, strerror(errno));
}

static int take_locks(struct dm_restoring *r)
{
	if (control_listens(r->cfg->control_path)) {
		return dm_restore_wrong("mtc-iwfd runs (it listens at %s): stop it first", r->cfg->control_path);
	}
	if (lock_store(r, "associations", &r->associations_lock)) {
		return 1;
	}
	return r->what->journal ? lock_store(r, "journal", &r->journal_lock) : 0;
}

static bool is_there(const struct dm_restoring *r, const char *store)
{
	char path[DM_RESTORE_PATH];

	snprintf(path, sizeof path, "%s/%s", r->cfg->state_dir, store);
	return access(path, F_OK) == 0;
}

static int check_place(const struct dm_restoring *r)
{
	const char *there = is_there(r, "associations")                  ? "associations"
			    : r->what->journal && is_there(r, "journal") ? "journal"
									 : NULL;

	if (there && !r->what->replace) {
		return dm_restore_wrong("%s/%s exists: with --replace it is moved to before-restore-TIME beside it",
					r->cfg->state_dir, there);
	}
	return 0;
}

/* The name service may hang, and the gateway stands still meanwhile. Only root gives files away. */
static int ask_names(struct dm_restoring *r)
{
	char why[DM_NAMES_WHY_MAX];

	if (geteuid() != 0) {
		return 0;
	}
	cfg_names_add(&r->cfg->names, r->cfg);
	return dm_names_wait(&r->cfg->names, r->cfg->timers.names_ms, why) ? dm_restore_wrong("%s", why) : 0;
}

static int find_user(struct dm_restoring *r)
{
	struct cfg_user u;

	if (ask_names(r)) {
		return 1;
	}
	if (cfg_user_find(&u, r->cfg, CFG_PROCESS_CORE)) {
		return dm_restore_wrong("user '%s' does not exist; make it or name another one", u.name);
	}
	r->uid = u.id.uid;
	r->gid = u.id.gid;
	r->give = u.change;
	return 0;
}

/* -- the manifest */

static int read_manifest(struct dm_restoring *r)
{
	char path[DM_RESTORE_PATH];
	json_error_t at;
	struct stat st;

	snprintf(path, sizeof path, "%s/manifest.json", r->what->from);
	if (stat(path, &st) < 0) {
		return dm_restore_wrong("%s: %s: not a backup of mtcctl backup, or one that was not finished", path,
					strerror(errno));
	}
	if (!S_ISREG(st.st_mode) || st.st_size > MANIFEST_MAX) {
		return dm_restore_wrong("%s: not a manifest", path);
	}
	r->manifest = json_load_file(path, JSON_REJECT_DUPLICATES, &at);
	if (!r->manifest) {
		return dm_restore_wrong("%s:%d: %s", path, at.line, at.text);
	}
	if (!json_is_object(r->manifest) || strcmp(json_string_value(json_object_get(r->manifest, "kind"))
						       ? json_string_value(json_object_get(r->manifest, "kind"))
						       : "",
						   "mtc-iwf backup") != 0) {
		return dm_restore_wrong("%s: not the manifest of a backup", path);
	}
	r->format = json_integer_value(json_object_get(r->manifest, "format"));
	if (r->format < 1 || r->format > FORMAT) {
		return dm_restore_wrong("%s: the backup has format %lld, this program knows %d%s", path, (long long)r->format,
					FORMAT, r->format > FORMAT ? ": it was made by a newer program" : "");
	}
	r->generation = (uint64_t)json_integer_value(json_object_get(r->manifest, "generation"));
	return r->generation ? 0 : dm_restore_wrong("%s: no generation", path);
}

/* -- changing places */

/* In one step where the file system can; else there is an instant without the store, which a start
 * would take for an empty one. */
static int swap(const struct dm_restoring *r, const char *store)
{
	char now[DM_RESTORE_PATH + 32], next[DM_RESTORE_PATH + 32], old[DM_RESTORE_PATH + 32];

	snprintf(now, sizeof now, "%s/%s", r->cfg->state_dir, store);
	snprintf(next, sizeof next, "%s/%s", r->staged, store);
	snprintf(old, sizeof old, "%s/%s.old", r->staged, store);
	if (access(now, F_OK) < 0) {
		return rename(next, now) ? dm_restore_wrong("%s: %s", now, strerror(errno)) : 0;
	}
	if (renameat2(AT_FDCWD, next, AT_FDCWD, now, RENAME_EXCHANGE) == 0) {
		return 0;
	}
	if (rename(now, old) || rename(next, now) || rename(old, next)) {
		return dm_restore_wrong("%s: %s; what was there is in %s", now, strerror(errno), r->staged);
	}
	return 0;
}

/* For the next core, which makes a decision line of it, so that no restore is silent. Before the
 * exchange: a line about a restore that was not finished is better than none about one that was. */
static int tell_core(const struct dm_restoring *r)
{
	const char *time = json_string_value(json_object_get(r->manifest, "time"));
	char path[DM_RESTORE_PATH + 32], text[CORE_RESTORED_MAX];
	int n = snprintf(text, sizeof text, "%u %.40s\n", (unsigned)getuid(), time ? time : "of unknown time"), fd;
	bool well;

	snprintf(path, sizeof path, "%s/" CORE_RESTORED_FILE, r->cfg->state_dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	well = fd >= 0 && write(fd, text, (size_t)n) == n && fsync(fd) == 0 && (!r->give || fchown(fd, r->uid, r->gid) == 0);
	if (fd >= 0) {
		close(fd);
	}
	return well ? 0 : dm_restore_wrong("%s: cannot be written: %s", path, strerror(errno));
}

static int put_in_place(const struct dm_restoring *r)
{
	file_sync_dir(r->staged);
	if (tell_core(r) || swap(r, "associations") || (r->what->journal && swap(r, "journal"))) {
		return 1;
	}
	if (rmdir(r->staged) < 0 && rename(r->staged, r->aside) < 0) {
		return dm_restore_wrong("%s: %s; the backup is in place, and this directory holds what was there", r->staged,
					strerror(errno));
	}
	file_sync_dir(r->cfg->state_dir);
	return 0;
}

static void say_done(const struct dm_restoring *r)
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
		     "run it again with --replace --journal before the next start");
	}
}

static void name_places(struct dm_restoring *r)
{
	char time[CLOCK_TEXT_MAX];

	clock_text(time, clock_real_ms());
	snprintf(r->staged, sizeof r->staged, "%s/restore-%d.part", r->cfg->state_dir, (int)getpid());
	snprintf(r->aside, sizeof r->aside, "%s/before-restore-%s", r->cfg->state_dir, time);
}

static int restore(struct dm_restoring *r)
{
	char why[CFG_WHY_MAX];
	int code;

	if (cfg_iwf_load(&r->cfg, r->what->config, why)) {
		(void)dm_restore_wrong("%s", why);
		return EXIT_CODE_USAGE;
	}
	if (read_manifest(r) || find_user(r)) {
		return 1;
	}
	if (mkdir(r->cfg->state_dir, 0700) == 0 && r->give && chown(r->cfg->state_dir, r->uid, r->gid) < 0) {
		return dm_restore_wrong("state_dir %s: %s", r->cfg->state_dir, strerror(errno));
	}
	if (take_locks(r) || check_place(r)) {
		return 1;
	}
	name_places(r);
	code = dm_restore_stage(r);
	if (!code) {
		code = dm_restore_check(r);
	}
	if (!code && r->what->journal) {
		code = dm_restore_plant_timeline(r);
	}
	if (code) {
		dm_restore_unstage(r);
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
	struct dm_restoring r = { .what = what, .associations_lock = -1, .journal_lock = -1 };
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
