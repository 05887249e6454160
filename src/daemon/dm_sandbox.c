/* dm_sandbox.c - the sandbox of a child, see dm_sandbox.h. */
#include "daemon/dm_sandbox.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/dm_trap.h"

_Static_assert((int)CFG_SANDBOX_OFF == (int)SBX_OFF && (int)CFG_SANDBOX_PREFER == (int)SBX_PREFER &&
		   (int)CFG_SANDBOX_REQUIRE == (int)SBX_REQUIRE,
	       "one set of modes");

/* Bits of `what` in DM_SANDBOX. */
#define ROLE_SHIFT 0
#define MODE_SHIFT 4
#define SECCOMP_SHIFT 6
#define LANDLOCK_SHIFT 8
#define FLAG_NO_NEW_PRIVS (1u << 14)
#define FLAG_DUMPABLE (1u << 15)
#define FLAG_LOCKED (1u << 16)
#define LACKS_SHIFT 20
#define CAPABILITIES ((UINT64_C(1) << DM_SANDBOX_SLOT_SHIFT) - 1) /* in `value` */

void dm_sandbox_check(const struct cfg_iwf *c, struct report *why)
{
	char words[SBX_WHY_MAX];
	unsigned line = cfg_line(c->lines, "sandbox");
	uint32_t lacks;

	if (!cfg_sound(c->lines, "sandbox") || c->sandbox == CFG_SANDBOX_OFF) {
		return;
	}
	lacks = sbx_lacks(SBX_EDGE);
	if (!lacks) {
		return;
	}
	(void)sbx_lacks_words(words, lacks);
	if (c->sandbox == CFG_SANDBOX_REQUIRE) {
		cfg_error(why, c->lines, line, "sandbox: require cannot be had here: %s; or write sandbox: prefer", words);
	} else if (!(lacks & SBX_LACK_INSTRUMENTED)) { /* a property of a build for tests, which the log tells */
		cfg_warn(why, c->lines, line, "sandbox: prefer: %s", words);
	}
}

/* -- paths and ports of the core */

/* A path of the file behind a descriptor, so that the log may look at its end (base/tail.h). */
static void add_file_of(struct sbx_path *paths, size_t *n, char name[32], int fd)
{
	snprintf(name, 32, "/proc/self/fd/%d", fd);
	paths[(*n)++] = (struct sbx_path){ name, SBX_READ, true };
}

static int confine_core(struct dm_sandbox *s, const struct dm_inherited *in, char why[SBX_WHY_MAX])
{
	struct sbx_path paths[5] = {
		{ in->cfg->state_dir, SBX_WRITE, false },
		{ "/proc", SBX_READ,
		  true }, /* its own memory, the names of processes that read a store, the number of this boot */
	};
	uint16_t ports[CFG_PEERS_MAX];
	char log[32];
	size_t n = 2;
	int err;

	add_file_of(paths, &n, log, STDERR_FILENO);
	if (in->cfg->audit.on && *in->cfg->audit.archive) {
		paths[n++] = (struct sbx_path){ in->cfg->audit.archive, SBX_READ, true };
	}
	for (size_t i = 0; i < in->cfg->peers_n; i++) {
		ports[i] = in->cfg->peers[i].port;
	}
	s->conf.paths = paths;
	s->conf.paths_n = n;
	s->conf.ports = ports;
	s->conf.ports_n = in->cfg->peers_n;
	err = sbx_confine(&s->report, &s->conf, why);
	s->conf.paths = NULL;
	s->conf.ports = NULL;
	s->conf.paths_n = s->conf.ports_n = 0;
	return err;
}

/* -- paths of a PKCS#11 module */

size_t dm_module_paths(struct sbx_path paths[DM_MODULE_PATHS_MAX], const struct cfg_pkcs11 *p)
{
	size_t n = 0;

	if (!p->module[0]) {
		return 0;
	}
	paths[n++] = (struct sbx_path){ p->module, SBX_EXEC, true };
	for (size_t i = 0; i < p->paths_n; i++) {
		paths[n++] = (struct sbx_path){ p->paths[i], SBX_WRITE, true };
	}
	return n;
}

/* The libraries that the module needs are beside those of this program. */
static int confine_module(struct dm_sandbox *s, const struct cfg_pkcs11 *p, char why[SBX_WHY_MAX])
{
	struct sbx_path paths[DM_MODULE_PATHS_MAX + 4] = { { "/lib", SBX_EXEC, true },
							   { "/lib64", SBX_EXEC, true },
							   { "/etc/ld.so.cache", SBX_READ, true },
							   { "/proc", SBX_READ, true } };
	int err;

	s->conf.paths = paths;
	s->conf.paths_n = 4 + dm_module_paths(paths + 4, p);
	err = sbx_confine(&s->report, &s->conf, why);
	s->conf.paths = NULL;
	s->conf.paths_n = 0;
	return err;
}

int dm_confine_module(struct dm_sandbox *s, const struct cfg_pkcs11 *p, enum sbx_mode mode, char why[SBX_WHY_MAX])
{
	s->conf = (struct sbx_conf){ .role = SBX_KEYHOLDER_P11, .mode = mode };
	return confine_module(s, p, why);
}

/* -- the two steps */

static int check_fds(const struct dm_inherited *in, char why[SBX_WHY_MAX])
{
	int fds[CFG_LISTEN_MAX + 8] = { DM_CHILD_FD,      in->caps_fd,    in->beat_fd,    in->control_fd,
					in->decisions_fd, in->publish_fd, in->metrics_fd, in->metrics_listen_fd };

	memcpy(fds + 8, in->listen_fds, sizeof in->listen_fds);
	return sbx_check_fds(fds, sizeof fds / sizeof *fds, why);
}

static int report(const struct dm_inherited *in, const char *what, int err, const char *why)
{
	if (err) {
		log_error(&in->log, "daemon", "the sandbox cannot be %s, and this process ends: %s%s", what,
			  *why ? why : err_str(err), err == ERR_REFUSED ? "; or write sandbox: prefer" : "");
	} else if (*why) {
		log_warn(&in->log, "daemon", "this process is less protected than it could be: %s", why);
	}
	return err;
}

/* Whether the process has listeners, or connects to peers, over SCTP. */
static bool has_sctp(const struct dm_inherited *in, enum sbx_role role)
{
	const struct cfg_iwf *c = in->cfg;
	bool any = false;

	for (size_t i = 0; role == SBX_CORE && i < c->peers_n; i++) {
		any = any || c->peers[i].transport == TRANSPORT_SCTP;
	}
	for (size_t i = 0; role == SBX_EDGE && i < c->listen_n; i++) {
		any = any || (in->listen_fds[i] >= 0 && c->listen[i].transport == TRANSPORT_SCTP);
	}
	return any;
}

/* Whether the process has listeners over SCTP in user space. A core needs nothing more for peers:
 * it makes and connects their UDP sockets before it is sealed. */
static bool has_sctp_udp(const struct dm_inherited *in, enum sbx_role role)
{
	bool any = false;

	for (size_t i = 0; role == SBX_EDGE && i < in->cfg->listen_n; i++) {
		any = any || (in->listen_fds[i] >= 0 && in->cfg->listen[i].transport == TRANSPORT_SCTP_UDP);
	}
	return any;
}

/* Whether the core has peers over TCP under NDS/IP: their connections begin at an address of ours
 * that is written down. */
static bool binds(const struct cfg_iwf *c, enum sbx_role role)
{
	bool any = false;

	for (size_t i = 0; role == SBX_CORE && i < c->peers_n; i++) {
		any = any || (protection_has_ndsip(c->peers[i].protection) && c->peers[i].transport == TRANSPORT_TCP);
	}
	return any;
}

int dm_confine(struct dm_sandbox *s, const struct dm_inherited *in, enum sbx_role role)
{
	char why[SBX_WHY_MAX] = "";
	int err;

	s->conf = (struct sbx_conf){ .role = role,
				     .mode = (enum sbx_mode)in->cfg->sandbox,
				     .sctp = has_sctp(in, role),
				     .sctp_udp = has_sctp_udp(in, role),
				     .binds = binds(in->cfg, role),
				     .on_refused = dm_trap };
	err = dm_trap_begin(in->beat_fd);
	if (!err && s->conf.mode != SBX_OFF && !(sbx_lacks(role) & SBX_LACK_INSTRUMENTED)) { /* those open some of their own */
		err = check_fds(in, why);
	}
	if (!err) {
		err = role == SBX_CORE            ? confine_core(s, in, why)
		      : role == SBX_KEYHOLDER_P11 ? confine_module(s, &in->cfg->keyholder.pkcs11, why)
						  : sbx_confine(&s->report, &s->conf, why);
	}
	return err ? report(in, "entered", err, why) : 0; /* what is missing is told when it is sealed */
}

int dm_seal(struct dm_sandbox *s, const struct dm_inherited *in)
{
	char why[SBX_WHY_MAX] = "";
	int err = sbx_seal(&s->report, &s->conf, why);
	struct dm_msg m = dm_sandbox_message(&s->report);

	err = report(in, "sealed", err, why);
	return err ? err : dm_send(DM_CHILD_FD, &m, NULL, 0);
}

/* -- the message */

struct dm_msg dm_sandbox_message(const struct sbx_report *r)
{
	return (struct dm_msg){ .kind = DM_SANDBOX,
				.index = r->uid,
				.generation = (uint32_t)getpid(),
				.value = r->capabilities,
				.what = (uint32_t)r->role << ROLE_SHIFT | (uint32_t)r->mode << MODE_SHIFT |
					(uint32_t)(r->seccomp & 3) << SECCOMP_SHIFT |
					(uint32_t)(r->landlock & 0x3f) << LANDLOCK_SHIFT |
					(r->no_new_privs ? FLAG_NO_NEW_PRIVS : 0) | (r->dumpable ? FLAG_DUMPABLE : 0) |
					(r->locked ? FLAG_LOCKED : 0) | r->lacks << LACKS_SHIFT };
}

bool dm_sandbox_read(struct sbx_report *out, const struct dm_msg *m)
{
	uint32_t role = m->what >> ROLE_SHIFT & 0xf, mode = m->what >> MODE_SHIFT & 3;

	*out = (struct sbx_report){ .role = (enum sbx_role)role,
				    .mode = (enum sbx_mode)mode,
				    .seccomp = m->what >> SECCOMP_SHIFT & 3,
				    .landlock = m->what >> LANDLOCK_SHIFT & 0x3f,
				    .no_new_privs = m->what & FLAG_NO_NEW_PRIVS,
				    .dumpable = m->what & FLAG_DUMPABLE,
				    .locked = m->what & FLAG_LOCKED,
				    .uid = m->index,
				    .capabilities = m->value & CAPABILITIES,
				    .lacks = m->what >> LACKS_SHIFT,
				    .status_fd = -1 };
	return role < SBX_ROLES && mode <= SBX_REQUIRE;
}
