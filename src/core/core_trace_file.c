/* core_trace_file.c - see core_trace_file.h. */
#include "core/core_trace_file.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/obj.h"
#include "net/net_feed.h"
#include "net/net_worker.h"

#define DROP_WAIT_MS 2000u

#define CORE_TRACE_FILE_MAGIC 0x3f61c2d7u
struct core_trace_file {
	struct obj obj;
	struct net_feed feed;
	struct net_worker *work;
	core_trace_ended_fn *ended;
	void *arg;
	uint8_t *rooms;
	struct buf gather, writing; /* `writing` is the thread's while it runs */
	bool running, ends;
	bool regular; /* a file that can be cut */
	off_t whole;  /* octets of it that are whole blocks */
	int err;      /* of the thread */
};

/* -- on the thread */

static void run(void *arg)
{
	struct core_trace_file *f = OBJ_OF(arg, struct core_trace_file, CORE_TRACE_FILE_MAGIC);

	f->err = net_feed_write(&f->feed, f->writing.p, f->writing.len);
	if (!f->err) {
		f->whole += (off_t)f->writing.len;
	} else if (f->regular) {
		err_ignore(ftruncate(f->feed.fd, f->whole), "the last block of the file is torn, which readers say");
	}
}

/* -- on the loop */

bool core_trace_file_drop(struct core_trace_file *f)
{
	if (!f) {
		return true;
	}
	OBJ_CHECK(f, CORE_TRACE_FILE_MAGIC);
	net_feed_stop(&f->feed);
	if (!net_worker_free(f->work, DROP_WAIT_MS)) {
		return false;
	}
	net_feed_close(&f->feed);
	free(f->rooms);
	OBJ_END(f, CORE_TRACE_FILE_MAGIC);
	free(f);
	return true;
}

static const char *words(int err)
{
	switch (err) {
	case 0:
		return "";
	case ERR_NOSPC:
		return "no space left where it is written";
	case ERR_CLOSED:
		return "the reader of its output has left";
	case ERR_TIMEOUT:
		return "its file took nothing for limits.exchange_idle";
	default:
		return "its file cannot be written";
	}
}

static void on_written(void *arg)
{
	struct core_trace_file *f = OBJ_OF(arg, struct core_trace_file, CORE_TRACE_FILE_MAGIC);

	f->running = false;
	f->writing.len = 0;
	if (!f->err && f->gather.len && f->ends) {
		core_trace_file_push(f);
		return;
	}
	if (f->err || f->ends) {
		f->ended(f->arg, f->err, words(f->err));
	}
}

int core_trace_file_open(struct core_trace_file **out, struct net_loop *loop, int fd, size_t room, uint32_t idle_ms,
			 core_trace_ended_fn *ended, void *arg, const char **why)
{
	struct core_trace_file *f = calloc(1, sizeof *f);
	struct stat st;
	int err;

	*why = NULL;
	if (!f) {
		return ERR_NOMEM;
	}
	obj_begin(&f->obj, CORE_TRACE_FILE_MAGIC);
	f->ended = ended;
	f->arg = arg;
	f->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	f->rooms = malloc(2 * room);
	if (!f->rooms) {
		err = ERR_NOMEM;
		goto free_file;
	}
	f->gather = buf_over(f->rooms, room);
	f->writing = buf_over(f->rooms + room, room);
	err = net_feed_open(&f->feed, fd, true, idle_ms, why);
	if (err) {
		goto free_rooms;
	}
	err = net_worker_new(&f->work, loop, run, on_written, f);
	if (err) {
		goto close_stop;
	}
	*out = f;
	return 0;

close_stop:
	close(f->feed.stop_fd); /* the descriptor is still the caller's */
free_rooms:
	free(f->rooms);
free_file:
	free(f);
	return err;
}

struct buf *core_trace_file_room(struct core_trace_file *f, size_t need)
{
	OBJ_CHECK(f, CORE_TRACE_FILE_MAGIC);
	if (f->gather.cap - f->gather.len < need) {
		core_trace_file_push(f);
	}
	return f->gather.cap - f->gather.len < need ? NULL : &f->gather;
}

bool core_trace_file_gathers(const struct core_trace_file *f)
{
	OBJ_CHECK(f, CORE_TRACE_FILE_MAGIC);
	return f->gather.len > 0;
}

void core_trace_file_push(struct core_trace_file *f)
{
	struct buf full = f->gather;

	OBJ_CHECK(f, CORE_TRACE_FILE_MAGIC);
	if (f->running || !full.len) {
		return;
	}
	f->gather = f->writing;
	f->writing = full;
	f->running = true;
	net_worker_start(f->work);
}

void core_trace_file_end(struct core_trace_file *f)
{
	OBJ_CHECK(f, CORE_TRACE_FILE_MAGIC);
	f->ends = true;
	if (!f->running) {
		f->running = true; /* also without octets: the end comes from the worker */
		if (f->gather.len) {
			f->running = false;
			core_trace_file_push(f);
		} else {
			net_worker_start(f->work);
		}
	}
}
