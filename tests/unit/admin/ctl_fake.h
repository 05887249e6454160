/* ctl_fake.h - a control server without sockets: it keeps the commands that admin adds, runs one by its name and records the answer. Arguments
 * are checked by the real code of ctl/, and each line of an answer against its rows: one that differs fails the test. */
#pragma once
#include "ctl/ctl_server.h"

struct ctl_answer {   /* to one request */
	json_t *rows; /* array: the lines before the last one */
	json_t *last; /* members of the last line; NULL: not answered, or failed */
	char error[512];
	unsigned times; /* that it was answered: at most 1 */
	bool ok;
};

/* Runs a command. `args` is JSON text. The answer may come later; it belongs to the caller and lives until ctl_fake_free(). A command that
 * does not exist and arguments that ctl/ would refuse fail the test. */
struct ctl_answer *ctl_fake_run(const char *command, const char *args);
/* Frees all answers; a request that is not answered fails the test. */
void ctl_fake_free(void);
/* Octets that the client of each request has not read yet; commands leave rows out above the other. */
#define CTL_FAKE_WAITING_MAX 1000u
extern size_t ctl_fake_waiting;
