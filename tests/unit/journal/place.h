/* place.h - a journal in a directory of its own, and what its completions and replays say. */
#pragma once
#include "tests/unit/test.h"

#include "journal/jrn.h"

struct place {
	char dir[64];
	struct jrn *j;
	struct jrn_why why;
	struct jrn_conf conf; /* dir is set */
};

int place_setup(void **state); /* without a thread: commits are jrn_flush() */
int place_teardown(void **state);
int open_again(struct place *p); /* closes first */
void place_remove_all(const char *dir);
void place_remove(const struct place *p, const char *name);
void place_empty(struct place *p); /* removes all files of the directory; the journal is closed */

struct seen { /* completions */
	struct jrn *j;
	int calls, err;
	uint64_t number;
	int put_more; /* records to put from inside the completion */
};
void on_done(void *arg, uint64_t number, int err);

struct read { /* what a replay gave */
	uint64_t numbers[64], last;
	char texts[64][32];
	int n, stop_at;
};
int on_record(void *arg, uint64_t number, const void *record, size_t len);
struct read replay(struct place *p);

int put(struct place *p, uint64_t number, const char *text, struct seen *s);
int add(struct place *p, uint64_t number, const char *text, struct seen *s);
/* Waits until the journal's thread says that there is something, at most 10 s; then jrn_complete(). */
void wait_complete(struct place *p);
