/* esme_main.c - mtc-sme: from the command line to its run. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/stdfd.h"
#include "nodes/common/node.h"
#include "nodes/sme/esme_options.h"
#include "nodes/sme/esme_run.h"

#define PROGRAM "mtc-sme"

static int command(int argc, char **argv)
{
	struct esme_options o;
	struct log log;
	char why[ESME_WHY_MAX] = "out of memory";
	int code;

	if (node_start(&log, PROGRAM)) {
		return NODE_EXIT_FAILURE;
	}
	if (esme_options_parse(&o, argc - 1, (const char *const *)argv + 1, why)) {
		return node_usage(PROGRAM, "%s", why);
	}
	log.level = o.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN;
	switch (o.command) {
	case ESME_HELP:
		esme_options_help();
		return NODE_EXIT_OK;
	case ESME_VERSION:
		return node_version(PROGRAM);
	default:
		break;
	}
	if (node_emit_begin(STDOUT_FILENO)) {
		return node_fail(PROGRAM, "standard output cannot be written: %s", strerror(errno));
	}
	code = esme_run(&o, &log);
	esme_options_fini(&o);
	log_fini(&log);
	return code;
}

int main(int argc, char **argv)
{
	return stdfd_open() ? NODE_EXIT_FAILURE : stdfd_end(PROGRAM, command(argc, argv), NODE_EXIT_FAILURE);
}
