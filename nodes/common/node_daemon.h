/* node_daemon.h - the command line of an element that is told everything by a configuration file: -c FILE, -t, --help, --version. */
#pragma once
#include <stdbool.h>

struct node_daemon {
	const char *program;
	const char *about;     /* help: what it is, before the options; ends in a newline */
	const char *test_help; /* help of -t */
	const char *more;      /* help: after the options */
	/* Runs, or with test_only checks and says so; returns the exit code. */
	int (*start)(const char *config, bool test_only);
};

/* The exit code of main(). */
int node_daemon_main(const struct node_daemon *d, int argc, char **argv);
