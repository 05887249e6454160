/* dm_waits.c - which items of the configuration wait for the next start of mtc-iwfd: for
 * 'mtcctl status'. What waits keeps its old value, so that each reload finds all of it anew, and
 * no longer what was changed back. */
#include <string.h>
#include <unistd.h>

#include "daemon/dm_parent_int.h"

static void add(void *arg, const char *kind, const char *text)
{
	if (strcmp(kind, REPORT_RESTART) == 0) {
		report_add(arg, REPORT_RESTART, "%s", text);
	}
}

void dm_waits_note(struct dm_parent *p, const struct report *of_reload)
{
	struct report waits = { .len = 0 };

	report_each(of_reload, add, &waits);
	if (of_reload->left_out) {
		report_add(&waits, REPORT_RESTART, "perhaps others: the reload had more lines than can be kept");
	}
	if (waits.len == p->waits.len && memcmp(waits.text, p->waits.text, waits.len) == 0) {
		return;
	}
	p->waits = waits;
	dm_waits_tell(p);
}

void dm_waits_tell(const struct dm_parent *p)
{
	struct dm_msg m = { .kind = DM_WAITS };
	int fd = -1;

	if (!p->core.pid || !dm_child_ready(&p->core)) {
		return; /* the next core is told when it is ready */
	}
	if (p->waits.len && dm_memfd(&fd, "mtc-iwf-waits", p->waits.text, p->waits.len)) {
		log_warn(&p->log, "daemon", "the core cannot be told what waits for a restart: no memory");
		return;
	}
	if (dm_send(p->core.sock, &m, &fd, fd >= 0 ? 1 : 0)) {
		log_warn(&p->log, "daemon", "the core does not take messages");
	}
	if (fd >= 0) {
		close(fd);
	}
}
