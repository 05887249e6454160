/* dm_give.c - the owner of a state_dir, see dm_give.h. */
#include "daemon/dm_give.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/timeline.h"
#include "conf/cfg_users.h"
#include "sandbox/sbx.h"

#define DEPTH_MAX 8

struct giving {
	const char *path; /* state_dir */
	struct user to;
	uid_t from; /* owner of state_dir until now */
	unsigned files;
	bool looks;      /* changes nothing yet */
	bool root_stays; /* nothing is given: the core is root without the right to the files of others */
	char *why;       /* DM_GIVE_WHY_MAX bytes */
};

static int refuse(const struct giving *g, const char *name, const char *what)
{
	snprintf(g->why, DM_GIVE_WHY_MAX,
		 "state_dir %s: %s: %s; it is not given to user %u. Move it away, or, if it is a file of mtc-iwf, change its "
		 "owner with 'chown %u:%u FILE'",
		 g->path, name, what, (unsigned)g->to.uid, (unsigned)g->to.uid, (unsigned)g->to.gid);
	return ERR_IO;
}

static int cannot(const struct giving *g, const char *name, const char *what)
{
	snprintf(g->why, DM_GIVE_WHY_MAX, "state_dir %s: %s: %s: %s", g->path, name, what, strerror(errno));
	return ERR_IO;
}

/* The way back from `users`: the core keeps no capability, and root without one has the rights of
 * any user. */
static int refuse_root(const struct giving *g, const char *name, const struct stat *st)
{
	snprintf(g->why, DM_GIVE_WHY_MAX,
		 "state_dir %s: %s belongs to user %u, and the core runs as root without the right to the files of others. "
		 "Run 'chown -R root: %s', or name user %u as users.core",
		 g->path, strcmp(name, ".") ? name : "it", (unsigned)st->st_uid, g->path, (unsigned)st->st_uid);
	return ERR_IO;
}

static int give_fd(struct giving *g, int fd, const char *name)
{
	if (g->looks) {
		return 0;
	}
	if (fchownat(fd, "", g->to.uid, g->to.gid, AT_EMPTY_PATH) < 0) {
		return cannot(g, name, "its owner cannot be changed");
	}
	g->files++;
	return 0;
}

/* Why this file is not ours to give; NULL: it is. */
static const char *foreign(const struct giving *g, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)) {
		return "it is neither a file nor a directory";
	}
	if (S_ISREG(st->st_mode) && st->st_nlink != 1) {
		return "it has another name elsewhere (a hard link)";
	}
	if (st->st_uid != 0 && st->st_uid != g->from && st->st_uid != g->to.uid) {
		return "it belongs to another user than the directory";
	}
	return NULL;
}

/* The rights of root without capabilities; access control lists are not looked at. */
static bool root_may(const struct stat *st)
{
	mode_t all = S_ISDIR(st->st_mode) ? 7 : 6;

	return st->st_uid == 0 || (st->st_gid == 0 && (st->st_mode >> 3 & all) == all) || (st->st_mode & all) == all;
}

/* What the core opens in state_dir; other files are of no concern to it. */
static bool core_opens(const char *name)
{
	static const char *const names[] = { "associations", "journal", "screening", TIMELINE_FILE };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!strcmp(names[i], name)) {
			return true;
		}
	}
	return false;
}

static int give_below(struct giving *g, int dir_fd, unsigned depth);

/* `fd` is an O_PATH descriptor of the entry: what is looked at is what is given. */
static int give_open(struct giving *g, int fd, const char *name, unsigned depth)
{
	const char *why;
	struct stat st;
	int inside, err;

	if (fstat(fd, &st) < 0) {
		return cannot(g, name, "it cannot be looked at");
	}
	if (g->root_stays) {
		if (!root_may(&st)) {
			return refuse_root(g, name, &st);
		}
	} else {
		why = foreign(g, &st);
		if (why) {
			return refuse(g, name, why);
		}
	}
	if (S_ISDIR(st.st_mode)) {
		inside = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		err = inside < 0 ? cannot(g, name, "it cannot be opened") : give_below(g, inside, depth + 1);
		if (err) {
			return err;
		}
	}
	return st.st_uid == g->to.uid && st.st_gid == g->to.gid ? 0 : give_fd(g, fd, name);
}

static int give_entry(struct giving *g, int dir_fd, const char *name, unsigned depth)
{
	int fd, err;

	if (g->root_stays && !depth && !core_opens(name)) {
		return 0;
	}
	fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		/* a file of a gateway that still runs may go while -t looks */
		return g->looks && errno == ENOENT ? 0 : cannot(g, name, "it cannot be opened");
	}
	err = give_open(g, fd, name, depth);
	close(fd);
	return err;
}

/* Takes dir_fd. */
static int give_below(struct giving *g, int dir_fd, unsigned depth)
{
	const struct dirent *e;
	DIR *dir;
	int err = 0;

	if (depth > DEPTH_MAX) {
		close(dir_fd);
		return refuse(g, ".", "directories are nested too deep");
	}
	dir = fdopendir(dir_fd);
	if (!dir) {
		close(dir_fd);
		return cannot(g, ".", "it cannot be listed");
	}
	while (!err && (e = readdir(dir))) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			err = give_entry(g, dirfd(dir), e->d_name, depth);
		}
	}
	closedir(dir);
	return err;
}

static int walk(struct giving *g, int top, bool looks)
{
	int inside = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	g->looks = looks;
	return inside < 0 ? cannot(g, ".", "it cannot be opened") : give_below(g, inside, 0);
}

/* Looks at everything first: a state_dir that names a directory of the system by mistake must not
 * be given in part. */
static int give_all(struct giving *g, int top)
{
	int err = walk(g, top, true);

	if (!err) {
		err = walk(g, top, false);
	}
	return err ? err : give_fd(g, top, ".");
}

static int open_top(struct giving *g, int *top, struct stat *st)
{
	*top = open(g->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*top < 0 || fstat(*top, st) < 0) {
		int err = cannot(g, ".", "it cannot be opened");

		if (*top >= 0) {
			close(*top);
		}
		return err;
	}
	g->from = st->st_uid;
	return 0;
}

int dm_give(const struct log *log, const char *path, const struct user *to)
{
	char why[DM_GIVE_WHY_MAX] = "";
	struct giving g = { .path = path, .to = *to, .why = why };
	struct stat st;
	int top, err;

	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		err = cannot(&g, ".", "it cannot be made");
	} else {
		err = open_top(&g, &top, &st);
	}
	if (!err) {
		err = st.st_uid == to->uid && st.st_gid == to->gid ? 0 : give_all(&g, top);
		close(top);
	}
	if (err) {
		log_error(log, "daemon", "%s", why);
	} else if (g.files > 1) {
		log_info(log, "daemon", "state_dir %s and %u files in it belong to user %u from now on; user %u had it", path,
			 g.files - 1, (unsigned)to->uid, (unsigned)g.from);
	}
	return err;
}

/* Only root gives files away, and only root may lose the right to them. */
static bool concerns(struct giving *g, const struct cfg_iwf *c)
{
	struct cfg_user core;

	if (geteuid() != 0 || !cfg_sound(c->lines, "state_dir") || !cfg_sound(c->lines, "users") ||
	    !cfg_sound(c->lines, "user") || cfg_user_find(&core, c, CFG_PROCESS_CORE)) {
		return false;
	}
	g->to = core.id;
	g->root_stays = !core.change;
	/* without a sandbox, root keeps all of its rights */
	return !g->root_stays || (c->sandbox != CFG_SANDBOX_OFF && !(sbx_lacks(SBX_CORE) & SBX_LACK_INSTRUMENTED));
}

static int look(struct giving *g)
{
	struct stat st;
	int top, err;

	if (stat(g->path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		return 0; /* it is made, or another check says what is there */
	}
	err = open_top(g, &top, &st);
	if (err) {
		return err;
	}
	if (g->root_stays && !root_may(&st)) {
		err = refuse_root(g, ".", &st);
	} else if (g->root_stays || st.st_uid != g->to.uid || st.st_gid != g->to.gid) {
		err = walk(g, top, true);
	}
	close(top);
	return err;
}

int dm_give_check(const struct cfg_iwf *c, struct report *why)
{
	char words[DM_GIVE_WHY_MAX] = "";
	struct giving g = { .path = c->state_dir, .why = words };

	if (!concerns(&g, c) || !look(&g)) {
		return 0;
	}
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "state_dir"), "%s", words);
}
