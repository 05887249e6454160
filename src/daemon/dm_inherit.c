/* dm_inherit.c - a child takes over the configuration as sealed text, files as sealed memory, and
 * sockets as descriptors. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/writer.h"
#include "daemon/dm_child.h"
#include "daemon/dm_config.h"
#include "daemon/dm_console.h"

static void all_unset(struct dm_inherited *in)
{
	memset(in, 0, sizeof *in);
	in->console = ADM_CONSOLE_NONE;
	in->caps_fd = in->beat_fd = in->control_fd = in->decisions_fd = in->publish_fd = in->metrics_fd = in->metrics_listen_fd =
	    -1;
	memset(in->listen_fds, 0xff, sizeof in->listen_fds); /* -1 each */
}

/* The member that receives the descriptor of this message; NULL: none. */
static int *place(struct dm_inherited *in, const struct dm_msg *m)
{
	switch (m->kind) {
	case DM_LISTEN:
		return m->index < CFG_LISTEN_MAX ? &in->listen_fds[m->index] : NULL;
	case DM_CAPS:
		in->caps_slot = m->index; /* ipc_caps_open() looks whether the page has it */
		return &in->caps_fd;
	case DM_BEAT:
		return &in->beat_fd;
	case DM_CONTROL:
		return &in->control_fd;
	case DM_DECISIONS:
		return &in->decisions_fd;
	case DM_METRICS:
		return &in->metrics_fd;
	case DM_METRICS_LISTEN:
		return &in->metrics_listen_fd;
	case DM_AUDIT_PUBLISH:
		return &in->publish_fd;
	default:
		return NULL;
	}
}

static int take(struct dm_inherited *in, const struct dm_msg *m, int fd)
{
	int *where, err;

	if (m->kind == DM_CONFIG) {
		in->slot = m->index;
		in->generation = m->generation;
		in->zone = m->value == ZONE_EXTERNAL ? ZONE_EXTERNAL : ZONE_INTERNAL;
		err = in->cfg ? ERR_PROTO : dm_config_open(&in->cfg, fd);
		if (err) {
			return err;
		}
		in->log.level = (enum log_level)in->cfg->log_level;
		/* Edges and core may run as one user. Without this each could read and write the
		 * memory of the others. */
		return (in->cfg->user[0] || in->cfg->user_core[0] || in->cfg->user_edge[0]) && prctl(PR_SET_DUMPABLE, 0) < 0
			   ? ERR_IO
			   : 0;
	}
	if (m->kind == DM_SET && !in->part.map) {
		in->set = m->generation;
		return dm_set_open(&in->part, &in->log, fd);
	}
	if (m->kind == DM_CONSOLE && fd >= 0 && in->console.uid == ADM_NO_CONSOLE) {
		return dm_console_take(&in->console, fd);
	}
	if (m->kind == DM_AUDIT_KEY && fd >= 0 && !in->has_audit) {
		in->has_audit = pread(fd, &in->audit, sizeof in->audit, 0) == (ssize_t)sizeof in->audit;
		in->audit.note[sizeof in->audit.note - 1] = 0;
		close(fd);
		return in->has_audit ? 0 : ERR_PROTO;
	}
	where = place(in, m);
	if (!where || *where >= 0) {
		if (fd >= 0) {
			close(fd);
		}
		return ERR_PROTO;
	}
	*where = fd;
	return 0;
}

int dm_inherit(struct dm_inherited *in, const char *role)
{
	struct dm_msg m;
	int fds[DM_FDS_MAX], err = 0;

	all_unset(in);
	log_init(&in->log, STDERR_FILENO, LOG_LEVEL_INFO, role);
	while (!err && (err = dm_recv(DM_CHILD_FD, &m, fds)) == 0 && m.kind != DM_START) {
		err = take(in, &m, fds[0]);
		if (err) {
			break;
		}
	}
	if (!err && !in->cfg) {
		err = ERR_PROTO;
	}
	if (!err && fcntl(DM_CHILD_FD, F_SETFL, O_NONBLOCK) < 0) {
		err = ERR_IO;
	}
	if (err && err != ERR_CLOSED) {
		log_error(&in->log, "daemon", "could not take over what the parent hands out: %s", err_str(err));
	}
	return err;
}

static void fds_close(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
		fds[i] = -1;
	}
}

void dm_inherited_free(struct dm_inherited *in)
{
	fds_close(&in->caps_fd, 1);
	fds_close(&in->beat_fd, 1);
	fds_close(&in->control_fd, 1);
	fds_close(&in->decisions_fd, 1);
	fds_close(&in->publish_fd, 1);
	fds_close(&in->metrics_fd, 1);
	fds_close(&in->metrics_listen_fd, 1);
	fds_close(in->listen_fds, CFG_LISTEN_MAX);
	dm_part_close(&in->part);
	dm_console_fini(&in->console);
	cfg_iwf_free(in->cfg);
	in->cfg = NULL;
}

int dm_config_take(struct cfg_iwf **fresh, const struct log *log, int fd)
{
	int err = dm_config_open(fresh, fd);

	if (err) {
		log_error(log, "daemon", "the configuration that the parent hands out cannot be used: %s", err_str(err));
	}
	return err;
}

void dm_config_use(struct dm_inherited *in, struct cfg_iwf *fresh)
{
	if (!fresh) {
		return;
	}
	if (fresh->log_level != in->cfg->log_level) { /* else what 'mtcctl log level' said stays */
		in->log.level = (enum log_level)fresh->log_level;
	}
	memcpy(in->cfg, fresh, sizeof *fresh);
	cfg_iwf_free(fresh);
}

int dm_set_open(struct dm_part *out, const struct log *log, int fd)
{
	int err = dm_part_open(out, fd);

	if (fd >= 0) {
		close(fd);
	}
	if (err) {
		log_error(log, "daemon", "the certificates that the parent hands out cannot be used: %s", err_str(err));
	}
	return err;
}
