/* audit_world.h - an audit in a directory of its own, with a keyholder that is a thread at the other end of a pair of sockets. */
#pragma once
#include "tests/unit/test.h"

#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/aud_record.h"
#include "audit/aud_store.h"
#include "audit/aud_verify.h"
#include "base/ed25519.h"
#include "base/str.h"
#include "merkle/mrk_ask.h"

#define ORIGIN "iwf.test/audit"

struct world {
	char dir[64], kept[MRK_NOTE_MAX];
	uint8_t seed[MRK_KEY], public_key[MRK_KEY];
	uint64_t size_max, segment_size;
	struct mrk_ask signed_last; /* given to the next opening */
	uint64_t answer_wait_ms;    /* the same */
	struct mrk_ask last;        /* that the keyholder has signed */
	int holder;                 /* our end; -1: none */
	pthread_t thread;
	bool runs, threaded;
	bool alone; /* the next opening gets no channel to the keyholder */
	struct aud_store *store;
	struct aud_summary found;
	char words[AUD_PROBLEMS_MAX][AUD_WHY_MAX];
	size_t words_n;
};

/* cmocka knows the thread of the test only: what fails in another one would end the program without a word. */
static inline void holder_must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "the keyholder of the test: %s: %s\n", what, strerror(errno));
		abort();
	}
}

/* The next request, which is there or will be, is answered. False: there is none any more. */
static inline bool answer_one(struct world *w)
{
	struct mrk_answer a = { .status = MRK_FAILED };
	char body[MRK_NOTE_MAX];
	uint8_t octets[256];
	struct mrk_ask ask;
	ssize_t n = recv(w->holder, octets, sizeof octets, 0);

	if (n <= 0) {
		return false;
	}
	holder_must(!mrk_ask_decode(&ask, octets, (size_t)n), "what it is asked");
	a.status = mrk_ask_judge(&w->last, &ask);
	if (a.status == MRK_SIGNED) {
		holder_must(!ed25519_sign(a.signature, w->seed, body, mrk_checkpoint_body(body, ORIGIN, ask.size, &ask.root)),
			    "signing");
		w->last = ask;
	}
	a.last = w->last;
	mrk_answer_encode(octets, &a);
	holder_must(send(w->holder, octets, MRK_ANSWER_OCTETS, 0) == MRK_ANSWER_OCTETS, "its answer");
	return true;
}

static inline void *hold(void *arg)
{
	struct world *w = arg;

	while (answer_one(w)) {
		/* until the end of its channel */
	}
	return NULL;
}

/* A channel at whose end nobody answers yet. */
static inline void holder_connect(struct world *w)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	w->holder = pair[0];
	w->last = (struct mrk_ask){ .size = 0 };
	aud_store_channel(w->store, pair[1]);
}

static inline void holder_run(struct world *w)
{
	assert_int_equal(pthread_create(&w->thread, NULL, hold, w), 0);
	w->runs = true;
}

static inline void holder_begin(struct world *w)
{
	holder_connect(w);
	holder_run(w);
}

static inline void open_audit_for(struct world *w, uint64_t interval_ms)
{
	struct aud_store_conf conf = { .dir = w->dir,
				       .origin = ORIGIN,
				       .key = w->public_key,
				       .signed_last = w->signed_last,
				       .answer_wait_ms = w->answer_wait_ms,
				       .interval_ms = interval_ms,
				       .segment_size = w->segment_size,
				       .size_max = w->size_max,
				       .queue_max = 1 << 20,
				       .publish_fd = -1,
				       .threaded = w->threaded };

	assert_int_equal(aud_store_open(&w->store, &conf), 0);
	if (!w->alone) {
		holder_begin(w);
	}
}

static inline void open_audit(struct world *w)
{
	open_audit_for(w, 1000);
	aud_store_recovered(w->store);
}

static inline void holder_end(struct world *w)
{
	if (w->runs) {
		shutdown(w->holder, SHUT_RDWR);
		pthread_join(w->thread, NULL);
		close(w->holder);
		w->runs = false;
	}
}

static inline void close_audit(struct world *w)
{
	aud_store_close(w->store);
	w->store = NULL;
	holder_end(w);
}

static inline int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	str_set(w->dir, sizeof w->dir, "/tmp/mtc-audit-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(ed25519_make(w->seed, w->public_key), 0);
	w->size_max = UINT64_MAX;
	w->answer_wait_ms = TEST_HANG_MS;
	w->segment_size = 20000;
	*state = w;
	return 0;
}

static inline int remove_one(const char *path, const struct stat *st, int what, struct FTW *at)
{
	(void)st;
	(void)what;
	(void)at;
	return remove(path);
}

static inline int tear_down(void **state)
{
	struct world *w = *state;

	close_audit(w);
	nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

/* `n` decisions of references from `from` on. */
static inline void give(struct world *w, unsigned from, unsigned n)
{
	for (unsigned i = from; i < from + n; i++) {
		struct aud_decision d = { .time_ms = UINT64_C(1795428000000) + i,
					  .transaction = "7-1",
					  .scs = "acme",
					  .device = "meter@fleet.example",
					  .action = "trigger",
					  .has_reference = true,
					  .reference = i,
					  .verdict = i % 3 ? AUD_ACCEPTED : AUD_REFUSED };
		char line[AUD_LINE_MAX + 1];
		size_t len = aud_format(line, &d);

		line[len++] = '\n';
		aud_store_give(w->store, line, len, 1);
	}
}

static inline void on_problem(void *arg, uint64_t seq, const char *words)
{
	struct world *w = arg;

	(void)seq;
	str_cut(w->words[w->words_n++], AUD_WHY_MAX, words);
}

/* Returns the number of problems. */
static inline uint64_t verify(struct world *w, const char *against)
{
	struct aud_verify_conf conf = { .dir = w->dir, .against = against, .against_len = against ? strlen(against) : 0 };
	struct aud_why why;

	w->words_n = 0;
	assert_int_equal(aud_verify(&conf, on_problem, w, &w->found, &why), 0);
	return w->found.problems;
}

static inline bool said(const struct world *w, const char *part)
{
	for (size_t i = 0; i < w->words_n; i++) {
		if (strstr(w->words[i], part)) {
			return true;
		}
	}
	for (size_t i = 0; i < w->words_n; i++) {
		print_message("said: %s\n", w->words[i]);
	}
	return false;
}

static inline char *file_of(const struct world *w, const char *name, size_t *len)
{
	char path[200], *p = malloc(1 << 20);
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", w->dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	*len = fread(p, 1, (1 << 20) - 1, f);
	p[*len] = 0;
	fclose(f);
	return p;
}

static inline void put_file(const struct world *w, const char *name, const void *p, size_t len)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", w->dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, len, f), len);
	fclose(f);
}
