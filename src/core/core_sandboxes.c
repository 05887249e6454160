/* core_sandboxes.c - see core_sandboxes.h; filled by the messages of the parent. */
#include <string.h>

#include "core/core_int.h"

void core_sandbox_set(struct core *c, const struct core_sandbox *s)
{
	struct core_sandboxes *all = &c->sandboxes;

	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(all->row[i].process, s->process) == 0) {
			all->row[i] = *s;
			return;
		}
	}
	if (all->n < CORE_SANDBOXES_MAX) {
		all->row[all->n++] = *s;
	}
}

void core_sandbox_gone(struct core *c, pid_t pid)
{
	struct core_sandboxes *all = &c->sandboxes;

	for (size_t i = 0; i < all->n; i++) {
		if (all->row[i].pid == pid) {
			all->n--;
			memmove(&all->row[i], &all->row[i + 1], (all->n - i) * sizeof all->row[i]);
			return;
		}
	}
}

void core_sandbox_each(const struct core *c, core_sandbox_fn *fn, void *arg)
{
	for (size_t i = 0; i < c->sandboxes.n; i++) {
		fn(arg, &c->sandboxes.row[i]);
	}
}

void core_refused(struct core *c, uint64_t processes)
{
	st_count_n(&c->st, ST_SANDBOX_ENDED, processes);
}
