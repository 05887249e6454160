/* dm_open.c - everything the parent opens before there is any child: the users, directories,
 * sockets, the counter pages. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/shown.h"
#include "base/tail.h"
#include "daemon/dm_give.h"
#include "daemon/dm_open.h"
#include "daemon/dm_parent_int.h"
#include "daemon/dm_sctp.h"
#include "net/net_transport.h"

static int find_users(struct dm_parent *p)
{
	for (unsigned i = 0; i < CFG_PROCESSES; i++) {
		struct cfg_user *u = &p->users[i];

		if (cfg_user_find(u, p->cfg, (enum cfg_process)i)) {
			log_error(&p->log, "daemon", "user '%s' (%s) does not exist; make it or name another one", u->name,
				  u->key);
			return ERR_NOTFOUND;
		}
	}
	return 0;
}

const struct cfg_user *dm_user_of(const struct dm_parent *p, enum dm_role role)
{
	static const struct cfg_user same = { .change = false };

	/* What looks at the packet filter needs a capability that another user would not have; the
	 * sandbox takes every other right. */
	if (role == DM_HELPER) {
		return &same;
	}
	/* The fetcher and the metrics are as far outside as the edges are, and must not be where
	 * the keys are. */
	return &p->users[role == DM_CORE ? CFG_PROCESS_CORE : role == DM_HOLDER ? CFG_PROCESS_KEYHOLDER : CFG_PROCESS_EDGE];
}

rlim_t dm_descriptors(const struct cfg_iwf *c)
{
	return (rlim_t)c->limits.connections_total + 1024;
}

/* Each connection needs a descriptor. Children inherit the limit. If it cannot be raised far
 * enough, the check has already reported that. */
static void raise_descriptors(struct dm_parent *p)
{
	struct rlimit limit;
	rlim_t wanted = dm_descriptors(p->cfg);

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted) {
		return;
	}
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0) {
		log_warn(&p->log, "daemon", "the limit of descriptors cannot be raised to %llu: %s",
			 (unsigned long long)limit.rlim_cur, strerror(errno));
	}
}

/* The directory exists and belongs to the user who writes into it. */
static int make_state_dir(struct dm_parent *p)
{
	const struct cfg_user *core = &p->users[CFG_PROCESS_CORE];
	const char *dir = p->cfg->state_dir;

	if (core->change) {
		return dm_give(&p->log, dir, &core->id);
	}
	if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
		log_error(&p->log, "daemon", "state_dir %s: %s", dir, strerror(errno));
		return ERR_IO;
	}
	return 0;
}

/* The sandboxes open what is there at the start. The owner of the audit reads the archive, as after
 * 'mtcctl audit prune'. A search says what is missing, and the gateway runs without. */
static void make_archive(struct dm_parent *p)
{
	const struct cfg_user *core = &p->users[CFG_PROCESS_CORE];
	const char *dir = p->cfg->audit.archive;
	bool made;
	int fd;

	if (!p->cfg->audit.on || !*dir) {
		return;
	}
	made = mkdir(dir, 0750) == 0;
	if (!made && errno == EEXIST) {
		return;
	}
	fd = made ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) : -1;
	if (fd < 0 || (core->change && fchown(fd, core->id.uid, core->id.gid) < 0)) {
		log_warn(&p->log, "daemon",
			 "audit.archive %s cannot be made: %s; searches find no record that was moved away. Make the directory, "
			 "readable for the user of the core, and restart mtc-iwfd",
			 dir, strerror(errno));
	} else {
		log_info(&p->log, "daemon", "audit: made the directory of its archive, %s", dir);
	}
	if (fd >= 0) {
		close(fd);
	}
}

static int bind_listeners(struct dm_parent *p)
{
	for (size_t i = 0; i < p->cfg->listen_n; i++) {
		const struct cfg_listen *l = &p->cfg->listen[i];
		char address[SHOWN_ADDRESS_MAX];
		struct net_sctp_ends sctp;
		int err = net_bind(&p->listen_fds[i], &p->listen_ports[i], l->address, l->port, dm_sctp_of(&sctp, p->cfg, i),
				   DM_BACKLOG);

		if (err == ERR_NOTFOUND) {
			log_error(&p->log, "daemon", "listener %s stays shut: %s", l->name, dm_sctp_missing(l->transport));
		} else if (err) {
			log_error(&p->log, "daemon", "listener %s: %s: %s", l->name, shown_address(address, l->address, l->port),
				  err == ERR_IO ? net_bind_words(errno) : err_str(err));
			return err;
		}
	}
	return 0;
}

static int bind_control(struct dm_parent *p)
{
	const struct cfg_user *core = &p->users[CFG_PROCESS_CORE];
	const char *path = p->cfg->control_path;
	int err;

	if (!path[0]) {
		return 0;
	}
	err = net_unix_bind(&p->control_fd, path, 0660, DM_BACKLOG);
	if (err == ERR_EXISTS) {
		log_error(&p->log, "daemon", "control socket %s: another process listens there", path);
		return err;
	}
	/* lchown: if the directory belongs to that user, the path may no longer be our socket. */
	if (err || (core->change && lchown(path, core->id.uid, core->id.gid) < 0)) {
		log_error(&p->log, "daemon", "control socket %s: %s", path,
			  err && err != ERR_IO ? err_str(err) : strerror(errno));
		return ERR_IO;
	}
	return 0;
}

int dm_open_decisions(struct dm_parent *p)
{
	const char *path = p->cfg->decisions;
	int fd;

	if (!path[0]) {
		return -1;
	}
	fd = tail_open(path, 0640);
	if (fd < 0) {
		log_error(&p->log, "daemon", "decision log %s: %s%s", path,
			  errno == ENXIO ? "no program reads this pipe; start its reader first" : strerror(errno),
			  dm_at_start_only(p, errno));
	}
	return fd;
}

static int check_decisions(struct dm_parent *p)
{
	int fd = dm_open_decisions(p);

	if (p->cfg->decisions[0] && fd < 0) {
		return ERR_IO;
	}
	if (fd >= 0) {
		close(fd);
	}
	return 0;
}

static bool zone_listens(const struct dm_parent *p, enum zone zone)
{
	for (size_t i = 0; i < p->cfg->listen_n; i++) {
		if (p->cfg->listen[i].zone == (int)zone && p->listen_fds[i] >= 0) {
			return true;
		}
	}
	return false;
}

/* `edges` places and their counter page, if the zone has a listener that is open. */
static int place_edges_of(struct dm_parent *p, enum zone zone)
{
	struct dm_caps *caps = dm_caps_of(p, zone);
	uint32_t n = 0;
	int err;

	for (; zone_listens(p, zone) && n < p->cfg->edges && p->edges_n < DM_EDGES_MAX; n++) {
		struct dm_child *edge = &p->edges[p->edges_n];

		dm_child_init(edge, p, DM_EDGE);
		edge->slot = p->edges_n++;
		edge->zone = zone;
		edge->place = n;
	}
	err = n ? ipc_caps_make(&caps->fd, n) : 0;
	return n && !err ? ipc_caps_open(&caps->page, caps->fd, 0) : err;
}

static int place_children(struct dm_parent *p)
{
	int err = place_edges_of(p, ZONE_EXTERNAL);

	if (!err) {
		err = place_edges_of(p, ZONE_INTERNAL);
	}
	dm_child_init(&p->core, p, DM_CORE);
	dm_holders_place(p);
	dm_ndsips_place(p);
	dm_fetchers_place(p);
	dm_scrape_place(p);
	if (!err && p->edges_n == 0) {
		log_error(&p->log, "daemon", "no listener is open: there is nothing to do");
		return ERR_INVAL;
	}
	return err;
}

int dm_open_all(struct dm_parent *p)
{
	int err;

	memset(p->listen_fds, 0xff, sizeof p->listen_fds);
	p->scrape.page_write = p->scrape.page_read = p->scrape.listen = -1;
	p->control_fd = p->caps[0].fd = p->caps[1].fd = -1;
	p->console = ADM_CONSOLE_NONE;
	raise_descriptors(p);
	err = find_users(p);
	if (!err) {
		err = make_state_dir(p);
	}
	if (!err) {
		err = check_decisions(p);
	}
	if (!err) {
		err = dm_audit_open(p);
	}
	if (!err) {
		make_archive(p);
		err = bind_listeners(p);
	}
	if (!err) {
		err = bind_control(p);
	}
	if (!err) {
		err = dm_scrape_open(p);
	}
	return err ? err : place_children(p);
}

void dm_close_all(struct dm_parent *p)
{
	for (size_t i = 0; i < CFG_LISTEN_MAX; i++) {
		if (p->listen_fds[i] >= 0) {
			close(p->listen_fds[i]);
		}
	}
	dm_audit_close(p);
	dm_scrape_close(p);
	if (p->control_fd >= 0) {
		close(p->control_fd);
		unlink(p->cfg->control_path);
	}
	for (unsigned i = 0; i < DM_ZONES; i++) {
		ipc_caps_close(p->caps[i].page);
		if (p->caps[i].fd >= 0) {
			close(p->caps[i].fd);
		}
	}
}
