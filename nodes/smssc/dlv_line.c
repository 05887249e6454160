/* dlv_line.c - a line for each SME that ever had receipts to wait for. Without it each receipt would try
 * by its timer: an SME that answers at once would get no more than a window of them a second. */
#include "nodes/smssc/dlv_line.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "nodes/smssc/dlv_step.h"

struct dlv_line {
	struct map_node node;
	struct dlv_msg *first;
	char host[];
};

static struct dlv_line *find(const struct dlv *d, const char *host)
{
	return MAP_OF(map_find(&d->lines, host, (uint32_t)strlen(host)), struct dlv_line, node);
}

static struct dlv_line *find_or_make(struct dlv *d, const char *host)
{
	struct dlv_line *l = find(d, host);
	size_t len = strlen(host);

	if (l) {
		return l;
	}
	l = calloc(1, sizeof *l + len + 1);
	if (l) {
		memcpy(l->host, host, len);
		map_add(&d->lines, &l->node, l->host, (uint32_t)len);
	}
	return l;
}

int dlv_line_join(struct dlv *d, struct dlv_msg *m)
{
	struct dlv_line *l = find_or_make(d, m->text.iwf_host);

	if (!l) {
		return ERR_NOMEM;
	}
	DL_APPEND2(l->first, m, line_prev, line_next);
	m->line = l;
	return 0;
}

void dlv_line_leave(struct dlv_msg *m)
{
	if (m->line) {
		DL_DELETE2(m->line->first, m, line_prev, line_next);
		m->line = NULL;
	}
}

static void end_one(void *arg, struct map_node *node)
{
	struct dlv_line *l = MAP_OF(node, struct dlv_line, node);

	map_del(arg, &l->node);
	free(l);
}

void dlv_lines_end(struct dlv *d)
{
	map_each(&d->lines, end_one, &d->lines);
	map_fini(&d->lines);
}

bool dlv_peer_room(struct dlv *d, const char *host, struct dlv_now now)
{
	struct dlv_line *l = find(d, host);

	return l && l->first && dlv_step(d, l->first, DLV_EV_REPORT, now);
}

void dlv_unreported(struct dlv *d, uint64_t id, struct dlv_now now)
{
	struct dlv_msg *m = dlv_by_id(d, id);

	dlv_reported(d, id, false, now);
	if (m && m->state == DLV_REPORTING && !m->line && dlv_line_join(d, m)) {
		return; /* its timer alone wakes it */
	}
}
