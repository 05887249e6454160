/* dm_back.c - see dm_back.h. */
#include "daemon/dm_back.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void dm_back_init(struct dm_back *b)
{
	*b = (struct dm_back){ .ready = false };
	memset(b->fds, 0xff, sizeof b->fds); /* -1 each */
}

void dm_back_drop(struct dm_back *b)
{
	for (size_t i = 0; i < CFG_LISTEN_MAX; i++) {
		if (b->fds[i] >= 0) {
			close(b->fds[i]);
		}
	}
	free(b->text);
	dm_set_free(b->set);
	dm_back_init(b);
}

static int keep_sockets(struct dm_back *b, const struct dm_parent *p)
{
	for (size_t i = 0; i < p->cfg->listen_n; i++) {
		b->ports[i] = p->listen_ports[i];
		if (p->listen_fds[i] >= 0) {
			b->fds[i] = fcntl(p->listen_fds[i], F_DUPFD_CLOEXEC, 0);
			if (b->fds[i] < 0) {
				return ERR_IO;
			}
		}
	}
	return 0;
}

static int keep_text(struct dm_back *b, const struct dm_parent *p)
{
	b->text = malloc(p->loaded.text_len + 1);
	if (!b->text) {
		return ERR_NOMEM;
	}
	memcpy(b->text, p->loaded.text, p->loaded.text_len);
	b->text[p->loaded.text_len] = 0;
	b->text_len = p->loaded.text_len;
	return 0;
}

int dm_back_keep(struct dm_back *b, struct dm_parent *p, bool config)
{
	int err;

	dm_back_drop(b);
	b->config = config;
	err = dm_set_keep(&b->set, p->set);
	if (!err && config) {
		err = keep_text(b, p);
	}
	if (!err && config) {
		err = keep_sockets(b, p);
	}
	for (uint32_t i = 0; i < dm_children(p) && !err; i++) {
		b->children[i].generation = dm_child_at(p, i)->generation;
		b->children[i].behind = dm_child_at(p, i)->behind;
	}
	if (err) {
		dm_back_drop(b);
		return err;
	}
	b->ready = true;
	return 0;
}

int dm_back_make(struct dm_change *change, struct dm_set **set, struct dm_back *b, struct dm_parent *p)
{
	struct report unsaid = { .len = 0 }; /* its lines were said when it was taken */
	int err = 0;

	if (b->config) {
		err = dm_change_back(change, p, b, &unsaid);
	}
	if (!err) {
		err = dm_set_again(set, b->set, change->cfg ? change->cfg : p->cfg, p->set->generation + 1);
	}
	return err;
}

void dm_back_starts(const struct dm_back *b, struct dm_parent *p, unsigned by)
{
	dm_change_behind(p, by);
	for (uint32_t i = 0; i < dm_children(p); i++) {
		struct dm_child *c = dm_child_at(p, i);

		if (c->generation == b->children[i].generation) { /* it has never had the one that is left */
			c->behind = b->children[i].behind;
		}
	}
}
