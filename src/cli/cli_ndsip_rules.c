/* cli_ndsip_rules.c - `ndsip rules`: prints, applies, checks and removes the nftables rules that
 * keep the traffic of NDS/IP listeners inside their tunnels. It reads the configuration of the
 * daemon itself, because it is for root, and for the time before the daemon starts. The program nft
 * changes the rules; the check asks the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli_command.h"
#include "fence/fence_conf.h"
#include "fence/fence_guard.h"

static int no(const char *text)
{
	fprintf(stderr, "mtcctl: %s\n", text);
	return CLI_NO;
}

/* The last line. `state` and `text` may be NULL. */
static int end(const struct cli_session *s, bool ok, const char *action, const char *state, const char *text, const char *error)
{
	json_t *row = json_pack("{s:b, s:b, s:s}", "done", 1, "ok", ok, "action", action);
	char *line;

	if (state) {
		json_object_set_new(row, "state", json_string(state));
	}
	if (text) {
		json_object_set_new(row, "rules", json_string(text));
	}
	if (error) {
		json_object_set_new(row, "error", json_string(error));
	}
	line = json_dumps(row, JSON_COMPACT | JSON_ENSURE_ASCII);
	if (s->json && line) {
		puts(line);
	}
	free(line);
	json_decref(row);
	return ok ? CLI_OK : CLI_NO;
}

/* -- the text */

typedef void print_fn(FILE *out, const struct fence_rules *rules);

static char *text_of(print_fn *print, const struct fence_rules *rules)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out) {
		return NULL;
	}
	print(out, rules);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static void print_removal(FILE *out, const struct fence_rules *rules)
{
	(void)rules;
	fence_rules_print_removal(out);
}

/* -- nft */

static const char *find_nft(void)
{
	static const char *const places[] = { "/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft", "/usr/local/sbin/nft" };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		if (!access(places[i], X_OK)) {
			return places[i];
		}
	}
	return NULL;
}

/* A file in memory, for a text that may be larger than a pipe. Returns -1 with errno. */
static int memory_of(const char *text)
{
	size_t len = strlen(text);
	int fd = memfd_create("mtc-iwf-rules", MFD_CLOEXEC);

	if (fd >= 0 && (write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* nft says on standard error itself what it does not like. Returns 0 or errno; *code is how it
 * ended. */
static int spawn_nft(const char *path, int in, int *code)
{
	char name[] = "nft", file[] = "-f", dash[] = "-", *const argv[] = { name, file, dash, NULL }, *const env[] = { NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int err, status;

	err = posix_spawn_file_actions_init(&actions);
	if (err) {
		return err;
	}
	err = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (!err) {
		err = posix_spawn(&pid, path, &actions, NULL, argv, env);
	}
	posix_spawn_file_actions_destroy(&actions);
	if (err) {
		return err;
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return errno;
		}
	}
	*code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return 0;
}

/* Gives the text to nft, which takes it whole or not at all. False with words. */
static bool change(const char *text, char why[FENCE_WHY_MAX])
{
	const char *nft = find_nft();
	int in, err, code = -1;

	if (!nft) {
		snprintf(why, FENCE_WHY_MAX,
			 "the program nft is not installed; install the package nftables, or give the output of "
			 "--print to the tool that manages the rules of this machine");
		return false;
	}
	in = memory_of(text);
	err = in < 0 ? errno : spawn_nft(nft, in, &code);
	if (in >= 0) {
		close(in);
	}
	if (err) {
		snprintf(why, FENCE_WHY_MAX, "%s cannot be started: %s", nft, strerror(err));
	} else if (code) {
		snprintf(why, FENCE_WHY_MAX, "%s refused the rules%s; nothing was changed", nft,
			 geteuid() ? " (only root or CAP_NET_ADMIN may change them)" : "");
	}
	return !err && !code;
}

/* -- the four actions */

static int print(const struct cli_session *s, const struct fence_rules *rules)
{
	char *text = text_of(fence_rules_print, rules);
	int code;

	if (!text) {
		return no("out of memory");
	}
	if (!s->json) {
		printf("# The rules of NDS/IP, for nft -f. They do not change when a tunnel comes or goes.\n%s", text);
	}
	code = end(s, true, "print", NULL, text, NULL);
	free(text);
	return code;
}

static int report(const struct cli_session *s, const char *action, const struct fence_verdict *v)
{
	bool ok = v->state == FENCE_STANDS;

	if (s->json) {
		return end(s, ok, action, fence_state_word(v->state), NULL, ok ? NULL : v->why);
	}
	if (ok) {
		puts("the rules of NDS/IP stand");
		return CLI_OK;
	}
	fprintf(stderr, "mtcctl: %s\n", v->why);
	if (v->state != FENCE_UNREADABLE && strcmp(action, "check") == 0) {
		fputs("Next: mtcctl ndsip rules --apply with the same configuration\n", stderr);
	}
	return CLI_NO;
}

static int check(const struct cli_session *s, const struct fence_plan *plan, const char *action)
{
	struct fence_guard *g;
	struct fence_verdict v = { .state = FENCE_UNREADABLE };
	int err = fence_guard_open(&g, plan, v.why);

	if (err == ERR_NOMEM) {
		return no("out of memory");
	}
	if (!err) {
		v = *fence_guard_check(g, 0);
		fence_guard_close(g);
	}
	return report(s, action, &v);
}

static int apply(const struct cli_session *s, const struct fence_plan *plan, const struct fence_rules *rules)
{
	char why[FENCE_WHY_MAX] = "out of memory", *text = text_of(fence_rules_print, rules);
	bool done = text && change(text, why);

	free(text);
	if (done) {
		return check(s, plan, "apply");
	}
	return s->json ? end(s, false, "apply", NULL, NULL, why) : no(why);
}

/* Whether the kernel has no table of ours. Any plan does: it is not compared. False also when
 * nobody can say. */
static bool nothing_there(void)
{
	static const struct fence_selector any = {
		.name = "any", .address = { .family = 4, .octets = { 127, 0, 0, 1 } }, .port = 1, .protocol = SA_TCP
	};
	static const struct fence_plan plan = { .mode = FENCE_XFRM, .device = "", .selector = &any, .n = 1 };
	char why[FENCE_WHY_MAX];
	struct fence_guard *g;
	bool nothing;

	if (fence_guard_open(&g, &plan, why)) {
		return false;
	}
	nothing = fence_guard_check(g, 0)->state == FENCE_MISSING;
	fence_guard_close(g);
	return nothing;
}

static int remove_rules(const struct cli_session *s)
{
	bool nothing = nothing_there();
	char why[FENCE_WHY_MAX] = "out of memory", *text = text_of(print_removal, NULL);
	bool done = text && change(text, why);

	free(text);
	if (done && !s->json && nothing) {
		puts("there were no rules of NDS/IP to remove");
	} else if (done && !s->json) {
		puts("the rules of NDS/IP are removed: what the listeners send is no longer kept inside their tunnels");
	}
	return done      ? end(s, true, "remove", "missing", NULL, NULL)
	       : s->json ? end(s, false, "remove", NULL, NULL, why)
			 : no(why);
}

/* -- */

static int act(const struct cli_session *s, const char *action, const struct fence_plan *plan)
{
	struct fence_rules *rules;
	int code;

	if (fence_rules_new(&rules, plan)) {
		return no("out of memory");
	}
	if (strcmp(action, "check") == 0) {
		code = check(s, plan, "check");
	} else if (strcmp(action, "apply") == 0) {
		code = apply(s, plan, rules);
	} else {
		code = print(s, rules);
	}
	fence_rules_free(rules);
	return code;
}

static int wrong(const struct cli_session *s, const char *action, const char *why)
{
	if (s->json) {
		end(s, false, action, NULL, NULL, why);
	} else {
		no(why);
	}
	return CLI_USAGE;
}

int cli_ndsip_rules(const struct cli_session *s, const char *verb, const json_t *args)
{
	const char *action = json_string_value(json_object_get(args, "action"));
	struct cfg_iwf *c = NULL;
	struct fence_conf planned;
	char why[CFG_WHY_MAX > FENCE_WHY_MAX ? CFG_WHY_MAX : FENCE_WHY_MAX];
	int err, code;

	(void)verb;
	action = action ? action : "print";
	if (strcmp(action, "remove") == 0) { /* also when no listener is left that needs them */
		return remove_rules(s);
	}
	if (cfg_iwf_load(&c, json_string_value(json_object_get(args, "config")), why)) {
		return wrong(s, action, why);
	}
	err = fence_conf_plan(&planned, c, why);
	if (err == ERR_NOTFOUND) {
		code = wrong(s, action, "no listener and no peer of this configuration has protection ndsip: it needs no rules");
	} else if (err) {
		code = wrong(s, action, why);
	} else {
		code = act(s, action, &planned.plan);
	}
	cfg_iwf_free(c);
	return code;
}
