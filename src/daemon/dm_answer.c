/* dm_answer.c - what a reload says: to the log, to whoever waits for it at the control socket, and
 * to the decision log, which the core writes. Where no core is there, the next one gets it. */
#include <string.h>
#include <unistd.h>

#include "core/core.h"
#include "daemon/dm_parent_int.h"

#define NUMBER_OF_NOBODY UINT32_MAX /* no core has asked so often: its request has ended with it */

static void log_line(void *arg, const char *kind, const char *text)
{
	const struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);

	if (strcmp(kind, REPORT_ERROR) == 0) {
		log_error(&p->log, "daemon", "reload: %s", text);
	} else if (strcmp(kind, REPORT_WARNING) == 0) {
		log_warn(&p->log, "daemon", "reload: %s", text);
	} else if (strcmp(kind, REPORT_RESTART) == 0) {
		log_warn(&p->log, "daemon", "reload: needs a restart: %s", text);
	} else if (strcmp(kind, REPORT_CHANGE) == 0) {
		log_info(&p->log, "daemon", "reload: %s", text);
	} else {
		log_info(&p->log, "daemon", "reload: %s is renewed", text);
	}
}

static void tell_core(struct dm_parent *p, const struct dm_msg *m, const struct report *report)
{
	int fd = -1;

	if (report->len && dm_memfd(&fd, "mtc-iwf-report", report->text, report->len)) {
		fd = -1; /* then only whether it was taken */
	}
	if (dm_send(p->core.sock, m, &fd, fd >= 0 ? 1 : 0)) {
		log_warn(&p->log, "daemon", "the core does not take messages");
	}
	if (fd >= 0) {
		close(fd);
	}
}

/* A core that is gone had asked: the next one only writes down what has changed. */
static void for_nobody(struct dm_msg *m)
{
	m->index = m->index ? NUMBER_OF_NOBODY : 0;
}

static void say(struct dm_parent *p, bool taken)
{
	struct dm_reload *r = &p->reload;
	struct dm_msg m = { .kind = DM_RELOADED,
			    .index = r->number,
			    .value = taken,
			    .what = (r->dry_run ? DM_RELOADED_DRY : 0) | (r->config ? DM_RELOADED_CONFIG : 0) };
	bool changed = taken && r->config && !r->dry_run;

	if (taken && r->read && !r->dry_run) {
		dm_waits_note(p, &r->report);
	}
	if (!r->dry_run) {
		report_each(&r->report, log_line, p);
	}
	if (!taken && !r->dry_run) {
		log_error(&p->log, "daemon", "reload refused, errors: %u; set %u of the files stays in use", r->report.errors,
			  p->set->generation);
	}
	if (r->number && p->core.generation != r->core) {
		if (!changed) {
			return; /* nobody waits, and there is nothing for the decision log */
		}
		for_nobody(&m);
	}
	if (p->core.pid && dm_child_ready(&p->core)) {
		if (m.index || !taken || r->config) {
			tell_core(p, &m, &r->report);
		}
	} else if (changed) {
		for_nobody(&m);
		r->untold = m;
		r->untold_report = r->report;
	}
}

void dm_answer(struct dm_parent *p, bool taken)
{
	say(p, taken);
	dm_reload_ended(p);
}

void dm_answer_core_ready(struct dm_parent *p)
{
	struct dm_reload *r = &p->reload;

	if (r->untold.kind) {
		tell_core(p, &r->untold, &r->untold_report);
		r->untold.kind = 0;
	}
}
