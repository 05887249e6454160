/* dm_pulse.c - see dm_pulse.h. */
#include "daemon/dm_pulse.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/str.h"
#include "daemon/dm_hang.h"

#define TEXT_MAX 256
#define THREADS_MAX 64u /* that are looked at: no process of ours has as many */

/* A file of a thread; "" when it cannot be read. Returns `text`. */
static const char *of_thread(char text[TEXT_MAX], int threads_fd, uint32_t thread, const char *file)
{
	char path[32];
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof path, "%u/%s", thread, file);
	fd = openat(threads_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, TEXT_MAX - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = 0;
	return text;
}

static void add(struct dm_pulse *s, uint64_t *others_ns, int threads_fd, uint32_t thread, bool is_main)
{
	char text[TEXT_MAX], state = dm_hang_state(of_thread(text, threads_fd, thread, "stat"));

	if (!dm_hang_excuse(s->state) && (is_main || dm_hang_excuse(state))) {
		s->state = state;
	}
	*(is_main ? &s->life : others_ns) += dm_hang_ran_ns(of_thread(text, threads_fd, thread, "schedstat"));
}

struct dm_pulse dm_pulse_of(pid_t pid)
{
	struct dm_pulse s = { .life = 0 };
	uint64_t others_ns = 0;
	const struct dirent *e;
	uint32_t thread, n = 0;
	char path[32];
	DIR *threads;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	threads = opendir(path);
	if (!threads) {
		return s;
	}
	while (n < THREADS_MAX && (e = readdir(threads))) {
		if (str_parse_u32(&thread, e->d_name, 1, UINT32_MAX) == 0) {
			add(&s, &others_ns, dirfd(threads), thread, thread == (uint32_t)pid);
			n++;
		}
	}
	closedir(threads);
	s.life += others_ns / DM_PULSE_STEP_NS;
	return s;
}
