/* dm_process.c - the main function of the core and of the edges. */
#include "daemon/dm_process.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/accounts.h"
#include "base/user.h"
#include "base/writer.h"
#include "tls/tls_warm_up.h"

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

static void send_set_answer(struct dm_process *p)
{
	int err = dm_send(DM_CHILD_FD, &p->set_answer, NULL, 0);

	if (err == ERR_BUSY) {
		return; /* on_parent() comes here again */
	}
	if (err) {
		log_error(&p->in.log, "daemon", "the parent does not listen");
	}
	p->set_answer.kind = 0;
	err_ignore(net_watch_set(p->parent, NET_READ), "then the loop turns for nothing until the next set");
}

void dm_process_set_answer(struct dm_process *p, uint32_t generation, enum dm_set_step step, int err)
{
	OBJ_CHECK(p, p->kind->magic);
	p->set_answer = (struct dm_msg){ .kind = DM_SET_TAKEN,
					 .generation = generation,
					 .value = !err,
					 .what = step,
					 .index = err < 0 ? 0u - (uint32_t)err : (uint32_t)err };
	send_set_answer(p);
	if (!p->set_answer.kind) {
		return;
	}
	log_warn(&p->in.log, "daemon", "the parent takes no messages now; the answer about set %u of the files follows",
		 generation);
	if (net_watch_set(p->parent, NET_READ | NET_WRITE)) {
		dm_process_end(p, 1); /* it could never be told; the next process starts with that set */
	}
}

/* `arg` is the object of a role; only its kind knows its magic. */
static void on_parent(void *arg, int events)
{
	struct dm_process *p = arg;
	struct dm_msg m;
	int fds[DM_FDS_MAX], err;

	OBJ_CHECK(p, p->kind->magic);
	if (p->set_answer.kind && (events & NET_WRITE)) {
		send_set_answer(p);
	}
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

/* The log's thread begins inside the sandbox. */
static int confine(struct dm_process *p)
{
	int err = dm_confine(&p->sandbox, &p->in, p->kind->sandbox);

	if (!err) {
		err = log_queue(&p->in.log, WRITER_OCTETS);
	}
	if (!err) {
		log_queue_max(&p->in.log, p->in.cfg->log_queue_max);
	}
	return err;
}

static int set_up(struct dm_process *p)
{
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
	return err;
}

/* Everything is open. From here on an edge uses no file system and makes no socket; the core only
 * connects to its peers. */
static int go_on(struct dm_process *p)
{
	struct dm_msg ready = { .kind = DM_READY };
	int err = dm_seal(&p->sandbox, &p->in);

	if (!err) {
		err = dm_send(DM_CHILD_FD, &ready, NULL, 0);
	}
	return err ? err : net_loop_run(p->loop);
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

int dm_process_main(const struct dm_process_kind *kind)
{
	struct dm_process *p = calloc(1, kind->size);
	int err, status;

	if (!p) {
		return 1;
	}
	obj_begin(&p->obj, kind->magic);
	p->kind = kind;
	p->status = 1;
	tls_warm_up(); /* OpenSSL and the C library read their files while they can */
	sbx_warm_up();
	err = dm_inherit(&p->in, kind->program);
	if (!err) {
		err = confine(p);
	}
	if (!err) {
		err = set_up(p);
		if (err) {
			log_error(&p->in.log, "daemon", "could not start: %s", reason(err));
		}
	}
	if (!err) {
		err = go_on(p);
	}
	tear_down(p);
	log_fini(&p->in.log);
	status = err ? 1 : p->status;
	OBJ_END(p, kind->magic);
	free(p);
	return status;
}
