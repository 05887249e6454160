/* dm_config.c - both ends are one program, started from one file: the struct itself is handed. */
#include "daemon/dm_config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd_stat.h"
#include "daemon/dm_msg.h"

#define CONFIG_MAGIC 0x6d4a09c3u

struct head {
	uint32_t magic, size;
};

int dm_config_make(int *fd, const struct cfg_iwf *cfg, const uint16_t ports[CFG_LISTEN_MAX])
{
	struct head head = { CONFIG_MAGIC, (uint32_t)sizeof *cfg };
	struct cfg_iwf *c = malloc(sizeof *c);
	int err;

	if (!c) {
		return ERR_NOMEM;
	}
	memcpy(c, cfg, sizeof *c);
	c->lines = NULL;
	for (size_t i = 0; i < c->listen_n; i++) {
		c->listen[i].port = c->listen[i].port ? c->listen[i].port : ports[i];
	}
	err = dm_memfd_v(fd, "mtc-iwf-config", (struct iovec[]){ { &head, sizeof head }, { c, sizeof *c } }, 2);
	free(c);
	return err;
}

static int read_all(int fd, void *out, size_t n, off_t at)
{
	for (size_t got = 0; got < n;) {
		ssize_t r = pread(fd, (char *)out + got, n - got, at + (off_t)got);

		if (r <= 0) {
			return ERR_IO;
		}
		got += (size_t)r;
	}
	return 0;
}

static int read_config(struct cfg_iwf *c, int fd)
{
	struct head head;
	struct stat st;
	int err;

	if (fd_stat(fd, &st) < 0 || st.st_size != (off_t)(sizeof head + sizeof *c)) {
		return ERR_PROTO;
	}
	err = read_all(fd, &head, sizeof head, 0);
	if (!err) {
		err = head.magic == CONFIG_MAGIC && head.size == sizeof *c ? read_all(fd, c, sizeof *c, sizeof head) : ERR_PROTO;
	}
	c->lines = NULL;
	if (!err && (c->anchors_n > CFG_ANCHORS_MAX || c->listen_n > CFG_LISTEN_MAX || c->peers_n > CFG_PEERS_MAX)) {
		err = ERR_PROTO;
	}
	return err;
}

int dm_config_open(struct cfg_iwf **out, int fd)
{
	struct cfg_iwf *c = calloc(1, sizeof *c);
	int err = c ? read_config(c, fd) : ERR_NOMEM;

	if (fd >= 0) {
		close(fd);
	}
	if (err) {
		free(c);
	} else {
		*out = c;
	}
	return err;
}
