/* core_quota.c - the used quota of each SCS: a number, and a record in the journal.
 * The record, numbers big-endian: kind, day, begin, used, u16 length + name of the SCS. Its
 * first octet differs from that of every other record.
 * Its key is a number of the journal's sequence: triggers with a larger number belong to its
 * day; smaller ones came before and are never subtracted from it.
 * A new day and `quota reset` use a new record.
 * While records gather for one commit, the record is written once, in front of the intents it
 * counts. */
#include "core/core_quota.h"

#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "core/core_int.h"

#define KIND_QUOTA 0x84u
#define RECORD_MAX (1 + 8 + 8 + 8 + 2 + IDENT_SCS_MAX)
#define LOOKED_AT_MAX 256u /* per call */

static uint64_t day_of(const struct core *c, uint64_t now_ms)
{
	/* a short step of the clock starts no new day */
	return core_wall_ms(c, now_ms) / POL_QUOTA_DAY_MS;
}

static bool counts(const struct core_trigger *t)
{
	return t->trg->req.action != TSP_ACTION_RECALL;
}

/* -- the record */

static size_t build(uint8_t out[RECORD_MAX], const struct core_scs *scs)
{
	const struct pol_quota *q = &scs->quota.day;
	struct buf b = buf_over(out, RECORD_MAX);

	buf_u8(&b, KIND_QUOTA);
	buf_be64(&b, q->day);
	buf_be64(&b, q->began_ms);
	buf_be64(&b, q->used);
	buf_be16(&b, (uint16_t)strlen(scs->name));
	buf_bytes(&b, scs->name, strlen(scs->name));
	return b.len;
}

static int keep(struct core *c, struct core_scs *scs)
{
	uint8_t record[RECORD_MAX];
	size_t len = build(record, scs);

	return jrn_put_again(c->journal.jrn, &scs->quota.place, scs->quota.number, record, len);
}

static void drop(struct core *c, struct core_scs *scs)
{
	struct core_quota *q = &scs->quota;

	if (!q->number) {
		return;
	}
	if (jrn_del(c->journal.jrn, q->number)) {
		log_error(c->log, "core", "journal record %llu stays for now", (unsigned long long)q->number);
	}
	q->number = 0;
	TAILQ_REMOVE(&c->quotas.list, scs, quotas);
	c->quotas.n--;
}

static void enter(struct core *c, struct core_scs *scs, uint64_t number)
{
	scs->quota.number = number;
	scs->quota.place = (struct jrn_place){ 0 };
	TAILQ_INSERT_TAIL(&c->quotas.list, scs, quotas);
	c->quotas.n++;
}

/* Starts a day with a new record. */
static void begin(struct core *c, struct core_scs *scs, uint64_t now_ms)
{
	drop(c, scs);
	scs->quota.day = (struct pol_quota){ .day = day_of(c, now_ms), .began_ms = now_ms };
	enter(c, scs, jrn_next(c->journal.jrn));
}

static void begin_if_over(struct core *c, struct core_scs *scs, uint64_t now_ms)
{
	if (!scs->quota.number || pol_quota_over(&scs->quota.day, day_of(c, now_ms), now_ms)) {
		begin(c, scs, now_ms);
	}
}

/* -- a trigger and its quota */

uint64_t core_quota_of(struct core *c, struct core_scs *scs, uint64_t now_ms)
{
	begin_if_over(c, scs, now_ms);
	return scs->quota.day.used + scs->quota.asking;
}

uint64_t core_quota_used(const struct core *c, const struct core_scs *scs, uint64_t *day)
{
	const struct pol_quota *q = &scs->quota.day;
	uint64_t now_ms = core_now_ms(c), today = day_of(c, now_ms);
	bool over = !scs->quota.number || pol_quota_over(q, today, now_ms);

	*day = over ? today : q->day;
	return over ? 0 : q->used;
}

void core_quota_ask(struct core_trigger *t)
{
	if (!counts(t) || t->asks_quota) {
		return;
	}
	t->asks_quota = true;
	t->scs->quota.asking++;
}

static void stop_asking(struct core_trigger *t)
{
	if (t->asks_quota) {
		t->scs->quota.asking--;
	}
	t->asks_quota = false;
}

int core_quota_take(struct core_trigger *t)
{
	struct core *c = t->core;
	struct core_scs *scs = t->scs;
	int err;

	if (!counts(t) || t->has_quota) {
		return 0;
	}
	/* else it counts on the day on which it was judged, moments ago */
	if (!scs->quota.number) {
		begin(c, scs, core_now_ms(c));
	}
	scs->quota.day.used++;
	err = keep(c, scs);
	if (err) {
		scs->quota.day.used--;
		return err;
	}
	stop_asking(t);
	t->has_quota = true;
	return 0;
}

void core_quota_give_back(struct core_trigger *t)
{
	struct core_quota *q = &t->scs->quota;

	if (!t->has_quota) {
		return;
	}
	t->has_quota = false;
	if (t->trg->number < q->number || !q->number || !q->day.used) {
		return; /* counted on an earlier day */
	}
	q->day.used--;
	if (keep(t->core, t->scs)) {
		log_debug(t->core->log, "core", "transaction %s: its quota is given back with the next that counts",
			  t->transaction);
	}
}

void core_quota_answered(struct core_trigger *t, bool accepted, bool maybe_accepted)
{
	if (!accepted && !maybe_accepted) {
		core_quota_give_back(t);
	} else if (accepted && core_quota_take(t)) {
		log_warn(t->core->log, "core", "transaction %s: the journal does not take the used quota now", t->transaction);
	}
	stop_asking(t);
}

void core_quota_end(struct core_trigger *t)
{
	stop_asking(t);
}

int core_quota_forget(struct core *c, struct core_scs *scs, jrn_done_fn *done, void *arg)
{
	uint8_t record[RECORD_MAX];
	uint64_t day;

	if (!scs || !core_quota_used(c, scs, &day)) {
		return ERR_NOTFOUND;
	}
	begin(c, scs, core_now_ms(c));
	return jrn_put(c->journal.jrn, scs->quota.number, record, build(record, scs), done, arg);
}

/* -- after a restart */

bool core_quota_is(const void *record, size_t len)
{
	return len && *(const uint8_t *)record == KIND_QUOTA;
}

static bool read_record(struct pol_quota *q, char name[IDENT_SCS_MAX + 1], const void *record, size_t len)
{
	struct rd r = rd_over(record, len);
	const uint8_t *text;
	size_t n;

	(void)rd_u8(&r);
	q->day = rd_be64(&r);
	q->began_ms = rd_be64(&r);
	q->used = rd_be64(&r);
	n = rd_be16(&r);
	text = rd_take(&r, n);
	return text && !r.bad && !rd_left(&r) && str_copy(name, IDENT_SCS_MAX + 1, text, n) == 0 && ident_name_ok(name);
}

int core_quota_restore(struct core *c, uint64_t number, const void *record, size_t len)
{
	uint64_t now_ms = core_now_ms(c);
	char name[IDENT_SCS_MAX + 1];
	struct core_scs *scs;
	struct pol_quota q;

	if (!read_record(&q, name, record, len)) {
		log_error(c->log, "core", "journal record %llu, a used quota, cannot be read and is left alone",
			  (unsigned long long)number);
		return 0;
	}
	scs = core_scs_get(c, name);
	if (!scs) {
		return ERR_NOMEM;
	}
	drop(c, scs); /* an older record whose deletion was lost */
	if (q.began_ms > now_ms) {
		q.began_ms = now_ms; /* the timeline was lost and has started again */
	}
	scs->quota.day = q;
	enter(c, scs, number);
	return 0;
}

bool core_quota_counted(const struct core_scs *scs, const struct trg *trg)
{
	bool told_no = trg->answered && !trg->accepted; /* already subtracted */

	return trg->req.action != TSP_ACTION_RECALL && !told_no && scs->quota.number && trg->number >= scs->quota.number;
}

/* Sets *arg, a bool, if an SCS has triggers and no record. */
static void look_for_one_without(void *arg, struct map_node *node)
{
	const struct core_scs *scs = MAP_OF(node, struct core_scs, node);
	bool *found = arg;

	*found |= !scs->quota.number && !TAILQ_EMPTY(&scs->triggers);
}

void core_quotas_seed(struct core *c)
{
	/* larger numbers belong to triggers of this process */
	uint64_t first = jrn_next(c->journal.jrn);
	uint64_t now_ms = core_now_ms(c);
	struct core_seat *seat;
	bool found = false;

	map_each(&c->sessions.scs_by_name, look_for_one_without, &found);
	if (!found) { /* nearly always: a walk over a million triggers would hold up a turn */
		return;
	}
	TAILQ_FOREACH (seat, &c->triggers.list, entry) {
		struct core_quota *q = &seat->scs->quota;
		struct core_seat_facts f;

		if (q->number && q->number < first) {
			continue;
		}
		core_seat_look(seat, &f);
		if (f.action == TSP_ACTION_RECALL || day_of(c, f.received_ms) != day_of(c, now_ms) || f.state == TRG_REFUSING) {
			continue;
		}
		begin_if_over(c, seat->scs, now_ms);
		q->day.used++;
		/* its refusal is not subtracted: its number is below that of the record */
		core_seat_counts(seat);
		if (keep(c, seat->scs)) {
			log_warn(c->log, "core", "%s: the journal does not take the used quota now", seat->scs->name);
		}
	}
}

/* -- past days */

void core_quotas_look(struct core *c)
{
	uint64_t now_ms = core_now_ms(c), day = day_of(c, now_ms);
	struct core_scs *scs;

	if (now_ms < c->time.line.sure_from_ms) {
		return;
	}
	for (uint32_t i = 0; i < LOOKED_AT_MAX && (scs = TAILQ_FIRST(&c->quotas.list)); i++) {
		c->quotas.looked_at++;
		if (!pol_quota_past(&scs->quota.day, day, now_ms)) {
			return;
		}
		drop(c, scs);
	}
}

void core_quotas_init(struct core *c)
{
	TAILQ_INIT(&c->quotas.list);
}
