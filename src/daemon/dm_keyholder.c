/* dm_keyholder.c - the keyholder roles: they have the private keys of the listeners, and nothing
 * else. They have no network; what they read are messages of fixed form from their parent and from
 * the edges. One has keys in files (dm_keys_files.c), the other one keys in a token
 * (dm_keys_token.c): struct dm_keys_kind is all that differs.
 *
 *   DM_SET       --> the keys of a set
 *   DM_SETS_USED --> the oldest set that an edge uses: those before go soon (kh_sets.h)
 *   DM_KEYS      --> a pair of sockets to an edge, and the listeners whose keys it may use */
#include "daemon/dm_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ed25519.h"
#include "daemon/dm_process.h"
#include "keyholder/kh_audit.h"
#include "keyholder/kh_serve.h"
#include "keyholder/kh_sets.h"
#include "stats/st_counters.h"
#include "tls/tls_signer.h"

#define KEYHOLDER_PROCESS_MAGIC 0x7c40b9e6u
struct keyholder_process {
	struct dm_process process;
	struct kh_serve *serve;
	const struct dm_keys_kind *keys;
	struct kh_sets sets; /* of the kind */
	struct net_timer *forget, *report;
	struct kh_counts told;
	struct kh_audit *audit; /* NULL: there is none, or another keyholder has its key */
};
_Static_assert(offsetof(struct keyholder_process, process) == 0, "a keyholder process begins with its struct dm_process");

static struct keyholder_process *holder_of(void *p)
{
	return obj_of(p, KEYHOLDER_PROCESS_MAGIC, "struct keyholder_process", __func__);
}

/* -- keys */

static int on_sign(void *arg, const struct kh_request *r, uint8_t out[KH_SIGNATURE_MAX], size_t *len)
{
	struct keyholder_process *p = holder_of(arg);
	void *keys = kh_sets_find(&p->sets, r->set);
	char why[KH_WHY_MAX] = "";
	int err;

	_Static_assert(KH_SIGNATURE_MAX == TLS_SIGNATURE_MAX, "one size of a signature");
	if (!keys || r->key >= CFG_LISTEN_MAX) {
		return ERR_NOTFOUND;
	}
	err = p->keys->sign(keys, r, out, len, why);
	dm_beat_now(p->process.beat); /* a slow token is no process that hangs */
	if (err && err != ERR_INVAL && err != ERR_NOTFOUND) {
		log_error(&p->process.in.log, "keyholder", "the key of listener %s cannot sign: %s%s%s",
			  p->process.in.cfg->listen[r->key].name, why, *why ? ": " : "", err_str(err));
	}
	if (err == ERR_CLOSED) {
		log_error(&p->process.in.log, "keyholder",
			  "the token is gone; this process ends, and the next one logs in again");
		dm_process_end(&p->process, 1);
	}
	return err;
}

static int load(void **out, const struct keyholder_process *p, const struct dm_part *part)
{
	char why[KH_WHY_MAX] = "";
	int err = p->keys->load(out, p->process.in.cfg, part, why);

	if (err) {
		log_error(&p->process.in.log, "daemon", "%s: %s", why, err_str(err));
	}
	return err;
}

static void look_at_sets(struct keyholder_process *p)
{
	uint64_t wait_ms = kh_sets_look(&p->sets, net_loop_now_ms(p->process.loop));

	if (wait_ms) {
		net_timer_start(p->forget, wait_ms);
	}
}

static void on_forget(void *arg)
{
	look_at_sets(holder_of(arg));
}

/* Keys must not be in a core dump, nor on the disk that memory is swapped to. Without a sandbox all
 * of this is done here; with one it was done, but for the memory that came with the keys. */
static void guard_memory(const struct keyholder_process *p)
{
	bool alone = p->process.in.cfg->sandbox == CFG_SANDBOX_OFF;

	if (alone ? prctl(PR_SET_DUMPABLE, 0) < 0 || mlockall(MCL_CURRENT | MCL_FUTURE) < 0
		  : p->process.sandbox.report.locked && sbx_lock_heap(&p->process.sandbox.report)) {
		log_warn(&p->process.in.log, "daemon",
			 "memory with private keys cannot be locked and may be swapped to disk; raise the limit of locked memory "
			 "(LimitMEMLOCK= of the service)");
	}
}

static void take_set(struct keyholder_process *p, const struct dm_msg *m, int fd, int config)
{
	struct cfg_iwf *cfg = NULL;
	struct dm_part part = { .map = NULL };
	void *fresh = NULL;
	int err = dm_config_take(&cfg, &p->process.in.log, config), set = dm_set_open(&part, &p->process.in.log, fd);

	enum dm_set_step step = err ? DM_STEP_CONFIG : set ? DM_STEP_FILES : DM_STEP_CONTEXTS;

	err = err ? err : set;
	dm_config_use(&p->process.in, cfg);
	if (!err) {
		err = load(&fresh, p, &part);
	}
	dm_part_close(&part);
	if (!err) {
		kh_sets_add(&p->sets, m->generation, fresh);
		guard_memory(p);
	}
	dm_process_set_answer(&p->process, m->generation, step, err);
}

/* -- counters */

static void tell(uint32_t which, uint64_t now, uint64_t *told)
{
	struct dm_msg m = { .kind = DM_COUNT, .what = which, .value = now - *told };

	if (m.value && dm_send(DM_CHILD_FD, &m, NULL, 0) == 0) {
		*told = now;
	}
}

static void on_report(void *arg)
{
	struct keyholder_process *p = holder_of(arg);
	const struct kh_counts *n = kh_serve_counts(p->serve);

	tell(ST_KEYHOLDER_SIGNED, n->signed_n, &p->told.signed_n);
	tell(ST_KEYHOLDER_REFUSED, n->refused, &p->told.refused);
	tell(ST_KEYHOLDER_LIMITED, n->limited, &p->told.limited);
	tell(ST_KEYHOLDER_FAILED, n->failed, &p->told.failed);
	tell(ST_KEYHOLDER_MALFORMED, n->malformed, &p->told.malformed);
	tell(ST_KEYHOLDER_LOST, n->lost, &p->told.lost);
	net_timer_start(p->report, p->process.in.cfg->timers.stats_ms);
}

/* -- the process */

static void on_bad_edge(void *arg, uint32_t edge)
{
	const struct keyholder_process *p = holder_of(arg);
	struct dm_msg m = { .kind = DM_BAD_EDGE, .generation = edge };

	if (dm_send(DM_CHILD_FD, &m, NULL, 0)) {
		log_error(&p->process.in.log, "daemon", "the parent does not listen");
	}
}

/* -- the audit */

static void on_signed(void *arg, const struct mrk_ask *last)
{
	const struct keyholder_process *p = holder_of(arg);
	struct dm_msg m = { .kind = DM_AUDIT_SIGNED, .value = last->size };
	int err = dm_send(DM_CHILD_FD, &m, NULL, 0);

	for (m.index = 1; m.index <= HASH_LEN / 8 && !err; m.index++) {
		memcpy(&m.value, last->root.v + 8 * (m.index - 1), 8);
		err = dm_send(DM_CHILD_FD, &m, NULL, 0);
	}
	if (err) {
		log_error(&p->process.in.log, "daemon", "the parent does not listen");
	}
}

static int begin_audit(struct keyholder_process *p)
{
	struct dm_inherited *in = &p->process.in;
	struct kh_audit_conf conf = { .loop = p->process.loop,
				      .log = &in->log,
				      .origin = in->cfg->audit.origin,
				      .seed = in->audit.key,
				      .last = in->audit.last,
				      .note = in->audit.note,
				      .on_signed = on_signed,
				      .arg = p };
	int err = in->has_audit ? kh_audit_new(&p->audit, &conf) : 0;

	ed25519_wipe(in->audit.key);
	return err;
}

static void on_message(struct dm_process *process, const struct dm_msg *m, int fds[DM_FDS_MAX])
{
	struct keyholder_process *p = holder_of(process);
	int err;

	if (m->kind == DM_KEYS && fds[0] >= 0) {
		err = kh_serve_add(p->serve, fds[0], m->generation, m->value);
		fds[0] = -1;
		if (err) {
			log_error(&p->process.in.log, "daemon", "the edge of generation %" PRIu32 " cannot be served: %s",
				  m->generation, err_str(err));
		}
	} else if (m->kind == DM_SET) {
		take_set(p, m, fds[0], fds[1]);
		fds[0] = fds[1] = -1;
	} else if (m->kind == DM_AUDIT && fds[0] >= 0 && p->audit) {
		err = kh_audit_channel(p->audit, fds[0]);
		fds[0] = -1;
		if (err) {
			log_error(&p->process.in.log, "daemon", "the core gets no checkpoints: %s", err_str(err));
		}
	} else if (m->kind == DM_SETS_USED) {
		kh_sets_used(&p->sets, (uint32_t)m->value, net_loop_now_ms(process->loop));
		look_at_sets(p);
	} else if (m->kind == DM_STOP) {
		dm_process_end(process, 0);
	} else if (m->kind == DM_LOG_LEVEL && m->value <= LOG_LEVEL_DEBUG) {
		p->process.in.log.level = (enum log_level)m->value;
	} else {
		log_warn(&p->process.in.log, "daemon", "unknown message %u of the parent", m->kind);
	}
}

static const struct dm_process_kind token_kind;

static int set_up(struct dm_process *process)
{
	struct keyholder_process *p = holder_of(process);
	struct kh_serve_conf conf = { .loop = process->loop,
				      .log = &process->in.log,
				      .per_second = process->in.cfg->keyholder.signatures_per_second,
				      .clock_ms = clock_mono_ms,
				      .sign = on_sign,
				      .on_bad = on_bad_edge,
				      .arg = p };
	void *first = NULL;
	int err;

	p->keys = process->kind == &token_kind ? &dm_keys_token : &dm_keys_files;
	p->sets.forget = p->keys->free;
	err = load(&first, p, &process->in.part);
	if (!err) {
		kh_sets_add(&p->sets, dm_part_generation(&process->in.part), first);
	}
	dm_part_close(&process->in.part);
	guard_memory(p);
	if (!err) {
		err = kh_serve_new(&p->serve, &conf);
	}
	if (!err) {
		err = net_timer_new(&p->forget, process->loop, on_forget, p);
	}
	if (!err) {
		err = net_timer_new(&p->report, process->loop, on_report, p);
	}
	if (!err) {
		err = begin_audit(p);
	}
	if (!err) {
		net_timer_start(p->report, process->in.cfg->timers.stats_ms);
	}
	return err;
}

static void tear_down(struct dm_process *process)
{
	struct keyholder_process *p = holder_of(process);

	net_timer_free(p->forget);
	net_timer_free(p->report);
	kh_audit_free(p->audit);
	kh_serve_free(p->serve);
	kh_sets_fini(&p->sets);
}

static const struct dm_process_kind files_kind = {
	"mtc-iwfd[keyholder]", sizeof(struct keyholder_process), KEYHOLDER_PROCESS_MAGIC, set_up, on_message, tear_down,
	SBX_KEYHOLDER
};
static const struct dm_process_kind token_kind = {
	"mtc-iwfd[keyholder-p11]", sizeof(struct keyholder_process), KEYHOLDER_PROCESS_MAGIC, set_up, on_message, tear_down,
	SBX_KEYHOLDER_P11
};

int dm_keyholder_main(void)
{
	return dm_process_main(&files_kind);
}

int dm_keyholder_p11_main(void)
{
	return dm_process_main(&token_kind);
}
