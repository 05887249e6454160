/* dm_set_again.c - a set of files once more, for a reload that goes back (dm_back.h): from the
 * sealed memory of the set, never from the disk, where other files are by now. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/dm_set.h"
#include "sandbox/sbx.h"

static struct dm_set *empty(const struct dm_set *s, const struct cfg_iwf *cfg, uint32_t generation)
{
	struct dm_set *new = calloc(1, sizeof *new);

	if (!new) {
		return NULL;
	}
	memset(new->fd, 0xff, sizeof new->fd); /* -1 each */
	new->cfg = malloc(sizeof *new->cfg);
	if (!new->cfg) {
		free(new);
		return NULL;
	}
	memcpy(new->cfg, cfg, sizeof *cfg);
	new->cfg->lines = NULL;
	new->generation = generation;
	memcpy(new->since, s->since, sizeof new->since);
	memcpy(new->ends, s->ends, sizeof new->ends);
	new->ends_n = s->ends_n;
	return new;
}

int dm_set_keep(struct dm_set **out, const struct dm_set *s)
{
	struct dm_set *new = empty(s, s->cfg, s->generation);
	int err = new ? 0 : ERR_NOMEM;

	for (unsigned i = 0; i < DM_PARTS && !err; i++) {
		new->fd[i] = fcntl(s->fd[i], F_DUPFD_CLOEXEC, 0);
		err = new->fd[i] < 0 ? ERR_IO : 0;
	}
	if (err) {
		dm_set_free(new);
		return err;
	}
	*out = new;
	return 0;
}

static bool same_name(const char *a, uint64_t a_gone_ms, const char *b, uint64_t b_gone_ms)
{
	return a_gone_ms || (!b_gone_ms && strcmp(a, b) == 0);
}

/* What `cfg` has, `had` has in the same place: files are found by their place. */
static bool same_places(const struct cfg_iwf *cfg, const struct cfg_iwf *had)
{
	bool same = true;

	for (size_t i = 0; i < cfg->listen_n; i++) {
		const struct cfg_listen *l = &cfg->listen[i], *h = &had->listen[i];

		same = same && (i < had->listen_n ? same_name(l->name, l->gone_ms, h->name, h->gone_ms) : l->gone_ms != 0);
	}
	for (size_t i = 0; i < cfg->peers_n; i++) {
		const struct cfg_peer *p = &cfg->peers[i], *h = &had->peers[i];

		same = same && (i < had->peers_n ? same_name(p->name, p->gone_ms, h->name, h->gone_ms) : p->gone_ms != 0);
	}
	for (size_t i = 0; i < cfg->anchors_n; i++) {
		const struct cfg_anchor *a = &cfg->anchors[i], *h = &had->anchors[i];

		same = same && (i < had->anchors_n ? same_name(a->name, a->gone_ms, h->name, h->gone_ms) : a->gone_ms != 0);
	}
	return same;
}

static int copy_part(struct dm_set *new, const struct dm_set *s, enum dm_parts part)
{
	struct dm_part from = { .map = NULL };
	int err = dm_part_open(&from, s->fd[part]);

	if (!err) {
		err = dm_part_again(&new->fd[part], new->generation, &from);
		dm_part_close(&from);
	}
	if (!err) {
		err = dm_part_open(&new->held[part], new->fd[part]);
	}
	if (!err) { /* that keys may get into swap space was said at the start */
		err_ignore(sbx_lock((void *)(uintptr_t) new->held[part].map, new->held[part].len), "they are used unlocked then");
	}
	return err;
}

int dm_set_again(struct dm_set **out, const struct dm_set *s, const struct cfg_iwf *cfg, uint32_t generation)
{
	struct dm_set *new = same_places(cfg, s->cfg) ? empty(s, cfg, generation) : NULL;
	int err = new ? 0 : ERR_NOMEM;

	for (unsigned i = 0; i < DM_PARTS && !err; i++) {
		err = copy_part(new, s, (enum dm_parts)i);
	}
	if (err) {
		dm_set_free(new);
		return err;
	}
	*out = new;
	return 0;
}
