/* dm_core.c - the core role: wires the core and the operator's commands to the parent's messages
 * and runs them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/edge_name.h"
#include "base/str.h"
#include "daemon/dm_console.h"
#include "daemon/dm_process.h"
#include "core/core.h"
#include "admin/adm.h"
#include "admin/adm_metrics.h"
#include "keyholder/kh_client.h"
#include "tls/tls_judge.h"

#define SMPP_BIND_PASSWORD_MAX 8u /* SMPP 3.4 5.2.2 */
#define CORE_PROCESS_MAGIC 0xc46a9d17u
struct core_process {
	struct dm_process process;
	struct core_conf conf;
	struct core *core;
	struct tls_judge *judge;                   /* the anchors of the set in use; owned */
	struct adm *adm;                           /* NULL: no control socket is configured */
	struct adm_metrics *metrics;               /* NULL: none are configured */
	struct core_file files[CORE_FILES_MAX];    /* of show_files(); too many for a stack */
	char password[SMPP_BIND_PASSWORD_MAX + 1]; /* of the bind to the SMS-SC */
	uint32_t ndsip_pair;                       /* number of the channel to the NDS/IP helper */
	uint32_t fetch_pair;                       /* of that to the fetcher */
};
_Static_assert(offsetof(struct core_process, process) == 0, "a core process begins with its struct dm_process");

static struct core_process *core_of(void *p)
{
	return obj_of(p, CORE_PROCESS_MAGIC, "struct core_process", __func__);
}

static void on_stopped(void *arg)
{
	dm_process_end(&core_of(arg)->process, 0);
}

static void tell_parent(struct core_process *p, const struct dm_msg *m)
{
	if (dm_send(DM_CHILD_FD, m, NULL, 0)) {
		log_error(&p->process.in.log, "daemon", "the parent does not listen");
	}
}

static void on_bad_edge(void *arg, uint32_t generation)
{
	struct dm_msg m = { .kind = DM_BAD_EDGE, .generation = generation };

	tell_parent(core_of(arg), &m);
}

static void on_log_level(void *arg, enum log_level level)
{
	struct dm_msg m = { .kind = DM_LOG_LEVEL, .value = level };

	tell_parent(core_of(arg), &m);
}

static int on_reload(void *arg, uint32_t number, bool dry_run)
{
	struct dm_msg m = { .kind = DM_RELOAD, .index = number, .value = dry_run };

	(void)arg;
	return dm_send(DM_CHILD_FD, &m, NULL, 0);
}

/* The parent makes another pair when the helper runs, or runs again. */
static void on_ndsip_lost(void *arg)
{
	struct core_process *p = core_of(arg);
	struct dm_msg m = { .kind = DM_NDSIP_LOST, .index = p->ndsip_pair };

	tell_parent(p, &m);
}

static void on_fetch_lost(void *arg)
{
	struct core_process *p = core_of(arg);
	struct dm_msg m = { .kind = DM_FETCH_LOST, .index = p->fetch_pair };

	tell_parent(p, &m);
}

static const struct core_cb callbacks = { on_bad_edge, on_log_level, on_reload, on_ndsip_lost, on_fetch_lost };

static void take_ndsip(struct core_process *p, const struct dm_msg *m, int fd)
{
	int err;

	p->ndsip_pair = m->index;
	err = core_ndsip_channel(p->core, fd);
	if (err) {
		log_error(&p->process.in.log, "daemon", "the channel to the NDS/IP helper: %s", err_str(err));
		on_ndsip_lost(p);
	}
}

/* Users and groups of this machine, as a reload found them. */
static void take_console(struct core_process *p, int fd)
{
	struct dm_inherited *in = &p->process.in;
	struct adm_console fresh;
	int err = dm_console_take(&fresh, fd);

	if (err) {
		log_error(&in->log, "daemon", "the names of this machine that the parent hands out cannot be used: %s",
			  err_str(err));
		return;
	}
	adm_console_again(p->adm, &fresh);
	dm_console_fini(&in->console);
	in->console = fresh;
}

static void add_edge(struct core_process *p, const struct dm_msg *m, int fds[DM_FDS_MAX])
{
	struct ipc_ring_fds ring = dm_process_ring(fds);
	struct core_edge_id edge = { m->index, m->generation, m->what == ZONE_EXTERNAL ? ZONE_EXTERNAL : ZONE_INTERNAL,
				     (pid_t)(uint32_t)m->value, (uint32_t)(m->value >> 32) };
	int err = core_edge_add(p->core, &edge, &ring);
	char words[EDGE_WORDS_MAX];

	if (!err) {
		return;
	}
	log_error(&p->process.in.log, "daemon", "the ring to %s: %s", edge_words(words, edge.slot, edge.pid, edge.generation),
		  err_str(err));
	ipc_ring_fds_close(&ring);
	on_bad_edge(p, m->generation);
}

/* One TLS context for each peer with TLS, or none at all. */
static int make_contexts(const struct core_process *p, const struct cfg_iwf *cfg, const struct dm_part *part,
			 struct tls_ctx *out[CFG_PEERS_MAX])
{
	char why[512] = "";
	int err = 0;

	for (size_t i = 0; i < cfg->peers_n && !err; i++) {
		if (cfg->peers[i].gone_ms || cfg->peers[i].protection != PROTECTION_TLS) {
			continue;
		}
		err = dm_part_tls(&out[i], part, cfg, DM_PEER_CERTIFICATE, i, TLS_OWN_ANY, &(struct dm_signs){ .keys = part },
				  why, sizeof why);
		if (err) {
			log_error(&p->process.in.log, "daemon", "peer %s: %s: %s", cfg->peers[i].name, why, err_str(err));
		}
	}
	for (size_t i = 0; i < CFG_PEERS_MAX && err; i++) {
		tls_ctx_free(out[i]);
		out[i] = NULL;
	}
	return err;
}

/* Anchors of this set, for `mtcctl assoc check --cert` only. */
static void show_anchors(struct core_process *p, const struct dm_part *part)
{
	struct tls_judge *fresh = NULL;
	char why[512] = "";

	if (dm_part_judge(&fresh, part, p->process.in.cfg, why, sizeof why)) {
		log_warn(&p->process.in.log, "daemon", "certificates cannot be checked for operators: %s", why);
	}
	core_judge(p->core, fresh);
	tls_judge_free(p->judge);
	p->judge = fresh;
}

/* Files in use and their expiry, for `mtcctl status all`. */
static void show_files(struct core_process *p, const struct dm_part *part)
{
	struct tls_pem ends = dm_part_find(part, DM_ENDS, 0);
	size_t n = ends.len / sizeof(struct dm_end);

	for (size_t i = 0; i < n && i < CORE_FILES_MAX; i++) {
		struct dm_file_words words;
		struct dm_end end;

		memcpy(&end, (const char *)ends.p + i * sizeof end, sizeof end);
		words = dm_file_words(p->process.in.cfg, end.what, end.index);
		p->files[i] = (struct core_file){ .kind = words.of,
						  .name = words.name,
						  .path = words.path,
						  .not_before_s = end.not_before_s,
						  .not_after_s = end.not_after_s };
		if (end.what == DM_CRL) {
			str_cut(p->files[i].issuer, sizeof p->files[i].issuer, end.of_crl.issuer);
			str_cut(p->files[i].number, sizeof p->files[i].number, end.of_crl.number);
		}
	}
	core_files_set(p->core, dm_part_generation(part), p->files, n);
}

/* The first line of the file; "": there is none. The check of the set has refused a longer one. */
static void read_password(struct core_process *p, const struct dm_part *part)
{
	struct tls_pem file = dm_part_find(part, DM_SMPP_PASSWORD, 0);
	const char *text = file.p ? file.p : "";
	size_t len = 0;

	while (len < file.len && len + 1 < sizeof p->password && text[len] != '\n' && text[len] != '\r') {
		len++;
	}
	memcpy(p->password, text, len);
	p->password[len] = 0;
}

/* Peers use the new set from their next connect on. One that leaves keeps its context, and so does
 * the place that is used again until the new one is there. */
static void use_set(struct core_process *p, struct cfg_iwf *cfg, const struct dm_part *part, struct tls_ctx *fresh[CFG_PEERS_MAX])
{
	struct tls_ctx *before[CFG_PEERS_MAX] = { NULL };

	dm_config_use(&p->process.in, cfg);
	for (size_t i = 0; i < CFG_PEERS_MAX; i++) {
		if (fresh[i]) {
			before[i] = p->conf.peer_tls[i];
			p->conf.peer_tls[i] = fresh[i];
		}
	}
	read_password(p, part);
	core_smpp_password(p->core, p->password);
	core_reconfigure(p->core, p->conf.peer_tls);
	for (size_t i = 0; i < CFG_PEERS_MAX; i++) {
		tls_ctx_free(before[i]);
	}
	show_files(p, part);
	show_anchors(p, part);
}

static void take_set(struct core_process *p, const struct dm_msg *m, int fd, int config)
{
	struct tls_ctx *fresh[CFG_PEERS_MAX] = { NULL };
	struct dm_part part = { .map = NULL };
	struct cfg_iwf *cfg = NULL;
	int err = dm_config_take(&cfg, &p->process.in.log, config), set = dm_set_open(&part, &p->process.in.log, fd);

	enum dm_set_step step = err ? DM_STEP_CONFIG : set ? DM_STEP_FILES : DM_STEP_CONTEXTS;

	err = err ? err : set;
	if (!err) {
		err = make_contexts(p, cfg, &part, fresh);
	}
	if (!err) {
		use_set(p, cfg, &part, fresh);
	} else {
		cfg_iwf_free(cfg);
	}
	dm_part_close(&part);
	dm_process_set_answer(&p->process, m->generation, step, err);
}

static void told(struct core_process *p, const struct dm_msg *m, const char *text, size_t len)
{
	struct adm_reloaded r = { .number = m->index,
				  .taken = m->value != 0,
				  .config = m->what & DM_RELOADED_CONFIG,
				  .dry_run = m->what & DM_RELOADED_DRY,
				  .text = text,
				  .len = len };

	adm_reload_record(p->adm, p->core, &r);
	adm_reloaded(p->adm, &r);
}

static void told_waits(struct core_process *p, const struct dm_msg *m, const char *lines, size_t len)
{
	(void)m;
	core_waits_set(p->core, lines, len);
}

/* Gives `fn` the lines that came with a message; none, when they cannot be read. */
static void take_lines(struct core_process *p, const struct dm_msg *m, int fd,
		       void (*fn)(struct core_process *p, const struct dm_msg *m, const char *lines, size_t len))
{
	struct stat st;
	void *text;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0) {
		fn(p, m, "", 0);
		return;
	}
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text == MAP_FAILED) {
		fn(p, m, "", 0);
		return;
	}
	fn(p, m, text, (size_t)st.st_size);
	munmap(text, (size_t)st.st_size);
}

_Static_assert((size_t)CORE_CRLS_MAX == DM_CRLS_MAX && (size_t)CORE_FILES_MAX == DM_ENDS_MAX, "a row for each");

_Static_assert((unsigned)SBX_ROLES <= CORE_HUNG_KINDS, "a place for each kind of process");

static void show_hung(struct core_process *p, const struct dm_msg *m)
{
	if (m->what < SBX_ROLES) {
		core_hung(p->core, m->what, sbx_role_word((enum sbx_role)m->what), m->index, m->value);
	}
}

static void show_sandbox(struct core_process *p, const struct dm_msg *m)
{
	struct core_sandbox row = { .pid = (pid_t)m->generation };
	struct sbx_report r;

	if (!dm_sandbox_read(&r, m)) {
		return;
	}
	if (r.role != SBX_EDGE) {
		str_cut(row.process, sizeof row.process, sbx_role_word(r.role));
	} else {
		snprintf(row.process, sizeof row.process, "%s-%u", sbx_role_word(r.role),
			 (unsigned)(m->value >> DM_SANDBOX_SLOT_SHIFT));
	}
	row.mode = sbx_mode_word(r.mode);
	row.uid = r.uid;
	row.seccomp = r.seccomp == 2;
	row.landlock = r.landlock;
	row.no_new_privs = r.no_new_privs;
	row.dumpable = r.dumpable;
	row.capabilities = r.capabilities;
	(void)sbx_lacks_words(row.lacks, r.lacks);
	core_sandbox_set(p->core, &row);
}
_Static_assert(CORE_SANDBOX_WORDS_MAX == SBX_WHY_MAX, "one text");

static void show_keyholder(struct core_process *p, const struct dm_msg *m)
{
	_Static_assert(KH_KINDS == CORE_KEYHOLDERS_MAX, "a row for each");
	static const char *const states[] = { "down", "starting", "up", "killed" };
	struct core_keyholder k = { .name = kh_kind_name(m->what),
				    .state = m->index < sizeof states / sizeof *states ? states[m->index] : "unknown",
				    .pid = (pid_t)m->value,
				    .generation = m->generation };

	if (m->what < CORE_KEYHOLDERS_MAX) {
		core_keyholder_set(p->core, m->what, &k);
	}
}

static void on_message(struct dm_process *process, const struct dm_msg *m, int fds[DM_FDS_MAX])
{
	struct core_process *p = core_of(process);

	if (m->kind == DM_RING) {
		add_edge(p, m, fds);
	} else if (m->kind == DM_DECISIONS && fds[0] >= 0) {
		core_decisions(p->core, fds[0]);
		fds[0] = -1;
	} else if (m->kind == DM_AUDIT && fds[0] >= 0) {
		core_audit_channel(p->core, fds[0]);
		fds[0] = -1;
	} else if (m->kind == DM_AUDIT_PUBLISH && fds[0] >= 0) {
		core_audit_publish(p->core, fds[0]);
		fds[0] = -1;
	} else if (m->kind == DM_FETCH && fds[0] >= 0) {
		p->fetch_pair = m->index;
		core_audit_fetcher(p->core, fds[0]);
		fds[0] = -1;
	} else if (m->kind == DM_CONSOLE && fds[0] >= 0) {
		take_console(p, fds[0]);
		fds[0] = -1;
	} else if (m->kind == DM_SET) {
		take_set(p, m, fds[0], fds[1]);
		fds[0] = fds[1] = -1;
	} else if (m->kind == DM_CONFIG_DISK) {
		core_config_disk(p->core, m->value != 0);
	} else if (m->kind == DM_NDSIP && fds[0] >= 0) {
		take_ndsip(p, m, fds[0]);
		fds[0] = -1;
	} else if (m->kind == DM_RELOADED) {
		take_lines(p, m, fds[0], told);
	} else if (m->kind == DM_WAITS) {
		take_lines(p, m, fds[0], told_waits);
	} else if (m->kind == DM_EDGE_SET) {
		core_files_edge(p->core, m->generation, (uint32_t)m->value);
	} else if (m->kind == DM_EDGE_GONE) {
		core_edge_gone(p->core, m->generation);
	} else if (m->kind == DM_SANDBOX) {
		show_sandbox(p, m);
	} else if (m->kind == DM_SANDBOX_GONE) {
		core_sandbox_gone(p->core, (pid_t)m->generation);
	} else if (m->kind == DM_REFUSED) {
		core_refused(p->core, m->value);
	} else if (m->kind == DM_KEYHOLDER) {
		show_keyholder(p, m);
	} else if (m->kind == DM_COUNT && m->what < ST_COUNTERS && m->index < CORE_KEYHOLDERS_MAX) {
		core_keyholder_count(p->core, m->index, (enum st_counter)m->what, m->value);
	} else if (m->kind == DM_CRL_WRONG) {
		core_crls_wrong(p->core, m->value);
	} else if (m->kind == DM_CRL_RENEWED || m->kind == DM_CRL_REFUSED) {
		core_crls_count(p->core, m->kind == DM_CRL_RENEWED ? m->value : 0, m->kind == DM_CRL_REFUSED ? m->value : 0);
	} else if (m->kind == DM_NAMES_LATE) {
		core_names_late(p->core, m->value);
	} else if (m->kind == DM_HUNG) {
		show_hung(p, m);
	} else if (m->kind == DM_LOG_LOST) {
		core_log_lost(p->core, m->value);
	} else if (m->kind == DM_STOP) {
		core_stop(p->core, on_stopped, p);
	} else {
		log_warn(&p->process.in.log, "daemon", "unknown message %u of the parent", m->kind);
	}
}

/* Limits the heap and the private mappings of threads and imports. The stores are mapped from files
 * and do not count. */
static void limit_memory(const struct core_process *p)
{
	uint64_t octets = p->process.in.cfg->limits.memory;
	struct rlimit limit;

	if (!octets || getrlimit(RLIMIT_DATA, &limit) < 0 || limit.rlim_cur <= octets) {
		return; /* the limit that we inherited is lower */
	}
	limit.rlim_cur = (rlim_t)octets;
	if (setrlimit(RLIMIT_DATA, &limit) < 0) {
		log_error(&p->process.in.log, "daemon", "limits.memory cannot be set for this process: %s", strerror(errno));
	}
}

static int set_up(struct dm_process *process)
{
	struct core_process *p = core_of(process);
	char why[CORE_WHY_MAX] = "";
	int err;

	limit_memory(p);
	err = make_contexts(p, p->process.in.cfg, &p->process.in.part, p->conf.peer_tls);
	if (err) {
		return err;
	}
	p->conf.cfg = p->process.in.cfg;
	p->conf.log = &p->process.in.log;
	p->conf.decisions_fd = p->process.in.decisions_fd;
	p->conf.cb = &callbacks;
	read_password(p, &p->process.in.part);
	p->conf.smssc_password = p->password;
	p->conf.arg = p;
	p->conf.audit_key = p->process.in.has_audit ? p->process.in.audit.key : NULL;
	p->conf.audit_last = p->process.in.has_audit ? &p->process.in.audit.last : NULL;
	p->conf.publish_fd = p->process.in.has_audit ? p->process.in.publish_fd : -1;
	p->process.in.publish_fd = p->process.in.has_audit ? -1 : p->process.in.publish_fd;
	p->process.in.decisions_fd = -1; /* taken */
	err = core_new(&p->core, p->process.loop, &p->conf, why);
	if (err) {
		log_error(&p->process.in.log, "daemon", "%s", why);
		return err;
	}
	show_files(p, &p->process.in.part);
	show_anchors(p, &p->process.in.part);
	dm_part_close(&p->process.in.part); /* keys are in the contexts now */
	if (p->process.in.metrics_fd >= 0) {
		err = adm_metrics_new(&p->metrics, p->core, p->process.in.metrics_fd);
		if (err) {
			log_error(&p->process.in.log, "daemon", "the page of the metrics cannot be used: %s", err_str(err));
			return err;
		}
	}
	if (p->process.in.control_fd >= 0) {
		err = adm_new(&p->adm, p->core, p->process.in.control_fd, &p->process.in.console);
		if (err) {
			log_error(&p->process.in.log, "daemon", "the control socket cannot be served");
			return err;
		}
	}
	return 0;
}

static void tear_down(struct dm_process *process)
{
	struct core_process *p = core_of(process);

	adm_metrics_free(p->metrics);
	adm_free(p->adm);
	core_free(p->core);
	tls_judge_free(p->judge);
	for (size_t i = 0; i < CFG_PEERS_MAX; i++) {
		tls_ctx_free(p->conf.peer_tls[i]);
	}
}

static const struct dm_process_kind kind = {
	"mtc-iwfd[core]", sizeof(struct core_process), CORE_PROCESS_MAGIC, set_up, on_message, tear_down, SBX_CORE
};

int dm_core_main(void)
{
	return dm_process_main(&kind);
}
