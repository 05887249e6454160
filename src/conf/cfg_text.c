/* cfg_text.c - checks the bytes of a configuration file before they are parsed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/cfg_internal.h"

/* Length of the UTF-8 sequence at p (RFC 3629: shortest form, no surrogates, up to U+10FFFF); 0:
 * there is none. */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	size_t n = p[0] < 0x80                   ? 1
		   : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
		   : (p[0] & 0xf0) == 0xe0       ? 3
		   : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
						 : 0;

	if (!n || n > left) {
		return 0;
	}
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] > 0x8f)) {
		return 0;
	}
	return n;
}

const char *cfg_text_problem(const unsigned char *p, size_t len, unsigned *line)
{
	*line = 1;
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_len(p + i, len - i);
		if (!n) {
			return "bytes that are not UTF-8, expected UTF-8 text";
		}
		if (p[i] == 0) {
			return "a NUL byte, expected text";
		}
		if (p[i] == 0x7f || (p[i] < 0x20 && p[i] != '\t' && p[i] != '\n' && p[i] != '\r')) {
			return "a control character, expected text";
		}
		if (p[i] == '\n') {
			++*line;
		}
	}
	return NULL;
}

static int wrong_file(char why[CFG_WHY_MAX], const char *path, const char *words, int err)
{
	snprintf(why, CFG_WHY_MAX, "%s: %s", path, words);
	return err;
}

/* Reads until the end, or one octet more than is allowed: a file may grow while it is read. */
static int read_all(int fd, char *text, size_t cap, size_t *len)
{
	size_t have = 0;

	while (have < cap) {
		ssize_t n = read(fd, text + have, cap - have);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return ERR_IO;
		}
		if (n == 0) {
			break;
		}
		have += (size_t)n;
	}
	*len = have;
	return 0;
}

int cfg_text_load(char **text, size_t *len, const char *path, char why[CFG_WHY_MAX])
{
	int fd = file_open_in(path);
	struct stat st;
	size_t n = 0;
	char *p = NULL;
	int err;

	if (fd < 0) {
		return wrong_file(why, path, file_not_opened(path, errno), ERR_IO);
	}
	if (fstat(fd, &st) || !(S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode))) {
		err = wrong_file(why, path, "not a regular file", ERR_IO);
		goto close_fd;
	}
	p = malloc(CFG_TEXT_MAX + 1);
	if (!p) {
		err = wrong_file(why, path, err_str(ERR_NOMEM), ERR_NOMEM);
		goto close_fd;
	}
	err = read_all(fd, p, CFG_TEXT_MAX + 1, &n);
	if (err) {
		err = wrong_file(why, path, strerror(errno), err);
	} else if (n > CFG_TEXT_MAX) {
		err = wrong_file(why, path, "larger than 1 MiB, the limit of a configuration file", ERR_LIMIT);
	}
	if (err) {
		goto free_text;
	}
	p[n] = 0;
	*text = p;
	*len = n;
	close(fd);
	return 0;

free_text:
	free(p);
close_fd:
	close(fd);
	return err;
}
