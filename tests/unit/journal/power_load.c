#include "tests/unit/journal/power_load.h"

#include "journal/jrn_check.h"
#include "journal/jrn_format.h"

/* -- records: made from the number of the operation, so that they need not be kept */

/* Every 16th one has, at a block of its own, octets that look like a commit of the journal. */
static void record_of(uint8_t *p, uint32_t op, uint32_t len)
{
	uint64_t seed = op;

	for (uint32_t i = 0; i < len; i++) {
		p[i] = (uint8_t)(i % 8 ? seed >> (8 * (i % 8)) : pc_random(&seed));
	}
	p[0] = 1;
	memcpy(p + 1, &op, sizeof op);
	if (op % 16 == 0 && len >= 5 + JRN_COMMIT_HEAD) {
		static const uint8_t nonce[JRN_NONCE] = { 1 };
		struct jrn_commit_head h = { .seq = op, .records = 1, .octets = 4096 };

		jrn_put_commit_head(p + 5, nonce, 4096, &h);
	}
}

/* -- the load */

void pl_init(struct pl_load *l, uint64_t seed)
{
	memset(l, 0, sizeof *l);
	pd_init(&l->disk, &l->trace);
	l->seed = seed;
	l->ops = calloc(PL_OPS_MAX, sizeof *l->ops);
	l->number_of = calloc(PL_IDS_MAX, sizeof *l->number_of);
	l->live = calloc(PL_IDS_MAX, sizeof *l->live);
	l->is_live = calloc(PL_IDS_MAX, sizeof *l->is_live);
	assert_true(l->ops && l->number_of && l->live && l->is_live);
	l->conf = (struct jrn_conf){
		.dir = "memory", .disk = &l->disk.disk, .segment_size = JRN_SEGMENT_MIN, .size_max = 32u * JRN_SEGMENT_MIN
	};
}

void pl_open(struct pl_load *l)
{
	int err = jrn_open(&l->j, &l->conf, &l->why);

	if (err) {
		fail_msg("jrn_open: %s: %s", err_str(err), l->why.text);
	}
}

void pl_fini(struct pl_load *l)
{
	l->disk.dead = true;
	jrn_close(l->j);
	pd_fini(&l->disk);
	pd_trace_fini(&l->trace);
	free(l->ops);
	free(l->live);
	free(l->number_of);
	free(l->is_live);
}

/* Completions of one number come in order. */
static void on_told(void *arg, uint64_t number, int err)
{
	struct pl_load *l = arg;
	uint32_t k = 0;

	while (k < l->n && (l->ops[k].number != number || l->ops[k].del || l->ops[k].lazy || l->ops[k].is != PL_MADE)) {
		k++;
	}
	assert_true(k < l->n);
	l->ops[k].is = err ? PL_FAILED : PL_TOLD;
	if (!l->disk.dead && err != ERR_IO) { /* after ERR_IO a start may find it, or not */
		pd_note(&l->trace, PD_TOLD, k, err ? 1 : 0);
	}
}

static struct pl_op *made(struct pl_load *l, uint32_t id, uint32_t len, bool del)
{
	struct pl_op *op = &l->ops[l->n];

	assert_true(l->n < PL_OPS_MAX);
	*op = (struct pl_op){ .number = l->number_of[id], .id = id, .len = len, .del = del };
	if (!l->disk.dead) {
		pd_note(&l->trace, PD_ISSUED, l->n, 0);
	}
	l->n++;
	return op;
}

static void put(struct pl_load *l, uint32_t id, uint32_t len, bool is_new, bool lazy)
{
	uint64_t number = l->number_of[id];
	static uint8_t record[JRN_RECORD_MAX];
	int err;

	record_of(record, l->n, len);
	made(l, id, len, false)->lazy = lazy;
	err = is_new ? jrn_add(l->j, number, record, len, lazy ? NULL : on_told, l)
		     : jrn_put(l->j, number, record, len, lazy ? NULL : on_told, l);
	if (err) { /* refused: as if it had not been made */
		l->ops[l->n - 1].is = PL_FAILED;
		if (!l->disk.dead) {
			pd_note(&l->trace, PD_TOLD, l->n - 1, 1);
		}
		return;
	}
	if (!l->is_live[id]) {
		l->is_live[id] = true;
		l->live[l->live_n++] = id;
	}
}

static void del(struct pl_load *l, uint32_t k)
{
	uint32_t id = l->live[k];

	(void)made(l, id, 0, true);
	assert_int_equal(jrn_del(l->j, l->number_of[id]), 0);
	l->is_live[id] = false;
	l->live[k] = l->live[--l->live_n];
}

static uint32_t len_of(struct pl_load *l, uint32_t len_max)
{
	return 8 + (uint32_t)(pc_random(&l->seed) % (len_max - 7));
}

static void some(struct pl_load *l, uint32_t len_max, uint32_t live_max)
{
	uint64_t r = pc_random(&l->seed);
	uint32_t k = l->live_n ? (uint32_t)(r >> 32) % l->live_n : 0;

	if (l->live_n && (l->live_n > live_max || (l->live_n > live_max / 2 && r % 16 < 6))) {
		del(l, k);
	} else if (l->live_n && (l->no_new || r % 16 < 9)) {
		put(l, l->live[k], len_of(l, len_max), false, r % 16 == 8);
	} else {
		assert_true(l->ids < PL_IDS_MAX);
		l->number_of[l->ids] = jrn_next(l->j);
		put(l, l->ids++, len_of(l, len_max), true, false);
	}
}

int pl_commit(struct pl_load *l, unsigned n, uint32_t len_max, uint32_t live_max)
{
	unsigned group = pc_random(&l->seed) % 4 == 0 && n > 2 ? 2 : 0; /* operations that belong together */
	int err;

	l->first_untold = l->n;
	for (unsigned i = 0; i < n; i++) {
		if (i == 0 && group) {
			jrn_group_begin(l->j);
		}
		some(l, len_max, live_max);
		if (group && i + 1 < group) {
			l->ops[l->n - 1].glued = true;
		}
		if (group && i + 1 == group) {
			jrn_group_end(l->j);
		}
	}
	err = jrn_flush(l->j);
	for (uint32_t i = l->first_untold; !err && i < l->n && !l->disk.dead; i++) {
		if (l->ops[i].is == PL_MADE) { /* nobody waited for it, but a flush commits everything */
			l->ops[i].is = PL_TOLD;
			pd_note(&l->trace, PD_TOLD, i, 0);
		}
	}
	return err;
}

/* -- what a start finds */

void pl_expected_init(struct pl_expected *e, const struct pl_load *l, bool in_order)
{
	memset(e, 0, sizeof *e);
	e->load = l;
	e->in_order = in_order;
	e->is = calloc(l->n + 1, sizeof *e->is);
	e->newest = malloc(PL_IDS_MAX * sizeof *e->newest);
	e->found = malloc(PL_IDS_MAX * sizeof *e->found);
	e->later_del = calloc(PL_IDS_MAX, sizeof *e->later_del);
	e->found_ids = malloc(PL_IDS_MAX * sizeof *e->found_ids);
	assert_true(e->is && e->newest && e->found && e->found_ids && e->later_del);
	memset(e->newest, 0xff, PL_IDS_MAX * sizeof *e->newest);
	memset(e->found, 0xff, PL_IDS_MAX * sizeof *e->found);
}

void pl_expected_fini(struct pl_expected *e)
{
	free(e->is);
	free(e->newest);
	free(e->found);
	free(e->later_del);
	free(e->found_ids);
}

/* The state after one operation more. Returns what it replaced. */
static int32_t step(struct pl_expected *e, uint32_t k)
{
	const struct pl_op *op = &e->load->ops[k];
	int32_t before = e->newest[op->id];

	if (e->is[k] == PL_FAILED) {
		return before;
	}
	e->live -= before >= 0;
	e->live += !op->del;
	e->newest[op->id] = op->del ? -1 : (int32_t)k;
	return before;
}

static void step_back(struct pl_expected *e, uint32_t k, int32_t before)
{
	const struct pl_op *op = &e->load->ops[k];

	if (e->is[k] == PL_FAILED) {
		return;
	}
	e->live -= !op->del;
	e->live += before >= 0;
	e->newest[op->id] = before;
}

void pl_told(void *arg, const struct pd_event *event)
{
	struct pl_expected *e = arg;
	uint32_t k = (uint32_t)event->at;

	if (event->what == PD_ISSUED) {
		e->issued = k + 1;
		return;
	}
	e->is[k] = event->n ? PL_FAILED : PL_TOLD;
	if (event->n) {
		return;
	}
	if (e->load->ops[k].number >= e->next_min) {
		e->next_min = e->load->ops[k].number + 1;
	}
	if (!e->in_order) { /* deletes, too */
		if (e->newest[e->load->ops[k].id] < (int32_t)k) {
			e->newest[e->load->ops[k].id] = (int32_t)k;
		}
		return;
	}
	while (e->told <= k) {
		(void)step(e, e->told++);
	}
}

static int on_found(void *arg, uint64_t number, const void *record, size_t len)
{
	static uint8_t expected[JRN_RECORD_MAX];
	struct pl_expected *e = arg;
	uint32_t op = UINT32_MAX;

	if (len >= 5) {
		memcpy(&op, (const uint8_t *)record + 1, sizeof op);
	}
	if (op >= e->issued || e->load->ops[op].number != number || e->load->ops[op].del || e->load->ops[op].len != len) {
		snprintf(e->wrong, sizeof e->wrong, "number %llu: nobody made such a record", (unsigned long long)number);
		return 1;
	}
	record_of(expected, op, (uint32_t)len);
	if (memcmp(record, expected, len) != 0) {
		snprintf(e->wrong, sizeof e->wrong, "number %llu: not the octets of operation %u", (unsigned long long)number,
			 op);
		return 1;
	}
	if (e->found[e->load->ops[op].id] >= 0) {
		snprintf(e->wrong, sizeof e->wrong, "number %llu comes twice", (unsigned long long)number);
		return 1;
	}
	e->found[e->load->ops[op].id] = (int32_t)op;
	e->found_ids[e->found_n++] = e->load->ops[op].id;
	if ((int32_t)op > e->found_max) {
		e->found_max = (int32_t)op;
	}
	return 0;
}

static bool same(const struct pl_expected *e)
{
	if (e->live != e->found_n) {
		return false;
	}
	for (uint32_t i = 0; i < e->found_n; i++) {
		uint32_t id = e->found_ids[i];

		if (e->newest[id] != e->found[id]) {
			return false;
		}
	}
	return true;
}

/* Of what the told operations left. */
static void say_missing(struct pl_expected *e)
{
	for (uint32_t k = 0; k < e->told; k++) {
		uint32_t id = e->load->ops[k].id;

		if (e->newest[id] > e->found[id]) {
			snprintf(e->wrong, sizeof e->wrong, "number %llu: operation %d was told to be durable, %d is there",
				 (unsigned long long)e->load->ops[k].number, e->newest[id], e->found[id]);
			return;
		}
	}
	snprintf(e->wrong, sizeof e->wrong,
		 "%u records, newest operation %d, are not what operations up to one from %u to %u left", e->found_n,
		 e->found_max, e->told, e->issued);
}

/* Is it what the first p operations left, for a p from told to issued? */
static void compare_in_order(struct pl_expected *e)
{
	int32_t *before = calloc(e->issued - e->told + 1, sizeof *before);
	uint32_t p = e->told;
	bool right = same(e);

	assert_non_null(before);
	while (!right && p < e->issued) {
		before[p - e->told] = step(e, p);
		p++;
		right = !e->load->ops[p - 1].glued && same(e);
	}
	e->matched = p;
	while (p > e->told) {
		p--;
		step_back(e, p, before[p - e->told]);
	}
	if (!right) {
		say_missing(e);
	}
	free(before);
}

/* Each number by itself: its newest told operation, or a later one that was not told to have failed. */
static void compare_each(struct pl_expected *e)
{
	for (uint32_t k = 0; k < e->issued; k++) {
		const struct pl_op *op = &e->load->ops[k];

		e->later_del[op->id] = op->del && (int32_t)k > e->newest[op->id];
	}
	for (uint32_t k = 0; k < e->issued && !*e->wrong; k++) {
		uint64_t number = e->load->ops[k].number;
		uint32_t id = e->load->ops[k].id;
		int32_t told = e->newest[id], found = e->found[id];

		if (found >= 0 && e->is[found] == PL_FAILED) {
			snprintf(e->wrong, sizeof e->wrong, "number %llu: operation %d, told to have failed, is there",
				 (unsigned long long)number, found);
		} else if (found >= 0 ? found < told : told >= 0 && !e->load->ops[told].del && !e->later_del[id]) {
			snprintf(e->wrong, sizeof e->wrong, "number %llu: operation %d was told to be durable, %d is there",
				 (unsigned long long)number, told, found);
		}
	}
}

void pl_pin(struct pl_expected *e, struct pl_pin *pin)
{
	pin->told = e->told;
	pin->issued = e->issued;
	pin->before = calloc(e->matched - e->told + 1, sizeof *pin->before);
	assert_non_null(pin->before);
	while (e->told < e->matched) {
		pin->before[e->told - pin->told] = step(e, e->told);
		e->told++;
	}
	e->issued = e->matched;
}

void pl_unpin(struct pl_expected *e, struct pl_pin *pin)
{
	while (e->told > pin->told) {
		e->told--;
		step_back(e, e->told, pin->before[e->told - pin->told]);
	}
	e->issued = pin->issued;
	free(pin->before);
}

const char *pl_compare(struct pl_expected *e, struct jrn *j)
{
	e->wrong[0] = 0;
	for (uint32_t i = 0; i < e->found_n; i++) {
		e->found[e->found_ids[i]] = -1;
	}
	e->found_n = 0;
	e->found_max = -1;
	if (jrn_replay(j, on_found, e)) {
		return *e->wrong ? e->wrong : "jrn_replay() failed";
	}
	if (e->in_order) {
		compare_in_order(e);
	} else {
		compare_each(e);
	}
	if (!*e->wrong && jrn_next(j) < e->next_min) {
		snprintf(e->wrong, sizeof e->wrong, "a number below %llu is given out again", (unsigned long long)e->next_min);
	}
	return *e->wrong ? e->wrong : NULL;
}

/* What the start found goes on; operations that it did not find are void from now on. */
void pl_kill(struct pl_load *l)
{
	struct pl_expected e;

	l->disk.dead = true;
	jrn_close(l->j);
	l->j = NULL;
	memset(l->disk.fds, 0, sizeof l->disk.fds);
	l->disk.dead = false;
	l->disk.dies_in = 0;
	pl_open(l);
	pl_expected_init(&e, l, true);
	for (size_t i = 0; i < l->trace.n; i++) {
		if (l->trace.events[i].what == PD_TOLD || l->trace.events[i].what == PD_ISSUED) {
			pl_told(&e, &l->trace.events[i]);
		}
	}
	if (pl_compare(&e, l->j)) {
		fail_msg("after a kill: %s", e.wrong);
	}
	for (uint32_t k = e.matched; k < l->n; k++) {
		l->ops[k].is = PL_FAILED;
		pd_note(&l->trace, PD_TOLD, k, 1);
	}
	if (e.matched) {
		pd_note(&l->trace, PD_TOLD, e.matched - 1, 0); /* its records are acted upon now */
	}
	memset(l->is_live, 0, PL_IDS_MAX * sizeof *l->is_live);
	l->live_n = e.found_n;
	for (uint32_t i = 0; i < e.found_n; i++) {
		l->live[i] = e.found_ids[i];
		l->is_live[e.found_ids[i]] = true;
	}
	l->first_untold = l->n;
	pl_expected_fini(&e);
}

const char *pl_look(void *arg, struct power_disk *image)
{
	struct pl_expected *e = arg;
	struct jrn_conf conf = e->load->conf;
	struct jrn_summary sum = { 0 };
	struct jrn_why why;
	const char *wrong;
	struct jrn *j;
	int err;

	if (e->opened % 64 == 0 && jrn_check(conf.dir, &image->disk, NULL, NULL, &sum, &why) == 0 && !sum.opens) {
		return "jrn_check() says that it would not start";
	}
	conf.disk = &image->disk;
	err = jrn_open(&j, &conf, &why);
	if (err) {
		snprintf(e->wrong, sizeof e->wrong, "does not start: %.200s", why.text);
		return e->wrong;
	}
	e->opened++;
	wrong = pl_compare(e, j);
	jrn_close(j);
	return wrong;
}
