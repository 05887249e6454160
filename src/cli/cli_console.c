/* cli_console.c - `mtcctl console`: a link for a browser, from mtc-iwf-console. The kernel tells
 * the console who asks. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/obj.h"
#include "cli/cli_client.h"
#include "cli/cli_command.h"
#include "ctl/ctl_server.h"

#define DEFAULT_LOGIN "/run/mtc-iwf-console/login.sock"

#define SHOW_MAGIC 0x43f09a6du
struct show {
	struct obj obj;
	bool json;
};

static void show(const struct show *s, const json_t *row)
{
	if (s->json) {
		json_dumpf(row, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		fputc('\n', stdout);
	} else if (json_is_true(json_object_get(row, "ok"))) {
		printf("%s\n", json_string_value(json_object_get(row, "link")));
		fprintf(stderr,
			"Open it in a browser on this machine within %lld seconds; it logs %s in once, with the role %s.\n",
			cli_number(row, "seconds"), json_string_value(json_object_get(row, "name")),
			json_string_value(json_object_get(row, "role")));
	}
}

/* It goes to a terminal, and the console may be in other hands. */
static bool link_ok(const char *link)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:/[]#%-_";

	return link && (!strncmp(link, "http://", 7) || !strncmp(link, "https://", 8)) && !link[strspn(link, allowed)];
}

static bool complete(const json_t *row)
{
	const char *name = json_string_value(json_object_get(row, "name")),
		   *role = json_string_value(json_object_get(row, "role"));
	enum ctl_role any;

	return !json_is_true(json_object_get(row, "ok")) || (link_ok(json_string_value(json_object_get(row, "link"))) && name &&
							     ctl_name_ok(name) && role && !ctl_role_parse(&any, role));
}

static int on_row(void *arg, const json_t *row)
{
	if (!complete(row)) {
		return ERR_PROTO;
	}
	show(OBJ_OF(arg, struct show, SHOW_MAGIC), row);
	return 0;
}

static int no_console(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		fprintf(stderr, "mtcctl: %s: not a socket; the configuration of mtc-iwf-console names its own (login)\n", path);
	} else {
		fprintf(
		    stderr,
		    "mtcctl: %s: no console listens there; is mtc-iwf-console running? Its configuration names the path (login); "
		    "say it with --login or MTC_CONSOLE\n",
		    path);
	}
	return CLI_CONNECT;
}

int cli_console(const struct cli_session *s, const json_t *args)
{
	const char *path = json_string_value(json_object_get(args, "login")), *env = getenv("MTC_CONSOLE");
	char why[CTL_CLIENT_WHY_MAX] = "";
	struct show shown = { .obj = OBJ(SHOW_MAGIC), .json = s->json };
	struct ctl_client *c;
	int err;

	path = path ? path : env && *env ? env : DEFAULT_LOGIN;
	err = cli_client(&c, s, path, why);
	if (err == ERR_NOTFOUND || err == ERR_REFUSED) {
		return no_console(path);
	}
	if (err) {
		fprintf(stderr, "mtcctl: %s\n", why);
		return err == ERR_INVAL ? CLI_USAGE : CLI_CONNECT;
	}
	err = ctl_client_ask(c, "console.link", NULL, -1, s->wait_ms, on_row, &shown, why);
	ctl_client_close(c);
	if (err) {
		fprintf(stderr, "mtcctl: %s\n", *why ? why : "this is not what a console answers");
	}
	return !err ? CLI_OK : err == ERR_REFUSED ? CLI_NO : CLI_CONNECT;
}
