/* dm_sandboxes.c - the parent: enters its own sandbox, keeps what each child says of its own, and
 * hands all of it to the core. */
#include <errno.h>
#include <stdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "daemon/dm_parent_int.h"
#include "daemon/dm_sandbox.h"

/* -- what the core is told */

static void tell(struct dm_parent *p, const struct dm_msg *m, uint64_t slot)
{
	struct dm_msg told = *m;

	if (told.kind != DM_SANDBOX || !p->core.pid || !dm_child_ready(&p->core)) {
		return;
	}
	told.value |= slot << DM_SANDBOX_SLOT_SHIFT;
	if (dm_send(p->core.sock, &told, NULL, 0)) {
		log_warn(&p->log, "daemon", "the core does not take messages");
	}
}

void dm_sandboxes_tell(struct dm_parent *p)
{
	tell(p, &p->sandbox, 0);
	tell(p, &p->core.sandbox, 0);
	for (uint32_t i = 0; i < p->edges_n; i++) {
		tell(p, &p->edges[i].sandbox, i);
	}
	for (uint32_t i = 0; i < p->holders_n; i++) {
		tell(p, &p->holders[i].sandbox, p->holders[i].slot);
	}
	tell(p, &p->ndsip.sandbox, 0);
	tell(p, &p->fetcher.sandbox, 0);
	tell(p, &p->metrics.sandbox, 0);
}

bool dm_sandboxes_take(struct dm_child *c, const struct dm_msg *m)
{
	struct dm_parent *p = c->parent;
	struct sbx_report r;

	if (!dm_sandbox_read(&r, m) || r.role == SBX_PARENT) {
		return false;
	}
	if (p->users_state != CFG_USERS_APART) {
		r.lacks |= r.lacks & SBX_LACK_OFF ? 0 : SBX_LACK_USERS;
	}
	c->sandbox = dm_sandbox_message(&r);
	c->sandbox.generation = (uint32_t)c->pid;
	tell(p, &c->sandbox, c->slot);
	return true;
}

void dm_sandboxes_gone(struct dm_child *c)
{
	struct dm_parent *p = c->parent;
	struct dm_msg gone = { .kind = DM_SANDBOX_GONE, .generation = c->sandbox.generation };

	if (c->sandbox.kind == DM_SANDBOX && c != &p->core && p->core.pid && dm_child_ready(&p->core) &&
	    dm_send(p->core.sock, &gone, NULL, 0)) {
		log_warn(&p->log, "daemon", "the core does not take messages");
	}
	c->sandbox = (struct dm_msg){ .kind = 0 };
}

/* -- a child that its sandbox ended */

void dm_sandboxes_ended(struct dm_child *c, int status)
{
	struct dm_parent *p = c->parent;
	int64_t number = c->beat ? ipc_beat_refused(c->beat) : -1;
	char name[EDGE_WORDS_MAX], call[SBX_CALL_MAX];

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
		return;
	}
	p->refused++;
	if (number < 0 || number > INT32_MAX) {
		log_error(&p->log, "daemon",
			  "%s was ended by its sandbox: it made a system call of another kind of machine, or changed its handler",
			  dm_child_name(c, name));
		return;
	}
	log_error(&p->log, "daemon",
		  "%s was ended by its sandbox: system call %lld (%s), which its role never makes. It may be in the hands of an "
		  "attacker, or this "
		  "is a fault of mtc-iwfd; keep the log, and report it",
		  dm_child_name(c, name), (long long)number, sbx_call_name(call, (long)number));
}

/* -- the parent's own */

/* The directory that a file is in which may be made again; state_dir, where all may be written in
 * any case, when there is none (""). */
static void directory_of(char out[CFG_PATH_MAX], const struct dm_parent *p, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!*path) {
		str_cut(out, CFG_PATH_MAX, p->cfg->state_dir);
		return;
	}
	str_cut(out, CFG_PATH_MAX, path);
	out[!slash ? 0 : slash == path ? 1 : slash - path] = 0;
	if (!slash) {
		str_cut(out, CFG_PATH_MAX, ".");
	}
}

/* It reads everything: certificates and keys may be renewed by pointing a link anywhere. Its
 * children are inside its rules, too, so that it can write what the core writes, and may run what
 * the exec of a child needs: this program and the loader of libraries beside the libraries. */
static int confine(struct dm_parent *p, struct sbx_report *r, struct sbx_conf *conf, char why[SBX_WHY_MAX])
{
	char control[CFG_PATH_MAX], decisions[CFG_PATH_MAX], checkpoints[CFG_PATH_MAX];
	struct sbx_path paths[10 + DM_MODULE_PATHS_MAX] = {
		{ "/", SBX_READ, false },
		{ p->cfg->state_dir, SBX_WRITE, false },
		{ "/dev/null", SBX_WRITE, true },
		{ "/proc/self/exe", SBX_EXEC, false },
		{ "/lib64", SBX_EXEC, true },
		{ "/lib", SBX_EXEC, true },
		{ control, SBX_WRITE, false },
		{ decisions, SBX_WRITE, false },
		{ "/proc/self/exe", SBX_EXEC, true },
		{ checkpoints, SBX_WRITE, true },
	};
	bool publishes = p->audit.on && p->cfg->audit.publish_file[0];

	directory_of(control, p, p->cfg->control_path);
	directory_of(decisions, p, p->cfg->decisions);
	directory_of(checkpoints, p, publishes ? p->cfg->audit.publish_file : "");
	conf->paths = paths;
	if (p->metrics_n) {
		paths[8].path = p->scrape.program;
	}
	conf->paths_n = 10 + dm_module_paths(paths + 10, &p->cfg->keyholder.pkcs11);
	return sbx_enter(r, conf, why);
}

const char *dm_at_start_only(const struct dm_parent *p, int error)
{
	struct sbx_report own;

	return error == EACCES && dm_sandbox_read(&own, &p->sandbox) && own.landlock
		   ? " (the sandbox of mtc-iwfd allows the directories of its start; when this one is another, or was made or "
		     "mounted "
		     "since, restart mtc-iwfd)"
		   : "";
}

/* A keyholder locks all of its memory, which is more than an ordinary user may, and has the limit
 * from its parent. Without the right to raise the limit the sandbox of the keyholder says what is
 * missing. */
static void allow_locked_memory(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	err_ignore(setrlimit(RLIMIT_MEMLOCK, &all), "the sandbox looks whether memory is locked");
}

static void say_users(struct dm_parent *p)
{
	char words[CFG_WHY_MAX];

	p->users_state = cfg_users_look(p->cfg, words);
	if (words[0] && p->cfg->sandbox != CFG_SANDBOX_OFF) {
		log_warn(&p->log, "daemon", "%s", words);
	}
}

/* Its filter holds for its children, too. */
static bool has_sctp_udp(const struct cfg_iwf *c)
{
	bool any = false;

	for (size_t i = 0; i < c->listen_n; i++) {
		any = any || c->listen[i].transport == TRANSPORT_SCTP_UDP;
	}
	for (size_t i = 0; i < c->peers_n; i++) {
		any = any || c->peers[i].transport == TRANSPORT_SCTP_UDP;
	}
	return any;
}

int dm_sandboxes_enter(struct dm_parent *p)
{
	struct sbx_conf conf = { .role = SBX_PARENT, .mode = (enum sbx_mode)p->cfg->sandbox, .sctp_udp = has_sctp_udp(p->cfg) };
	char why[SBX_WHY_MAX] = "";
	struct sbx_report r;
	int err;

	allow_locked_memory();
	say_users(p);
	if (p->ndsip_n) {
		conf.capabilities = sbx_role_capabilities(SBX_NDSIP); /* else it could not have them either */
	}
	sbx_warm_up();
	err = confine(p, &r, &conf, why);
	if (err) {
		log_error(&p->log, "daemon", "the sandbox cannot be entered: %s", why);
		return err;
	}
	if (*why) {
		log_warn(&p->log, "daemon", "mtc-iwfd is less protected than it could be: %s", why);
	}
	if (p->users_state != CFG_USERS_APART && !(r.lacks & SBX_LACK_OFF)) {
		r.lacks |= SBX_LACK_USERS;
	}
	p->sandbox = dm_sandbox_message(&r);
	return 0;
}
