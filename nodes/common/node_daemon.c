/* node_daemon.c - the command line that mtc-hss and mtc-smssc share. */
#include "nodes/common/node_daemon.h"

#include <stdio.h>
#include <unistd.h>

#include "base/opts.h"
#include "nodes/common/node.h"

enum { OPT_CONFIG = 1, OPT_TEST, OPT_JSON, OPT_HELP, OPT_VERSION };

static int help(const struct node_daemon *d, const struct opt *options)
{
	printf("usage: %s -c FILE [-t]\n\n%s\nOptions:\n", d->program, d->about);
	opts_help(stdout, options);
	printf("\n%s\n", d->more);
	exit_codes_help(stdout, EXIT_OF_NODE);
	return NODE_EXIT_OK;
}

int node_daemon_main(const struct node_daemon *d, int argc, char **argv)
{
	const struct opt options[] = {
		{ OPT_CONFIG, 'c', "config", "FILE", "configuration file (YAML). Required" },
		{ OPT_TEST, 't', "test", NULL, d->test_help },
		{ OPT_JSON, 0, "json", NULL, "with -t: the result as a line of JSON (else all that is printed is JSON)" },
		{ OPT_HELP, 'h', "help", NULL, "print this text" },
		{ OPT_VERSION, 0, "version", NULL, "print name and version" },
		{ 0 },
	};
	struct opts o;
	struct node_daemon_start how = { 0 };
	const char *value;
	int id;

	opts_init(&o, options, argc - 1, (const char *const *)argv + 1);
	while ((id = opts_next(&o, &value)) != OPTS_END) {
		switch (id) {
		case OPT_CONFIG:
			how.config = value;
			break;
		case OPT_TEST:
			how.test_only = true;
			break;
		case OPT_JSON:
			how.json = true;
			break;
		case OPT_HELP:
			return help(d, options);
		case OPT_VERSION:
			return node_version(d->program);
		case OPTS_OPERAND:
			return node_usage(d->program, OPTS_UNEXPECTED, value);
		default:
			return node_usage(d->program, "%s", o.why);
		}
	}
	if (!how.config) {
		return node_usage(d->program, OPTS_NO_CONFIG);
	}
	return d->start(&how);
}

int node_daemon_valid(const struct node_daemon_start *how, const char *text)
{
	json_t *event;

	if (!how->json) {
		printf("%s: %s\n", how->config, text);
		return NODE_EXIT_OK;
	}
	event = json_pack("{s:s, s:s, s:s}", "event", "valid", "file", how->config, "text", text);
	return node_emit(STDOUT_FILENO, event) ? NODE_EXIT_FAILURE : NODE_EXIT_OK;
}
