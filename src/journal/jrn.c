/* jrn.c - the owner's side: gathers operations, hands them over and completes them. */
#include "journal/jrn.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/wake.h"
#include "journal/jrn_int.h"

#define SPARES_LARGE 4u
#define SPARE_LARGE (4u << 20)
#define SPARE_SMALL (64u << 10)
#define LAZY_OCTETS (1u << 20) /* so much is handed over although nobody waits for it */

uint64_t jrn_next(struct jrn *j)
{
	OBJ_CHECK(j, JRN_MAGIC);
	return j->next++;
}

void jrn_pass(struct jrn *j, uint64_t n)
{
	OBJ_CHECK(j, JRN_MAGIC);
	j->next += n;
}

/* -- gathering */

static struct jrn_batch *gather(struct jrn *j)
{
	if (!j->gather) {
		j->gather = j->spares ? j->spare[--j->spares] : calloc(1, sizeof *j->gather);
	}
	return j->gather;
}

static int push(struct jrn *j, const struct jrn_op *op, const void *record)
{
	struct jrn_batch *b = gather(j);
	int err = b ? jrn_batch_push(b, op, record) : ERR_NOMEM;

	if (err) {
		return err;
	}
	/* the last one of a group is corrected at its end */
	b->ops[b->n - 1].glued = j->group_at != SIZE_MAX;
	j->pending++;
	j->puts += jrn_counts_as_put(op);
	j->octets += op->len;
	return 0;
}

static int put(struct jrn *j, const struct jrn_op *op, const void *record, size_t len)
{
	if (len > JRN_RECORD_MAX) {
		return ERR_LIMIT;
	}
	if (j->puts >= j->pending_max || j->octets + len > JRN_WAITING_MAX) {
		return ERR_BUSY;
	}
	return push(j, op, record);
}

int jrn_add(struct jrn *j, uint64_t number, const void *record, size_t len, jrn_done_fn *done, void *arg)
{
	struct jrn_op op = { .number = number, .len = (uint32_t)len, .kind = JRN_ADD, .done = done, .arg = arg };
	int trouble = jrn_state(j);

	OBJ_CHECK(j, JRN_MAGIC);
	return trouble ? trouble : put(j, &op, record, len);
}

int jrn_put(struct jrn *j, uint64_t number, const void *record, size_t len, jrn_done_fn *done, void *arg)
{
	struct jrn_op op = { .number = number, .len = (uint32_t)len, .kind = JRN_PUT, .done = done, .arg = arg };

	OBJ_CHECK(j, JRN_MAGIC);
	return put(j, &op, record, len);
}

static struct jrn_op *at_place(struct jrn *j, const struct jrn_place *place, uint64_t number, size_t len)
{
	struct jrn_batch *b = j->gather;
	struct jrn_op *op = b && place->batch == j->submitted + 1 && place->op < b->n ? &b->ops[place->op] : NULL;

	return op && op->number == number && op->kind == JRN_PUT && op->len == len ? op : NULL;
}

int jrn_put_again(struct jrn *j, struct jrn_place *place, uint64_t number, const void *record, size_t len)
{
	struct jrn_op op = { .number = number, .len = (uint32_t)len, .kind = JRN_PUT, .unbounded = true };
	const struct jrn_op *there = at_place(j, place, number, len);
	int err;

	OBJ_CHECK(j, JRN_MAGIC);
	if (there) {
		memcpy(j->gather->octets + there->at, record, len);
		return 0;
	}
	if (len > JRN_RECORD_MAX) {
		return ERR_LIMIT;
	}
	if (j->octets + len > JRN_WAITING_MAX) {
		return ERR_BUSY;
	}
	err = push(j, &op, record);
	if (!err) {
		*place = (struct jrn_place){ j->submitted + 1, j->gather->n - 1 };
	}
	return err;
}

int jrn_del(struct jrn *j, uint64_t number)
{
	OBJ_CHECK(j, JRN_MAGIC);
	return push(j, &(struct jrn_op){ .number = number, .kind = JRN_DEL }, NULL);
}

void jrn_group_begin(struct jrn *j)
{
	OBJ_CHECK(j, JRN_MAGIC);
	j->group_at = j->gather ? j->gather->n : 0;
}

void jrn_group_end(struct jrn *j)
{
	OBJ_CHECK(j, JRN_MAGIC);
	if (j->gather && j->gather->n > j->group_at) {
		j->gather->ops[j->gather->n - 1].glued = false;
	}
	j->group_at = SIZE_MAX;
}

/* -- hand-over and completion */

static void hand_over(struct jrn *j)
{
	struct jrn_batch *b = j->gather;

	if (!b || b->n == 0) {
		return;
	}
	j->gather = NULL;
	j->lazy_told = false;
	j->submitted++;
	b->next = j->next;
	TAILQ_INSERT_TAIL(&j->out, b, of_owner);
	jrn_hand_over(j, b);
}

void jrn_submit(struct jrn *j)
{
	const struct jrn_batch *b = j->gather;

	OBJ_CHECK(j, JRN_MAGIC);
	if (!b || b->n == 0) {
		return;
	}
	if (b->waited_for || !j->lazy_ms || b->n >= j->batch_max || b->octets_n >= LAZY_OCTETS) {
		hand_over(j);
	} else if (!j->lazy_told) {
		j->lazy_told = true;
		jrn_lazy(j);
	}
}

void jrn_submit_early(struct jrn *j)
{
	OBJ_CHECK(j, JRN_MAGIC);
	if (!j->completing && j->gather && j->gather->waited_for && jrn_is_idle(j)) {
		hand_over(j);
	}
}

/* Keeps some large batches for large turns, and many small ones for turns that are handed over in
 * pieces. */
static void recycle(struct jrn *j, struct jrn_batch *b)
{
	size_t octets_max = j->spares < SPARES_LARGE ? SPARE_LARGE : SPARE_SMALL;

	if (j->spares == sizeof j->spare / sizeof *j->spare || b->octets_cap > octets_max) {
		jrn_batch_free(b);
		return;
	}
	b->n = b->puts = b->octets_n = b->waited_for = 0;
	j->spare[j->spares++] = b;
}

static int complete_batch(struct jrn *j, struct jrn_batch *b)
{
	int first = 0;

	j->pending -= b->n;
	j->puts -= b->puts;
	j->octets -= b->octets_n;
	for (size_t i = 0; i < b->n; i++) {
		const struct jrn_op *op = &b->ops[i];

		if (!first) {
			first = op->err;
		}
		if (op->done) {
			op->done(op->arg, op->number, op->err);
		}
	}
	TAILQ_REMOVE(&j->out, b, of_owner);
	recycle(j, b);
	return first;
}

static int complete(struct jrn *j)
{
	uint64_t finished;
	int first = 0, err;

	if (j->completing) { /* called from a completion */
		return 0;
	}
	j->completing = true;
	pthread_mutex_lock(&j->lock);
	finished = j->finished;
	pthread_mutex_unlock(&j->lock);
	while (j->completed < finished) {
		j->completed++;
		err = complete_batch(j, TAILQ_FIRST(&j->out));
		if (!first) {
			first = err;
		}
	}
	j->completing = false;
	return first;
}

int jrn_wake_fd(const struct jrn *j)
{
	OBJ_CHECK(j, JRN_MAGIC);
	return j->wake;
}

void jrn_complete(struct jrn *j)
{
	OBJ_CHECK(j, JRN_MAGIC);
	wake_clear(j->wake);
	if (atomic_exchange_explicit(&j->lazy_due, false, memory_order_relaxed)) {
		hand_over(j);
	}
	(void)complete(j);
}

int jrn_flush(struct jrn *j)
{
	int err;

	OBJ_CHECK(j, JRN_MAGIC);
	if (j->completing) {
		return 0;
	}
	hand_over(j);
	jrn_wait_all(j);
	err = complete(j);
	/* it waits for the disk to work again */
	return !err && !TAILQ_EMPTY(&j->out) ? ERR_IO : err;
}

/* -- views */

size_t jrn_pending(const struct jrn *j)
{
	OBJ_CHECK(j, JRN_MAGIC);
	return j->pending;
}

int jrn_state(const struct jrn *j)
{
	return atomic_load_explicit(&j->state, memory_order_relaxed);
}

struct jrn_counts jrn_counts(struct jrn *j)
{
	struct jrn_counts counts;

	OBJ_CHECK(j, JRN_MAGIC);
	pthread_mutex_lock(&j->lock);
	counts = j->counts;
	pthread_mutex_unlock(&j->lock);
	if (j->store.log.maker) {
		jrn_maker_gauge(j->store.log.maker, counts.in_maker);
	}
	return counts;
}

void jrn_room(struct jrn *j, struct kv_room *out)
{
	OBJ_CHECK(j, JRN_MAGIC);
	pthread_mutex_lock(&j->lock);
	*out = j->room;
	pthread_mutex_unlock(&j->lock);
}

void jrn_trouble(struct jrn *j, struct jrn_why *out)
{
	OBJ_CHECK(j, JRN_MAGIC);
	pthread_mutex_lock(&j->lock);
	*out = j->why;
	pthread_mutex_unlock(&j->lock);
}
