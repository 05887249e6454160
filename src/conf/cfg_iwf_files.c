/* cfg_iwf_files.c - checks the configuration against the file system: the directories in which
 * the daemon creates files exist, and both we and `user` may write there. Creates and changes
 * nothing. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/access.h"
#include "conf/cfg_iwf.h"
#include "conf/cfg_users.h"

#define WHO_MAX (CFG_NAME_MAX + 16)

struct files {
	const struct cfg_iwf *c;
	struct report *why;
	bool drop; /* children run as another user */
	uid_t uid; /* they run as */
	gid_t gid;
	char who[WHO_MAX]; /* the same as text */
	const char *key;   /* that names them */
	int err;
};

/* A question about a path that is made here. */
struct question {
	char path[CFG_PATH_MAX + 300];
	const char *expected;
	unsigned line;
};

struct questions {
	struct access_ask asks[ACCESS_ASKS_MAX];
	struct question of[ACCESS_ASKS_MAX];
	size_t n;
};

static void wrong(struct files *f, int err)
{
	if (!f->err) {
		f->err = err;
	}
}

/* The directory that `path` is in or will be made in. That of a directory may end in slashes. */
static const char *directory_of(char out[CFG_PATH_MAX], const char *path, bool of_directory)
{
	size_t n = strlen(path);

	while (of_directory && n > 1 && path[n - 1] == '/') {
		n--;
	}
	while (n && path[n - 1] != '/') {
		n--;
	}
	if (!n) {
		snprintf(out, CFG_PATH_MAX, ".");
	} else {
		snprintf(out, CFG_PATH_MAX, "%.*s", n == 1 ? 1 : (int)(n - 1), path);
	}
	return out;
}

/* An existing file under the name of something that the daemon creates must be of its kind. False:
 * it is not, or its directory is missing. */
static bool check_place(struct files *f, const char *file, mode_t kind, const char *expected, unsigned line)
{
	char dir[CFG_PATH_MAX];
	struct stat st;

	directory_of(dir, file, kind == S_IFDIR);
	if (stat(dir, &st) || !S_ISDIR(st.st_mode)) {
		wrong(f, cfg_wrong(f->why, f->c->lines, line, "%s: directory %s does not exist; create it first", file, dir));
	} else if (stat(file, &st) == 0 && kind && (st.st_mode & S_IFMT) != kind) {
		wrong(f, cfg_wrong(f->why, f->c->lines, line, "%s exists and is not a %s", file, expected));
	} else {
		return true;
	}
	return false;
}

/* -- our user, and the users of the children */

/* One that this machine does not have is reported once, even if several processes run as it. */
static void find_user(struct files *f, enum cfg_process which)
{
	const struct cfg_iwf *c = f->c;
	struct cfg_user u;

	if (cfg_user_find(&u, c, which)) {
		wrong(f, cfg_wrong(f->why, c->lines, cfg_line(c->lines, "%s", u.key),
				   "there is no user '%s' on this machine, expected an existing user or a number (adduser "
				   "--system --group makes "
				   "one)",
				   u.name));
		return;
	}
	if (which != CFG_PROCESS_CORE) {
		return; /* only the core opens files */
	}
	f->drop = u.change;
	f->uid = u.id.uid;
	f->gid = u.id.gid;
	if (u.change) {
		snprintf(f->who, sizeof f->who, "user '%s'", u.name);
		f->key = u.key;
	}
}

static void find_users(struct files *f)
{
	f->uid = geteuid();
	f->gid = getegid();
	f->key = "user";
	snprintf(f->who, sizeof f->who, "this process");
	for (unsigned i = 0; i < CFG_PROCESSES; i++) {
		find_user(f, (enum cfg_process)i);
	}
}

/* -- rights */

__attribute__((format(printf, 5, 6))) static void may(struct questions *q, int mode, const char *expected, unsigned line,
						      const char *fmt, ...)
{
	va_list ap;

	if (q->n == ACCESS_ASKS_MAX) {
		return; /* a store has far fewer files */
	}
	va_start(ap, fmt);
	vsnprintf(q->of[q->n].path, sizeof q->of[q->n].path, fmt, ap);
	va_end(ap);
	q->of[q->n].expected = expected;
	q->of[q->n].line = line;
	q->asks[q->n] = (struct access_ask){ .path = q->of[q->n].path, .mode = mode };
	q->n++;
}

static void ask(struct files *f, uid_t uid, gid_t gid, const char *who, struct questions *q)
{
	if (q->n && access_as(uid, gid, q->asks, q->n)) {
		wrong(f, cfg_wrong(f->why, f->c->lines, 1, "the rights of %s could not be looked at: %s", who, strerror(errno)));
		q->n = 0;
	}
	for (size_t i = 0; i < q->n; i++) {
		if (q->asks[i].error) {
			wrong(f, cfg_wrong(f->why, f->c->lines, q->of[i].line, "%s: %s may not use it (%s), expected %s",
					   q->of[i].path, who, strerror(q->asks[i].error), q->of[i].expected));
		}
	}
	q->n = 0;
}

/* The directory that something is or will be made in. */
static void may_make(struct questions *q, const char *dir, int mode, unsigned line)
{
	may(q, mode, mode & W_OK ? "a directory that it may write in" : "a directory that it may reach", line, "%s", dir);
}

/* Stores of an earlier run, which may belong to another user. */
static void may_open_store(struct questions *q, const char *state_dir, const char *store, unsigned line)
{
	char path[CFG_PATH_MAX + 32];
	const struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof path, "%s/%s", state_dir, store);
	dir = opendir(path);
	if (!dir) {
		return;
	}
	may(q, R_OK | W_OK | X_OK, "the directory of a store that it may write in", line, "%s", path);
	while ((e = readdir(dir))) {
		if (e->d_type == DT_REG) {
			may(q, R_OK | W_OK, "a file of the store that it may write", line, "%s/%s", path, e->d_name);
		}
	}
	closedir(dir);
}

/* The start gives state_dir and what is in it to the core's user (daemon/dm_give.h). */
static bool given_at_start(const struct files *f)
{
	struct stat st;

	return f->drop && stat(f->c->state_dir, &st) == 0 && st.st_uid != f->uid;
}

/* Files that the children open. The directory itself is given to `user` at the start. */
static void ask_for_children(struct files *f, struct questions *q)
{
	const struct cfg_iwf *c = f->c;
	unsigned line = cfg_line(c->lines, "state_dir");
	char dir[CFG_PATH_MAX];

	directory_of(dir, c->state_dir, true);
	if (f->drop) {
		may_make(q, dir, X_OK, line);
	} else if (access(c->state_dir, F_OK) == 0) {
		may(q, R_OK | W_OK | X_OK, "a directory that it may write in", line, "%s", c->state_dir);
	} else {
		may_make(q, dir, W_OK | X_OK, line);
	}
	if (!given_at_start(f)) {
		may_open_store(q, c->state_dir, "associations", line);
		may_open_store(q, c->state_dir, "journal", line);
	}
	if (f->drop) {
		may(q, X_OK, "a program that it may run", cfg_line(c->lines, "%s", f->key), "/proc/self/exe");
	}
	ask(f, f->uid, f->gid, f->who, q);
}

/* Files that the parent creates and opens. */
static void ask_for_parent(struct files *f, struct questions *q, bool control, bool decisions)
{
	const struct cfg_iwf *c = f->c;
	char dir[CFG_PATH_MAX];

	if (control) {
		may_make(q, directory_of(dir, c->control_path, false), W_OK | X_OK, cfg_line(c->lines, "control.path"));
	}
	if (decisions && access(c->decisions, F_OK) == 0) {
		may(q, W_OK, "a file that it may write", cfg_line(c->lines, "log.decisions"), "%s", c->decisions);
	} else if (decisions) {
		may_make(q, directory_of(dir, c->decisions, false), W_OK | X_OK, cfg_line(c->lines, "log.decisions"));
	}
	ask(f, geteuid(), getegid(), "this process", q);
}

static void check_rights(struct files *f, bool state, bool control, bool decisions)
{
	struct questions *q = calloc(1, sizeof *q);

	if (!q) {
		report_add(f->why, REPORT_ERROR, "%s", err_str(ERR_NOMEM));
		wrong(f, ERR_NOMEM);
		return;
	}
	if (state) {
		ask_for_children(f, q);
	}
	ask_for_parent(f, q, control, decisions);
	free(q);
}

/* -- */

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void check_places(struct files *f)
{
	const struct cfg_iwf *c = f->c;
	unsigned line = cfg_line(c->lines, "log.decisions");
	bool state = cfg_sound(c->lines, "state_dir") &&
		     check_place(f, c->state_dir, S_IFDIR, "directory", cfg_line(c->lines, "state_dir"));
	bool control = c->control_path[0] && cfg_sound(c->lines, "control") &&
		       check_place(f, c->control_path, S_IFSOCK, "socket", cfg_line(c->lines, "control.path"));
	bool decisions = c->decisions[0] && cfg_sound(c->lines, "log") && check_place(f, c->decisions, 0, "file", line);

	if (decisions && is_directory(c->decisions)) {
		wrong(f, cfg_wrong(f->why, c->lines, line, "%s is a directory, expected a file", c->decisions));
		decisions = false;
	}
	check_rights(f, state, control, decisions);
}

/* The start makes it where it can, and the gateway runs without. */
static void check_archive(struct files *f)
{
	const struct cfg_iwf *c = f->c;
	const char *path = c->audit.archive;
	unsigned line = cfg_line(c->lines, "audit.archive");
	char parent[CFG_PATH_MAX];
	struct stat st;

	if (!c->audit.on || !*path || !cfg_sound(c->lines, "audit") || is_directory(path)) {
		return;
	}
	directory_of(parent, path, true);
	if (lstat(path, &st) == 0) {
		cfg_warn(
		    f->why, c->lines, line,
		    "audit.archive: %s is no directory; searches find no record that was moved away. Make it one, and restart "
		    "mtc-iwfd if it runs",
		    path);
	} else if (access(parent, W_OK | X_OK) < 0) {
		cfg_warn(f->why, c->lines, line,
			 "audit.archive: the start cannot make %s: %s: %s; searches find no record that was moved away. Make it, "
			 "readable for the user of the core, before the start",
			 path, parent, strerror(errno));
	}
}

/* charon makes its socket when it starts, which may be later. */
static void check_vici(struct files *f)
{
	const struct cfg_ndsip *n = &f->c->ndsip;
	unsigned line = cfg_line(f->c->lines, "ndsip.vici");
	struct stat st;

	if (!n->present || !cfg_sound(f->c->lines, "ndsip.vici")) {
		return;
	}
	if (stat(n->vici, &st)) {
		cfg_warn(f->why, f->c->lines, line,
			 "ndsip.vici: %s: %s; until charon (strongSwan) runs, no connection under NDS/IP is accepted or made",
			 n->vici, strerror(errno));
	} else if (!S_ISSOCK(st.st_mode)) {
		wrong(f,
		      cfg_wrong(f->why, f->c->lines, line, "ndsip.vici: %s is not a socket, expected that of charon", n->vici));
	}
}

int cfg_iwf_check_files(const struct cfg_iwf *c, struct report *why)
{
	struct files f = { .c = c, .why = why };

	find_users(&f);
	check_places(&f);
	check_archive(&f);
	check_vici(&f);
	wrong(&f, cfg_users_check(c, why));
	return f.err;
}
