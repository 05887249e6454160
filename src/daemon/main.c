/* main.c - mtc-iwfd: the command line, and which role this process plays. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/exit_codes.h"
#include "base/kv.h"
#include "base/opts.h"
#include "base/stdfd.h"
#include "base/str.h"
#include "base/version.h"
#include "daemon/dm_child.h"
#include "daemon/dm_names.h"
#include "daemon/dm_parent.h"
#include "daemon/dm_restore.h"
#include "net/net_loop.h"
#include "sandbox/sbx.h"
#include "tls/tls_memory.h"
#include "tls/tls_warm_up.h"

static const char help[] =
    "mtc-iwfd - an MTC interworking function with its security gateway: "
    "takes device triggers from application servers (SCS) over\n"
    "Tsp, authenticates them, decides whether they may trigger the device, and hands the trigger to the SMS-SC.\n"
    "\n"
    "usage: mtc-iwfd -c FILE        run in the foreground until SIGTERM; log lines go to stderr\n"
    "       mtc-iwfd -t -c FILE     check the configuration and everything it names, then exit\n"
    "       mtc-iwfd --restore DIR -c FILE [--replace] [--journal]\n"
    "                               while it does not run: put a backup of 'mtcctl backup DIR' into state_dir, then exit\n"
    "\n"
    "  -c, --config FILE   configuration file (YAML); examples/mtc-iwfd.yaml shows every key\n"
    "  -t, --test          check only, as the start does: prints 'FILE: configuration is valid', or for each error\n"
    "                      'FILE:LINE: what is wrong'; warnings in either case\n"
    "      --restore DIR   replace the associations in state_dir by those of this backup, which is checked first\n"
    "      --replace       with --restore: the present state is moved to "
    "state_dir/before-restore-TIME; without it the restore is refused\n"
    "      --journal       with --restore: the journal too. It is as "
    "old as the backup: triggers may be submitted again, and reports\n"
    "                      that were sent since then are sent again\n"
    "      --version       print the version, the commit and the versions of the libraries\n"
    "  -h, --help          this text\n"
    "\n"
    "When SCSs can connect it prints one line 'ready ADDRESS:PORT' for each listener on stdout.\n"
    "It runs as several processes: a parent without connections to the outside, edges that hold the connections of SCSs, a\n"
    "keyholder that has the private keys of the listeners and signs "
    "for the edges, with NDS/IP a helper that asks strongSwan who\n"
    "protects a connection, with OCSP a fetcher that asks the responders, with metrics one that answers Prometheus\n"
    "(mtc-iwf-metrics), and one core that decides. A process that dies is started again; 'mtcctl status' shows them.\n"
    "Signals, to the parent or to all processes: SIGTERM, SIGINT or SIGQUIT is a clean shutdown (Disconnect-Peer to all), a\n"
    "second one after a second or more ends at once; SIGHUP reopens the decision log after rotation and reads\n"
    "the configuration with its certificates, keys and trust anchors again, as 'mtcctl reload' does: all of it is used, or\n"
    "nothing changes.\n"
    "Provision it while it runs:  mtcctl --socket PATH scs add ...,  mtcctl --socket PATH assoc add SCS DEVICE\n"
    "\n"
    "Examples:\n"
    "  mtc-iwfd -t -c /etc/mtc-iwf/mtc-iwfd.yaml\n"
    "  mtc-iwfd -c /etc/mtc-iwf/mtc-iwfd.yaml\n"
    "  mtc-iwfd -c /etc/mtc-iwf/mtc-iwfd.yaml --restore /var/backups/mtc-iwf-2027-01-01 --replace\n"
    "\n";

struct options {
	const char *config, *role;
	struct dm_restore restore;
	bool test;
};

static int usage(const char *words)
{
	return opts_usage("mtc-iwfd", NULL, words);
}

/* Their help is a text of its own. "--role" and "--generation" are the parent's. */
static const struct opt rows[] = {
	{ 'c', 'c', "config", "FILE", "" },  { 't', 't', "test", NULL, "" },
	{ 'h', 'h', "help", NULL, "" },      { 'V', 0, "version", NULL, "" },
	{ 'r', 0, "restore", "DIR", "" },    { 'p', 0, "replace", NULL, "" },
	{ 'j', 0, "journal", NULL, "" },     { 'R', 0, "role", "ROLE", NULL },
	{ 'G', 0, "generation", "N", NULL }, { 0 },
};

static int print_version(void)
{
	char text[VERSION_TEXT_MAX], kv[KV_VERSION_MAX], seccomp[SBX_VERSION_MAX];
	const struct version_library libraries[] = {
		{ "OpenSSL", tls_library_version() },
		{ "libuv", net_library_version() },
		{ "LMDB", kv_library_version(kv) },
		{ "libseccomp", sbx_library_version(seccomp) },
	};

	version_text(text, "mtc-iwfd", libraries, sizeof libraries / sizeof *libraries);
	fputs(text, stdout);
	return 0;
}

/* -1: continue; else the exit status. */
static int take(struct options *o, int id, const char *value)
{
	switch (id) {
	case 'c':
		o->config = value;
		return -1;
	case 't':
		o->test = true;
		return -1;
	case 'h':
		fputs(help, stdout);
		exit_codes_help(stdout, EXIT_OF_IWFD);
		return EXIT_CODE_DONE;
	case 'V':
		return print_version();
	case 'r':
		o->restore.from = value;
		return -1;
	case 'p':
		o->restore.replace = true;
		return -1;
	case 'j':
		o->restore.journal = true;
		return -1;
	case 'R':
		o->role = value;
		return -1;
	default: /* the generation: for readers of the process list */
		return -1;
	}
}

/* The same. */
static int parse(struct options *o, int argc, char **argv)
{
	const char *value;
	int id, status = -1;
	struct opts all;

	opts_init(&all, rows, argc - 1, (const char *const *)argv + 1);
	while (status < 0 && (id = opts_next(&all, &value)) != OPTS_END) {
		if (id == OPTS_OPERAND) {
			snprintf(all.why, sizeof all.why, OPTS_UNEXPECTED, value);
		}
		status = id == OPTS_OPERAND || id == ERR_INVAL ? usage(all.why) : take(o, id, value);
	}
	if (status >= 0) {
		return status;
	}
	if (!o->config) {
		return usage(OPTS_NO_CONFIG);
	}
	if (!o->restore.from && (o->restore.replace || o->restore.journal)) {
		return usage(o->restore.replace ? "--replace goes with --restore DIR" : "--journal goes with --restore DIR");
	}
	o->restore.config = o->config;
	return -1;
}

/* The parent checks the keys of the listeners, the keyholders use them. The core has none of
 * these. */
static bool reads_keys(const struct options *o)
{
	return !o->role || strncmp(o->role, "keyholder", sizeof "keyholder" - 1) == 0;
}

/* The name that ps, top and the kernel's log show. The parent executes /proc/self/exe, and without
 * this each of its children would be called "exe". The parent keeps the name of the program. */
static void name_process(const char *role)
{
	char name[16]; /* as much as the kernel keeps */

	snprintf(name, sizeof name, "iwf-%.11s", role);
	(void)prctl(PR_SET_NAME, name);
}

static int play_role(int argc, char **argv)
{
	struct options o = { 0 };
	int status = parse(&o, argc, argv);

	if (status >= 0) {
		return status;
	}
	signal(SIGPIPE, SIG_IGN);
	if (reads_keys(&o) && !tls_memory_wiped()) {
		fputs("mtc-iwfd: OpenSSL is in use before its memory can be wiped: private keys could stay behind\n", stderr);
		return 1;
	}
	if (o.test) {
		return dm_check_main(o.config);
	}
	if (o.restore.from) {
		return dm_restore_main(&o.restore);
	}
	if (!o.role) {
		return dm_parent_main(o.config);
	}
	name_process(o.role);
	if (strcmp(o.role, "edge") == 0) {
		return dm_edge_main();
	}
	if (strcmp(o.role, "core") == 0) {
		return dm_core_main();
	}
	if (strcmp(o.role, "keyholder") == 0) {
		return dm_keyholder_main();
	}
	if (strcmp(o.role, "ndsip") == 0) {
		return dm_ndsip_main();
	}
	if (strcmp(o.role, "fetcher") == 0) {
		return dm_fetcher_main();
	}
	if (strcmp(o.role, "keyholder-p11") == 0) {
		return dm_keyholder_p11_main();
	}
	if (strcmp(o.role, "names") == 0) {
		return dm_names_main();
	}
	if (strcmp(o.role, "key-check") == 0) {
		return dm_key_check_main();
	}
	return usage("this program starts its other processes itself: --role is not for people");
}

int main(int argc, char **argv)
{
	return stdfd_open() ? 1 : stdfd_end("mtc-iwfd", play_role(argc, argv), 1);
}
