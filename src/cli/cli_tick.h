/* cli_tick.h - for a person at a terminal: a command that takes longer than a second says so, and
 * how long it has taken, in a line of standard error that goes when the answer comes. A command
 * with a bar of its own (cli_bar.h) has none of this. */
#pragma once
#include <pthread.h>
#include <stdbool.h>

#include "base/obj.h"

#define CLI_TICK_WHAT_MAX 64
#define CLI_TICK_NOTE_MAX 128

struct cli_tick {
	struct obj obj;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool running; /* there is a thread */
	bool ends;    /* under lock */
	char what[CLI_TICK_WHAT_MAX];
	char note[CLI_TICK_NOTE_MAX]; /* under lock; "": none */
};

/* Nothing happens where standard error is no terminal that can write over a line. `t` must outlive
 * cli_tick_stop(). */
void cli_tick_start(struct cli_tick *t, const char *what);
/* From now on the line ends with these words (copied). False: there is no line; also with NULL. */
bool cli_tick_note(struct cli_tick *t, const char *words);
/* Removes the line. Returns when nothing more is written. May be called again, and with NULL. */
void cli_tick_stop(struct cli_tick *t);
