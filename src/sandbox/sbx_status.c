/* sbx_status.c - what the kernel says about this process in /proc/self/status. The file is opened
 * before the process is sealed, and read after it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/sbx_int.h"

#define STATUS_OCTETS 4096

int sbx_status_open(int *fd)
{
	*fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	return *fd < 0 ? ERR_IO : 0;
}

/* The text behind "\nKEY:", white space skipped; "" when there is no such line. */
static const char *value_of(const char *text, const char *key)
{
	char line[32];
	const char *at;

	snprintf(line, sizeof line, "\n%s:", key);
	at = strstr(text, line);
	if (!at) {
		return "";
	}
	at += strlen(line);
	return at + strspn(at, " \t");
}

/* 0 where there is no such line. */
static uint64_t number_of(const char *text, const char *key, int base)
{
	return strtoull(value_of(text, key), NULL, base);
}

static ssize_t read_status(int fd, char out[STATUS_OCTETS])
{
	ssize_t n = pread(fd, out, STATUS_OCTETS - 1, 0);

	out[n > 0 ? n : 0] = 0;
	return n;
}

int sbx_status_read(struct sbx_report *out, int fd)
{
	char text[STATUS_OCTETS], uids[32];
	unsigned uid = 0;

	if (read_status(fd, text) <= 0) {
		return ERR_IO;
	}
	snprintf(uids, sizeof uids, "%.31s", value_of(text, "Uid"));
	if (sscanf(uids, "%*u %u", &uid) != 1) {
		errno = EINVAL;
		return ERR_IO;
	}
	out->uid = uid;
	out->seccomp = (uint8_t)number_of(text, "Seccomp", 10);
	out->no_new_privs = number_of(text, "NoNewPrivs", 10) == 1;
	out->capabilities = number_of(text, "CapEff", 16) | number_of(text, "CapPrm", 16);
	out->bounding = number_of(text, "CapBnd", 16);
	return 0;
}

unsigned sbx_threads(void)
{
	char text[STATUS_OCTETS];
	int fd;
	ssize_t n;

	if (sbx_status_open(&fd)) {
		return 0;
	}
	n = read_status(fd, text);
	close(fd);
	return n > 0 ? (unsigned)number_of(text, "Threads", 10) : 0;
}
