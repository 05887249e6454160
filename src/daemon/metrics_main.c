/* metrics_main.c - mtc-iwf-metrics: the program of one process of mtc-iwfd. Only mtc-iwfd starts
 * it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/exit_codes.h"
#include "base/opts.h"
#include "base/stdfd.h"
#include "base/version.h"
#include "daemon/dm_child.h"
#include "metrics/mtr_http.h"
#include "net/net_loop.h"

static const char help[] =
    "mtc-iwf-metrics - answers scrapes of Prometheus for mtc-iwfd. mtc-iwfd starts it as a process of its own when its\n"
    "configuration says metrics.enabled: yes; started by a user it does nothing. Its figures: docs/user/metrics.md.\n"
    "\n"
    "usage: mtc-iwf-metrics --version | --help\n"
    "\n"
    "      --version       print the version, the commit and the versions of the libraries\n"
    "  -h, --help          this text\n"
    "\n"
    "Example: curl http://127.0.0.1:9868/metrics\n"
    "\n"
    "exit status: 0 this text or the version, 1 standard output could not be written, 2 invalid usage\n";

static int print_version(void)
{
	char text[VERSION_TEXT_MAX];
	const struct version_library libraries[] = { { "libmicrohttpd", mtr_http_version() },
						     { "libuv", net_library_version() } };

	version_text(text, "mtc-iwf-metrics", libraries, sizeof libraries / sizeof *libraries);
	fputs(text, stdout);
	return 0;
}

/* A person has started it: only mtc-iwfd has use for it. */
static int for_people(int argc, char **argv)
{
	static const struct opt rows[] = { { 'h', 'h', "help", NULL, "" }, { 'V', 0, "version", NULL, "" }, { 0 } };
	const char *value;
	struct opts o;
	int id;

	opts_init(&o, rows, argc - 1, (const char *const *)argv + 1);
	id = opts_next(&o, &value);
	if (id == 'V') {
		return print_version();
	}
	if (id == 'h') {
		fputs(help, stdout);
		return EXIT_CODE_DONE;
	}
	if (id == OPTS_OPERAND) {
		snprintf(o.why, sizeof o.why, OPTS_UNEXPECTED, value);
	}
	return opts_usage("mtc-iwf-metrics", NULL, id == OPTS_END ? "only mtc-iwfd starts this program" : o.why);
}

static int play_role(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "--role") == 0 && strcmp(argv[2], "metrics") == 0) {
		signal(SIGPIPE, SIG_IGN);
		return dm_metrics_main();
	}
	return for_people(argc, argv);
}

int main(int argc, char **argv)
{
	return stdfd_open() ? 1 : stdfd_end("mtc-iwf-metrics", play_role(argc, argv), 1);
}
