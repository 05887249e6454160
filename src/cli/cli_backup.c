/* cli_backup.c - sends one request for each file of the state, each with a descriptor of ours. Then
 * it writes the manifest and gives the directory its name. A failure before that leaves nothing; a
 * kill leaves DIR.part. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/obj.h"
#include "base/shown.h"
#include "base/str.h"
#include "cli/cli_bar.h"
#include "cli/cli_client.h"
#include "cli/cli_command.h"

#define TRIES 3 /* the two files of the associations differ if an import ends between them */
#define PATH_MAX_ 4096

static const struct part {
	const char *store, *file; /* store: of the request; NULL ends the list */
} parts[] = {
	/* precedes the file that names its generation */
	{ "association-rows", "association-rows.mdb" },
	{ "associations", "associations.mdb" },
	{ "journal", "journal.log" },
	{ NULL, "manifest.json" },
};
#define PARTS (sizeof parts / sizeof *parts)

#define BACKUP_MAGIC 0xad06eb7au
struct backup {
	struct obj obj;
	const struct cli_session *session;
	const char *cmd;
	char dir[PATH_MAX_], temp[PATH_MAX_ + 8];
	struct ctl_client *client;
	struct cli_bar bar;
	json_t *last; /* last line of the current file; owned */
	json_t *files, *manifest;
};

/* For the handler of signals: what stands there so far. */
static char temp_now[PATH_MAX_ + 8], file_now[PARTS][PATH_MAX_ + 64];

static void remove_all(void)
{
	for (size_t i = 0; i < PARTS; i++) {
		if (file_now[i][0]) {
			file_remove(file_now[i]);
		}
	}
	if (temp_now[0]) {
		file_remove_dir(temp_now);
	}
}

static void on_signal(int signum)
{
	remove_all();
	signal(signum, SIG_DFL);
	raise(signum);
}

static int wrong(const char *path, const char *doing)
{
	fprintf(stderr, "mtcctl: %s: %s: %s\n", path, doing, strerror(errno));
	return CLI_NO;
}

/* -- the directory */

static int begin_dir(struct backup *b, const char *dir)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/') {
		n--;
	}
	if (n == 0 || n >= sizeof b->dir) {
		fprintf(stderr, "mtcctl: the name of the directory is empty or too long\n");
		return CLI_USAGE;
	}
	snprintf(b->dir, sizeof b->dir, "%.*s", (int)n, dir);
	snprintf(b->temp, sizeof b->temp, "%s.part", b->dir);
	if (rmdir(b->dir) < 0 && errno != ENOENT) { /* an empty one is as good as none */
		if (errno == ENOTEMPTY || errno == EEXIST) {
			fprintf(stderr, "mtcctl: %s exists and is not empty: name a new directory\n", b->dir);
		} else {
			(void)wrong(b->dir, "cannot be replaced by the backup");
		}
		return CLI_NO;
	}
	if (mkdir(b->temp, 0700) < 0) {
		if (errno == EEXIST) {
			fprintf(
			    stderr,
			    "mtcctl: %s exists: another backup is running; if none is, one was killed: remove the directory\n",
			    b->temp);
		} else {
			(void)wrong(b->temp, "cannot be made");
		}
		return CLI_NO;
	}
	str_set(temp_now, sizeof temp_now, b->temp);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		signal(ends[i], on_signal);
	}
	return CLI_OK;
}

static bool sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool well = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0) {
		close(fd);
	}
	return well;
}

static bool sync_parent(const char *path)
{
	char parent[PATH_MAX_];
	char *slash;

	str_cut(parent, sizeof parent, path);
	slash = strrchr(parent, '/');
	if (!slash) {
		return sync_dir(".");
	}
	slash[slash == parent] = 0;
	return sync_dir(parent);
}

static int put_in_place(struct backup *b)
{
	if (!sync_dir(b->temp)) {
		return wrong(b->temp, "cannot be written to disk");
	}
	if (rename(b->temp, b->dir) < 0) {
		return wrong(b->dir, "the backup cannot be put in place");
	}
	memset(file_now, 0, sizeof file_now);
	temp_now[0] = 0;
	return sync_parent(b->dir) ? CLI_OK : wrong(b->dir, "its folder cannot be written to disk");
}

static int open_part(const struct backup *b, size_t i)
{
	int fd;

	snprintf(file_now[i], sizeof file_now[i], "%s/%s", b->temp, parts[i].file);
	fd = open(file_now[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		(void)wrong(file_now[i], "cannot be made");
	}
	return fd;
}

/* -- the files */

static int on_row(void *arg, const json_t *row)
{
	struct backup *b = OBJ_OF(arg, struct backup, BACKUP_MAGIC);

	if (b->session->json) {
		char *text = json_dumps(row, JSON_COMPACT | JSON_ENSURE_ASCII);

		puts(text ? text : "");
		fflush(stdout);
		free(text);
	}
	if (json_is_true(json_object_get(row, "done"))) {
		json_decref(b->last);
		b->last = json_incref((json_t *)(uintptr_t)row);
	} else if (!b->session->json) {
		cli_bar_show(&b->bar, row, clock_mono_ms());
	}
	return 0;
}

static int ask(struct backup *b, size_t i, int fd)
{
	char why[CTL_CLIENT_WHY_MAX];
	json_t *args = json_pack("{s:s, s:s}", "store", parts[i].store, "name", parts[i].file);
	int err = ctl_client_ask(b->client, b->cmd, args, fd, b->session->wait_ms, on_row, b, why);

	cli_bar_clear(&b->bar);
	json_decref(args);
	if (err) {
		fprintf(stderr, "mtcctl: %s\n", why);
	}
	return err == ERR_REFUSED ? CLI_NO : err ? CLI_CONNECT : CLI_OK;
}

static int copy_part(struct backup *b, size_t i)
{
	int fd = open_part(b, i), code;

	if (fd < 0) {
		return CLI_NO;
	}
	code = ask(b, i, fd);
	if (code == CLI_OK && fsync(fd) < 0) {
		code = wrong(file_now[i], "cannot be written to disk");
	}
	if (close(fd) < 0 && code == CLI_OK) {
		code = wrong(file_now[i], "cannot be written to disk");
	}
	if (code == CLI_OK) {
		json_object_set_new(b->files, parts[i].file,
				    json_pack("{s:O, s:O}", "octets", json_object_get(b->last, "octets"), "sha256",
					      json_object_get(b->last, "sha256")));
	}
	return code;
}

static json_int_t generation(const struct backup *b)
{
	return json_integer_value(json_object_get(b->last, "generation"));
}

/* The rows, then the file that names their generation. */
static int copy_associations(struct backup *b)
{
	for (int i = 0; i < TRIES; i++) {
		json_int_t rows;
		int code = copy_part(b, 0);

		if (code) {
			return code;
		}
		rows = generation(b);
		code = copy_part(b, 1);
		if (code) {
			return code;
		}
		if (rows == generation(b)) {
			json_object_set_new(b->manifest, "generation", json_integer(rows));
			return CLI_OK;
		}
	}
	fprintf(stderr, "mtcctl: imports end faster than the associations are copied: try again after them\n");
	return CLI_NO;
}

static int write_manifest(struct backup *b)
{
	char time[CLOCK_TEXT_MAX], *text;
	int fd, code = CLI_OK;
	size_t len;

	clock_text(time, clock_real_ms());
	json_object_set_new(b->manifest, "time", json_string(time));
	json_object_set(b->manifest, "version", json_object_get(b->last, "version"));
	json_object_set(b->manifest, "identity", json_object_get(b->last, "identity"));
	/* the journal's: its part is the last one */
	json_object_set(b->manifest, "timeline", json_object_get(b->last, "timeline"));
	text = json_dumps(b->manifest, JSON_INDENT(1));
	fd = text ? open_part(b, PARTS - 1) : -1;
	if (fd < 0) {
		free(text);
		return CLI_NO;
	}
	len = strlen(text);
	if (write(fd, text, len) != (ssize_t)len || write(fd, "\n", 1) != 1 || fsync(fd) < 0) {
		code = wrong(file_now[PARTS - 1], "cannot be written");
	}
	close(fd);
	free(text);
	return code;
}

static int copy_all(struct backup *b)
{
	int code = copy_associations(b);

	if (code == CLI_OK) {
		code = copy_part(b, 2);
	}
	if (code == CLI_OK) {
		code = write_manifest(b);
	}
	return code == CLI_OK ? put_in_place(b) : code;
}

static void show_end(const struct backup *b)
{
	const char *file;
	json_t *f;
	json_int_t octets = 0;
	char n[SHOWN_COUNT_MAX];

	json_object_foreach(b->files, file, f) octets += json_integer_value(json_object_get(f, "octets"));
	if (!b->session->json) {
		printf("backup of %s in %s, %s\n", json_string_value(json_object_get(b->manifest, "identity")), b->dir,
		       shown_count(n, octets > 0 ? (uint64_t)octets : 0, "byte"));
	}
}

int cli_backup(const struct cli_session *s, const char *cmd, const char *dir)
{
	struct backup *b = calloc(1, sizeof *b);
	char why[CTL_CLIENT_WHY_MAX];
	int code, err;

	if (!b) {
		return CLI_NO;
	}
	obj_begin(&b->obj, BACKUP_MAGIC);
	b->session = s;
	b->cmd = cmd;
	b->files = json_object();
	b->manifest = json_pack("{s:s, s:i, s:O}", "kind", "mtc-iwf backup", "format", 2, "files", b->files);
	if (!s->json) {
		cli_bar_init(&b->bar, stderr);
	}
	err = cli_client(&b->client, s, s->socket, why);
	if (err) {
		fprintf(stderr, "mtcctl: %s\n", why);
	}
	code = err ? (err == ERR_INVAL ? CLI_USAGE : CLI_CONNECT) : begin_dir(b, dir);
	if (code == CLI_OK) {
		code = copy_all(b);
	}
	if (code == CLI_OK) {
		show_end(b);
	}
	remove_all(); /* nothing when all is well */
	ctl_client_close(b->client);
	json_decref(b->last);
	json_decref(b->files);
	json_decref(b->manifest);
	free(b);
	return code;
}
