/* dm_consoles.c - the parent's part of dm_console.h: what the core has of users and groups of this
 * machine, and what a reload finds. */
#include <unistd.h>

#include "daemon/dm_console.h"
#include "daemon/dm_parent_int.h"

static void log_line(void *arg, const char *kind, const char *text)
{
	const struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);

	(void)kind;
	log_warn(&p->log, "daemon", "%s", text);
}

static int send_to(int core, const struct adm_console *c)
{
	struct dm_msg m = { .kind = DM_CONSOLE };
	int fd, err = dm_console_make(&fd, c);

	if (!err) {
		err = dm_send(core, &m, &fd, 1);
	}
	if (fd >= 0) {
		close(fd);
	}
	return err;
}

int dm_console_begin(struct dm_parent *p, int core)
{
	struct report r = { .len = 0 };

	if (!p->console_looked) {
		dm_console_look(&p->console, p->cfg, &r);
		report_each(&r, log_line, p);
		p->console_looked = true;
	}
	return p->console.uid == ADM_NO_CONSOLE ? 0 : send_to(core, &p->console);
}

bool dm_console_changed(struct dm_parent *p, const struct cfg_iwf *cfg, struct adm_console *fresh, struct report *warnings)
{
	dm_console_look(fresh, cfg, warnings);
	return p->control_fd >= 0 && dm_console_compare(&p->reload.report, &p->console, p->cfg, fresh, cfg);
}

void dm_console_use(struct dm_parent *p, struct adm_console *fresh)
{
	dm_console_fini(&p->console);
	p->console = *fresh;
	*fresh = ADM_CONSOLE_NONE;
	if (p->core.pid && send_to(p->core.sock, &p->console)) {
		log_warn(&p->log, "daemon",
			 "the core does not take messages, and keeps the numbers of users and groups that it has");
	}
}
