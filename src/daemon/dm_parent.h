/* dm_parent.h - the parent process: reads the configuration, binds sockets, starts and restarts
 * edges and the core. It has no connection to the outside. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Runs until SIGTERM, SIGINT or SIGQUIT, or until no child can run. `path` is the configuration
 * file. Returns the exit status of the process. */
int dm_parent_main(const char *path);

/* Checks the configuration and everything it names, prints the result. 0 or 1. */
int dm_check_main(const char *path);
