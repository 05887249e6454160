/* csl_main.c - mtc-iwf-console: command line, start, sandbox, end. */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/obj.h"
#include "base/opts.h"
#include "base/shown.h"
#include "base/stdfd.h"
#include "base/version.h"
#include "base/writer.h"
#include "console/csl_login.h"
#include "console/csl_web.h"
#include "net/net_tcp.h"
#include "net/net_transport.h"
#include "sandbox/sbx.h"

#define PROGRAM "mtc-iwf-console"
#define URL_MAX 160
#define LOOK_MS 2000
#define BACKLOG 128

enum { OK = 0, FAILURE = 1, USAGE = 2 };

#define CONSOLE_MAGIC 0x19b85cd7u
struct console {
	struct obj obj;
	struct csl_conf conf;
	struct log log;
	struct net_loop *loop;
	struct csl_ask_conf ask;
	struct csl_door *door;
	struct csl_import *import;
	struct csl_slow *slow;
	struct csl_web *web, *web_tls; /* the second is NULL without listen_tls */
	struct csl_secure *secure;
	struct csl_tls *tls; /* until the server has it */
	struct csl_login *login;
	struct net_timer *look;
	int web_fd, tls_fd, login_fd; /* listen */
	uint16_t port, tls_port;
	char url[URL_MAX];
	bool full; /* that all connections are taken was logged */
};

static int fail(const char *what, const char *why)
{
	fprintf(stderr, PROGRAM ": %s: %s\n", what, why);
	return FAILURE;
}

static const char *words(int err)
{
	return err == ERR_IO ? strerror(errno) : err_str(err);
}

static int cannot_listen(const char *at, uint16_t port, int err)
{
	char address[SHOWN_ADDRESS_MAX];

	return fail(shown_address(address, at, port), err == ERR_IO ? net_bind_words(errno) : err_str(err));
}

static void on_signal(void *arg, int signum)
{
	struct console *c = OBJ_OF(arg, struct console, CONSOLE_MAGIC);

	log_info(&c->log, "console", "ending on signal %d", signum);
	net_loop_stop(c->loop);
}

/* Whoever keeps connections open can make others wait: said once, and again when it is over. */
static void on_look(void *arg)
{
	struct console *c = OBJ_OF(arg, struct console, CONSOLE_MAGIC);
	unsigned http = csl_web_connections(c->web), tls = c->web_tls ? csl_web_connections(c->web_tls) : 0;
	unsigned n = http > tls ? http : tls;
	bool full = n >= c->conf.limits.connections;

	csl_web_look(c->web);
	if (c->web_tls) {
		csl_web_look(c->web_tls);
	}
	csl_secure_look(c->secure);
	csl_login_look(c->login);

	if (full != c->full) {
		log_warn(&c->log, "console",
			 full ? "all %u connections are taken (limits.connections); others wait"
			      : "%u connections are open; others wait no longer",
			 n);
		c->full = full;
	}
	net_timer_start(c->look, LOOK_MS);
}

/* -- start */

/* All that needs names and addresses of this machine. */
static int open_all(struct console *c)
{
	struct rlimit files = { 0 };
	bool six = strchr(c->conf.listen.address, ':') != NULL;
	int err;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		err_ignore(setrlimit(RLIMIT_NOFILE, &files), "fewer browsers then");
	}
	err = net_tcp_bind(&c->web_fd, &c->port, c->conf.listen.address, c->conf.listen.port, BACKLOG);
	if (err) {
		return cannot_listen(c->conf.listen.address, c->conf.listen.port, err);
	}
	if (c->conf.listen_tls.enabled) {
		err = net_tcp_bind(&c->tls_fd, &c->tls_port, c->conf.listen_tls.address, c->conf.listen_tls.port, BACKLOG);
	}
	if (err) {
		return cannot_listen(c->conf.listen_tls.address, c->conf.listen_tls.port, err);
	}
	/* everyone may ask; the answer depends on who asks */
	err = net_unix_bind(&c->login_fd, c->conf.login, 0666, BACKLOG);
	if (err) {
		return fail(c->conf.login, err == ERR_EXISTS ? "another console listens there" : words(err));
	}
	snprintf(c->url, sizeof c->url, "http://%s%s%s:%u/#", six ? "[" : "", c->conf.listen.address, six ? "]" : "",
		 (unsigned)c->port);
	return OK;
}

static struct sbx_conf sandbox_of(const struct console *c, const struct sbx_path *paths, size_t n)
{
	return (struct sbx_conf){ .role = SBX_CONSOLE,
				  .mode = c->conf.sandbox == CSL_SANDBOX_REQUIRE  ? SBX_REQUIRE
					  : c->conf.sandbox == CSL_SANDBOX_PREFER ? SBX_PREFER
										  : SBX_OFF,
				  .paths = paths,
				  .paths_n = n };
}

static int sandboxed(const struct console *c, int err, const char *why)
{
	if (err) {
		return fail("the sandbox", *why ? why : err_str(err));
	}
	if (*why && c->conf.sandbox != CSL_SANDBOX_OFF) {
		log_warn(&c->log, "console", "less protected than it could be: %s", why);
	}
	return OK;
}

static int confine(struct console *c, struct sbx_report *report)
{
	static const struct sbx_path paths[] = { { "/proc/self", SBX_READ, true } };
	struct sbx_conf conf = sandbox_of(c, paths, sizeof paths / sizeof *paths);
	char why[SBX_WHY_MAX] = "";

	sbx_warm_up();
	json_object_seed(0);
	return sandboxed(c, sbx_confine(report, &conf, why), why);
}

static int seal(struct console *c, struct sbx_report *report)
{
	struct sbx_conf conf = sandbox_of(c, NULL, 0);
	char why[SBX_WHY_MAX] = "";

	return sandboxed(c, sbx_seal(report, &conf, why), why);
}

/* HTTPS beside HTTP, with the same sessions. */
static int make_tls(struct console *c, const struct csl_web_conf *http)
{
	struct csl_web_conf web = *http;
	int err;

	if (!c->tls) {
		return 0;
	}
	web.fd = c->tls_fd;
	web.names.address = c->conf.listen_tls.address;
	web.names.port = c->tls_port;
	web.tls = c->tls;
	err = csl_web_new(&c->web_tls, &web);
	if (!err) {
		c->tls_fd = -1;
	}
	csl_tls_free(c->tls); /* GnuTLS has its own copy; ours of the key is overwritten */
	c->tls = NULL;
	return err;
}

static int make_parts(struct console *c)
{
	const struct csl_limits *l = &c->conf.limits;
	const struct csl_timers *t = &c->conf.timers;
	struct csl_gate_conf gate = { l->links, l->sessions, l->sessions_per_person, t->link_ms, t->idle_ms, t->session_ms };
	struct csl_web_conf web = { .fd = c->web_fd,
				    .connections = l->connections,
				    .threads = l->threads,
				    .connection_ms = t->connection_ms,
				    .import_max = l->import_max,
				    .names = { c->conf.listen.address, c->port, c->conf.hosts, c->conf.hosts_n },
				    .log = &c->log };
	struct csl_login_conf login = { c->login_fd, NULL, &c->ask, c->url, t->link_ms, &c->log };
	struct csl_secure_conf secure = { c->conf.certificates, c->conf.certificates_n, NULL, &c->log };
	int err;

	c->ask = (struct csl_ask_conf){ c->conf.control, (uint32_t)t->answer_ms, (size_t)l->answer_max };
	web.ask = c->ask;
	err = csl_door_new(&c->door, &gate);
	login.door = secure.door = c->door;
	if (!err) {
		err = csl_secure_new(&c->secure, &secure);
	}
	web.enter = (struct csl_enter_conf){ c->door, c->secure, &c->ask, &c->log };
	if (!err) {
		err = csl_import_new(&c->import, &web.ask);
	}
	web.import = c->import;
	if (!err) {
		err = csl_slow_new(&c->slow, &web.ask, l->hss_checks, l->hss_checks_per_person);
	}
	web.slow = c->slow;
	if (!err) {
		err = csl_login_new(&c->login, c->loop, &login);
	}
	if (!err) {
		err = net_timer_new(&c->look, c->loop, on_look, c);
	}
	if (!err) {
		err = csl_web_new(&c->web, &web);
	}
	if (!err) {
		c->web_fd = -1; /* closed with the server */
		err = make_tls(c, &web);
	}
	if (!err) {
		net_timer_start(c->look, LOOK_MS);
	}
	return err;
}

static int serve(struct console *c)
{
	struct sbx_report report = { .status_fd = -1 };
	int code = confine(c, &report), err;
	char address[SHOWN_ADDRESS_MAX];

	if (code) {
		return code;
	}
	err = log_queue(&c->log, WRITER_OCTETS);
	if (!err) {
		err = make_parts(c);
	}
	if (err) {
		return fail("could not start", words(err));
	}
	code = seal(c, &report);
	if (code) {
		return code;
	}
	log_info(&c->log, "console", "ready %s, links at %s", shown_address(address, c->conf.listen.address, c->port),
		 c->conf.login);
	if (c->web_tls) {
		log_info(&c->log, "console", "HTTPS at %s, client certificates %s",
			 shown_address(address, c->conf.listen_tls.address, c->tls_port),
			 c->conf.certificates_n ? "log in" : "are not asked for");
	}
	err = net_loop_run(c->loop);
	return err ? fail("the loop", words(err)) : OK;
}

static int run(struct console *c)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGQUIT };
	struct net_signal *signals[sizeof numbers / sizeof *numbers] = { NULL };
	int code = FAILURE, err = net_loop_new(&c->loop);

	for (size_t i = 0; !err && i < sizeof numbers / sizeof *numbers; i++) {
		err = net_signal_new(&signals[i], c->loop, numbers[i], on_signal, c);
	}
	code = err ? fail("could not start", words(err)) : open_all(c);
	if (!code) {
		code = serve(c);
	}
	csl_slow_stop(c->slow); /* the server ends only when no connection rests */
	csl_web_free(c->web_tls);
	csl_web_free(c->web);
	csl_slow_free(c->slow);
	csl_secure_free(c->secure);
	csl_tls_free(c->tls);
	csl_login_free(c->login);
	csl_import_free(c->import);
	csl_door_free(c->door);
	net_timer_free(c->look);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		net_signal_free(signals[i]);
	}
	if (c->loop) {
		net_loop_free(c->loop);
	}
	if (c->web_fd >= 0) {
		close(c->web_fd);
	}
	if (c->tls_fd >= 0) {
		close(c->tls_fd);
	}
	if (c->login_fd >= 0) {
		close(c->login_fd);
	}
	return code;
}

static int start(const char *path, bool test_only)
{
	static struct report why; /* too large for a stack that is kept small */
	struct console *c = calloc(1, sizeof *c);
	int code = USAGE;

	if (!c) {
		return fail("could not start", "out of memory");
	}
	obj_begin(&c->obj, CONSOLE_MAGIC);
	c->web_fd = c->tls_fd = c->login_fd = -1;
	if (csl_conf_load(&c->conf, path, &why) ||
	    (c->conf.listen_tls.enabled && csl_tls_new(test_only ? NULL : &c->tls, &c->conf.listen_tls, &why))) {
		report_print(&why, stderr, PROGRAM);
	} else if (test_only) {
		report_print(&why, stderr, PROGRAM);
		printf("%s: configuration is valid\n", path);
		code = OK;
	} else {
		report_print(&why, stderr, PROGRAM);
		signal(SIGPIPE, SIG_IGN);
		log_init(&c->log, STDERR_FILENO, (enum log_level)c->conf.log_level, PROGRAM);
		code = run(c);
		log_fini(&c->log);
	}
	OBJ_END(c, CONSOLE_MAGIC);
	free(c);
	return code;
}

/* -- the command line */

static const char help_text[] =
    "usage: " PROGRAM " -c FILE [-t]\n"
    "\n"
    "Serves a web page that shows a running mtc-iwfd and lets operators change it: an overview that follows the\n"
    "gateway, SCSs and their rights, 'may this SCS trigger that device, and why', the history of a trigger, a search\n"
    "in the decisions, imports, and peers to stop and start.\n"
    "\n"
    "Options:\n"
    "  -c, --config FILE  configuration file (YAML). Required\n"
    "  -t, --test         check the configuration, print every mistake, then end\n"
    "  -h, --help         print this text\n"
    "      --version      print name, version and libraries\n"
    "\n"
    "A first run:\n"
    "  1. Let mtc-iwfd know the user that the console runs as, and who may what, in its configuration:\n"
    "       control: { console_user: mtc-iwf-console, console_groups: { read: users, operate: noc } }\n"
    "  2. Write console.yaml; every key has a default (man mtc-iwf-console):\n"
    "       listen: { port: 8640 }\n"
    "  3. Check it, then start:\n"
    "       " PROGRAM " -c console.yaml -t\n"
    "       " PROGRAM " -c console.yaml\n"
    "  4. Ask for a link and open it in a browser on the same machine:\n"
    "       mtcctl console\n";

static int usage(const char *problem)
{
	return opts_usage(PROGRAM, NULL, problem);
}

static int version(void)
{
	char text[VERSION_TEXT_MAX], seccomp[SBX_VERSION_MAX];
	const struct version_library libraries[] = { { "jansson", jansson_version_str() },
						     { "gnutls", csl_tls_library_version() },
						     { "libmicrohttpd", csl_web_library_version() },
						     { "libseccomp", sbx_library_version(seccomp) },
						     { "libuv", net_library_version() } };

	version_text(text, PROGRAM, libraries, sizeof libraries / sizeof *libraries);
	fputs(text, stdout);
	return OK;
}

static int command(int argc, char **argv)
{
	static const struct opt rows[] = { { 'c', 'c', "config", "FILE", "" }, /* their help is a text of its own */
					   { 't', 't', "test", NULL, "" },
					   { 'h', 'h', "help", NULL, "" },
					   { 'V', 0, "version", NULL, "" },
					   { 0 } };
	const char *config = NULL, *value;
	bool test_only = false;
	struct opts o;
	int id;

	opts_init(&o, rows, argc - 1, (const char *const *)argv + 1);
	while ((id = opts_next(&o, &value)) != OPTS_END) {
		switch (id) {
		case 'c':
			config = value;
			break;
		case 't':
			test_only = true;
			break;
		case 'h':
			fputs(help_text, stdout);
			return OK;
		case 'V':
			return version();
		case OPTS_OPERAND:
			snprintf(o.why, sizeof o.why, OPTS_UNEXPECTED, value);
			return usage(o.why);
		default:
			return usage(o.why);
		}
	}
	return config ? start(config, test_only) : usage(OPTS_NO_CONFIG);
}

int main(int argc, char **argv)
{
	return stdfd_open() ? FAILURE : stdfd_end(PROGRAM, command(argc, argv), FAILURE);
}
