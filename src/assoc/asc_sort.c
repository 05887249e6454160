/* asc_sort.c - filling, runs, merging. A record in memory and in a run: u16 key length, u8 value
 * length, key, value. */
#include "assoc/asc_sort.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assoc/asc_sort_order.h"
#include "base/container.h"
#include "base/heap.h"
#include "base/obj.h"

#define HEAD 3u
#define RECORD_MAX (HEAD + ASC_SORT_KEY_MAX + ASC_SORT_VALUE_MAX)
#define MEMORY_MIN ((size_t)64 << 10)
#define READ_MIN ((size_t)4 << 10) /* buffer of one run in the merge */
#define READ_MAX ((size_t)1 << 20)
#define WRITE_SIZE ((size_t)1 << 20)

struct half { /* records from the front, items that point to them from the back */
	uint8_t *p;
	size_t size, used, items_n;
};

struct run {
	uint64_t at, end; /* range of the file that is still unread */
	uint8_t *buf;
	size_t pos, len;
	struct asc_sort_row row;
	struct heap_node place; /* in `merge` */
};

#define ASC_SORT_MAGIC 0xe995c39cu
struct asc_sort {
	struct obj obj;
	struct half half[2];
	unsigned filling; /* index of the half that fills */
	size_t half_size;
	int fd;
	uint64_t file_len, count;
	struct run *runs; /* the last one is the half that was not written: its `buf` is NULL */
	uint32_t runs_n, runs_cap;
	struct heap merge; /* the runs, by their next record */
	uint8_t *read_room;
	size_t memory_next; /* item of the half in memory */
	bool ended, given;  /* given: the first of the heap was handed out */
	int err;

	pthread_t thread; /* sorts and writes the other half */
	bool thread_runs;
	int thread_err;
	struct half *thread_half;
};

static struct asc_sort_item *items_of(const struct half *h)
{
	return (struct asc_sort_item *)(void *)(h->p + h->size) - h->items_n;
}

static void row_of(struct asc_sort_row *out, const uint8_t *record)
{
	out->key_len = (size_t)record[0] | (size_t)record[1] << 8;
	out->value_len = record[2];
	out->key = record + HEAD;
	out->value = out->key + out->key_len;
}

int asc_sort_new(struct asc_sort **out, const char *dir, size_t memory_max)
{
	struct asc_sort *s = calloc(1, sizeof *s);

	if (!s) {
		return ERR_NOMEM;
	}
	obj_begin(&s->obj, ASC_SORT_MAGIC);
	s->half_size = (memory_max < MEMORY_MIN ? MEMORY_MIN : memory_max) / 2 & ~(size_t)4095;
	s->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->fd < 0) { /* a file system without unnamed files: named for a moment */
		char path[1200];

		snprintf(path, sizeof path, "%s/sort-XXXXXX", dir);
		s->fd = mkostemp(path, O_CLOEXEC);
		if (s->fd >= 0) {
			unlink(path);
		}
	}
	if (s->fd < 0) {
		int err = errno == ENOSPC ? ERR_NOSPC : ERR_IO;

		free(s);
		return err;
	}
	*out = s;
	return 0;
}

uint64_t asc_sort_count(const struct asc_sort *s)
{
	return s->count;
}

static void sort_half(const struct half *h)
{
	asc_sort_items(items_of(h), h->items_n);
}

/* -- runs */

static int write_all(int fd, const uint8_t *p, size_t len, uint64_t at)
{
	while (len) {
		ssize_t n = pwrite(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? ERR_NOSPC : ERR_IO;
		}
		p += n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return 0;
}

static int write_run(struct asc_sort *s, const struct half *h)
{
	uint8_t *room = malloc(WRITE_SIZE);
	const struct asc_sort_item *items = items_of(h);
	uint64_t at = s->file_len;
	size_t used = 0;
	int err = room ? 0 : ERR_NOMEM;

	for (size_t i = 0; i < h->items_n && !err; i++) {
		const uint8_t *record = items[i].key - HEAD;
		size_t len = HEAD + items[i].len + record[2];

		if (used + len > WRITE_SIZE) {
			err = write_all(s->fd, room, used, at);
			at += used;
			used = 0;
		}
		memcpy(room + used, record, len);
		used += len;
	}
	if (!err) {
		err = write_all(s->fd, room, used, at);
	}
	if (!err) {
		s->runs[s->runs_n++] = (struct run){ .at = s->file_len, .end = at + used };
		s->file_len = at + used;
	}
	free(room);
	return err;
}

static void *spill(void *arg)
{
	struct asc_sort *s = OBJ_OF(arg, struct asc_sort, ASC_SORT_MAGIC);

	sort_half(s->thread_half);
	s->thread_err = write_run(s, s->thread_half);
	s->thread_half->used = 0;
	s->thread_half->items_n = 0;
	return NULL;
}

static int wait_spill(struct asc_sort *s)
{
	if (s->thread_runs) {
		pthread_join(s->thread, NULL);
	}
	s->thread_runs = false;
	return s->thread_err;
}

/* Room for one more run, and the one in memory. */
static int reserve_runs(struct asc_sort *s)
{
	uint32_t cap = s->runs_cap ? s->runs_cap * 2 : 16;
	struct run *bigger;

	if (s->runs_n + 2 <= s->runs_cap) {
		return 0;
	}
	if (s->runs_n + 2 > ASC_SORT_RUNS_MAX) {
		return ERR_LIMIT;
	}
	bigger = realloc(s->runs, cap * sizeof *bigger);
	if (!bigger) {
		return ERR_NOMEM;
	}
	s->runs = bigger;
	s->runs_cap = cap;
	return 0;
}

static int start_spill(struct asc_sort *s)
{
	int err = wait_spill(s);

	if (!err) {
		err = reserve_runs(s);
	}
	if (err) {
		return err;
	}
	s->thread_half = &s->half[s->filling];
	s->filling ^= 1;
	if (pthread_create(&s->thread, NULL, spill, s)) {
		spill(s);
		return s->thread_err;
	}
	s->thread_runs = true;
	return 0;
}

static int add(struct asc_sort *s, const void *key, size_t key_len, const void *value, size_t value_len)
{
	size_t len = HEAD + key_len + value_len;
	struct half *h = &s->half[s->filling];
	struct asc_sort_item *item;
	uint8_t *p;

	if (key_len > ASC_SORT_KEY_MAX || value_len > ASC_SORT_VALUE_MAX) {
		return ERR_LIMIT;
	}
	if (h->p && h->used + len + (h->items_n + 1) * sizeof *item > h->size) {
		int err = start_spill(s);

		if (err) {
			return err;
		}
		h = &s->half[s->filling];
	}
	if (!h->p) {
		h->p = aligned_alloc(4096, s->half_size);
		if (!h->p) {
			return ERR_NOMEM;
		}
		h->size = s->half_size;
	}
	p = h->p + h->used;
	p[0] = (uint8_t)key_len;
	p[1] = (uint8_t)(key_len >> 8);
	p[2] = (uint8_t)value_len;
	memcpy(p + HEAD, key, key_len);
	if (value_len) {
		memcpy(p + HEAD + key_len, value, value_len);
	}
	h->used += len;
	h->items_n++;
	item = items_of(h);
	*item = (struct asc_sort_item){ .key = p + HEAD, .len = (uint32_t)key_len };
	s->count++;
	return 0;
}

int asc_sort_add(struct asc_sort *s, const void *key, size_t key_len, const void *value, size_t value_len)
{
	if (!s->err) {
		s->err = s->ended ? ERR_STATE : add(s, key, key_len, value, value_len);
	}
	return s->err;
}

/* -- merging */

static int refill(struct asc_sort *s, struct run *r, size_t room)
{
	size_t kept = r->len - r->pos, want;

	memmove(r->buf, r->buf + r->pos, kept);
	r->pos = 0;
	r->len = kept;
	want = room - kept;
	if (want > r->end - r->at) {
		want = (size_t)(r->end - r->at);
	}
	while (want) {
		ssize_t n = pread(s->fd, r->buf + r->len, want, (off_t)r->at);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return ERR_IO;
		}
		r->len += (size_t)n;
		r->at += (uint64_t)n;
		want -= (size_t)n;
	}
	return 0;
}

static size_t read_size(const struct asc_sort *s)
{
	size_t size = s->half_size / s->runs_n;

	return size < READ_MIN ? READ_MIN : size > READ_MAX ? READ_MAX : size;
}

/* The next record of a run into its row. ERR_NOTFOUND after its last. */
static int advance(struct asc_sort *s, struct run *r)
{
	int err;

	if (!r->buf) {
		const struct half *h = &s->half[s->filling];

		if (s->memory_next == h->items_n) {
			return ERR_NOTFOUND;
		}
		row_of(&r->row, items_of(h)[s->memory_next++].key - HEAD);
		return 0;
	}
	if (r->len - r->pos < RECORD_MAX && r->at < r->end) {
		err = refill(s, r, read_size(s));
		if (err) {
			return err;
		}
	}
	if (r->pos == r->len) {
		return ERR_NOTFOUND;
	}
	row_of(&r->row, r->buf + r->pos);
	r->pos += HEAD + r->row.key_len + r->row.value_len;
	return r->pos > r->len ? ERR_IO : 0;
}

static bool before(const struct heap_node *x, const struct heap_node *y)
{
	const struct asc_sort_row *a = &CONTAINER_OF(x, const struct run, place)->row;
	const struct asc_sort_row *b = &CONTAINER_OF(y, const struct run, place)->row;
	size_t len = a->key_len < b->key_len ? a->key_len : b->key_len;
	int c = memcmp(a->key, b->key, len);

	return c < 0 || (c == 0 && a->key_len < b->key_len);
}

static struct run *first_run(const struct asc_sort *s)
{
	struct heap_node *first = heap_first(&s->merge);

	return first ? CONTAINER_OF(first, struct run, place) : NULL;
}

static int open_merge(struct asc_sort *s)
{
	struct half *other = &s->half[s->filling ^ 1];
	int err = reserve_runs(s);

	if (err) {
		return err;
	}
	s->runs[s->runs_n++] = (struct run){ .buf = NULL };
	free(other->p); /* its memory reads the runs now */
	*other = (struct half){ .p = NULL };
	s->merge.before = before;
	s->read_room = malloc(read_size(s) * s->runs_n);
	if (!s->read_room) {
		return ERR_NOMEM;
	}
	for (uint32_t i = 0; i < s->runs_n; i++) {
		if (i + 1 < s->runs_n) {
			s->runs[i].buf = s->read_room + i * read_size(s);
		}
		err = advance(s, &s->runs[i]);
		if (err == ERR_NOTFOUND) {
			continue;
		}
		if (!err) {
			err = heap_set(&s->merge, &s->runs[i].place, 0);
		}
		if (err) {
			return err;
		}
	}
	s->ended = true;
	return 0;
}

int asc_sort_end(struct asc_sort *s)
{
	int err = wait_spill(s);

	if (!s->err) {
		s->err = err;
	}
	if (s->err) {
		return s->err;
	}
	if (s->half[s->filling].items_n) {
		sort_half(&s->half[s->filling]);
	}
	s->err = open_merge(s);
	return s->err;
}

/* The record that was given out makes room for the next one of its run. */
static int drop_given(struct asc_sort *s)
{
	struct run *r = first_run(s);
	int err = advance(s, r);

	if (err == ERR_NOTFOUND) {
		heap_del(&s->merge, &r->place);
		return 0;
	}
	return err ? err : heap_set(&s->merge, &r->place, 0);
}

int asc_sort_next(struct asc_sort *s, struct asc_sort_row *out)
{
	if (!s->err && !s->ended) {
		s->err = ERR_STATE;
	}
	if (!s->err && s->given) {
		s->err = drop_given(s);
	}
	if (s->err) {
		return s->err;
	}
	s->given = first_run(s) != NULL;
	if (!s->given) {
		return ERR_NOTFOUND;
	}
	*out = first_run(s)->row;
	return 0;
}

void asc_sort_free(struct asc_sort *s)
{
	if (!s) {
		return;
	}
	(void)wait_spill(s);
	free(s->half[0].p);
	free(s->half[1].p);
	free(s->runs);
	heap_fini(&s->merge);
	OBJ_END(s, ASC_SORT_MAGIC);
	free(s->read_room);
	close(s->fd);
	free(s);
}
