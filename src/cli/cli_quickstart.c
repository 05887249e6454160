/* cli_quickstart.c - `mtcctl quickstart DIR`: a directory with a configuration that runs, made
 * whole or not at all. Until its end it is DIR.part. Nothing is written over. */
#include "cli/cli_quickstart.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "cli/cli_command.h"
#include "cli/cli_tick.h"

#define COMMANDS_FILE "commands.txt"
#define PATH_MAX_ 4096 /* kind CLI_PATH is shorter, and leaves room for the names in it */
#define OPENSSL_LOG "openssl.log"
#define OPENSSL_LOG_MAX 65536u

struct qs {
	const struct cli_session *session;
	struct qs_values values;
	char dir[PATH_MAX_], temp[PATH_MAX_ + 8], full[PATH_MAX]; /* full: where DIR is, from the root */
	const char *more_path; /* directory of our programs that PATH does not have; NULL: none */
	bool lab_missing;      /* mtc-scs is neither in PATH nor beside us */
};

static int wrong(const char *path, const char *doing)
{
	fprintf(stderr, "mtcctl: %s: %s: %s\n", path, doing, strerror(errno));
	return CLI_NO;
}

static void show(const json_t *row)
{
	char *text = row ? json_dumps(row, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	puts(text ? text : "{}");
	free(text);
}

/* -- the directory */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path) && errno != ENOENT;
}

/* Only what this process has made: links are not followed. */
static void remove_temp(const struct qs *q)
{
	if (nftw(q->temp, remove_one, 8, FTW_DEPTH | FTW_PHYS)) {
		fprintf(stderr, "mtcctl: %s could not be removed: remove it before the next attempt\n", q->temp);
	}
}

static int begin_dir(struct qs *q, const char *dir)
{
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/') {
		n--;
	}
	if (str_copy(q->dir, sizeof q->dir, dir, n)) {
		fputs("mtcctl: the name of the directory is too long\n", stderr);
		return CLI_USAGE;
	}
	snprintf(q->temp, sizeof q->temp, "%s.part", q->dir);
	if (rmdir(q->dir) < 0 && errno != ENOENT) { /* an empty one is as good as none */
		if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR) {
			fprintf(stderr,
				"mtcctl: %s exists and is not an empty directory; nothing is overwritten: name a new one\n",
				q->dir);
			return CLI_NO;
		}
		return wrong(q->dir, "cannot be used");
	}
	if (mkdir(q->temp, 0700) < 0) {
		if (errno != EEXIST) {
			return wrong(q->dir,
				     errno == ENOENT ? "the directory above is not there; make it first" : "cannot be made");
		}
		fprintf(stderr,
			"mtcctl: %s exists: an earlier quickstart was interrupted, or one is running; remove it if none is\n",
			q->temp);
		return CLI_NO;
	}
	return CLI_OK;
}

static int put_in_place(struct qs *q)
{
	if (rename(q->temp, q->dir) < 0) {
		return wrong(q->dir, "the directory cannot be put in place");
	}
	if (!realpath(q->dir, q->full)) {
		return wrong(q->dir, "cannot be found again");
	}
	return CLI_OK;
}

static FILE *open_file(const struct qs *q, const char *name)
{
	char path[PATH_MAX_ + 64];
	int fd;

	snprintf(path, sizeof path, "%s/%s", q->temp, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	return fd < 0 ? NULL : fdopen(fd, "w");
}

static int close_file(FILE *f, const char *name)
{
	bool bad = ferror(f);

	return fclose(f) || bad ? wrong(name, "cannot be written") : CLI_OK;
}

static int write_files(const struct qs *q)
{
	int code = CLI_OK;

	for (const struct qs_file *f = qs_files; f->name && code == CLI_OK; f++) {
		FILE *out = open_file(q, f->name);

		if (!out) {
			return wrong(f->name, "cannot be made");
		}
		if (qs_expand(out, f->text, &q->values)) {
			fprintf(stderr, "mtcctl: %s: a place without a value\n", f->name);
			code = CLI_NO;
		}
		code = close_file(out, f->name) ? CLI_NO : code;
	}
	return code;
}

/* -- certificates */

/* Runs one line of ours in the directory pki. Returns its exit status; -1: it could not be
 * started. */
static int run_line(const char *pki, const char *line)
{
	char script[1024], sh[] = "sh", dash_c[] = "-c", *place = strdup(pki);
	char *const argv[] = { sh, dash_c, script, place, NULL };
	pid_t pid;
	int status, err;

	snprintf(script, sizeof script, "umask 077; cd -- \"$0\" && exec 2>" OPENSSL_LOG " && %s", line);
	err = place ? posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) : ENOMEM;
	free(place);
	if (err) {
		errno = err;
		return -1;
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return -1;
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int failed_line(const char *pki, const char *line, int status)
{
	char path[PATH_MAX_ + 64], why[FILE_WHY_MAX];
	struct file_copy log;

	if (status == 127) {
		fputs("mtcctl: openssl is not installed: apt install openssl\n", stderr);
		return CLI_NO;
	}
	fprintf(stderr, "mtcctl: failed: %s\n", line);
	snprintf(path, sizeof path, "%s/" OPENSSL_LOG, pki);
	if (!file_read(&log, path, OPENSSL_LOG_MAX, why)) {
		fwrite(log.p, 1, log.len, stderr);
		file_copy_fini(&log);
	}
	return CLI_NO;
}

static int make_certificates(const struct qs *q)
{
	char pki[PATH_MAX_ + 16], log[PATH_MAX_ + 64];

	snprintf(pki, sizeof pki, "%s/pki", q->temp);
	if (mkdir(pki, 0700) < 0) {
		return wrong(pki, "cannot be made");
	}
	for (const struct qs_line *l = qs_openssl; l->line; l++) {
		int status = run_line(pki, l->line);

		if (status) {
			cli_tick_stop(q->session->tick);
			return failed_line(pki, l->line, status);
		}
	}
	snprintf(log, sizeof log, "%s/" OPENSSL_LOG, pki);
	file_remove(log);
	return CLI_OK;
}

/* -- where the programs are */

static bool in_path(const char *program)
{
	char path[PATH_MAX_];
	const char *all = getenv("PATH");

	for (const char *at = all ? all : ""; *at; at += *at == ':') {
		size_t n = strcspn(at, ":");

		if (n && n + strlen(program) + 2 < sizeof path) {
			snprintf(path, sizeof path, "%.*s/%s", (int)n, at, program);
			if (!access(path, X_OK)) {
				return true;
			}
		}
		at += n;
	}
	return false;
}

/* Our own directory, as a clone of the project has it: build/bin. */
static void find_programs(struct qs *q, char own[PATH_MAX])
{
	char path[PATH_MAX + 16];
	ssize_t n = readlink("/proc/self/exe", own, PATH_MAX - 1);
	char *slash;

	own[n < 0 ? 0 : n] = 0;
	slash = strrchr(own, '/');
	if (slash) {
		*slash = 0;
		snprintf(path, sizeof path, "%s/mtc-iwfd", own);
		q->more_path = !in_path("mtc-iwfd") && !access(path, X_OK) ? own : NULL;
		snprintf(path, sizeof path, "%s/mtc-scs", own);
	}
	q->lab_missing = !in_path("mtc-scs") && !(q->more_path && !access(path, X_OK));
}

/* -- what is said */

/* A place without a value would be a mistake in the table; the play runs every line. */
static void put_line(FILE *out, const struct qs *q, const char *line)
{
	if (qs_expand(out, line, &q->values)) {
		fputs("...", out);
	}
}

static void say_steps(FILE *out, const struct qs *q, enum qs_where where)
{
	for (const struct qs_step *s = qs_steps; s->line; s++) {
		if (s->where == where) {
			fprintf(out, "  # %s\n  ", s->about);
			put_line(out, q, s->line);
			fputc('\n', out);
		}
	}
}

/* As one word for a shell. */
static void put_quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'') {
			fputs("'\\''", out);
		} else {
			fputc(*text, out);
		}
	}
	fputc('\'', out);
}

static void say(FILE *out, const struct qs *q)
{
	fprintf(out, "Written to %s:\n ", q->full);
	for (const struct qs_file *f = qs_files; f->name; f++) {
		fprintf(out, " %s", f->name);
	}
	fputs("\n\nCertificates for a trial in pki/, made by these lines (docs/user/certificates.md explains them):\n", out);
	for (const struct qs_line *l = qs_openssl; l->line; l++) {
		if (l->about) {
			fprintf(out, "  # %s\n", l->about);
		}
		fprintf(out, "  %s\n", l->line);
	}
	fputs("\nNext. In each terminal first; with MTC_CTL the commands that mtcctl advises find this gateway:\n  cd ", out);
	put_quoted(out, q->full);
	fputs("\n  export MTC_CTL=\"$PWD/ctl.sock\"\n", out);
	if (q->more_path) {
		fputs("  export PATH=", out);
		put_quoted(out, q->more_path);
		fputs(":\"$PATH\"\n", out);
	}
	fputs("\nEach of these in a terminal of its own:\n", out);
	say_steps(out, q, QS_SERVE);
	fputs("\nThen, in one more, one after the other:\n", out);
	say_steps(out, q, QS_ASK);
	fputs("\nIt answers SUCCESS and then reports SUCCESS; the terminal of mtc-ue shows the trigger.\n"
	      "These lines are kept in " COMMANDS_FILE ". Ctrl-C in a terminal ends its program.\n",
	      out);
	if (q->lab_missing) {
		fputs("mtc-hss, mtc-smssc, mtc-ue and mtc-scs are not installed: they are in the package mtc-iwf-lab.\n", out);
	}
}

static json_t *step_row(const struct qs *q, const struct qs_step *s)
{
	char *line = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&line, &len);
	json_t *row;

	if (!out) {
		return NULL;
	}
	put_line(out, q, s->line);
	if (fclose(out)) {
		free(line);
		return NULL;
	}
	row = json_pack("{s:s, s:s, s:s}", "run", s->where == QS_SERVE ? "serve" : "ask", "about", s->about, "line", line);
	free(line);
	return row;
}

static void say_json(const struct qs *q)
{
	json_t *row;

	for (const struct qs_file *f = qs_files; f->name; f++) {
		show(row = json_pack("{s:s}", "file", f->name));
		json_decref(row);
	}
	for (const struct qs_line *l = qs_openssl; l->line; l++) {
		show(row = json_pack("{s:s}", "openssl", l->line));
		json_decref(row);
	}
	for (const struct qs_step *s = qs_steps; s->line; s++) {
		show(row = step_row(q, s));
		json_decref(row);
	}
	row = json_pack("{s:b, s:b, s:s, s:s}", "done", 1, "ok", 1, "dir", q->full, "path", q->more_path ? q->more_path : "");
	show(row);
	json_decref(row);
}

/* The commands name the directory, which has its name only now. */
static int keep_commands(const struct qs *q)
{
	char path[PATH_MAX_ + 64];
	FILE *out;

	snprintf(path, sizeof path, "%s/" COMMANDS_FILE, q->dir);
	out = fopen(path, "wxe");
	if (!out) {
		return wrong(path, "cannot be made");
	}
	say(out, q);
	return close_file(out, path);
}

static uint16_t port_of(const json_t *args, const char *name, uint16_t preset)
{
	const json_t *v = json_object_get(args, name);

	return v ? (uint16_t)json_integer_value(v) : preset;
}

int cli_quickstart(const struct cli_session *s, const json_t *args)
{
	struct qs q = { .session = s,
			.values = { port_of(args, "port", 5868), port_of(args, "hss_port", 3868),
				    port_of(args, "smssc_port", 3869) } };
	const struct qs_values *v = &q.values;
	char own[PATH_MAX];
	int code;

	if (v->port == v->hss_port || v->port == v->smssc_port || v->hss_port == v->smssc_port) {
		fputs("mtcctl: --port, --hss-port and --smssc-port are three ports of one address: they must differ\n", stderr);
		return CLI_USAGE;
	}
	find_programs(&q, own);
	code = begin_dir(&q, json_string_value(json_object_get(args, "dir")));
	if (code) {
		return code;
	}
	code = write_files(&q);
	if (code == CLI_OK) {
		code = make_certificates(&q);
	}
	cli_tick_stop(s->tick);
	if (code == CLI_OK) {
		code = put_in_place(&q);
	}
	if (code) {
		remove_temp(&q);
		return code;
	}
	code = keep_commands(&q);
	if (code == CLI_OK && s->json) {
		say_json(&q);
	} else if (code == CLI_OK) {
		say(stdout, &q);
	}
	return code;
}
