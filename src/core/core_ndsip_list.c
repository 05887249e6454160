/* core_ndsip_list.c - the list of SCSs with NDS/IP for the helper, and what ends at once: when a
 * list is due, of what it consists, and how it is sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_import.h"
#include "base/str.h"
#include "core/core_int.h"

static void end_waits(struct core_ndsip *n, struct core_ndsip_scs *s, uint8_t why)
{
	if (!s->end_why) {
		TAILQ_INSERT_TAIL(&n->ends, s, ends);
	}
	s->end_why = why;
}

static void end_is_over(struct core_ndsip *n, struct core_ndsip_scs *s)
{
	if (s->end_why) {
		TAILQ_REMOVE(&n->ends, s, ends);
		s->end_why = 0;
	}
}

void core_ndsip_drop(struct core_ndsip *n, struct core_ndsip_scs *s)
{
	end_is_over(n, s); /* a list without it says the same */
	map_del(&n->by_name, &s->by_name);
	OBJ_END(s, CORE_NDSIP_SCS_MAGIC);
	free(s);
}

void core_ndsip_list_end(struct core_ndsip *n)
{
	asc_export_free(n->view);
	n->view = NULL;
	n->stage = CORE_NDSIP_IDLE;
}

/* The name is its key in the table. */
void core_ndsip_forget(struct core_ndsip_scs *s)
{
	s->is.state = s->is.children = 0;
	s->is.open = 0;
	s->is.words[0] = 0;
}

/* -- the list */

/* Notes an SCS of the list that begins, and counts it. */
static int note_scs(void *arg, const struct asc_export_row *row)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	struct core_ndsip *n = &c->ndsip;
	struct core_ndsip_scs *s;
	char why[CFG_WHY_MAX] = "";
	bool refused;

	if (!row->scs->ndsip_hosts.n) {
		return 0;
	}
	s = core_ndsip_find(n, row->scs->name);
	s = s ? s : core_ndsip_add(n, row->scs->name);
	if (!s) {
		return ERR_NOMEM;
	}
	s->blocked = core_ndsip_blocked(&n->blocks, c->store.asc, row->scs->name);
	if (s->blocked) {
		str_set(why, sizeof why, "it is blocked on every device ('mtcctl block list')");
	}
	refused = s->blocked || !core_ndsip_fits(c->cfg, row->scs, why);
	if (refused && strncmp(s->own, why, sizeof s->own - 1) != 0) {
		log_warn(c->log, "core", "NDS/IP does not protect SCS %s: %s", row->scs->name, why);
	}
	if (refused && !s->refused) {
		core_ndsip_forget(s);
	}
	s->refused = refused;
	str_cut(s->own, sizeof s->own, why);
	s->list = n->list;
	n->list_n += !refused;
	n->refused += refused && !s->blocked;
	return 0;
}

static void drop_old(void *arg, struct map_node *node)
{
	struct core_ndsip_scs *s = MAP_OF(node, struct core_ndsip_scs, by_name);
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	if (s->list != c->ndsip.list) {
		core_ndsip_drop(&c->ndsip, s);
	}
}

/* Walks over all SCSs once, in this turn: the number of the list stands in its first message. */
static int count_list(struct core *c)
{
	struct core_ndsip *n = &c->ndsip;
	struct asc_export *x;
	int err = asc_export_begin(&x, c->store.asc, ASC_KIND_SCS);

	if (err) {
		return err;
	}
	n->list++;
	n->list_n = n->peers_n = n->refused = 0;
	err = core_ndsip_peers_note(c);
	while (!err && (err = asc_export_step(x, UINT32_MAX, note_scs, c)) == 1) {
		err = 0;
	}
	asc_export_free(x);
	if (!err) {
		map_each(&n->by_name, drop_old, c);
	}
	return err;
}

static void wait_ms(struct core_ndsip *n, uint64_t ms)
{
	n->waits = true;
	net_timer_start(n->timer, ms);
}

#define CLOCK_LOOK_S 60 /* the wall clock may be set meanwhile */

static void arm_clock(struct core_ndsip *n, int64_t now_s)
{
	int64_t s = n->blocks.next_s - now_s;

	if (n->blocks.next_s == INT64_MAX) {
		net_timer_stop(n->clock);
	} else {
		net_timer_start(n->clock, (uint64_t)(s < CLOCK_LOOK_S ? s : CLOCK_LOOK_S) * 1000);
	}
}

void core_ndsip_list_begin(struct core *c)
{
	int64_t now_s = (int64_t)(clock_real_ms() / 1000);
	struct core_ndsip *n = &c->ndsip;
	int err = core_ndsip_blocks_read(&n->blocks, c->store.asc, now_s);

	n->due = true;
	n->looked = asc_generation(c->store.asc);
	if (!err) {
		err = count_list(c);
	}
	if (!err) {
		err = asc_export_begin(&n->view, c->store.asc, ASC_KIND_SCS);
	}
	if (err) {
		log_error(c->log, "core", "the list of SCSs for the NDS/IP helper: %s; again in %u ms", err_str(err),
			  CORE_NDSIP_RETRY_MS);
		wait_ms(n, CORE_NDSIP_RETRY_MS);
		return;
	}
	arm_clock(n, now_s);
	n->due = false;
	n->sent_changes = asc_scs_changes(c->store.asc);
	n->stage = CORE_NDSIP_BEGIN;
	core_ndsip_send(c);
}

/* Most changes of the store are of rules, and change no list. */
static bool is_due(struct core *c)
{
	int64_t now_s = (int64_t)(clock_real_ms() / 1000);
	struct core_ndsip_blocks fresh = { .who = NULL };
	struct core_ndsip *n = &c->ndsip;
	bool due = n->due || asc_scs_changes(c->store.asc) != n->sent_changes ||
		   core_ndsip_blocks_read(&fresh, c->store.asc, now_s) || !core_ndsip_blocks_equal(&fresh, &n->blocks);

	if (!due) {
		n->looked = asc_generation(c->store.asc);
		n->blocks.next_s = fresh.next_s;
		arm_clock(n, now_s);
	}
	core_ndsip_blocks_free(&fresh);
	return due;
}

static void on_timer(void *arg)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	c->ndsip.waits = false;
	if (!c->ndsip.channel) {
		return;
	}
	if (c->ndsip.stage == CORE_NDSIP_IDLE && is_due(c)) {
		core_ndsip_list_begin(c);
	} else {
		core_ndsip_send(c);
	}
}

/* At the end of this turn core_ndsip_look() sees that the store is to be looked at. */
static void on_clock(void *arg)
{
	OBJ_OF(arg, struct core, CORE_MAGIC)->ndsip.looked = UINT64_MAX;
}

static void on_proof_time(void *arg)
{
	core_proofs_due(OBJ_OF(arg, struct core, CORE_MAGIC));
}

void core_ndsip_look(struct core *c)
{
	struct core_ndsip *n = &c->ndsip;

	if (n->channel && !n->waits && n->stage == CORE_NDSIP_IDLE && asc_generation(c->store.asc) != n->looked) {
		wait_ms(n, CORE_NDSIP_GATHER_MS);
	}
}

/* -- sending */

void core_ndsip_unsend(struct core_ndsip *n)
{
	struct core_ndsip_scs *s = n->has_out && n->out.kind == NS_TERMINATE ? core_ndsip_find(n, n->out.terminate.name) : NULL;

	if (s && !s->end_why) {
		end_waits(n, s, n->out.terminate.why);
	}
	n->has_out = false;
}

static void put(struct core_ndsip *n, const struct ns_msg *m)
{
	n->out = *m;
	n->has_out = true;
}

static int put_scs(void *arg, const struct asc_export_row *row)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	struct core_ndsip *n = &c->ndsip;
	struct core_ndsip_scs *noted = row->scs->ndsip_hosts.n ? core_ndsip_find(n, row->scs->name) : NULL;

	if (noted && !noted->refused) {
		core_ndsip_message(&n->out, n->list, c->cfg, row->scs);
		core_ndsip_note_given(n, noted, &n->out);
		n->has_out = true;
	}
	return 0;
}

/* The next SCS that goes, or that there is none: ERR_NOTFOUND. */
static int next_scs(struct core *c)
{
	struct core_ndsip *n = &c->ndsip;
	int err = 1;

	while (err == 1 && !n->has_out) {
		err = asc_export_step(n->view, 1, put_scs, c);
	}
	if (n->has_out) {
		return 0;
	}
	return err ? err : ERR_NOTFOUND;
}

/* The first TERMINATE that waits. ERR_NOTFOUND: none does. */
static int next_end(struct core_ndsip *n)
{
	struct core_ndsip_scs *s = TAILQ_FIRST(&n->ends);
	struct ns_msg m = { .kind = NS_TERMINATE };

	if (!s) {
		return ERR_NOTFOUND;
	}
	str_set(m.terminate.name, sizeof m.terminate.name, s->is.name);
	m.terminate.why = s->end_why;
	end_is_over(n, s);
	s->given = s->settled = 0; /* until the helper has a list that was begun after it */
	put(n, &m);
	return 0;
}

/* Fills `out` with the next message. ERR_NOTFOUND: there is none now. Else an error of the
 * store. */
static int next_message(struct core *c)
{
	struct core_ndsip *n = &c->ndsip;
	int err;

	if (core_proofs_next(c, &n->out)) { /* a connection that waits is urgent */
		n->has_out = true;
		return 0;
	}
	switch (n->stage) {
	case CORE_NDSIP_IDLE:
		return next_end(n);
	case CORE_NDSIP_BEGIN:
		n->stage = CORE_NDSIP_PEERS;
		n->peer_at = 0;
		put(n, &(struct ns_msg){ .kind = NS_BEGIN, .begin = { n->list, n->list_n, n->files } });
		return 0;
	case CORE_NDSIP_PEERS:
		if (core_ndsip_peers_put(c)) {
			return 0;
		}
		n->stage = CORE_NDSIP_SCSS;
		__attribute__((fallthrough));
	case CORE_NDSIP_SCSS:
		err = next_scs(c);
		if (err != ERR_NOTFOUND) {
			return err;
		}
		n->stage = CORE_NDSIP_END;
		__attribute__((fallthrough));
	case CORE_NDSIP_END:
		core_ndsip_list_end(n);
		put(n, &(struct ns_msg){ .kind = NS_END, .end = { n->list, n->list_n } });
		return 0;
	}
	return ERR_NOTFOUND;
}

static void give_up_list(struct core *c, int err)
{
	log_error(c->log, "core", "the list of SCSs for the NDS/IP helper: %s; again in %u ms", err_str(err),
		  CORE_NDSIP_RETRY_MS);
	core_ndsip_list_end(&c->ndsip);
	c->ndsip.has_out = false;
	c->ndsip.due = true;
	wait_ms(&c->ndsip, CORE_NDSIP_RETRY_MS);
}

/* Some messages, until the helper has to read first, or there is nothing to send. Its end is not
 * noticed here: the channel says it. */
void core_ndsip_send(struct core *c)
{
	struct core_ndsip *n = &c->ndsip;

	if (!n->channel) {
		return;
	}
	for (unsigned i = 0; i < CORE_NDSIP_TURN_MAX; i++) {
		int err = n->has_out ? 0 : next_message(c);

		if (err == ERR_NOTFOUND) {
			return;
		}
		err = err ? err : ns_channel_send(n->channel, &n->out);
		if (err == ERR_BUSY || err == ERR_CLOSED) {
			return;
		}
		if (err) {
			give_up_list(c, err);
			return;
		}
		n->has_out = false;
	}
	wait_ms(n, 0);
}

void core_ndsip_terminate(struct core *c, const char *scs, enum ns_why why)
{
	struct core_ndsip *n = &c->ndsip;
	struct core_ndsip_scs *s = core_ndsip_find(n, scs);
	bool others = !TAILQ_EMPTY(&n->ends);

	if (!s) {
		return; /* the first list says all */
	}
	end_waits(n, s, (uint8_t)why);
	if (n->channel) {
		core_ndsip_send(c);
	}
	if (!s->end_why) {
		return;
	}
	st_count(&c->st, ST_NDSIP_ENDS_WAITED);
	if (!others) {
		log_warn(c->log, "core",
			 "the NDS/IP helper %s: the security associations of SCS %s and others that were changed or removed end "
			 "when it does",
			 n->channel ? "does not read now" : "is away", scs);
	}
}

/* -- the part */

int core_ndsip_list_init(struct core *c)
{
	int err = net_timer_new(&c->ndsip.timer, c->loop, on_timer, c);

	TAILQ_INIT(&c->ndsip.ends);
	if (!err) {
		err = net_timer_new(&c->ndsip.proof_timer, c->loop, on_proof_time, c);
	}
	return err ? err : net_timer_new(&c->ndsip.clock, c->loop, on_clock, c);
}

void core_ndsip_list_fini(struct core *c)
{
	net_timer_free(c->ndsip.timer);
	net_timer_free(c->ndsip.clock);
	net_timer_free(c->ndsip.proof_timer);
	c->ndsip.proof_timer = NULL;
	core_ndsip_blocks_free(&c->ndsip.blocks);
}
