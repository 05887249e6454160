/* aud_store.c - the queue, the thread that empties it, and the writes. */
#include "audit/aud_store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ed25519.h"
#include "base/str.h"
#include "base/tail.h"
#include "base/wake.h"

/* A round takes the lock, writes and wakes up, whatever it has to do. So it begins when as many
 * octets have gathered, or this time after the last round: also under load, when lines came while
 * the round before it was at work. */
#define GATHER_MS 50u
#define GATHER_OCTETS (128u * 1024u)

/* -- one round: called and returns with the lock */

static void say_lost(struct aud_store *s, uint64_t lost)
{
	char line[AUD_LINE_MAX];
	size_t n = aud_line_lost(line, clock_real_ms(), lost);

	line[n++] = '\n';
	if (aud_drain(s, line, n)) {
		pthread_mutex_lock(&s->lock);
		s->lost_untold += lost;
		pthread_mutex_unlock(&s->lock);
	}
}

/* A full disk or a crash may have left a part of a line there. */
static void look_at_published(struct aud_store *s)
{
	uint64_t octets;

	s->publish_torn = s->publish >= 0 && tail_look(s->publish, &octets) != TAIL_WHOLE;
}

static void take_fds(struct aud_store *s)
{
	if (s->new_channel >= 0) {
		if (s->channel >= 0) {
			close(s->channel);
		}
		s->channel = s->new_channel;
		s->new_channel = -1;
		s->owed = false;
		s->checkpoint_due = true;
	}
	if (s->new_publish >= 0) {
		if (s->publish >= 0) {
			close(s->publish);
		}
		s->publish = s->new_publish;
		s->new_publish = -1;
		look_at_published(s);
	}
}

static void round_once(struct aud_store *s, bool seal)
{
	char *lines = s->fill;
	size_t len = s->fill_len;
	uint64_t lost = s->lost_untold;
	bool recovering = s->view.recovering;
	int err;

	s->fill = s->drain;
	s->drain = lines;
	s->fill_len = 0;
	s->lost_untold = 0;
	take_fds(s);
	pthread_mutex_unlock(&s->lock);
	err = aud_drain(s, lines, len);
	if (!err && lost) {
		say_lost(s, lost);
	}
	if (!err && seal) {
		err = aud_seal(s, false);
	}
	s->checkpoint_due |= seal;
	/* until the end of the first interval the channel may still come */
	if (!err && s->checkpoint_due && !recovering && (s->channel >= 0 || seal)) {
		aud_checkpoint(s);
	}
	pthread_mutex_lock(&s->lock);
	if (!err && !s->view.broken && s->fill_len <= s->queue_max / 2) {
		atomic_store_explicit(&s->failing, false, memory_order_relaxed);
	}
}

static bool has_work(const struct aud_store *s)
{
	bool checkpoint = s->checkpoint_due && !s->view.recovering && s->channel >= 0;

	return s->fill_len || s->lost_untold || s->new_channel >= 0 || s->new_publish >= 0 || checkpoint;
}

/* Far below the filling at which the queue counts as one that does not empty. */
static size_t enough(const struct aud_store *s)
{
	return s->queue_max / 8 < GATHER_OCTETS ? s->queue_max / 8 : GATHER_OCTETS;
}

static void wait_until(struct aud_store *s, uint64_t ms)
{
	uint64_t now_ms = clock_mono_ms();

	if (ms > now_ms) {
		aud_wait_ms(s, ms - now_ms);
	}
}

/* Waits for work, and until enough has gathered. Returns earlier at the end of the interval and
 * when it is woken for something else. */
static void gather(struct aud_store *s)
{
	uint64_t until_ms;

	if (!has_work(s)) {
		s->asleep = true;
		wait_until(s, s->due_ms);
		s->asleep = false;
	}
	if (has_work(s) && !s->stopping && s->fill_len < enough(s)) {
		until_ms = clock_mono_ms() + GATHER_MS;
		s->gathering = true;
		wait_until(s, until_ms < s->due_ms ? until_ms : s->due_ms);
		s->gathering = false;
	}
}

static void cannot_open(struct aud_store *s, int err)
{
	aud_broken(s, "%s: the audit cannot be opened: %s", s->dir, s->view.error ? strerror(s->view.error) : err_str(err));
}

static void *run(void *arg)
{
	struct aud_store *s = OBJ_OF(arg, struct aud_store, AUD_STORE_MAGIC);
	int err = aud_begin(s);

	if (err && err != ERR_CLOSED) {
		cannot_open(s, err);
	}
	pthread_mutex_lock(&s->lock);
	while (!err && !s->stopping && !s->view.broken) {
		uint64_t now_ms = clock_mono_ms();
		bool seal = now_ms >= s->due_ms;

		if (!seal) {
			gather(s);
			if (s->stopping || !has_work(s) || clock_mono_ms() >= s->due_ms) {
				continue;
			}
		}
		if (seal) {
			s->due_ms = now_ms + s->interval_ms;
		}
		round_once(s, seal);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

void aud_store_work(struct aud_store *s, bool seal)
{
	pthread_mutex_lock(&s->lock);
	if (!s->view.broken) {
		round_once(s, seal);
	}
	pthread_mutex_unlock(&s->lock);
}

/* -- the owner's side */

void aud_store_give(struct aud_store *s, const char *text, size_t len, uint64_t n)
{
	bool tell = false;

	pthread_mutex_lock(&s->lock);
	if (s->view.broken || len > s->queue_max - s->fill_len) {
		s->view.lost += n;
		s->lost_untold += s->view.broken ? 0 : n;
	} else {
		tell = (s->asleep && !s->fill_len) || (s->gathering && s->fill_len < enough(s) && s->fill_len + len >= enough(s));
		memcpy(s->fill + s->fill_len, text, len);
		s->fill_len += len;
	}
	if (s->fill_len > s->queue_max / 2) {
		atomic_store_explicit(&s->failing, true, memory_order_relaxed);
	}
	pthread_mutex_unlock(&s->lock);
	if (tell) {
		pthread_cond_signal(&s->work);
	}
}

void aud_store_recovered(struct aud_store *s)
{
	pthread_mutex_lock(&s->lock);
	s->view.recovering = false;
	pthread_mutex_unlock(&s->lock);
	pthread_cond_signal(&s->work);
}

bool aud_store_failing(const struct aud_store *s)
{
	return atomic_load_explicit(&s->failing, memory_order_relaxed);
}

/* Replaces a descriptor that the thread has not taken yet. */
static void give_fd(struct aud_store *s, int *where, int fd)
{
	pthread_mutex_lock(&s->lock);
	if (*where >= 0) {
		close(*where);
	}
	*where = fd;
	pthread_mutex_unlock(&s->lock);
	pthread_cond_signal(&s->work);
}

void aud_store_channel(struct aud_store *s, int fd)
{
	give_fd(s, &s->new_channel, fd);
}

void aud_store_publish(struct aud_store *s, int fd)
{
	give_fd(s, &s->new_publish, fd);
}

void aud_store_view(struct aud_store *s, struct aud_view *out)
{
	pthread_mutex_lock(&s->lock);
	*out = s->view;
	out->waiting = s->fill_len;
	pthread_mutex_unlock(&s->lock);
}

int aud_store_wake_fd(const struct aud_store *s)
{
	return s->wake;
}

/* -- start and end */

static void close_fd(int fd)
{
	if (fd >= 0) {
		close(fd);
	}
}

static void free_all(struct aud_store *s)
{
	ed25519_wipe(s->seed);
	close_fd(s->channel);
	close_fd(s->new_channel);
	close_fd(s->publish);
	close_fd(s->new_publish);
	close_fd(s->file);
	close_fd(s->lock_fd);
	close_fd(s->dir_fd);
	close_fd(s->wake);
	hash_free(s->hash);
	free(s->recent.at);
	free(s->out);
	free(s->fill);
	free(s->drain);
	pthread_cond_destroy(&s->work);
	pthread_cond_destroy(&s->tried);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static int make(struct aud_store **out, const struct aud_store_conf *conf)
{
	struct aud_store *s = calloc(1, sizeof *s);
	pthread_condattr_t attr;

	if (!s) {
		return ERR_NOMEM;
	}
	obj_begin(&s->obj, AUD_STORE_MAGIC);
	s->dir_fd = s->lock_fd = s->file = s->channel = s->new_channel = s->new_publish = -1;
	s->publish = conf->publish_fd;
	look_at_published(s);
	str_cut(s->origin, sizeof s->origin, conf->origin);
	str_cut(s->dir, sizeof s->dir, conf->dir);
	memcpy(s->key, conf->key, MRK_KEY);
	s->signed_last = conf->signed_last;
	s->view.recovering = true;
	s->interval_ms = conf->interval_ms;
	s->answer_wait_ms = conf->answer_wait_ms ? conf->answer_wait_ms : AUD_ANSWER_WAIT_MS;
	s->segment_size = conf->segment_size;
	s->size_max = conf->size_max;
	s->queue_max = conf->queue_max;
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->work, &attr);
	pthread_condattr_destroy(&attr);
	pthread_cond_init(&s->tried, NULL);
	s->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->out = malloc(AUD_OUT_OCTETS);
	s->fill = malloc(s->queue_max);
	s->drain = malloc(s->queue_max);
	if (s->wake < 0 || !s->out || !s->fill || !s->drain || hash_new(&s->hash)) {
		s->publish = -1;
		free_all(s);
		return ERR_NOMEM;
	}
	*out = s;
	return 0;
}

/* Returns when the thread has begun the interval, or has found that it cannot, for now or at
 * all. */
static int start_thread(struct aud_store *s)
{
	s->threaded = true;
	if (pthread_create(&s->thread, NULL, run, s)) {
		s->threaded = false;
		return ERR_NOMEM;
	}
	pthread_mutex_lock(&s->lock);
	while (!s->begun && !s->view.error && !s->view.broken) {
		pthread_cond_wait(&s->tried, &s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	return 0;
}

int aud_store_open(struct aud_store **out, const struct aud_store_conf *conf)
{
	struct aud_store *s;
	int err = make(&s, conf);

	if (err) {
		return err;
	}
	err = aud_take_up(s, conf->lock_wait_ms);
	s->due_ms = clock_mono_ms() + s->interval_ms;
	if (!err && !conf->threaded) {
		err = aud_begin(s);
	}
	if (err && !s->view.broken) {
		cannot_open(s, err);
	}
	if (!s->view.broken && conf->threaded && start_thread(s)) {
		free_all(s);
		return ERR_NOMEM;
	}
	*out = s;
	return 0;
}

void aud_store_close(struct aud_store *s)
{
	if (!s) {
		return;
	}
	if (s->threaded) {
		pthread_mutex_lock(&s->lock);
		s->stopping = true;
		pthread_mutex_unlock(&s->lock);
		pthread_cond_signal(&s->work);
		pthread_join(s->thread, NULL);
	}
	if (!s->view.broken && s->begun) {
		pthread_mutex_lock(&s->lock);
		round_once(s, false);
		pthread_mutex_unlock(&s->lock);
		if (!s->view.error && aud_seal(s, true) == 0 && !s->view.recovering) {
			aud_checkpoint(s);
		}
	}
	free_all(s);
}
