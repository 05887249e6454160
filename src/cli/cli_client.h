/* cli_client.h - connects to the gateway. */
#pragma once
#include "cli/cli_command.h"
#include "ctl/ctl_client.h"

/* As ctl_client_open(), within the time of the session. At a terminal, and without --json, one line
 * of standard error, or the one of s->tick, says when there is no answer for 2 seconds. Borrows
 * `s` until the client is closed. */
ERR_MUST_USE int cli_client(struct ctl_client **out, const struct cli_session *s, const char *path, char why[CTL_CLIENT_WHY_MAX]);
