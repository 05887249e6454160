/* dm_scrape.c - the parent's side of the metrics: binds their listener, makes the page that the
 * core writes and their process reads, and knows the program of that process.
 *
 * That program is another file than mtc-iwfd: libmicrohttpd and the libraries that it needs are
 * in no process that has a key or decides. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/shown.h"
#include "base/str.h"
#include "daemon/dm_open.h"
#include "daemon/dm_parent_int.h"
#include "daemon/dm_scrape.h"
#include "metrics/mtr_page.h"
#include "net/net_tcp.h"
#include "net/net_transport.h"

void dm_scrape_place(struct dm_parent *p)
{
	dm_child_init(&p->metrics, p, DM_METER);
	p->metrics_n = p->cfg->metrics.on;
}

int dm_scrape_program(char *out, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", out, size - 1);
	char *slash;

	if (n <= 0) {
		return ERR_IO;
	}
	out[n] = 0;
	slash = strrchr(out, '/');
	if (!slash || (size_t)(slash + 1 - out) + sizeof DM_SCRAPE_PROGRAM > size) {
		return ERR_LIMIT;
	}
	slash[1] = 0;
	str_add(out, size, DM_SCRAPE_PROGRAM);
	return access(out, X_OK) ? ERR_NOTFOUND : 0;
}

/* Accepted connections have it from the listener: what nobody takes waits in the process, where
 * it has an end, and not in the kernel. */
#define SEND_OCTETS 65536

static int bind_it(struct dm_parent *p)
{
	const struct cfg_metrics *m = &p->cfg->metrics;
	char address[SHOWN_ADDRESS_MAX];
	int octets = SEND_OCTETS;
	uint16_t port;
	int err = net_bind(&p->scrape.listen, &port, m->address, m->port, NULL, DM_BACKLOG);

	if (err) {
		log_error(&p->log, "daemon", "metrics: %s: %s", shown_address(address, m->address, m->port),
			  err == ERR_IO ? net_bind_words(errno) : err_str(err));
	} else if (setsockopt(p->scrape.listen, SOL_SOCKET, SO_SNDBUF, &octets, sizeof octets) < 0) {
		log_warn(&p->log, "daemon", "metrics: answers that nobody takes may need more memory of the kernel: %s",
			 strerror(errno));
	}
	return err;
}

int dm_scrape_open(struct dm_parent *p)
{
	struct dm_scrape *s = &p->scrape;
	int err;

	if (!p->cfg->metrics.on) {
		return 0;
	}
	err = dm_scrape_program(s->program, sizeof s->program);
	if (err) {
		log_error(&p->log, "daemon",
			  "metrics: the program %s cannot be started; install it, or write metrics.enabled: no", s->program);
		return err;
	}
	err = mtr_page_make(&s->page_write, &s->page_read, mtr_page_room(p->cfg->metrics.scs_max));
	if (err) {
		log_error(&p->log, "daemon", "metrics: no memory can be shared: %s", strerror(errno));
		return err;
	}
	return bind_it(p);
}

static void close_fd(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
	}
	*fd = -1;
}

void dm_scrape_close(struct dm_parent *p)
{
	close_fd(&p->scrape.listen);
	close_fd(&p->scrape.page_read);
	close_fd(&p->scrape.page_write);
}

/* Its process may shut connections down, and so the listener, too. */
static bool listens(int fd)
{
	int is = 0;
	socklen_t len = sizeof is;

	return fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is, &len) == 0 && is;
}

static int hand(struct dm_child *c, uint32_t kind, int fd)
{
	struct dm_msg m = { .kind = kind };

	return dm_send(c->sock, &m, &fd, 1);
}

int dm_scrape_hand_over(struct dm_child *c)
{
	struct dm_parent *p = c->parent;
	struct dm_scrape *s = &p->scrape;
	int err = 0;

	if (!p->metrics_n || (c->role != DM_CORE && c->role != DM_METER)) {
		return 0;
	}
	if (c->role == DM_CORE) {
		return hand(c, DM_METRICS, s->page_write);
	}
	if (!listens(s->listen)) {
		close_fd(&s->listen);
		err = bind_it(p);
	}
	if (!err) {
		err = hand(c, DM_METRICS, s->page_read);
	}
	return err ? err : hand(c, DM_METRICS_LISTEN, s->listen);
}
