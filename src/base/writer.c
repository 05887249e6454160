/* writer.c - a queue, a lock, and a thread that may wait. */
#include "base/writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/lines.h"
#include "base/obj.h"
#include "base/tail.h"
#include "base/thread.h"

#define LOOK_MS 500 /* how long a thread that waits for room overlooks the end */

#define WRITER_MAGIC 0xb6a435a7u
struct writer {
	struct obj obj;
	int fd;
	bool at_once; /* a regular file: no thread */
	/* the last line was written in part: a newline precedes the next one */
	bool torn;
	bool look;            /* a regular file: its end is looked at before the next line */
	uint64_t torn_octets; /* size of an incomplete line that is to be reported; 0: none */
	writer_gap_fn *gap;
	writer_torn_fn *torn_words; /* NULL: an incomplete line is not reported */
	void *arg;
	pthread_t thread;
	pthread_mutex_t lock; /* over everything below */
	pthread_cond_t more, idle;
	struct lines queue;
	int error; /* errno of the last write when it failed, else 0 */
	bool busy, end, last_told, ended, abandoned;
};

/* For a descriptor that somebody else made non-blocking: true once it takes octets again or fails.
 * False: writer_close() gave up. */
static bool wait_room(struct writer *w)
{
	struct pollfd writable = { .fd = w->fd, .events = POLLOUT };
	bool abandoned;

	do {
		if (poll(&writable, 1, LOOK_MS) > 0) {
			return true;
		}
		pthread_mutex_lock(&w->lock);
		abandoned = w->abandoned;
		pthread_mutex_unlock(&w->lock);
	} while (!abandoned);
	return false;
}

/* One write(2), unless the descriptor takes it in pieces. 0, or errno; *done bytes are written in
 * both cases. */
static int write_octets(struct writer *w, const char *p, size_t len, size_t *done)
{
	*done = 0;
	while (*done < len) {
		ssize_t n = write(w->fd, p + *done, len - *done);

		if (n < 0 && (errno == EINTR || (errno == EAGAIN && !w->at_once && wait_room(w)))) {
			continue;
		}
		if (n <= 0) {
			return n < 0 ? errno : EIO;
		}
		*done += (size_t)n;
	}
	return 0;
}

/* Only a regular file has an end to look at. Other processes write to it too: its content counts,
 * not our memory of it. */
static void look_at_end(struct writer *w)
{
	uint64_t octets;

	w->torn = tail_look(w->fd, &octets) != TAIL_WHOLE;
	if (octets) {
		/* else the incomplete line may still have to be reported */
		w->torn_octets = octets;
	}
	w->look = false;
}

/* Ends the incomplete line, and reports it. 0, or errno. */
static int end_torn(struct writer *w)
{
	char text[1 + WRITER_GAP_LINE_MAX] = "\n";
	size_t done, len = w->torn;
	int error;

	if (w->torn_octets && w->torn_words) {
		len += w->torn_words(w->arg, text + len, WRITER_GAP_LINE_MAX, w->torn_octets);
	}
	error = write_octets(w, text, len, &done);
	if (done) {
		w->torn = done < len && text[done - 1] != '\n';
	}
	if (!error) {
		w->torn_octets = 0;
	}
	return error;
}

/* 0, or errno. Without the lock, or at once with it. */
static int write_whole(struct writer *w, const char *p, size_t len)
{
	size_t done = 0;
	int error;

	if (w->look) {
		look_at_end(w);
	}
	error = w->torn || w->torn_octets ? end_torn(w) : 0;
	if (!error) {
		error = write_octets(w, p, len, &done);
		w->torn = done > 0 && done < len;
	}
	if (w->at_once) {
		w->look = error != 0;
	}
	return error;
}

/* Length of the line that reports the gap; 0: none. */
static size_t gap_line(struct writer *w, char line[WRITER_GAP_LINE_MAX], struct lines_gap gap)
{
	return gap.lost && w->gap ? w->gap(w->arg, line, WRITER_GAP_LINE_MAX, gap.lost, gap.error) : 0;
}

static void put_gap(struct writer *w, struct lines_gap gap)
{
	char line[WRITER_GAP_LINE_MAX];
	size_t len = gap_line(w, line, gap);

	if (len) {
		lines_put_gap(&w->queue, line, len, gap);
	}
}

static void destroy(struct writer *w)
{
	OBJ_END(w, WRITER_MAGIC);
	lines_fini(&w->queue);
	pthread_cond_destroy(&w->more);
	pthread_cond_destroy(&w->idle);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* Called with the lock, which is released during the write. The line stays in the queue: only this
 * thread removes lines. */
static void write_first(struct writer *w)
{
	size_t len;
	const char *line = lines_first(&w->queue, &len);
	int error;

	w->busy = true;
	pthread_mutex_unlock(&w->lock);
	error = write_whole(w, line, len);
	pthread_mutex_lock(&w->lock);
	w->busy = false;
	w->error = error;
	if (w->abandoned) {
		return; /* `arg` may be gone */
	}
	if (!error) {
		put_gap(w, lines_pop(&w->queue));
	} else {
		lines_drop(&w->queue, error);
	}
}

/* Lines lost at the end are reported once, by one more line. */
static void tell_last(struct writer *w)
{
	w->last_told = true;
	put_gap(w, lines_take_gap(&w->queue));
}

static void *run(void *arg)
{
	struct writer *w = OBJ_OF(arg, struct writer, WRITER_MAGIC);
	bool abandoned;
	size_t len;

	pthread_mutex_lock(&w->lock);
	while (!w->abandoned) {
		if (lines_first(&w->queue, &len)) {
			write_first(w);
		} else if (w->end && !w->last_told) {
			tell_last(w);
		} else if (w->end) {
			break;
		} else {
			pthread_cond_wait(&w->more, &w->lock);
		}
	}
	w->ended = true;
	pthread_cond_broadcast(&w->idle);
	abandoned = w->abandoned;
	pthread_mutex_unlock(&w->lock);
	if (abandoned) {
		destroy(w);
	}
	return NULL;
}

static int init_locks(struct writer *w)
{
	pthread_condattr_t attr;
	int err = ERR_NOMEM;

	if (pthread_mutex_init(&w->lock, NULL)) {
		return ERR_NOMEM;
	}
	if (pthread_condattr_init(&attr)) {
		goto destroy_lock;
	}
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (!pthread_cond_init(&w->more, NULL)) {
		if (!pthread_cond_init(&w->idle, &attr)) {
			err = 0;
		} else {
			pthread_cond_destroy(&w->more);
		}
	}
	pthread_condattr_destroy(&attr);
	if (!err) {
		return 0;
	}
destroy_lock:
	pthread_mutex_destroy(&w->lock);
	return err;
}

int writer_open(struct writer **out, int fd, size_t octets_max, writer_gap_fn *gap, void *arg)
{
	struct writer *w = calloc(1, sizeof *w);
	struct stat st;
	int err;

	if (!w) {
		return ERR_NOMEM;
	}
	obj_begin(&w->obj, WRITER_MAGIC);
	w->fd = fd;
	w->gap = gap;
	w->arg = arg;
	w->at_once = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	lines_init(&w->queue, octets_max);
	err = init_locks(w);
	if (err) {
		free(w);
		return err;
	}
	err = w->at_once ? 0 : thread_start(&w->thread, run, w);
	if (err) {
		destroy(w);
		return err;
	}
	*out = w;
	return 0;
}

void writer_on_torn(struct writer *w, writer_torn_fn *torn)
{
	pthread_mutex_lock(&w->lock);
	w->torn_words = torn;
	pthread_mutex_unlock(&w->lock);
}

void writer_look(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	if (w->at_once) { /* else it is the thread's */
		w->look = true;
	}
	pthread_mutex_unlock(&w->lock);
}

void writer_octets_max(struct writer *w, size_t octets_max)
{
	pthread_mutex_lock(&w->lock);
	w->queue.octets_max = octets_max;
	pthread_mutex_unlock(&w->lock);
}

static void tell_at_once(struct writer *w)
{
	struct lines_gap gap = lines_take_gap(&w->queue);
	char words[WRITER_GAP_LINE_MAX];
	size_t n = gap_line(w, words, gap);

	if (n && write_whole(w, words, n)) {
		lines_gap_back(&w->queue, gap);
	}
}

/* Called with the lock, so that lines of several threads do not mix. A gap is reported after the
 * first line that the file takes again. */
static int write_at_once(struct writer *w, const char *line, size_t len)
{
	w->error = write_whole(w, line, len);
	if (w->error) {
		lines_lose(&w->queue, w->error);
		return ERR_IO;
	}
	tell_at_once(w);
	return 0;
}

int writer_line(struct writer *w, const char *line, size_t len)
{
	int err;

	pthread_mutex_lock(&w->lock);
	if (w->at_once) {
		err = write_at_once(w, line, len);
	} else {
		err = lines_put(&w->queue, line, len);
		if (!err) {
			pthread_cond_signal(&w->more);
		}
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}

uint64_t writer_lost(struct writer *w)
{
	uint64_t lost;

	pthread_mutex_lock(&w->lock);
	lost = w->queue.lost;
	pthread_mutex_unlock(&w->lock);
	return lost;
}

int writer_failing(struct writer *w)
{
	int error;

	pthread_mutex_lock(&w->lock);
	error = w->error;
	pthread_mutex_unlock(&w->lock);
	return error;
}

/* Called with the lock. True if nothing is queued and the thread ends. */
static bool wait_end(struct writer *w, uint32_t wait_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000u;
	until.tv_nsec += (long)(wait_ms % 1000u) * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	while (!w->ended) {
		if (pthread_cond_timedwait(&w->idle, &w->lock, &until)) {
			return false;
		}
	}
	return true;
}

/* Called with the lock. Drops the queued lines and the line about them; `gap` may report them
 * elsewhere. */
static void tell_abandoned(struct writer *w)
{
	struct lines_gap gap = lines_take_gap(&w->queue);
	char words[WRITER_GAP_LINE_MAX];

	gap.lost += lines_waiting(&w->queue);
	(void)gap_line(w, words, gap);
}

int writer_close(struct writer *w, uint32_t wait_ms)
{
	bool idle;

	if (!w) {
		return 0;
	}
	if (w->at_once) {
		tell_at_once(w);
		destroy(w);
		return 0;
	}
	pthread_mutex_lock(&w->lock);
	w->end = true;
	pthread_cond_signal(&w->more);
	idle = wait_end(w, wait_ms);
	w->abandoned = !idle;
	if (!idle) {
		tell_abandoned(w);
		(void)pthread_detach(w->thread);
	}
	pthread_mutex_unlock(&w->lock);
	if (!idle) {
		return ERR_TIMEOUT;
	}
	(void)pthread_join(w->thread, NULL);
	destroy(w);
	return 0;
}

void writer_end(struct writer *w)
{
	if (writer_close(w, WRITER_END_MS)) {
		return; /* reported by `gap` */
	}
}

void writer_put(struct writer *w, const char *line, size_t len)
{
	if (writer_line(w, line, len)) {
		return; /* counted */
	}
}
