/* fake_journal.c - jrn.h over lists in memory. */
#include "tests/fuzz/fake_journal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "journal/jrn_check.h"
#include "journal/jrn_copy.h"
#include "journal/jrn_later.h"
#include "tests/fuzz/fuzz.h"

#define ROOM (UINT64_C(1) << 30)

struct record {
	TAILQ_ENTRY(record) entry;
	uint64_t number;
	size_t len;
	bool del; /* of an operation only */
	jrn_done_fn *done;
	void *arg;
	int err;         /* of a finished operation */
	uint64_t place;  /* of jrn_put_again(): number of its batch; 0: none */
	uint8_t bytes[]; /* JRN_RECORD_MAX of them for an operation */
};
TAILQ_HEAD(records, record);

struct jrn {
	int wake_fd, state;
	uint64_t batch, commits, failed, troubles, lost;
	struct records gathered, handed, finished;
	bool in_group;
};

static struct records durable;
static uint64_t next_number;
static enum fake_disk disk;
static bool crash;
static struct jrn *open_one;

static void free_all(struct records *list)
{
	struct record *r;

	while ((r = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, r, entry);
		free(r);
	}
}

void fake_journal_begin(void)
{
	TAILQ_INIT(&durable);
	next_number = 1;
	disk = FAKE_DISK_WELL;
	crash = false;
}

void fake_journal_end(void)
{
	free_all(&durable);
}

void fake_journal_disk(enum fake_disk how)
{
	disk = how;
}

void fake_journal_crash(void)
{
	crash = true;
}

int fake_journal_each(jrn_record_fn *fn, void *arg)
{
	struct record *r, *next;
	int err = 0;

	for (r = TAILQ_FIRST(&durable); r && !err; r = next) {
		next = TAILQ_NEXT(r, entry);
		err = fn(arg, r->number, r->bytes, r->len);
	}
	return err;
}

/* -- commits */

static void apply(const struct record *op)
{
	struct record *r, *fresh;

	TAILQ_FOREACH (r, &durable, entry) {
		if (r->number >= op->number) {
			break;
		}
	}
	if (!op->del) {
		fresh = malloc(sizeof *fresh + op->len);
		promise(fresh != NULL, "memory");
		*fresh = (struct record){ .number = op->number, .len = op->len };
		memcpy(fresh->bytes, op->bytes, op->len);
		if (r) {
			TAILQ_INSERT_BEFORE(r, fresh, entry);
		} else {
			TAILQ_INSERT_TAIL(&durable, fresh, entry);
		}
	}
	if (r && r->number == op->number) {
		TAILQ_REMOVE(&durable, r, entry);
		free(r);
	}
}

static void wake(struct jrn *j)
{
	uint64_t one = 1;

	promise(write(j->wake_fd, &one, sizeof one) == sizeof one, "the owner is woken");
}

static void set_state(struct jrn *j)
{
	int state = disk == FAKE_DISK_FULL ? ERR_NOSPC : disk == FAKE_DISK_FAILS ? ERR_IO : 0;

	if (state != j->state) {
		j->troubles += !j->state;
		j->state = state;
		wake(j);
	}
}

static void commit(struct jrn *j)
{
	struct record *op;

	while ((op = TAILQ_FIRST(&j->handed))) {
		TAILQ_REMOVE(&j->handed, op, entry);
		op->err = disk == FAKE_DISK_FULL && !op->del ? ERR_NOSPC : 0;
		if (!op->err) {
			apply(op);
		}
		j->failed += !!op->err;
		j->lost += op->err && !op->done;
		TAILQ_INSERT_TAIL(&j->finished, op, entry);
	}
	j->commits++;
}

bool fake_journal_work(void)
{
	struct jrn *j = open_one;

	if (!j) {
		return false;
	}
	set_state(j);
	if (TAILQ_EMPTY(&j->handed) || disk == FAKE_DISK_SLOW || disk == FAKE_DISK_FAILS) {
		return false;
	}
	commit(j);
	wake(j);
	return true;
}

/* -- jrn.h */

int jrn_open(struct jrn **out, const struct jrn_conf *conf, struct jrn_why *why)
{
	struct jrn *j = calloc(1, sizeof *j);

	promise(conf->threaded && !open_one, "one journal, with a thread");
	if (!j) {
		return ERR_NOMEM;
	}
	j->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	TAILQ_INIT(&j->gathered);
	TAILQ_INIT(&j->handed);
	TAILQ_INIT(&j->finished);
	j->batch = 1;
	why->text[0] = 0;
	open_one = *out = j;
	crash = false;
	return 0;
}

static void hand_over(struct jrn *j)
{
	promise(!j->in_group, "a group ends before it is handed over");
	TAILQ_CONCAT(&j->handed, &j->gathered, entry);
	j->batch++;
}

static void complete(struct jrn *j)
{
	struct record *op;

	while ((op = TAILQ_FIRST(&j->finished))) {
		TAILQ_REMOVE(&j->finished, op, entry);
		if (op->done) {
			op->done(op->arg, op->number, op->err);
		}
		free(op);
	}
}

/* A completion may put more, so that it goes on until nothing is left. */
void jrn_close(struct jrn *j)
{
	if (!j) {
		return;
	}
	while (!TAILQ_EMPTY(&j->gathered) || !TAILQ_EMPTY(&j->handed) || !TAILQ_EMPTY(&j->finished)) {
		struct record *op;

		hand_over(j);
		if (crash) {
			TAILQ_FOREACH (op, &j->handed, entry) {
				op->err = ERR_IO;
			}
			TAILQ_CONCAT(&j->finished, &j->handed, entry);
		} else {
			commit(j);
		}
		complete(j);
	}
	close(j->wake_fd);
	open_one = NULL;
	free(j);
}

uint64_t jrn_next(struct jrn *j)
{
	(void)j;
	return next_number++;
}

void jrn_pass(struct jrn *j, uint64_t n)
{
	(void)j;
	next_number += n;
}

static struct record *gather(struct jrn *j, uint64_t number, const void *p, size_t len)
{
	struct record *op = malloc(sizeof *op + len);

	promise(op && len <= JRN_RECORD_MAX, "a record fits");
	*op = (struct record){ .number = number, .len = len };
	if (len) {
		memcpy(op->bytes, p, len);
	}
	TAILQ_INSERT_TAIL(&j->gathered, op, entry);
	return op;
}

int jrn_put(struct jrn *j, uint64_t number, const void *record, size_t len, jrn_done_fn *done, void *arg)
{
	struct record *op;

	promise(number && number < next_number, "a number was given out");
	op = gather(j, number, record, len);
	op->done = done;
	op->arg = arg;
	return 0;
}

int jrn_add(struct jrn *j, uint64_t number, const void *record, size_t len, jrn_done_fn *done, void *arg)
{
	return j->state ? j->state : jrn_put(j, number, record, len, done, arg);
}

int jrn_put_again(struct jrn *j, struct jrn_place *place, uint64_t number, const void *record, size_t len)
{
	struct record *op;

	TAILQ_FOREACH (op, &j->gathered, entry) {
		if (place->batch == j->batch && op->place == j->batch && op->number == number) {
			promise(op->len == len, "a record that changes often keeps its length");
			memcpy(op->bytes, record, len);
			return 0;
		}
	}
	op = gather(j, number, record, len);
	op->place = place->batch = j->batch;
	return 0;
}

int jrn_del(struct jrn *j, uint64_t number)
{
	gather(j, number, NULL, 0)->del = true;
	return 0;
}

void jrn_group_begin(struct jrn *j)
{
	promise(!j->in_group, "one group at a time");
	j->in_group = true;
}

void jrn_group_end(struct jrn *j)
{
	promise(j->in_group, "a group that ends has begun");
	j->in_group = false;
}

void jrn_submit(struct jrn *j)
{
	if (!TAILQ_EMPTY(&j->gathered)) {
		hand_over(j);
	}
}

void jrn_submit_early(struct jrn *j)
{
	if (TAILQ_EMPTY(&j->handed)) {
		jrn_submit(j);
	}
}

int jrn_wake_fd(const struct jrn *j)
{
	return j->wake_fd;
}

void jrn_complete(struct jrn *j)
{
	uint64_t n;

	if (read(j->wake_fd, &n, sizeof n) == sizeof n) {
		complete(j);
	}
}

int jrn_flush(struct jrn *j)
{
	jrn_submit(j);
	commit(j);
	complete(j);
	return 0;
}

size_t jrn_pending(const struct jrn *j)
{
	struct record *op;
	size_t n = 0;

	TAILQ_FOREACH (op, &j->gathered, entry) {
		n++;
	}
	TAILQ_FOREACH (op, &j->handed, entry) {
		n++;
	}
	return n;
}

int jrn_state(const struct jrn *j)
{
	return j->state;
}

int jrn_replay(struct jrn *j, jrn_record_fn *fn, void *arg)
{
	(void)j;
	return fake_journal_each(fn, arg);
}

/* -- the records of a start, which keep their content */

struct jrn_later {
	size_t n;
	struct kept {
		uint64_t number;
		size_t len;
		uint8_t *bytes;
	} record[];
};

struct keep {
	struct jrn_later *later;
	size_t n, room;
};

static int count_one(void *arg, uint64_t number, const void *p, size_t len)
{
	(void)number, (void)p, (void)len;
	((struct keep *)arg)->room++;
	return 0;
}

static int keep_one(void *arg, uint64_t number, const void *p, size_t len)
{
	struct keep *k = arg;
	struct kept *r = &k->later->record[k->n];

	r->bytes = malloc(len ? len : 1);
	if (!r->bytes) {
		return ERR_NOMEM;
	}
	memcpy(r->bytes, p, len);
	r->number = number;
	r->len = len;
	k->later->n = ++k->n;
	return 0;
}

int jrn_later_begin(struct jrn_later **out, struct jrn *j)
{
	struct keep k = { 0 };
	int err;

	(void)j;
	err = fake_journal_each(count_one, &k);
	if (err) {
		return err;
	}
	k.later = calloc(1, sizeof *k.later + k.room * sizeof k.later->record[0]);
	if (!k.later) {
		return ERR_NOMEM;
	}
	err = fake_journal_each(keep_one, &k);
	if (err) {
		jrn_later_end(k.later);
		return err;
	}
	*out = k.later;
	return 0;
}

size_t jrn_later_count(const struct jrn_later *l)
{
	return l->n;
}

int jrn_later_one(struct jrn_later *l, size_t i, jrn_record_fn *fn, void *arg)
{
	return fn(arg, l->record[i].number, l->record[i].bytes, l->record[i].len);
}

int jrn_later_all(struct jrn_later *l, jrn_record_fn *fn, void *arg)
{
	int err = 0;

	for (size_t i = 0; i < l->n && !err; i++) {
		err = jrn_later_one(l, i, fn, arg);
	}
	return err;
}

void jrn_later_end(struct jrn_later *l)
{
	for (size_t i = 0; l && i < l->n; i++) {
		free(l->record[i].bytes);
	}
	free(l);
}

struct jrn_counts jrn_counts(struct jrn *j)
{
	struct jrn_counts c = { .commits = j->commits, .commits_failed = j->failed, .lost = j->lost, .troubles = j->troubles };
	struct record *r;

	TAILQ_FOREACH (r, &durable, entry) {
		c.records++;
	}
	return c;
}

void jrn_room(struct jrn *j, struct kv_room *out)
{
	(void)j;
	*out = (struct kv_room){
		.size = 4096, .size_max = ROOM, .left = ROOM, .map_left = ROOM, .disk = ROOM, .disk_max = 2 * ROOM
	};
}

void jrn_trouble(struct jrn *j, struct jrn_why *out)
{
	snprintf(out->text, sizeof out->text, "%s", j->state ? "as the fuzzer wants it" : "");
}

/* -- what no fuzzer asks for */

int jrn_check(const char *dir, const struct jrn_disk *d, jrn_found_fn *fn, void *arg, struct jrn_summary *out,
	      struct jrn_why *why)
{
	(void)dir;
	(void)d;
	(void)fn;
	(void)arg;
	(void)why;
	memset(out, 0, sizeof *out);
	return ERR_NOTFOUND;
}

int jrn_copy_begin(struct jrn_copy **out, struct jrn *j)
{
	(void)out;
	(void)j;
	return ERR_BUSY;
}

uint64_t jrn_copy_size(const struct jrn_copy *c)
{
	(void)c;
	return 0;
}

ssize_t jrn_copy_read(struct jrn_copy *c, void *p, size_t n)
{
	(void)c;
	(void)p;
	(void)n;
	return ERR_IO;
}

void jrn_copy_cut(struct jrn_copy *c)
{
	(void)c;
}

int jrn_copy_end(struct jrn *j, struct jrn_copy *c)
{
	(void)j;
	(void)c;
	return ERR_CLOSED;
}

int jrn_copy_restore(const char *path, const char *dir, struct jrn_why *why)
{
	(void)path;
	(void)dir;
	(void)why;
	return ERR_IO;
}
