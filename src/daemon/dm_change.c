/* dm_change.c - see dm_change.h.
 *
 *   file --> checks of the start --> cfg_merge() --> ports, decision log --> (dm_reload.c: set of
 *   files) --> in force
 *
 * Every failure before the last arrow leaves the daemon as it was. */
#include "daemon/dm_back.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/shown.h"
#include "base/tail.h"
#include "conf/cfg_names.h"
#include "daemon/dm_open.h"
#include "daemon/dm_sandbox.h"
#include "daemon/dm_sctp.h"
#include "net/net_transport.h"

#define LANDLOCK_PORTS 4 /* the first version that refuses ports */

/* -- the file */

void dm_source_note(struct cfg_iwf *cfg, const char *text, size_t len)
{
	struct hash *h = NULL;

	cfg->source = (struct cfg_source){ .read_ms = clock_real_ms() };
	if (hash_new(&h) || hash_add(h, text, len) || hash_end(h, cfg->source.digest)) {
		cfg->source.digest[0] = 0;
	}
	hash_free(h);
}

int dm_change_read(struct dm_change *c, const struct dm_parent *p, struct report *r)
{
	struct file_copy f;
	char words[FILE_WHY_MAX];

	dm_change_none(c);
	if (!p->loaded.again) {
		report_add(r, REPORT_WARNING, "%s is no file that can be read again: the configuration stays", p->path);
		return 0;
	}
	if (file_read(&f, p->path, CFG_TEXT_MAX, words)) {
		report_add(r, REPORT_ERROR, "the configuration %s cannot be read: %s", p->path, words);
		return ERR_IO;
	}
	c->text = malloc(f.len + 1);
	if (c->text) {
		memcpy(c->text, f.p, f.len);
		c->text[f.len] = 0;
		c->text_len = f.len;
	} else {
		report_add(r, REPORT_ERROR, "%s", err_str(ERR_NOMEM));
	}
	file_copy_fini(&f);
	c->other = c->text && (c->text_len != p->loaded.text_len || memcmp(c->text, p->loaded.text, c->text_len) != 0);
	return c->text ? 0 : ERR_NOMEM;
}

void dm_change_names(struct cfg_names *names, const struct dm_change *c, const struct dm_parent *p)
{
	struct report unsaid = { .len = 0 }; /* dm_change_prepare() says it */
	struct cfg_iwf *cfg = NULL;

	if (c->text) {
		err_ignore(cfg_iwf_examine(&cfg, p->path, c->text, c->text_len, &unsaid), "what could be read has names, too");
	}
	if (cfg) {
		cfg_names_add(names, cfg);
	}
	cfg_iwf_free(cfg);
}

/* -- what the processes can do */

static struct cfg_merge_can can_of(const struct dm_parent *p)
{
	struct cfg_merge_can can = { .fetcher = p->fetcher_n > 0,
				     .connections_max = p->connections_max,
				     .now_ms = clock_mono_ms() };

	for (uint32_t i = 0; i < p->edges_n; i++) {
		can.zone[p->edges[i].zone == ZONE_EXTERNAL] = true;
	}
	for (uint32_t i = 0; i < p->holders_n; i++) {
		can.keyholder = can.keyholder || p->holders[i].slot == KH_FILES;
	}
	return can;
}

/* The core's sandbox has the ports and transports of the peers that it was started with. */
static bool core_may_connect(const struct dm_parent *p, const struct cfg_peer *peer)
{
	bool sctp = peer->transport == TRANSPORT_SCTP;
	struct sbx_report sandbox;

	if (p->core.sandbox.kind == DM_SANDBOX && dm_sandbox_read(&sandbox, &p->core.sandbox) &&
	    (sctp ? !sandbox.seccomp : sandbox.landlock < LANDLOCK_PORTS)) {
		return true;
	}
	for (size_t i = 0; i < p->core_peers_n; i++) {
		const struct dm_core_peer *had = &p->core_peers[i];

		if (had->sctp == sctp && (sctp || had->port == peer->port)) {
			return true;
		}
	}
	return false;
}

static void look_at_core(struct dm_change *c, const struct dm_parent *p, struct report *r)
{
	for (size_t i = 0; i < c->cfg->peers_n; i++) {
		const struct cfg_peer *peer = &c->cfg->peers[i];

		if (!peer->gone_ms && !core_may_connect(p, peer)) {
			c->what.anew |= CFG_BY_CORE;
			report_add(r, REPORT_WARNING,
				   "peers[%s]: its port or transport is a new one for the sandbox of the core, so the core is "
				   "restarted",
				   peer->name);
		}
	}
}

/* -- listeners */

static bool was_open(const struct dm_parent *p, size_t i)
{
	return i < p->cfg->listen_n && !p->cfg->listen[i].gone_ms;
}

/* The socket of a listener that goes, at the same address: its queue has connections already. */
static int inherited(const struct dm_change *c, const struct dm_parent *p, size_t i)
{
	const struct cfg_listen *l = &c->cfg->listen[i];

	for (size_t k = 0; k < p->cfg->listen_n; k++) {
		const struct cfg_listen *before = &p->cfg->listen[k];

		if (was_open(p, k) && c->cfg->listen[k].gone_ms && p->listen_fds[k] >= 0 && l->port && before->port == l->port &&
		    before->transport == TRANSPORT_TCP && l->transport == TRANSPORT_TCP &&
		    strcmp(before->address, l->address) == 0) {
			return p->listen_fds[k];
		}
	}
	return -1;
}

/* One that comes back after a reload that some process refused. */
static bool is_kept(struct dm_change *c, size_t i)
{
	if (!c->back || c->back->fds[i] < 0) {
		return false;
	}
	c->fds[i] = c->back->fds[i];
	c->ports[i] = c->back->ports[i];
	c->back->fds[i] = -1;
	return true;
}

static int open_listener(struct dm_change *c, const struct dm_parent *p, size_t i, struct report *r)
{
	const struct cfg_listen *l = &c->cfg->listen[i];
	int before = inherited(c, p, i), err = 0;
	char address[SHOWN_ADDRESS_MAX];
	struct net_sctp_ends sctp;

	if (before >= 0) {
		c->fds[i] = dup(before);
		c->ports[i] = l->port;
		err = c->fds[i] < 0 ? ERR_IO : 0;
	} else {
		err = net_bind(&c->fds[i], &c->ports[i], l->address, l->port, dm_sctp_of(&sctp, c->cfg, i), DM_BACKLOG);
	}
	if (err) {
		report_add(r, REPORT_ERROR, "listener %s cannot be opened: %s: %s", l->name,
			   shown_address(address, l->address, l->port), err == ERR_IO ? net_bind_words(errno) : err_str(err));
	}
	return err;
}

static int open_listeners(struct dm_change *c, const struct dm_parent *p, struct report *r)
{
	int err = 0;

	for (size_t i = 0; i < c->cfg->listen_n; i++) {
		int one = c->cfg->listen[i].gone_ms || was_open(p, i) || is_kept(c, i) ? 0 : open_listener(c, p, i, r);

		err = err ? err : one;
	}
	return err;
}

static int open_decisions(struct dm_change *c, const struct dm_parent *p, struct report *r)
{
	if (strcmp(c->cfg->decisions, p->cfg->decisions) == 0) {
		return 0;
	}
	c->decisions_fd = tail_open(c->cfg->decisions, 0640);
	if (c->decisions_fd < 0) {
		report_add(r, REPORT_ERROR, "decision log %s: %s%s", c->cfg->decisions, strerror(errno),
			   dm_at_start_only(p, errno));
		return ERR_IO;
	}
	return 0;
}

/* -- all */

static int merge(struct dm_change *c, struct dm_parent *p, struct cfg_iwf *fresh, struct report *r)
{
	struct cfg_merge_can can = can_of(p);
	int err;

	c->cfg = calloc(1, sizeof *c->cfg);
	if (!c->cfg) {
		report_add(r, REPORT_ERROR, "%s", err_str(ERR_NOMEM));
		return ERR_NOMEM;
	}
	dm_source_note(fresh, c->text, c->text_len);
	err = cfg_merge(c->cfg, p->cfg, fresh, &can, &c->what, r);
	c->lines = fresh->lines;
	fresh->lines = NULL;
	c->cfg->lines = c->lines;
	if (!err && c->what.changes) {
		look_at_core(c, p, r);
	}
	if (!err) {
		err = open_listeners(c, p, r);
	}
	return err ? err : open_decisions(c, p, r);
}

void dm_change_none(struct dm_change *out)
{
	*out = (struct dm_change){ .decisions_fd = -1 };
	memset(out->fds, 0xff, sizeof out->fds); /* -1 each */
}

int dm_change_prepare(struct dm_change *out, struct dm_parent *p, const struct cfg_names *names, struct report *r)
{
	struct cfg_iwf *fresh = NULL;
	int err;

	if (!out->text) {
		return 0;
	}
	/* an unchanged file was checked when it was taken; its files are read with the set */
	err = out->other ? dm_load_again(&fresh, p->path, out->text, out->text_len, names, r)
			 : cfg_iwf_examine(&fresh, p->path, out->text, out->text_len, r);
	if (!err) {
		fresh->names = *names;
		err = merge(out, p, fresh, r);
	}
	cfg_iwf_free(fresh);
	return err;
}

int dm_change_back(struct dm_change *out, struct dm_parent *p, struct dm_back *b, struct report *r)
{
	struct cfg_iwf *fresh = NULL;
	int err;

	dm_change_none(out);
	out->other = true;
	out->back = b;
	out->text = b->text;
	out->text_len = b->text_len;
	b->text = NULL;
	err = cfg_iwf_examine(&fresh, p->path, out->text, out->text_len, r);
	if (!err) {
		fresh->names = p->cfg->names; /* of this reload */
		err = merge(out, p, fresh, r);
	}
	cfg_iwf_free(fresh);
	if (!err) {
		out->cfg->source = b->set->cfg->source; /* when it was read */
	}
	return err;
}

static void use_listeners(struct dm_change *c, struct dm_parent *p)
{
	char address[SHOWN_ADDRESS_MAX];

	for (size_t i = 0; i < c->cfg->listen_n; i++) {
		if (c->cfg->listen[i].gone_ms && p->listen_fds[i] >= 0) {
			log_info(&p->log, "daemon", "listener %s is closed %s", p->cfg->listen[i].name,
				 shown_address(address, p->cfg->listen[i].address, p->listen_ports[i]));
			close(p->listen_fds[i]);
			p->listen_fds[i] = -1;
		}
		if (c->fds[i] >= 0) {
			p->listen_fds[i] = c->fds[i];
			p->listen_ports[i] = c->ports[i];
			c->fds[i] = -1;
			log_info(&p->log, "daemon", "listener %s is ready %s", c->cfg->listen[i].name,
				 shown_address(address, c->cfg->listen[i].address, p->listen_ports[i]));
		}
	}
}

static void use_decisions(struct dm_change *c, struct dm_parent *p)
{
	struct dm_msg m = { .kind = DM_DECISIONS };

	if (c->decisions_fd >= 0 && p->core.pid && dm_send(p->core.sock, &m, &c->decisions_fd, 1) == 0) {
		dm_decisions_note(p, c->decisions_fd);
	}
}

/* Edges, the core, the keyholders and the NDS/IP helper take it from the configuration. */
static void use_log_level(const struct dm_change *c, struct dm_parent *p)
{
	struct dm_msg m = { .kind = DM_LOG_LEVEL, .value = (uint64_t)c->cfg->log_level };

	if (c->cfg->log_level == p->cfg->log_level) {
		return;
	}
	p->log.level = (enum log_level)c->cfg->log_level;
	if (p->fetcher_n && p->fetcher.pid && dm_send(p->fetcher.sock, &m, NULL, 0)) {
		log_warn(&p->log, "daemon", "the fetcher does not take messages");
	}
	if (p->metrics_n && p->metrics.pid && dm_send(p->metrics.sock, &m, NULL, 0)) {
		log_warn(&p->log, "daemon", "the metrics do not take messages");
	}
}

void dm_change_use(struct dm_change *c, struct dm_parent *p)
{
	use_listeners(c, p);
	use_log_level(c, p);
	use_decisions(c, p);
	cfg_lines_free(p->cfg->lines);
	memcpy(p->cfg, c->cfg, sizeof *p->cfg);
	p->cfg->lines = c->lines;
	c->lines = NULL;
	free(p->loaded.text);
	p->loaded.text = c->text;
	p->loaded.text_len = c->text_len;
	c->text = NULL;
	if (dm_crls_watch(p)) { /* the first one with CRLs */
		log_error(&p->log, "daemon", "files of CRLs are not looked at: %s", err_str(ERR_NOMEM));
	}
	dm_change_drop(c);
}

void dm_change_drop(struct dm_change *c)
{
	for (size_t i = 0; i < CFG_LISTEN_MAX; i++) {
		if (c->fds[i] >= 0) {
			close(c->fds[i]);
		}
	}
	if (c->decisions_fd >= 0) {
		close(c->decisions_fd);
	}
	cfg_lines_free(c->lines);
	free(c->cfg);
	free(c->text);
	dm_change_none(c);
}

/* -- processes that are restarted */

static bool concerned(const struct dm_child *c, unsigned by)
{
	return (c->role == DM_CORE && (by & CFG_BY_CORE)) || (c->role == DM_HOLDER && (by & CFG_BY_KEYHOLDER)) ||
	       (c->role == DM_FETCHER && (by & CFG_BY_FETCHER));
}

void dm_change_behind(struct dm_parent *p, unsigned by)
{
	for (uint32_t i = 0; i < dm_children(p); i++) {
		struct dm_child *c = dm_child_at(p, i);

		c->behind = c->pid && (c->behind || concerned(c, by));
	}
}

void dm_change_anew(struct dm_parent *p)
{
	struct dm_msg stop = { .kind = DM_STOP };
	char name[EDGE_WORDS_MAX];

	for (uint32_t i = 0; i < dm_children(p) && !p->stopping && !p->reload.waits; i++) {
		struct dm_child *c = dm_child_at(p, i);

		if (!c->behind || !dm_child_ready(c)) {
			continue;
		}
		c->behind = false;
		log_info(&p->log, "daemon", "%s ends and is restarted with the new configuration", dm_child_name(c, name));
		if (dm_send(c->sock, &stop, NULL, 0)) {
			kill(c->pid, SIGKILL);
		}
	}
}
