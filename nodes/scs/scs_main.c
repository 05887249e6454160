/* scs_main.c - mtc-scs: from the command line to one of its runs. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/stdfd.h"
#include "nodes/common/node.h"
#include "nodes/scs/scs_listen.h"
#include "nodes/scs/scs_options.h"
#include "nodes/scs/scs_run.h"

#define PROGRAM "mtc-scs"

static int command(int argc, char **argv)
{
	struct scs_options o;
	struct log log;
	char why[SCS_WHY_MAX] = "out of memory";
	int code;

	if (node_start(&log, PROGRAM)) {
		return NODE_EXIT_FAILURE;
	}
	if (scs_options_parse(&o, argc - 1, (const char *const *)argv + 1, node_random(), why)) {
		return node_usage(PROGRAM, "%s", why);
	}
	log.level = o.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN;
	if (o.command != SCS_HELP && o.command != SCS_VERSION && node_emit_begin(STDOUT_FILENO)) {
		return node_fail(PROGRAM, "standard output cannot be written: %s", strerror(errno));
	}
	switch (o.command) {
	case SCS_HELP:
		scs_options_help();
		return NODE_EXIT_OK;
	case SCS_VERSION:
		return node_version(PROGRAM);
	case SCS_LISTEN:
		code = scs_listen(&o, &log);
		break;
	default:
		code = scs_run(&o, &log);
	}
	scs_options_fini(&o);
	log_fini(&log);
	return code;
}

int main(int argc, char **argv)
{
	return stdfd_open() ? NODE_EXIT_FAILURE : stdfd_end(PROGRAM, command(argc, argv), NODE_EXIT_FAILURE);
}
