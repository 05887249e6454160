/* cli_ask.h - sends one request of mtcctl and shows its reply. Both return an exit code. */
#pragma once
#include "cli/cli_command.h"

/* May add to `args`, which the caller keeps. */
int cli_ask(const struct cli_session *s, const struct cli_command *c, json_t *args);
/* The same for an import (`in`) or export: opens `path` ("-": standard input or output) and sends
 * its descriptor along. */
int cli_ask_with_file(const struct cli_session *s, const struct cli_command *c, json_t *args, const char *path, bool in);
