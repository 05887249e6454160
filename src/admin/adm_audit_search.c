/* adm_audit_search.c - a search in the records of the audit, the newest first. A thread reads the
 * files, so that the loop never waits for a disk; each search reads a bounded number of octets and
 * says where the next one goes on. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/adm_int.h"
#include "audit/aud_look.h"
#include "audit/aud_record.h"
#include "base/str.h"
#include "net/net_worker.h"

#define SEARCHES_MAX 2u                       /* at the same time */
#define LOOK_OCTETS (16u * 1024u * 1024u)     /* of one search */
#define ANSWER_OCTETS ((size_t)1024u * 1024u) /* of the records that it finds */
#define LIMIT_PRESET 100
#define LIMIT_MAX 200
#define END_MS 5000u /* the thread comes back within, at the end */
#define WORD_MAX 321 /* of a filter, with the NUL */

#define ADM_SEARCH_MAGIC 0x1f6d83c7u
struct adm_search {
	struct obj obj;
	struct adm *adm;
	struct ctl_request *rq;
	struct net_worker *work;
	struct net_timer *ended; /* frees it outside of the worker's call */
	LIST_ENTRY(adm_search) entry;
	char dir[CFG_PATH_MAX + 8];
	char archive[CFG_PATH_MAX]; /* audit.archive; "": none */
	char words[5][WORD_MAX];
	struct aud_want want;
	uint64_t before, limit;
	/* of the thread, until it is done */
	int err;
	struct aud_why why;
	char *lines[LIMIT_MAX]; /* owned */
	size_t lines_n, octets;
	uint64_t next, looked, unreadable, first;
	const char *archive_trouble; /* NULL: none; static text */
	bool more;
};

/* -- on the thread */

/* What a record of ours has: anything else may be meant for a terminal. */
static bool printable(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] < ' ' || p[i] > '~') {
			return false;
		}
	}
	return true;
}

static int take(struct adm_search *s, const char *line, size_t len)
{
	struct aud_place place;

	s->looked++;
	if (!printable(line, len) || aud_record_place(&place, line, len)) {
		s->unreadable++;
		return 0;
	}
	s->next = place.seq;
	if (aud_wanted(&s->want, line, len)) {
		char *copy = malloc(len + 1);

		if (!copy) {
			return ERR_NOMEM;
		}
		memcpy(copy, line, len);
		copy[len] = 0;
		s->lines[s->lines_n++] = copy;
		s->octets += len;
	}
	return 0;
}

/* EACCES has two reasons, and the sandbox is the one that nobody thinks of. */
static const char *trouble_of(int err)
{
	if (err == ERR_IO && errno == EACCES) {
		return "Permission denied: the user of the core may not read it, or it was made or mounted after the start of "
		       "mtc-iwfd, which then needs a restart";
	}
	return err == ERR_PROTO ? "a file there is not whole" : err == ERR_IO && errno ? strerrordesc_np(errno) : err_str(err);
}

/* Opens the audit with its archive. An archive that cannot be read is left out, so that the records
 * in the audit's own directory are still found. */
static int open_both(struct adm_search *s, struct aud_look **look, int dir, int *archive)
{
	int err;

	if (!*s->archive) {
		return aud_look_open(look, dir, -1, s->before);
	}
	errno = 0;
	*archive = open(s->archive, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = *archive < 0 ? ERR_IO : aud_look_open(look, dir, *archive, s->before);
	if (!err) {
		return 0;
	}
	s->archive_trouble = trouble_of(err);
	return aud_look_open(look, dir, -1, s->before);
}

/* Takes records until an answer is full. An archive that becomes unreadable ends the search as the
 * first record does. */
static void read_all(struct adm_search *s, struct aud_look *look)
{
	const char *line;
	size_t len;

	while (!s->err && s->lines_n < s->limit && s->octets < ANSWER_OCTETS && aud_look_octets(look) < LOOK_OCTETS) {
		errno = 0;
		s->err = aud_look_prev(look, &line, &len);
		if (s->err && s->err != ERR_CLOSED && aud_look_in_archive(look)) {
			s->archive_trouble = trouble_of(s->err);
			s->first = s->next;
			s->err = ERR_CLOSED;
		} else if (!s->err) {
			s->err = take(s, line, len);
		}
	}
}

static void run(void *arg)
{
	struct adm_search *s = OBJ_OF(arg, struct adm_search, ADM_SEARCH_MAGIC);
	struct aud_look *look = NULL;
	int dir = -1, archive = -1;

	s->err = aud_dir_open(&dir, s->dir, &s->why);
	if (!s->err) {
		s->err = open_both(s, &look, dir, &archive);
	}
	s->first = look ? aud_look_first(look) : 0;
	read_all(s, look);
	s->more = !s->err;
	s->err = s->err == ERR_CLOSED ? 0 : s->err;
	aud_look_free(look);
	if (dir >= 0) {
		close(dir);
	}
	if (archive >= 0) {
		close(archive);
	}
}

/* -- on the loop */

static void answer(struct adm_search *s)
{
	struct core_audit_view v = { .records = 0 };
	uint64_t sealed, n = 0;
	json_t *last;

	core_audit_view(s->adm->core, &v);
	sealed = v.records - (v.unsealed < v.records ? v.unsealed : v.records);
	for (size_t i = 0; i < s->lines_n; i++) {
		json_t *record = json_loads(s->lines[i], 0, NULL);
		json_int_t seq = json_integer_value(json_object_get(record, "seq"));

		if (!record) {
			s->unreadable++;
			continue;
		}
		ctl_line(s->rq, json_pack("{s:I, s:b, s:o}", "seq", seq, "sealed", (uint64_t)seq < sealed, "record", record));
		n++;
	}
	last = json_pack("{s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "count", (json_int_t)n, "more", s->more && s->next > 0,
			 "next", (json_int_t)s->next, "looked", (json_int_t)s->looked, "unreadable", (json_int_t)s->unreadable,
			 "records", (json_int_t)v.records, "sealed", (json_int_t)sealed, "checkpoint", (json_int_t)v.checkpoint,
			 "first", (json_int_t)s->first);
	if (last && s->archive_trouble) {
		json_object_set_new(last, "archive_trouble", json_sprintf("%s: %s", s->archive, s->archive_trouble));
	}
	ctl_done(s->rq, last);
}

static void on_done(void *arg)
{
	struct adm_search *s = OBJ_OF(arg, struct adm_search, ADM_SEARCH_MAGIC);

	if (s->err) {
		ctl_fail(s->rq, "%s",
			 *s->why.text          ? s->why.text
			 : s->err == ERR_PROTO ? "the records cannot be read; run 'mtcctl audit verify'"
					       : err_str(s->err));
	} else {
		answer(s);
	}
	s->rq = NULL;
	net_timer_start(s->ended, 0);
}

static void search_free(struct adm_search *s)
{
	LIST_REMOVE(s, entry);
	s->adm->searches_n--;
	net_timer_free(s->ended);
	if (!net_worker_free(s->work, END_MS)) {
		log_error(s->adm->log, "core", "a search in the audit does not come back from a read; it is left alone");
		return;
	}
	for (size_t i = 0; i < s->lines_n; i++) {
		free(s->lines[i]);
	}
	OBJ_END(s, ADM_SEARCH_MAGIC);
	free(s);
}

static void on_ended(void *arg)
{
	search_free(OBJ_OF(arg, struct adm_search, ADM_SEARCH_MAGIC));
}

static const char *word(struct adm_search *s, unsigned i, const json_t *args, const char *name)
{
	const char *text = ctl_arg_text(args, name, NULL);

	str_cut(s->words[i], WORD_MAX, text ? text : "");
	return text ? s->words[i] : NULL;
}

static void want(struct adm_search *s, const json_t *args)
{
	s->want = (struct aud_want){ .scs = word(s, 0, args, "scs"),
				     .device = word(s, 1, args, "device"),
				     .verdict = word(s, 2, args, "verdict"),
				     .action = word(s, 3, args, "action"),
				     .reason = word(s, 4, args, "reason"),
				     .has_reference = ctl_arg_has(args, "reference"),
				     .decisions = ctl_arg_bool(args, "decisions", false),
				     .reference = ctl_arg_num(args, "reference", 0),
				     .since_s = ctl_arg_has(args, "since") ? (int64_t)ctl_arg_num(args, "since", 0) : INT64_MIN,
				     .until_s = ctl_arg_has(args, "until") ? (int64_t)ctl_arg_num(args, "until", 0) : INT64_MAX };
	s->before = s->next = ctl_arg_num(args, "before", UINT64_MAX);
	s->limit = ctl_arg_num(args, "limit", LIMIT_PRESET);
}

static void on_search(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	struct core_audit_view v;
	struct adm_search *s;
	int err;

	if (!core_audit_view(a->core, &v)) {
		ctl_fail(rq, "this gateway keeps no audit (audit.enabled)");
		return;
	}
	if (a->searches_n >= SEARCHES_MAX) {
		st_count(a->st, ST_AUDIT_SEARCHES_BUSY);
		ctl_fail(rq, "%u searches in the audit are under way, which is as many as there may be; try again", SEARCHES_MAX);
		return;
	}
	s = calloc(1, sizeof *s);
	if (!s) {
		ctl_fail(rq, "out of memory");
		return;
	}
	obj_begin(&s->obj, ADM_SEARCH_MAGIC);
	s->adm = a;
	s->rq = rq;
	snprintf(s->dir, sizeof s->dir, "%s/audit", a->cfg->state_dir);
	str_set(s->archive, sizeof s->archive, a->cfg->audit.archive); /* a reload may write the configuration */
	want(s, args);
	err = net_timer_new(&s->ended, a->loop, on_ended, s);
	if (!err) {
		err = net_worker_new(&s->work, a->loop, run, on_done, s);
	}
	if (err) {
		net_timer_free(s->ended);
		OBJ_END(s, ADM_SEARCH_MAGIC);
		free(s);
		ctl_fail(rq, "%s", err_str(err));
		return;
	}
	LIST_INSERT_HEAD(&a->searches, s, entry);
	a->searches_n++;
	st_count(a->st, ST_AUDIT_SEARCHES);
	net_worker_start(s->work);
}

const struct ctl_command adm_audit_rows[] = {
	{ "audit.search", "search the records of the audit, the newest first", ctl_args_audit_search, false, on_search },
	{ .name = NULL },
};

void adm_searches_end(struct adm *a)
{
	struct adm_search *s;

	OBJ_CHECK(a, ADM_MAGIC);
	while ((s = LIST_FIRST(&a->searches))) {
		if (s->rq) {
			ctl_fail(s->rq, "the gateway stops");
			s->rq = NULL;
		}
		search_free(s);
	}
}
