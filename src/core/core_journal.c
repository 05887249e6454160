/* core_journal.c - the journal in the core's loop.
 * The journal wakes the loop when a record is durable or its state has changed.
 * This file updates the counters and logs each change of the state once. */
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/str.h"
#include "core/core_int.h"
#include "core/core_view.h"
#include "journal/jrn_copy.h"

static void look_at_state(struct core *c)
{
	int state = jrn_state(c->journal.jrn);
	struct jrn_why why;

	if (state == c->journal.state) {
		return;
	}
	jrn_trouble(c->journal.jrn, &why);
	c->journal.state = state;
	c->journal.since_ms = core_now_ms(c);
	if (state == ERR_NOSPC) {
		log_error(c->log, "core", "the journal has no room: %s. New triggers are refused until there is", why.text);
	} else if (state) {
		log_error(c->log, "core", "the journal cannot be written: %s. New triggers are refused until it can", why.text);
	} else {
		log_warn(c->log, "core", "the journal can be written again: new triggers are taken");
	}
}

static void count(struct core *c)
{
	struct jrn_counts now = jrn_counts(c->journal.jrn), before = c->journal.counted;

	st_count_n(&c->st, ST_JOURNAL_COMMITS, now.commits - before.commits);
	st_count_n(&c->st, ST_JOURNAL_ERRORS, now.commits_failed - before.commits_failed);
	st_count_n(&c->st, ST_JOURNAL_LOST, now.lost - before.lost);
	st_count_n(&c->st, ST_JOURNAL_WAITS, now.waits - before.waits);
	st_count_n(&c->st, ST_JOURNAL_TROUBLES, now.troubles - before.troubles);
	c->journal.counted = now;
}

static void on_wake(void *arg, int events)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	(void)events;
	core_flow_lines(c); /* records that were in no hurry are handed over now, with those behind them */
	jrn_complete(c->journal.jrn);
	look_at_state(c);
	count(c);
}

#define PASSED_MIN (1u << 24)

/* The journal of a backup would give the numbers again that were given since the backup. The ids of
 * DNRs follow from them, and an SCS takes a DNR under an id that it knows for a repeated one. So
 * the triggers after a restore begin anywhere else: at most 2^32 numbers on, because an
 * End-to-End-Id has 32 bits. */
static int pass_numbers(struct core *c)
{
	char path[CFG_PATH_MAX + 32];
	uint32_t random;

	snprintf(path, sizeof path, "%s/" CORE_RESTORED_FILE, c->cfg->state_dir);
	if (access(path, F_OK) < 0) {
		return 0;
	}
	if (getrandom(&random, sizeof random, 0) != sizeof random) {
		return ERR_IO;
	}
	jrn_pass(c->journal.jrn, random | PASSED_MIN);
	c->journal.passed = true;
	return 0;
}

int core_journal_open(struct core *c, char why[CORE_WHY_MAX])
{
	const struct cfg_journal *cfg = &c->cfg->journal;
	char dir[CFG_PATH_MAX + 32];
	struct jrn_conf conf = {
		.dir = dir,
		.size_max = cfg->size_max,
		.segment_size = cfg->segment_size,
		.pending_max = cfg->commit_pending_max,
		.batch_window_ms = (uint32_t)cfg->batch_window_ms,
		.batch_max = cfg->batch_max,
		.lock_wait_ms = c->cfg->timers.lock_wait_ms,
		.lazy_ms = (uint32_t)cfg->lazy_ms,
		.threaded = true,
	};
	struct jrn_why jrn_why = { "" };
	int err;

	snprintf(dir, sizeof dir, "%s/journal", c->cfg->state_dir);
	c->journal.since_ms = core_now_ms(c);
	err = jrn_open(&c->journal.jrn, &conf, &jrn_why);
	if (err) {
		str_cut(why, CORE_WHY_MAX, jrn_why.text);
		return err;
	}
	if (jrn_why.text[0]) { /* a torn write, an older journal */
		log_warn(c->log, "core", "%s", jrn_why.text);
	}
	look_at_state(c); /* the state may be an error from the start */
	err = net_watch_new(&c->journal.wake, c->loop, jrn_wake_fd(c->journal.jrn), on_wake, c);
	if (!err) {
		err = net_watch_set(c->journal.wake, NET_READ);
	}
	return err ? err : pass_numbers(c);
}

void core_journal_close(struct core *c)
{
	net_watch_free(c->journal.wake);
	jrn_close(c->journal.jrn);
	c->journal.jrn = NULL;
}

/* -- for operators */

int core_journal_copy_begin(struct core *c, struct jrn_copy **out)
{
	return jrn_copy_begin(out, c->journal.jrn);
}

uint64_t core_journal_copy_size(const struct jrn_copy *copy)
{
	return jrn_copy_size(copy);
}

ssize_t core_journal_copy_read(struct jrn_copy *copy, void *p, size_t n)
{
	return jrn_copy_read(copy, p, n);
}

void core_journal_copy_cut(struct jrn_copy *copy)
{
	jrn_copy_cut(copy);
}

int core_journal_copy_end(struct core *c, struct jrn_copy *copy)
{
	return jrn_copy_end(c->journal.jrn, copy);
}
