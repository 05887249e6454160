/* cfg_iwf_check.c - checks that span several keys, each error with the line of the key to change. */
#include "conf/cfg_iwf_check.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ident.h"

static int check_anchors(const struct cfg_iwf *c, char why[CFG_WHY_MAX])
{
	for (size_t i = 0; i < c->anchors_n; i++) {
		if (!strcmp(c->anchors[i].name, IDENT_ANCHOR_INTERNAL))
			return cfg_wrong(why, c->lines, cfg_line(c->lines, "trust_anchors[%zu].name", i),
					 "trust anchor '%s': this word means SCSs without a certificate, expected another name",
					 c->anchors[i].name);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(c->anchors[i].name, c->anchors[j].name))
				return cfg_wrong(why, c->lines, cfg_line(c->lines, "trust_anchors[%zu].name", i),
						 "trust anchor '%s' stands here a second time, expected unique names",
						 c->anchors[i].name);
	}
	return 0;
}

/* tls needs certificate and key; none must not have them, or somebody would believe in a protection that is not there. */
static int check_protection(const struct cfg_iwf *c, const char *list, size_t i, int protection, const char *certificate,
			    const char *key, char why[CFG_WHY_MAX])
{
	if (protection == CFG_TLS && (!*certificate || !*key))
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s[%zu].protection", list, i),
				 "%s[%zu] has protection tls and no %s, expected certificate and key", list, i,
				 *certificate ? "key" : "certificate");
	if (protection == CFG_NONE && (*certificate || *key))
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s[%zu].%s", list, i, *certificate ? "certificate" : "key"),
				 "%s[%zu] has protection none and a %s, expected protection tls or no %s", list, i,
				 *certificate ? "certificate" : "key", *certificate ? "certificate" : "key");
	return 0;
}

static int check_listener(const struct cfg_iwf *c, size_t i, char why[CFG_WHY_MAX])
{
	const struct cfg_listen *l = &c->listen[i];

	for (size_t j = 0; j < i; j++) {
		if (!strcmp(l->name, c->listen[j].name))
			return cfg_wrong(why, c->lines, cfg_line(c->lines, "listen[%zu].name", i),
					 "listener '%s' stands here a second time, expected unique names", l->name);
		if (l->port && l->port == c->listen[j].port && !strcmp(l->address, c->listen[j].address))
			return cfg_wrong(why, c->lines, cfg_line(c->lines, "listen[%zu].port", i),
					 "listeners '%s' and '%s' have the same address and port, expected different ones",
					 c->listen[j].name, l->name);
	}
	if (l->zone == CFG_EXTERNAL && l->protection == CFG_NONE)
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "listen[%zu].protection", i),
				 "listener '%s' is external without protection, expected protection tls", l->name);
	if (l->protection == CFG_TLS && !c->anchors_n)
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "listen[%zu].protection", i),
				 "listener '%s' has protection tls and there are no trust_anchors, expected at least one",
				 l->name);
	return check_protection(c, "listen", i, l->protection, l->certificate, l->key, why);
}

static int check_peer(const struct cfg_iwf *c, size_t i, char why[CFG_WHY_MAX])
{
	const struct cfg_peer *p = &c->peers[i];

	for (size_t j = 0; j < i; j++) {
		bool name = !strcmp(p->name, c->peers[j].name);

		if (name || !strcmp(p->host, c->peers[j].host))
			return cfg_wrong(why, c->lines, cfg_line(c->lines, "peers[%zu].%s", i, name ? "name" : "host"),
					 "peer %s '%s' stands here a second time, expected unique names and hosts",
					 name ? "name" : "host", name ? p->name : p->host);
	}
	if (!strcmp(p->host, c->internal.host))
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "peers[%zu].host", i),
				 "peer '%s' has our own host name '%s', expected the peer's", p->name, p->host);
	if (p->protection == CFG_TLS && cfg_anchor_index(c, p->trust) == CFG_ANCHORS_MAX)
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "peers[%zu].trust", i),
				 "peer '%s' has protection tls and trust '%s', expected the name of one of the trust_anchors",
				 p->name, p->trust);
	return check_protection(c, "peers", i, p->protection, p->certificate, p->key, why);
}

static int check_route(const struct cfg_iwf *c, const char *section, struct cfg_route *route, char why[CFG_WHY_MAX])
{
	for (size_t i = 0; i < c->peers_n; i++)
		if (!strcmp(c->peers[i].name, route->peer)) {
			route->peer_index = i;
			return 0;
		}
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "%s.peer", section),
			 "%s.peer is '%s', expected the name of one of the peers, such as '%s'", section, route->peer,
			 c->peers[0].name);
}

static int check_numbers(struct cfg_iwf *c, char why[CFG_WHY_MAX])
{
	uint32_t ring = 65536;

	if (c->dnr.retry_max_ms < c->dnr.retry_min_ms)
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "dnr.retry_max"),
				 "dnr.retry_max is shorter than dnr.retry_min, expected at least as long");
	if (c->timers.restart_max_ms < c->timers.edge_restart_ms)
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "timers.restart_max"),
				 "timers.restart_max is shorter than timers.edge_restart, expected at least as long");
	if (c->limits.connections_per_address > c->limits.connections_total) {
		/* only who wrote it meant something else; otherwise the smaller bound holds */
		if (cfg_written(c->lines, "limits.connections_per_address"))
			return cfg_wrong(
			    why, c->lines, cfg_line(c->lines, "limits.connections_per_address"),
			    "limits.connections_per_address is above limits.connections_total (%u), expected at most that",
			    c->limits.connections_total);
		c->limits.connections_per_address = c->limits.connections_total;
	}
	while (ring < c->limits.ring_size)
		ring *= 2;
	c->limits.ring_size = ring;
	return 0;
}

#define CORE_MEMORY_MIN (UINT64_C(64) << 20) /* what a core has that holds nothing: stacks of its threads, tables, buffers */

/* Twice the reserve: it gets well when as much again is free. */
static int check_memory(const struct cfg_iwf *c, char why[CFG_WHY_MAX])
{
	uint64_t least = CORE_MEMORY_MIN + 2 * c->limits.memory_reserve + c->associations_import_memory;

	if (!c->limits.memory || c->limits.memory >= least)
		return 0;
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "limits.memory"),
			 "limits.memory is %llu, expected 0 or at least %llu: 64 MiB, twice limits.memory_reserve, and "
			 "associations.import_memory",
			 (unsigned long long)c->limits.memory, (unsigned long long)least);
}

int cfg_iwf_check(struct cfg_iwf *c, char why[CFG_WHY_MAX])
{
	int err;

	if (!strcmp(c->external.host, c->internal.host))
		return cfg_wrong(why, c->lines, cfg_line(c->lines, "identity.internal.host"),
				 "identity.internal.host is the external one too, expected a name that is never shown outside");
	err = check_anchors(c, why);
	for (size_t i = 0; !err && i < c->listen_n; i++)
		err = check_listener(c, i, why);
	for (size_t i = 0; !err && i < c->peers_n; i++)
		err = check_peer(c, i, why);
	if (!err)
		err = check_route(c, "s6m", &c->s6m, why);
	if (!err)
		err = check_route(c, "t4", &c->t4, why);
	if (!err)
		err = check_memory(c, why);
	return err ? err : check_numbers(c, why);
}

static int check_readable(const struct cfg_iwf *c, const char *file, unsigned line, char why[CFG_WHY_MAX])
{
	struct stat st;

	if (!*file)
		return 0;
	if (stat(file, &st) || access(file, R_OK))
		return cfg_wrong(why, c->lines, line, "%s: %s, expected a readable file", file, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return cfg_wrong(why, c->lines, line, "%s is not a file, expected a PEM file", file);
	return 0;
}

/* What is there already under the name of something we make has to be of its kind. */
static int check_kind(const struct cfg_iwf *c, const char *file, mode_t kind, const char *expected, unsigned line,
		      char why[CFG_WHY_MAX])
{
	struct stat st;

	if (!*file || stat(file, &st) || (st.st_mode & S_IFMT) == kind)
		return 0;
	return cfg_wrong(why, c->lines, line, "%s is there and is not a %s, expected one or nothing there", file, expected);
}

/* The same that will be asked at the start. */
static int check_user(const struct cfg_iwf *c, char why[CFG_WHY_MAX])
{
	if (!c->user[0] || geteuid() != 0 || getpwnam(c->user))
		return 0;
	return cfg_wrong(why, c->lines, cfg_line(c->lines, "user"), "there is no user '%s' on this machine, expected one that is",
			 c->user);
}

/* The directory that a file (or socket) will be made in. */
static int check_parent(const struct cfg_iwf *c, const char *file, unsigned line, char why[CFG_WHY_MAX])
{
	const char *slash = strrchr(file, '/');
	char dir[CFG_PATH_MAX] = ".";
	struct stat st;

	if (!*file)
		return 0;
	if (slash) {
		size_t n = slash == file ? 1 : (size_t)(slash - file);

		memcpy(dir, file, n);
		dir[n] = 0;
	}
	if (stat(dir, &st) || !S_ISDIR(st.st_mode))
		return cfg_wrong(why, c->lines, line, "%s: the directory %s is not there, expected one to make it in", file, dir);
	return 0;
}

static int check_pem(const struct cfg_iwf *c, const char *list, size_t i, const char *certificate, const char *key,
		     char why[CFG_WHY_MAX])
{
	int err = check_readable(c, certificate, cfg_line(c->lines, "%s[%zu].certificate", list, i), why);

	return err ? err : check_readable(c, key, cfg_line(c->lines, "%s[%zu].key", list, i), why);
}

int cfg_iwf_check_files(const struct cfg_iwf *c, char why[CFG_WHY_MAX])
{
	int err = check_parent(c, c->state_dir, cfg_line(c->lines, "state_dir"), why);

	if (!err)
		err = check_parent(c, c->control_path, cfg_line(c->lines, "control.path"), why);
	if (!err)
		err = check_parent(c, c->decisions, cfg_line(c->lines, "log.decisions"), why);
	if (!err)
		err = check_kind(c, c->state_dir, S_IFDIR, "directory", cfg_line(c->lines, "state_dir"), why);
	if (!err)
		err = check_kind(c, c->control_path, S_IFSOCK, "socket", cfg_line(c->lines, "control.path"), why);
	if (!err)
		err = check_user(c, why);
	for (size_t i = 0; !err && i < c->anchors_n; i++)
		err = check_readable(c, c->anchors[i].file, cfg_line(c->lines, "trust_anchors[%zu].file", i), why);
	for (size_t i = 0; !err && i < c->listen_n; i++)
		err = check_pem(c, "listen", i, c->listen[i].certificate, c->listen[i].key, why);
	for (size_t i = 0; !err && i < c->peers_n; i++)
		err = check_pem(c, "peers", i, c->peers[i].certificate, c->peers[i].key, why);
	return err;
}
