/* dm_process.c - the main function of the core and of the edges. */
#include "daemon/dm_process.h"

#include <stdlib.h>
#include <unistd.h>

void dm_process_end(struct dm_process *p, int status)
{
	OBJ_CHECK(p, p->kind->magic);
	p->status = status;
	net_loop_stop(p->loop);
}

struct ipc_ring_fds dm_process_ring(int fds[DM_FDS_MAX])
{
	struct ipc_ring_fds ring = { fds[0], fds[1], fds[2], fds[3] };

	for (int i = 0; i < DM_FDS_MAX; i++) {
		fds[i] = -1;
	}
	return ring;
}

/* `arg` is the object of a role; only its kind knows its magic. */
static void on_parent(void *arg, int events)
{
	struct dm_process *p = arg;
	struct dm_msg m;
	int fds[DM_FDS_MAX], err;

	OBJ_CHECK(p, p->kind->magic);
	(void)events;
	while ((err = dm_recv(DM_CHILD_FD, &m, fds)) == 0) {
		p->kind->on_message(p, &m, fds);
		for (int i = 0; i < DM_FDS_MAX; i++) {
			if (fds[i] >= 0) {
				close(fds[i]);
			}
		}
	}
	if (err != ERR_AGAIN) {
		dm_process_end(p, 1); /* the parent is gone */
	}
}

static int set_up(struct dm_process *p)
{
	struct dm_msg ready = { .kind = DM_READY };
	int err = net_loop_new(&p->loop);

	if (!err) {
		err = p->kind->set_up(p);
	}
	if (!err) {
		err = net_watch_new(&p->parent, p->loop, DM_CHILD_FD, on_parent, p);
	}
	if (!err) {
		err = net_watch_set(p->parent, NET_READ);
	}
	if (!err) {
		err = dm_beat_new(&p->beat, p->loop, p->in.beat_fd, p->in.cfg->timers.hang_ms);
	}
	return err ? err : dm_send(DM_CHILD_FD, &ready, NULL, 0);
}

static void tear_down(struct dm_process *p)
{
	dm_beat_free(p->beat);
	net_watch_free(p->parent);
	p->kind->tear_down(p);
	if (p->loop) {
		net_loop_free(p->loop);
	}
	dm_inherited_free(&p->in);
}

/* What is wrong with a file was logged with its name. */
static const char *reason(int err)
{
	return err == ERR_PROTO || err == ERR_VERSION ? "a file cannot be used; the line before says which" : err_str(err);
}

int dm_process_main(const struct dm_process_kind *kind, const char *config_path)
{
	struct dm_process *p = calloc(1, kind->size);
	int err, status;

	if (!p) {
		return 1;
	}
	obj_begin(&p->obj, kind->magic);
	p->kind = kind;
	p->status = 1;
	err = dm_inherit(&p->in, kind->program, config_path);
	if (!err) {
		err = set_up(p);
		if (err) {
			log_error(&p->in.log, "daemon", "could not start: %s", reason(err));
		}
	}
	/* Everything is open. From here on an edge uses no file system and makes no socket; the core only connects to its peers. */
	if (!err) {
		err = net_loop_run(p->loop);
	}
	tear_down(p);
	log_fini(&p->in.log);
	status = err ? 1 : p->status;
	OBJ_END(p, kind->magic);
	free(p);
	return status;
}
