/* adm_backup.c - copies one file of the state, while it is in use, into the file that the client
 * opened. One thread writes the octets to the file, and the loop supervises it. Octets of the
 * associations come from a thread of LMDB (base/kv_copy.h). A copy keeps old pages or segments of
 * its store, so it is cut if its target takes nothing. */
#include "admin/adm_backup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/adm_exchange.h"
#include "assoc/asc_copy.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/kv_copy.h"
#include "base/shown.h"
#include "base/str.h"
#include "base/timeline.h"
#include "net/net_feed.h"
#include "net/net_worker.h"

#define PIECE 65536u

#define ADM_BACKUP_MAGIC 0xa93f32aau
struct adm_backup {
	struct obj obj;
	struct adm *adm;
	struct ctl_request *rq; /* NULL: answered */
	char store[32], name[ADM_FILE_NAME_MAX];
	struct asc_copy *assoc; /* copy of an association file; NULL: of the journal */
	struct kv_copy *stream; /* of the association file */
	struct jrn_copy *journal;
	struct net_feed feed;
	struct net_worker *work;
	struct net_timer *tick;
	bool ended, late;
	uint64_t seen_octets, seen_at_ms, began_ms, generation;
	int err; /* of the thread, as its hash */
	char sha256[HASH_TEXT_MAX];
	uint8_t piece[PIECE];
};

/* -- what is copied */

static ssize_t copy_read(struct adm_backup *b)
{
	return b->journal ? core_journal_copy_read(b->journal, b->piece, sizeof b->piece)
			  : kv_copy_read(b->stream, b->piece, sizeof b->piece);
}

static uint64_t copy_size(const struct adm_backup *b)
{
	return b->journal ? core_journal_copy_size(b->journal) : b->stream ? kv_copy_size(b->stream) : 0;
}

static void copy_cut(struct adm_backup *b)
{
	if (b->journal) {
		core_journal_copy_cut(b->journal);
	} else if (b->stream) {
		kv_copy_cut(b->stream);
	}
}

/* -- on the thread */

static int take_all(struct adm_backup *b, struct hash *hash)
{
	ssize_t n;
	int err = 0;

	while (!err && (n = copy_read(b)) != 0) {
		if (n < 0) {
			return (int)n;
		}
		err = hash_add(hash, b->piece, (size_t)n);
		if (!err) {
			err = net_feed_write(&b->feed, b->piece, (size_t)n);
		}
	}
	return err ? err : hash_end(hash, b->sha256);
}

static void run(void *arg)
{
	struct adm_backup *b = OBJ_OF(arg, struct adm_backup, ADM_BACKUP_MAGIC);
	struct hash *hash;

	b->err = hash_new(&hash);
	if (b->err) {
		return;
	}
	b->err = take_all(b, hash);
	hash_free(hash);
}

/* -- on the loop */

static int end_copy(struct adm_backup *b)
{
	int err = b->assoc     ? asc_copy_end(b->assoc, &b->generation)
		  : b->journal ? core_journal_copy_end(b->adm->core, b->journal)
			       : 0;

	b->assoc = NULL;
	b->stream = NULL;
	b->journal = NULL;
	return err;
}

static void ended(struct adm_backup *b)
{
	b->rq = NULL;
	b->ended = true;
	net_timer_start(b->tick, 0);
}

static const char *words_of(int err)
{
	switch (err) {
	case ERR_CLOSED:
		return "the reader of its output has left";
	case ERR_NOSPC:
		return "no space left where it is written";
	case ERR_STATE:
		return "an import ended meanwhile: begin again";
	case ERR_PROTO:
		return "the store cannot be read: it is damaged";
	default:
		return "it cannot be written";
	}
}

static void fail(struct adm_backup *b, int err)
{
	adm_exchange_fail(b->adm, b->rq, b->name, b->late ? ERR_LIMIT : err, words_of(err));
	ended(b);
}

/* Its times are of this timeline: a state that has none yet goes on with it. */
static json_t *timeline_of(const struct adm_backup *b)
{
	struct timeline_kept k;

	core_timeline(b->adm->core, &k);
	return json_pack("{s:s, s:I, s:I, s:I}", "boot", k.boot, "base_ms", (json_int_t)k.base_ms, "wall_ms",
			 (json_int_t)k.wall_ms, "last_ms", (json_int_t)k.last_ms);
}

static void on_copied(void *arg)
{
	struct adm_backup *b = OBJ_OF(arg, struct adm_backup, ADM_BACKUP_MAGIC);
	bool assoc = b->assoc != NULL;
	char octets[SHOWN_COUNT_MAX];
	int err = end_copy(b);
	json_t *last;

	if (b->err) {
		err = b->err;
	}
	if (err) {
		fail(b, err);
		return;
	}
	last = json_pack("{s:s, s:I, s:s, s:s, s:s}", "store", b->store, "octets", (json_int_t)atomic_load(&b->feed.octets),
			 "sha256", b->sha256, "version", MTC_VERSION, "identity", b->adm->cfg->external.host);
	if (assoc) {
		json_object_set_new(last, "generation", json_integer((json_int_t)b->generation));
	} else {
		json_object_set_new(last, "timeline", timeline_of(b));
	}
	st_count(b->adm->st, ST_BACKUP_FILES);
	ctl_note(b->rq, "%s, %s", b->store, shown_count(octets, atomic_load(&b->feed.octets), "byte"));
	ctl_done(b->rq, last);
	ended(b);
}

static void backup_free(struct adm_backup *b)
{
	b->adm->backup = NULL;
	net_timer_free(b->tick);
	copy_cut(b);
	if (!net_worker_free(b->work, ADM_EXCHANGE_END_MS)) {
		/* The thread may still use the stream, so the backup is not freed. */
		log_error(b->adm->log, "core", "%s: its file does not come back from a write; it is left alone", b->name);
		return;
	}
	if (end_copy(b)) {
		log_debug(b->adm->log, "core", "%s: the backup ended before it was whole", b->name);
	}
	net_feed_close(&b->feed);
	OBJ_END(b, ADM_BACKUP_MAGIC);
	free(b);
}

static void stop(struct adm_backup *b)
{
	copy_cut(b);
	net_feed_stop(&b->feed);
	net_worker_interrupt(b->work);
}

static void on_tick(void *arg)
{
	struct adm_backup *b = OBJ_OF(arg, struct adm_backup, ADM_BACKUP_MAGIC);
	const struct cfg_limits *limits = &b->adm->cfg->limits;
	uint64_t octets = atomic_load(&b->feed.octets), now = clock_mono_ms();

	if (b->ended) {
		backup_free(b);
		return;
	}
	if (octets != b->seen_octets || !atomic_load(&b->feed.waiting)) {
		b->seen_octets = octets;
		b->seen_at_ms = now;
	}
	b->late = now - b->began_ms > limits->exchange_max_ms;
	if (b->late || !ctl_alive(b->rq) || now - b->seen_at_ms > limits->exchange_idle_ms + 4 * ADM_EXCHANGE_TICK_MS) {
		stop(b);
	} else {
		ctl_line(b->rq, json_pack("{s:b, s:s, s:I, s:I}", "progress", 1, "phase", "copy", "octets", (json_int_t)octets,
					  "octets_total", (json_int_t)copy_size(b)));
	}
	net_timer_start(b->tick, ADM_EXCHANGE_TICK_MS);
}

static int begin_copy(struct adm_backup *b)
{
	int err;

	if (strcmp(b->store, "journal") == 0) {
		return core_journal_copy_begin(b->adm->core, &b->journal);
	}
	err = asc_copy_begin(&b->assoc, b->adm->asc, strcmp(b->store, "associations") == 0 ? ASC_FILE_MAIN : ASC_FILE_ROWS);
	if (!err) {
		b->stream = asc_copy_stream(b->assoc);
	}
	return err;
}

static int backup_new(struct adm_backup **out, struct adm *a, int fd, const json_t *args, const char **words)
{
	struct adm_backup *b = calloc(1, sizeof *b);
	int err;

	if (!b) {
		return ERR_NOMEM;
	}
	obj_begin(&b->obj, ADM_BACKUP_MAGIC);
	b->adm = a;
	str_cut(b->store, sizeof b->store, ctl_arg_text(args, "store", ""));
	str_cut(b->name, sizeof b->name, ctl_arg_text(args, "name", "-"));
	b->seen_at_ms = b->began_ms = clock_mono_ms();
	err = net_feed_open(&b->feed, fd, true, (uint32_t)a->cfg->limits.exchange_idle_ms, words);
	if (err) {
		goto free_backup;
	}
	err = net_timer_new(&b->tick, a->loop, on_tick, b);
	if (!err) {
		err = net_worker_new(&b->work, a->loop, run, on_copied, b);
	}
	if (!err) {
		err = begin_copy(b);
		if (err == ERR_BUSY) {
			*words = "cannot be made now: the journal is full or cannot be written; see mtcctl status";
		}
	}
	if (err) {
		goto free_parts;
	}
	*out = b;
	return 0;

free_parts:
	net_worker_drop(b->work);
	net_timer_free(b->tick);
	close(b->feed.stop_fd); /* the descriptor is still the caller's */
free_backup:
	free(b);
	return err;
}

static void on_backup_copy(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	const char *words = NULL;
	struct adm_backup *b;
	int fd = ctl_take_fd(rq), err = ERR_BUSY;

	/* it was answered: the client asks for the next file at once */
	if (a->backup && a->backup->ended) {
		backup_free(a->backup);
	}
	if (a->backup) {
		words = "cannot be made now: a backup is under way";
	} else {
		err = backup_new(&b, a, fd, args, &words);
	}
	if (err) {
		close(fd);
		ctl_fail(rq, "%s: it %s", ctl_arg_text(args, "name", "-"), words ? words : err_str(err));
		return;
	}
	b->rq = rq;
	a->backup = b;
	net_worker_start(b->work);
	net_timer_start(b->tick, ADM_EXCHANGE_TICK_MS);
}

void adm_backup_end(struct adm *a)
{
	struct adm_backup *b = a->backup;

	OBJ_CHECK(a, ADM_MAGIC);
	if (!b) {
		return;
	}
	stop(b);
	if (b->rq) {
		ctl_fail(b->rq, "%s: the gateway stops", b->name);
	}
	backup_free(b);
}

const struct ctl_command adm_backup_rows[] = {
	{ "backup.copy", "copy one file of the state into a file; for mtcctl backup", ctl_args_backup_copy, true,
	  on_backup_copy },
	{ .name = NULL },
};
