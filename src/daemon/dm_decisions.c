/* dm_decisions.c - the decision log may be moved or deleted without a SIGHUP; its lines would
 * then go to a file that nobody finds. The parent checks the path and opens it again for the
 * core. It acts at the second check only, so that a tool that moves the file has time to create
 * the new one. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tail.h"
#include "daemon/dm_parent_int.h"

#define LOOK_MS 2000u
#define LOOKS 2u

void dm_decisions_note(struct dm_parent *p, int fd)
{
	struct stat st;

	p->decisions.regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	if (p->decisions.regular) {
		p->decisions.dev = st.st_dev;
		p->decisions.ino = st.st_ino;
	}
	p->decisions.missing = 0;
	p->decisions.told = false;
}

static bool in_place(const struct dm_parent *p)
{
	struct stat st;

	return stat(p->cfg->decisions, &st) == 0 && st.st_dev == p->decisions.dev && st.st_ino == p->decisions.ino;
}

/* Told once, however long it cannot be opened. */
static void open_again(struct dm_parent *p)
{
	struct dm_msg m = { .kind = DM_DECISIONS };
	int fd = tail_open(p->cfg->decisions, 0640), error = errno;

	if (fd < 0) {
		if (!p->decisions.told) {
			log_error(&p->log, "daemon",
				  "decision log %s was moved or deleted and cannot be opened again: %s%s; lines go to the old "
				  "file until "
				  "it can",
				  p->cfg->decisions, strerror(error), dm_at_start_only(p, error));
		}
		p->decisions.told = true;
		return;
	}
	if (dm_send(p->core.sock, &m, &fd, 1) == 0) {
		log_warn(&p->log, "daemon", "decision log %s was moved or deleted: opened again", p->cfg->decisions);
		dm_decisions_note(p, fd);
	}
	close(fd);
}

static void on_look(void *arg)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);

	if (!p->cfg->decisions[0] || !p->decisions.regular || in_place(p)) {
		p->decisions.missing = 0;
	} else if (++p->decisions.missing >= LOOKS && p->core.pid && p->core.state == DM_CHILD_READY) {
		open_again(p);
	}
	net_timer_start(p->decisions.timer, LOOK_MS);
}

int dm_decisions_watch(struct dm_parent *p)
{
	int err = net_timer_new(&p->decisions.timer, p->loop, on_look, p);

	if (!err) {
		net_timer_start(p->decisions.timer, LOOK_MS);
	}
	return err;
}
