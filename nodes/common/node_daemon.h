/* node_daemon.h - the command line of an element with a configuration file: -c FILE, -t, --help,
 * --version. */
#pragma once
#include <stdbool.h>

struct node_daemon_start {
	const char *config;
	bool test_only;
	bool json; /* of the result of -t */
};

struct node_daemon {
	const char *program;
	/* help, before the options: purpose of the program; ends in a newline */
	const char *about;
	const char *test_help; /* help of -t */
	const char *more;      /* help: after the options */
	/* Runs, or with test_only checks and prints the result; returns the exit code. */
	int (*start)(const struct node_daemon_start *how);
};

/* The exit code of main(). */
int node_daemon_main(const struct node_daemon *d, int argc, char **argv);

/* Says that the configuration is valid, in these words. Returns the exit code. */
int node_daemon_valid(const struct node_daemon_start *how, const char *text);
