/* dm_give.c - changes the owner of a state_dir, see dm_give.h. */
#include "daemon/dm_give.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 8
#define SHOWN_MAX 512

struct giving {
	const struct log *log;
	const char *path; /* state_dir */
	struct user to;
	uid_t from; /* owner of state_dir until now */
	unsigned files;
	bool looks; /* changes nothing yet */
};

static int refuse(const struct giving *g, const char *name, const char *what)
{
	log_error(g->log, "daemon", "state_dir %s: %s: %s; it is not given to user %u. Move it away, or change its owner by hand",
		  g->path, name, what, (unsigned)g->to.uid);
	return ERR_IO;
}

static int cannot(const struct giving *g, const char *name, const char *what)
{
	log_error(g->log, "daemon", "state_dir %s: %s: %s: %s", g->path, name, what, strerror(errno));
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
	why = foreign(g, &st);
	if (why) {
		return refuse(g, name, why);
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
	int fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), err;

	if (fd < 0) {
		return cannot(g, name, "it cannot be opened");
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

/* Looks at everything first: a state_dir that names a directory of the system by mistake must not be given in part. */
static int give_all(struct giving *g, int top)
{
	int err = walk(g, top, true);

	if (!err) {
		err = walk(g, top, false);
	}
	if (!err) {
		err = give_fd(g, top, ".");
	}
	if (!err && g->files > 1) {
		log_info(g->log, "daemon", "state_dir %s and %u files in it belong to user %u from now on; user %u had it",
			 g->path, g->files - 1, (unsigned)g->to.uid, (unsigned)g->from);
	}
	return err;
}

int dm_give(const struct log *log, const char *path, const struct user *to)
{
	struct giving g = { .log = log, .path = path, .to = *to };
	struct stat st;
	int top, err;

	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		return cannot(&g, ".", "it cannot be made");
	}
	top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0 || fstat(top, &st) < 0) {
		err = cannot(&g, ".", "it cannot be opened");
	} else {
		g.from = st.st_uid;
		err = st.st_uid == to->uid && st.st_gid == to->gid ? 0 : give_all(&g, top);
	}
	if (top >= 0) {
		close(top);
	}
	return err;
}
