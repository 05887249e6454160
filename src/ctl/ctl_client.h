/* ctl_client.h - the client end of the control socket. It blocks, because it serves programs that
 * people and scripts start. */
#pragma once
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CTL_CLIENT_WHY_MAX 512

struct ctl_client;

/* Connects. ERR_NOTFOUND (no such socket), ERR_REFUSED (no process listens), ERR_AUTH (not
 * allowed), ERR_IO, ERR_INVAL (path too long), ERR_TIMEOUT (not accepted within wait_ms: the
 * backlog is full). `why` says what to do. */
ERR_MUST_USE int ctl_client_open(struct ctl_client **out, const char *path, uint32_t wait_ms, char why[CTL_CLIENT_WHY_MAX]);
/* For a caller that reports a silent server. `silent` is called when no line of the reply has come
 * for `after_ms`: at most once for the opening and the first request together, and at most once for
 * each further request. `left_ms`: until the client gives up. */
struct ctl_patience {
	uint32_t after_ms;
	void (*silent)(void *arg, uint64_t left_ms);
	void *arg; /* borrowed until the client is closed */
};
/* As ctl_client_open(). Copies `patience`. */
ERR_MUST_USE int ctl_client_open_patiently(struct ctl_client **out, const char *path, uint32_t wait_ms,
					   const struct ctl_patience *patience, char why[CTL_CLIENT_WHY_MAX]);
/* Takes a connected descriptor on success only. */
ERR_MUST_USE int ctl_client_over(struct ctl_client **out, int fd);
/* Requests from now on are made for this person (copied); only the console may. `ticket`: of the
 * log-in, as mtc-iwfd gave it; "": the console alone knows the person, with this role. */
void ctl_client_behalf(struct ctl_client *c, const char *name, const char *role, const char *ticket);
void ctl_client_close(struct ctl_client *c); /* NULL allowed */

/* Called for each line of the reply, the last ("done") included; `row` is borrowed. Returning other
 * than 0 ends the reading. */
typedef int ctl_row_fn(void *arg, const json_t *row);

/* Sends one request (args borrowed; NULL: none) and reads its reply. The descriptor `fd` (borrowed;
 * -1: none) goes along with the request.
 * Returns 0 if the last line has ok; ERR_REFUSED if the server refused (`why` holds its error);
 * ERR_CLOSED, ERR_TIMEOUT, ERR_PROTO, ERR_LIMIT, ERR_IO; or the result of fn.
 * wait_ms bounds sending and the first line together, and then each further line. For the first
 * request after ctl_client_open() it runs from the start of that call. */
ERR_MUST_USE int ctl_client_ask(struct ctl_client *c, const char *cmd, const json_t *args, int fd, uint32_t wait_ms,
				ctl_row_fn *fn, void *arg, char why[CTL_CLIENT_WHY_MAX]);
