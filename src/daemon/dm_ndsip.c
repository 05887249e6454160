/* dm_ndsip.c - the NDS/IP helper as a process: gives ns_serve.h what the parent hands over.
 *
 *   DM_SET    --> trust anchors and our certificate for IKE
 *   DM_NDSIP  --> a pair of sockets to an edge or to the core
 *   DM_VICI   --> a connection to charon, after DM_VICI_WANTED */
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "daemon/dm_process.h"
#include "daemon/dm_selectors.h"
#include "fence/fence_conf.h"
#include "fence/fence_guard.h"
#include "ndsip/ns_serve.h"

#define SERVICES_MAX 2048u

#define NDSIP_PROCESS_MAGIC 0x8e51c2d7u
struct ndsip_process {
	struct dm_process process;
	struct ns_serve *serve;
	struct fence_guard *guard;            /* of the packet filter rules; NULL: it could not be opened */
	struct net_watch *rules_watch;        /* readable when the rules may have changed */
	char rules_why[FENCE_WHY_MAX];        /* why it could not be opened */
	struct sa_ts local[SA_SELECTORS_MAX]; /* of the listeners with NDS/IP */
	size_t local_n;
	const char *local_ike[CFG_NDSIP_ADDRESSES_MAX];
	const char *ike_proposals[CFG_NDSIP_PROPOSALS_MAX], *esp_proposals[CFG_NDSIP_PROPOSALS_MAX];
};
_Static_assert(offsetof(struct ndsip_process, process) == 0, "an NDS/IP process begins with its struct dm_process");

/* The names of ports by which charon writes selectors; read before the sandbox, which opens no
 * file. */
static struct sa_service services[SERVICES_MAX];
static size_t services_n;

static struct ndsip_process *helper_of(void *p)
{
	return obj_of(p, NDSIP_PROCESS_MAGIC, "struct ndsip_process", __func__);
}

static void read_services(void)
{
	const struct servent *s;

	setservent(1);
	while (services_n < SERVICES_MAX && (s = getservent())) {
		struct sa_service *row = &services[services_n];

		if (str_copy(row->name, sizeof row->name, s->s_name, strlen(s->s_name)) == 0) {
			row->port = ntohs((uint16_t)s->s_port);
			services_n++;
		}
	}
	endservent();
}

/* -- what the helper asks */

static void want_charon(void *arg)
{
	const struct ndsip_process *p = helper_of(arg);
	struct dm_msg m = { .kind = DM_VICI_WANTED };

	if (dm_send(DM_CHILD_FD, &m, NULL, 0)) {
		log_error(&p->process.in.log, "daemon", "the parent does not listen");
	}
}

static void on_bad_edge(void *arg, uint32_t edge)
{
	const struct ndsip_process *p = helper_of(arg);
	struct dm_msg m = { .kind = DM_BAD_EDGE, .generation = edge };

	if (dm_send(DM_CHILD_FD, &m, NULL, 0)) {
		log_error(&p->process.in.log, "daemon", "the parent does not listen");
	}
}

/* -- the packet filter rules */

static enum ns_rules check_rules(void *arg, char words[NS_WORDS_MAX], uint64_t *again_ms)
{
	static const enum ns_rules states[] = { [FENCE_UNREADABLE] = NS_RULES_UNREADABLE,
						[FENCE_MISSING] = NS_RULES_MISSING,
						[FENCE_CHANGED] = NS_RULES_CHANGED,
						[FENCE_STANDS] = NS_RULES_OK };
	struct ndsip_process *p = helper_of(arg);
	const struct fence_verdict *v;

	if (!p->guard) {
		str_cut(words, NS_WORDS_MAX, p->rules_why);
		return NS_RULES_UNREADABLE;
	}
	v = fence_guard_check(p->guard, net_loop_now_ms(p->process.loop));
	str_cut(words, NS_WORDS_MAX, v->why);
	if (v->again && *again_ms > FENCE_AGAIN_MS) {
		*again_ms = FENCE_AGAIN_MS;
	}
	return states[v->state];
}

static void on_rules(void *arg, int events)
{
	(void)events;
	ns_serve_rules(helper_of(arg)->serve);
}

/* What a plan cannot be made of, or a kernel without nf_tables, leaves every connection unproven;
 * the core shows why. */
static int open_guard(struct ndsip_process *p)
{
	static struct fence_conf conf;
	int err = fence_conf_plan(&conf, p->process.in.cfg, p->rules_why);

	if (!err) {
		err = fence_guard_open(&p->guard, &conf.plan, p->rules_why);
	}
	if (err) {
		p->guard = NULL;
		log_error(&p->process.in.log, "daemon", "the packet filter rules cannot be checked: %s",
			  *p->rules_why ? p->rules_why : err_str(err));
		if (!*p->rules_why) {
			str_cut(p->rules_why, sizeof p->rules_why, err_str(err));
		}
		return err == ERR_NOMEM ? err : 0;
	}
	err = net_watch_new(&p->rules_watch, p->process.loop, fence_guard_fd(p->guard), on_rules, p);
	return err ? err : net_watch_set(p->rules_watch, NET_READ);
}

/* -- what it gets */

static struct ns_file file_of(const struct dm_part *part, enum dm_file what, size_t index, const char *name)
{
	struct tls_pem pem = dm_part_find(part, what, index);

	return (struct ns_file){ .name = name, .pem = { pem.p, pem.len }, .crls = what == DM_CRL };
}

static int take_files(struct ndsip_process *p, const struct dm_part *part, uint32_t generation)
{
	const struct cfg_iwf *cfg = p->process.in.cfg;
	struct ns_file files[CFG_ANCHORS_MAX * (1 + CFG_CRLS_MAX) + 1];
	struct tls_pem since = dm_part_find(part, DM_SINCE, 0);
	uint32_t of[CFG_ANCHORS_MAX] = { 0 };
	struct ns_files *fresh;
	size_t n = 0;
	int err;

	if (since.p && since.len == sizeof of) {
		memcpy(of, since.p, sizeof of);
	}
	files[n++] = file_of(part, DM_NDSIP_CERTIFICATE, 0, NULL);
	for (size_t i = 0; i < cfg->anchors_n; i++) {
		if (cfg->anchors[i].gone_ms) {
			continue;
		}
		files[n] = file_of(part, DM_ANCHOR, i, cfg->anchors[i].name);
		files[n].since = of[i];
		n += files[n].pem.p != NULL;
		for (size_t j = 0; j < cfg->anchors[i].crl_n; j++) {
			files[n] = file_of(part, DM_CRL, i * CFG_CRLS_MAX + j, cfg->anchors[i].name);
			n += files[n].pem.p != NULL;
		}
	}
	if (!files[0].pem.p) {
		log_error(&p->process.in.log, "daemon", "our certificate for IKE is missing");
		return ERR_NOTFOUND;
	}
	err = ns_files_new(&fresh, files, n);
	if (!err) {
		ns_serve_files(p->serve, fresh, generation);
	}
	return err;
}
_Static_assert(CFG_ANCHORS_MAX == NS_ANCHORS_MAX && CFG_CRLS_MAX == NS_CRL_FILES_MAX,
	       "one number of anchors, and of their lists");

static void take_set(struct ndsip_process *p, const struct dm_msg *m, int fd, int config)
{
	struct cfg_iwf *cfg = NULL;
	struct dm_part part = { .map = NULL };
	int err = dm_config_take(&cfg, &p->process.in.log, config), set = dm_set_open(&part, &p->process.in.log, fd);

	enum dm_set_step step = err ? DM_STEP_CONFIG : set ? DM_STEP_FILES : DM_STEP_CONTEXTS;

	err = err ? err : set;
	dm_config_use(&p->process.in, cfg);
	if (!err) {
		err = take_files(p, &part, m->generation);
	}
	dm_part_close(&part);
	dm_process_set_answer(&p->process, m->generation, step, err);
}

static void take_pair(struct ndsip_process *p, const struct dm_msg *m, int fd)
{
	int err = m->generation ? ns_serve_edge(p->serve, fd, m->generation) : ns_serve_core(p->serve, fd);

	if (err) {
		log_error(&p->process.in.log, "daemon", "the channel to %s of generation %" PRIu32 ": %s",
			  m->generation ? "the edge" : "the core", m->generation, err_str(err));
	}
}

static void take_charon(struct ndsip_process *p, const struct dm_msg *m, int fd)
{
	char why[NS_WORDS_MAX], words[128];
	int number = m->value <= 4095 ? (int)m->value : 0;

	snprintf(why, sizeof why, "%.107s: %s", p->process.in.cfg->ndsip.vici, strerror_r(number, words, sizeof words));
	ns_serve_charon(p->serve, fd, why);
}

static void on_message(struct dm_process *process, const struct dm_msg *m, int fds[DM_FDS_MAX])
{
	struct ndsip_process *p = helper_of(process);

	if (m->kind == DM_NDSIP && fds[0] >= 0) {
		take_pair(p, m, fds[0]);
		fds[0] = -1;
	} else if (m->kind == DM_SET) {
		take_set(p, m, fds[0], fds[1]);
		fds[0] = fds[1] = -1;
	} else if (m->kind == DM_VICI) {
		take_charon(p, m, fds[0]);
		fds[0] = -1;
	} else if (m->kind == DM_STOP) {
		dm_process_end(process, 0);
	} else if (m->kind == DM_LOG_LEVEL && m->value <= LOG_LEVEL_DEBUG) {
		p->process.in.log.level = (enum log_level)m->value;
	} else {
		log_warn(&p->process.in.log, "daemon", "unknown message %u of the parent", m->kind);
	}
}

/* -- the process */

static struct sa_texts texts(const char **out, const char *all, size_t size, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		out[i] = all + i * size;
	}
	return (struct sa_texts){ out, n };
}

static uint32_t seconds(uint64_t ms)
{
	return (uint32_t)(ms / 1000);
}

static struct ns_params params_of(struct ndsip_process *p)
{
	const struct cfg_ndsip *c = &p->process.in.cfg->ndsip;

	return (struct ns_params){
		.local_id = c->local_id,
		.local_ike = texts(p->local_ike, c->local_ike[0], sizeof c->local_ike[0], c->local_ike_n),
		.local = p->local,
		.local_n = p->local_n,
		.ike_proposals = texts(p->ike_proposals, c->ike_proposals[0], sizeof c->ike_proposals[0], c->ike_proposals_n),
		.esp_proposals = texts(p->esp_proposals, c->esp_proposals[0], sizeof c->esp_proposals[0], c->esp_proposals_n),
		.child_rekey_s = seconds(c->child_rekey_ms),
		.ike_rekey_s = seconds(c->ike_rekey_ms),
		.reauth_s = seconds(c->reauth_ms),
		.udp_encap = c->mode == CFG_NDSIP_LIBIPSEC
	};
}

/* Edges of the zones that have a listener with NDS/IP. */
static unsigned edges_of(const struct cfg_iwf *c)
{
	bool zones[2] = { false, false };

	for (size_t i = 0; i < c->listen_n; i++) {
		if (protection_has_ndsip(c->listen[i].protection)) {
			zones[c->listen[i].zone == ZONE_INTERNAL] = true;
		}
	}
	return c->edges * ((unsigned)zones[0] + (unsigned)zones[1]);
}

static int set_up(struct dm_process *process)
{
	struct ndsip_process *p = helper_of(process);
	const struct cfg_ndsip *c = &process->in.cfg->ndsip;
	struct ns_serve_conf conf = { .loop = process->loop,
				      .log = &process->in.log,
				      .services = { services, services_n },
				      .grace_ms = c->grace_ms,
				      .check_ms = c->check_ms,
				      .edges = edges_of(process->in.cfg),
				      .keep = c->on_loss == CFG_NDSIP_KEEP,
				      .rules = check_rules,
				      .rules_ms = c->rules_check_ms,
				      .want = want_charon,
				      .bad_edge = on_bad_edge,
				      .arg = p };
	int err = dm_selectors(p->local, &p->local_n, p->process.in.cfg);

	conf.params = params_of(p);
	if (!err) {
		err = open_guard(p);
	}
	if (!err) {
		err = ns_serve_new(&p->serve, &conf);
	}
	if (!err) {
		err = take_files(p, &process->in.part, process->in.set);
	}
	dm_part_close(&process->in.part);
	return err;
}

static void tear_down(struct dm_process *process)
{
	struct ndsip_process *p = helper_of(process);

	net_watch_free(p->rules_watch);
	ns_serve_free(p->serve);
	fence_guard_close(p->guard);
}

static const struct dm_process_kind kind = {
	"mtc-iwfd[ndsip]", sizeof(struct ndsip_process), NDSIP_PROCESS_MAGIC, set_up, on_message, tear_down, SBX_NDSIP
};

int dm_ndsip_main(void)
{
	read_services();
	return dm_process_main(&kind);
}
