#include "tests/unit/journal/place.h"

#include <ftw.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void place_remove_all(const char *dir)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int remove_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return ftw->level ? remove_one(path, st, type, ftw) : 0;
}

void place_remove(const struct place *p, const char *name)
{
	char path[160];

	snprintf(path, sizeof path, "%s/%s", p->dir, name);
	assert_int_equal(unlink(path), 0);
}

void place_empty(struct place *p)
{
	nftw(p->dir, remove_file, 8, FTW_DEPTH | FTW_PHYS);
}

int open_again(struct place *p)
{
	jrn_close(p->j);
	p->j = NULL;
	return jrn_open(&p->j, &p->conf, &p->why);
}

int place_setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	assert_non_null(p);
	p->conf.size_max = 16u << 20;
	p->conf.dir = p->dir;
	strcpy(p->dir, access("/dev/shm", W_OK) == 0 ? "/dev/shm/test-jrn-XXXXXX"
						     : "/tmp/test-jrn-XXXXXX"); /* flushes cost nothing there */
	assert_non_null(mkdtemp(p->dir));
	if (open_again(p)) {
		fail_msg("%s", p->why.text);
	}
	*state = p;
	return 0;
}

int place_teardown(void **state)
{
	struct place *p = *state;

	jrn_close(p->j);
	place_remove_all(p->dir);
	free(p);
	return 0;
}

void on_done(void *arg, uint64_t number, int err)
{
	struct seen *s = arg;

	s->calls++;
	s->err = err;
	s->number = number;
	for (; s->put_more > 0; s->put_more--) {
		assert_int_equal(jrn_put(s->j, jrn_next(s->j), "\1more", 5, on_done, s), 0);
	}
}

int on_record(void *arg, uint64_t number, const void *record, size_t len)
{
	struct read *r = arg;

	assert_true(number > r->last);
	r->last = number;
	if (r->n < 64) {
		r->numbers[r->n] = number;
		snprintf(r->texts[r->n], sizeof r->texts[0], "%.*s", (int)len, (const char *)record);
	}
	r->n++;
	return r->n == r->stop_at ? 9 : 0;
}

struct read replay(struct place *p)
{
	struct read r = { .n = 0 };

	assert_int_equal(jrn_replay(p->j, on_record, &r), 0);
	return r;
}

int put(struct place *p, uint64_t number, const char *text, struct seen *s)
{
	return jrn_put(p->j, number, text, strlen(text), s ? on_done : NULL, s);
}

int add(struct place *p, uint64_t number, const char *text, struct seen *s)
{
	return jrn_add(p->j, number, text, strlen(text), s ? on_done : NULL, s);
}

void wait_complete(struct place *p)
{
	struct pollfd fd = { .fd = jrn_wake_fd(p->j), .events = POLLIN };

	assert_int_equal(poll(&fd, 1, TEST_HANG_MS), 1);
	jrn_complete(p->j);
}
