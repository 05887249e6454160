/* fuzz_reply.c - the promises of the client of the control socket, whatever a server says: the
 * rows that it hands on are objects, an error has words that are safe for a terminal, and it ends. */
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/ctl_client.h"
#include "ctl/ctl_replies.h"
#include "tests/fuzz/fuzz.h"

static int on_row(void *arg, const json_t *row)
{
	char why[CTL_REPLY_WHY_MAX] = "";

	promise(json_is_object(row), "a line of a reply is an object");
	for (const struct ctl_reply *const *t = ctl_reply_tables; *t; t++) {
		for (const struct ctl_reply *r = *t; r->commands; r++) {
			const char *wrong = ctl_reply_check_line(r, row, why);

			promise(!wrong || *wrong, "a wrong line has words");
			wrong = ctl_reply_check_last(r, row, why);
			promise(!wrong || *wrong, "a wrong last line has words");
		}
	}
	++*(unsigned *)arg;
	return 0;
}

static void fuzz_reply(const char *target, const uint8_t *data, size_t size)
{
	char why[CTL_CLIENT_WHY_MAX] = "";
	struct ctl_client *c;
	unsigned rows = 0;
	int ends[2], err;

	(void)target;
	if (size > 100000) {
		return;
	}
	promise(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "a socket pair");
	promise(send(ends[1], data, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size, "the reply fits");
	shutdown(ends[1], SHUT_WR);
	promise(!ctl_client_over(&c, ends[0]), "a client");
	err = ctl_client_ask(c, "status", NULL, -1, 5000, on_row, &rows, why);
	promise(err || rows, "a good reply has a last line");
	promise(err != ERR_TIMEOUT, "the end of the server is seen");
	promise(!err || *why, "an error has words");
	ctl_client_close(c);
	close(ends[1]);
}

fuzz_fn *fuzz_find(const char *target)
{
	return strcmp(target, "reply") ? NULL : fuzz_reply;
}
