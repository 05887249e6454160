/* cli_file.c - open, and put in place. */
#include "cli/cli_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static bool say(char why[CLI_FILE_WHY_MAX], const char *path, const char *doing)
{
	snprintf(why, CLI_FILE_WHY_MAX, "%.300s: %s: %s", path, doing, strerror(errno));
	return false;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), k = strlen(end);

	return n > k && strcmp(text + n - k, end) == 0;
}

const char *cli_file_format(const char *path)
{
	if (ends_with(path, ".csv")) {
		return "csv";
	}
	return ends_with(path, ".jsonl") || ends_with(path, ".ndjson") || ends_with(path, ".json") ? "jsonl" : NULL;
}

bool cli_file_in(struct cli_file *f, const char *path, char why[CLI_FILE_WHY_MAX])
{
	*f = (struct cli_file){ .fd = STDIN_FILENO, .path = path, .standard = !strcmp(path, "-") };
	if (f->standard) {
		return true;
	}
	f->fd = file_open_in(path);
	if (f->fd < 0) {
		snprintf(why, CLI_FILE_WHY_MAX, "%.300s: cannot be opened: %s", path, file_not_opened(path, errno));
	}
	return f->fd >= 0;
}

/* -- a file beside its place */

static char *volatile temp_now;

static void on_signal(int signum)
{
	if (temp_now) {
		file_remove(temp_now);
	}
	signal(signum, SIG_DFL);
	raise(signum);
}

static bool out_beside(struct cli_file *f, char why[CLI_FILE_WHY_MAX])
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	mode_t mask = umask(0);

	umask(mask);
	f->place = realpath(f->path, NULL); /* a link stays a link */
	if (!f->place) {
		f->place = strdup(f->path);
	}
	if (!f->place || asprintf(&f->temp, "%s.XXXXXX", f->place) < 0) {
		return say(why, f->path, "no memory");
	}
	f->fd = mkostemp(f->temp, O_CLOEXEC);
	if (f->fd < 0) {
		(void)say(why, f->path, "cannot be written");
		free(f->temp);
		free(f->place);
		return false;
	}
	err_ignore(fchmod(f->fd, 0666 & ~mask), "it stays as mkostemp() made it: the owner's alone");
	temp_now = f->temp;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		signal(ends[i], on_signal);
	}
	return true;
}

bool cli_file_out(struct cli_file *f, const char *path, char why[CLI_FILE_WHY_MAX])
{
	struct stat st;

	*f = (struct cli_file){ .fd = STDOUT_FILENO, .path = path ? path : "-", .standard = !path || !strcmp(path, "-") };
	if (f->standard) {
		return true;
	}
	if (stat(path, &st) || S_ISREG(st.st_mode)) {
		return out_beside(f, why);
	}
	/* a pipe or a device stays unchanged */
	f->fd = file_open_pipe_out(path);
	if (f->fd < 0) {
		snprintf(why, CLI_FILE_WHY_MAX, "%.300s: cannot be opened: %s", path, file_not_opened(path, errno));
	}
	return f->fd >= 0;
}

static bool sync_folder(const char *path)
{
	char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
	int fd;
	bool well;

	if (slash) {
		slash[slash == folder] = 0;
	}
	fd = folder ? open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	well = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0) {
		close(fd);
	}
	free(folder);
	return well;
}

static bool put_in_place(struct cli_file *f, char why[CLI_FILE_WHY_MAX])
{
	if (fsync(f->fd)) {
		return say(why, f->path, "cannot be written to disk");
	}
	if (rename(f->temp, f->place)) {
		return say(why, f->path, "cannot be put in place");
	}
	temp_now = NULL;
	return sync_folder(f->place) || say(why, f->path, "its folder cannot be written to disk");
}

bool cli_file_end(struct cli_file *f, bool well, char why[CLI_FILE_WHY_MAX])
{
	bool ok = true;

	if (f->temp) {
		if (well) {
			ok = put_in_place(f, why);
		}
		if (temp_now) {
			file_remove(f->temp);
		}
		temp_now = NULL;
		free(f->temp);
		free(f->place);
	}
	if (!f->standard) {
		close(f->fd);
	}
	return ok;
}
