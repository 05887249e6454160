/* aud_verify.c - one pass over all records: numbers, the chain of seals, the tree. The tree is
 * compared with each checkpoint when it has its size. */
#include "audit/aud_verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/aud_record.h"
#include "audit/aud_verify_int.h"
#include "base/clock.h"
#include "base/ed25519.h"
#include "base/str.h"

#define DIFFERS_SHOWN 5u /* records that are named one by one */

void aud_problem(struct aud_verifier *v, uint64_t seq, const char *format, ...)
{
	char words[AUD_WHY_MAX];
	va_list args;

	if (v->out->problems++ >= AUD_PROBLEMS_MAX) {
		return;
	}
	va_start(args, format);
	vsnprintf(words, sizeof words, format, args);
	va_end(args);
	v->problem(v->arg, seq, words);
}

/* -- the tree */

/* A stored node of our tree: is it the one in the tile? Who is wrong shows at the checkpoint. */
static int on_node(void *arg, unsigned level, uint64_t index, const struct mrk_hash *hash)
{
	struct aud_verifier *v = OBJ_OF(arg, struct aud_verifier, AUD_VERIFIER_MAGIC);
	uint64_t hashes = mrk_tile_hashes(level, v->last.size);
	bool partial = index / MRK_TILE_WIDTH == hashes / MRK_TILE_WIDTH;
	struct mrk_hash stored;
	int err;

	if (!v->out->has_checkpoint || index >= hashes) {
		return 0;
	}
	err = aud_tile_get(&v->tiles, level, index, &stored);
	if (!err && mrk_equal(&stored, hash)) {
		return 0;
	}
	if (err) { /* a tile at the right edge goes when the next one is written */
		v->tiles_missing += !partial && index % MRK_TILE_WIDTH == 0;
	} else if (level == 0 && v->differs_n < AUD_PROBLEMS_MAX) {
		v->differs[v->differs_n++] = index;
	} else {
		v->differs_more++;
	}
	return 0;
}

static void compare(struct aud_verifier *v)
{
	struct mrk_hash root;
	int err = mrk_root(&v->edge, v->hash, &root);

	if (!err && v->out->has_checkpoint && v->edge.size == v->last.size) {
		v->root_good = mrk_equal(&root, &v->last.root);
	}
	for (size_t i = 0; i < v->against_n && !err; i++) {
		const struct mrk_checkpoint *c = &v->against[i];

		if (c->size == v->edge.size && !mrk_equal(&root, &c->root)) {
			aud_problem(
			    v, UINT64_MAX,
			    "another log: the kept checkpoint of %llu records has another root than the first %llu records "
			    "here; the log was rewritten",
			    (unsigned long long)c->size, (unsigned long long)c->size);
		}
	}
}

/* -- seals */

static void begin_interval(struct aud_verifier *v, const uint8_t key[MRK_KEY], bool vouched)
{
	memcpy(v->key, key, MRK_KEY);
	v->has_key = true;
	v->vouched = vouched;
	v->interval_first = v->edge.size; /* the record that brought the key is in the tree by now, or comes first */
}

static void on_seal(struct aud_verifier *v, const struct aud_place *at, const struct aud_seal *s, const char *record)
{
	char text[AUD_SEAL_TEXT_MAX];
	size_t n = aud_seal_text(text, v->out->origin, record, s->signed_len);
	struct mrk_hash root;
	bool good = true;

	if (v->after_pruned) { /* its key is in a record that is not here: what the checkpoint covers stands for it */
		good = mrk_root(&v->edge, v->hash, &root) == 0 && mrk_equal(&root, &s->digest);
		if (!good) {
			aud_problem(v, at->seq, "the records up to the seal of interval %llu are not those that were sealed",
				    (unsigned long long)at->interval);
		}
		v->vouched = at->seq < v->last.size;
		v->after_pruned = false;
	} else if (v->chain_broken) { /* the first one said it; each later seal differs, too */
		good = false;
	} else if (!v->has_key || !ed25519_good(v->key, text, n, s->signature)) {
		aud_problem(v, at->seq, "the seal of interval %llu is not signed with the key of that interval",
			    (unsigned long long)at->interval);
		good = false;
	} else if (mrk_root(&v->edge, v->hash, &root) || !mrk_equal(&root, &s->digest)) {
		aud_problem(v, at->seq, "the records up to the seal of interval %llu are not those that were sealed",
			    (unsigned long long)at->interval);
		good = false;
	} else if (s->first != v->interval_first) {
		aud_problem(v, at->seq, "the seal of interval %llu begins with another record than the interval",
			    (unsigned long long)at->interval);
		good = false;
	}
	v->chain_broken = !good;
	v->out->intervals++;
	v->sealed_now = good && v->vouched;
	v->ended = s->last;
	v->seal_seq = at->seq;
	v->has_key = false;
	if (!s->last) {
		v->next_key = true;
		memcpy(v->key, s->key, MRK_KEY);
	}
}

/* A key pair without one before it: its process did not know the private half of the last one. */
static void on_start(struct aud_verifier *v, const struct aud_place *at, const char *record, size_t len,
		     const uint8_t key[MRK_KEY])
{
	bool clean = aud_record_is(record, len, "how", "clean"), first = aud_record_is(record, len, "how", "first");

	if (at->seq == 0 ? !first : first || (clean != v->ended && at->seq != v->out->pruned)) {
		aud_problem(v, at->seq, "the record of a start says '%s', but %s",
			    first   ? "first"
			    : clean ? "clean"
				    : "crash",
			    at->seq == 0 ? "it is the first record"
			    : v->ended   ? "the gateway had shut down cleanly"
					 : "the gateway had not shut down cleanly");
	}
	v->out->broken_intervals += at->seq > v->out->pruned && !v->ended;
	v->ended = v->after_pruned = false;
	begin_interval(v, key, at->seq < v->last.size);
}

/* -- one record */

static bool in_order(struct aud_verifier *v, const struct aud_place *at)
{
	if (at->seq > v->next) {
		aud_problem(v, v->next, "missing: records %llu to %llu", (unsigned long long)v->next,
			    (unsigned long long)(at->seq - 1));
	} else if (at->seq < v->next) {
		aud_problem(v, at->seq, "record %llu stands where %llu was expected: a copy, or another order",
			    (unsigned long long)at->seq, (unsigned long long)v->next);
	}
	if (at->interval != v->interval && at->seq == v->next && v->next > v->out->pruned) {
		bool after_seal = v->next_key || v->ended, start = at->interval == v->interval + 1;

		if (!start || (!after_seal && !v->at_start)) {
			aud_problem(v, at->seq, "interval %llu follows %llu without a seal", (unsigned long long)at->interval,
				    (unsigned long long)v->interval);
		}
	}
	v->interval = at->interval;
	v->next = at->seq + 1;
	return true;
}

/* Members of a record for the summary; the time is only data. */
static void look_at(struct aud_verifier *v, const char *record, size_t len)
{
	char time[CLOCK_TEXT_MAX], number[24];
	uint64_t n;

	if (aud_record_member(time, sizeof time, record, len, "time")) {
		v->out->clock_back += strcmp(time, v->time) < 0;
		memcpy(v->time, time, sizeof time);
	}
	v->out->recovered += aud_record_is(record, len, "recovered", "true");
	if (aud_record_is(record, len, "action", "audit") && aud_record_member(number, sizeof number, record, len, "records") &&
	    str_parse_u64(&n, number, 0, UINT64_MAX) == 0) {
		v->out->lost += aud_record_is(record, len, "event", "lost") ? n : 0;
		v->out->summed += aud_record_is(record, len, "event", "summary") ? n : 0;
	}
	if (aud_record_is(record, len, "action", "audit") && aud_record_member(number, sizeof number, record, len, "cut") &&
	    str_parse_u64(&n, number, 0, UINT64_MAX) == 0) {
		v->out->cut += n;
	}
}

static int on_record(struct aud_verifier *v, const char *record, size_t len)
{
	uint8_t key[MRK_KEY];
	struct aud_place at;
	struct aud_seal seal;
	struct mrk_hash leaf;
	int err, is_seal, is_start;

	if (aud_record_place(&at, record, len)) {
		aud_problem(v, v->next, "where record %llu should stand there is no record", (unsigned long long)v->next);
		at = (struct aud_place){ v->next, v->interval };
	}
	is_start = aud_start_read(key, record, len);
	v->at_start = is_start == 0;
	in_order(v, &at);
	is_seal = aud_seal_read(&seal, record, len);
	if (is_seal == ERR_PROTO || is_start == ERR_PROTO) {
		aud_problem(v, at.seq, "record %llu of the audit itself cannot be read", (unsigned long long)at.seq);
	}
	v->sealed_now = v->next_key = false;
	if (is_start == 0) {
		on_start(v, &at, record, len, key);
	}
	if (is_seal == 0) {
		on_seal(v, &at, &seal, record);
	}
	look_at(v, record, len);
	err = mrk_leaf(v->hash, record, len, &leaf);
	if (!err) {
		err = mrk_add(&v->edge, v->hash, &leaf, on_node, v);
	}
	if (err) {
		return err;
	}
	if (v->sealed_now) {
		v->out->sealed = v->edge.size;
	}
	if (v->next_key) {
		memcpy(key, v->key, MRK_KEY);
		begin_interval(v, key, v->vouched && v->sealed_now);
	}
	compare(v);
	return 0;
}

/* -- the end */

static void judge_changes(struct aud_verifier *v)
{
	size_t shown = v->differs_n < DIFFERS_SHOWN ? v->differs_n : DIFFERS_SHOWN;

	for (size_t i = 0; i < shown; i++) {
		aud_problem(v, v->differs[i],
			    v->root_good ? "the tile over record %llu was changed; the record itself is as the checkpoint has it"
					 : "record %llu was changed, moved or replaced: its hash is not the one in the tile",
			    (unsigned long long)v->differs[i]);
	}
	if (v->differs_n > shown) {
		size_t further = v->differs_n - shown + (v->root_good ? 0 : v->differs_more);

		aud_problem(v, UINT64_MAX, "and %zu further records like these", further);
	}
	if (v->root_good && v->differs_more && !v->differs_n) {
		aud_problem(v, UINT64_MAX, "tiles above the records were changed; the records are as the checkpoint has them");
	}
	if (v->tiles_missing) {
		aud_problem(v, UINT64_MAX, "%llu tiles are missing; the records are %s", (unsigned long long)v->tiles_missing,
			    v->root_good ? "as the checkpoint has them" : "not as the checkpoint has them");
	}
}

static void judge_end(struct aud_verifier *v)
{
	struct aud_summary *o = v->out;

	o->records = v->edge.size;
	if (o->has_checkpoint && o->records < v->last.size) {
		aud_problem(v, o->records, "cut off: the last checkpoint covers %llu records, and there are %llu",
			    (unsigned long long)v->last.size, (unsigned long long)o->records);
	} else if (o->has_checkpoint && !v->root_good) {
		aud_problem(v, UINT64_MAX, "the first %llu records are not those of the last checkpoint: its root is another one",
			    (unsigned long long)v->last.size);
	}
	for (size_t i = 0; i < v->against_n; i++) {
		if (v->against[i].size > o->records) {
			aud_problem(
			    v, o->records,
			    "rolled back: the kept checkpoint is of %llu records, and there are %llu; log and state are older",
			    (unsigned long long)v->against[i].size, (unsigned long long)o->records);
		} else if (o->has_checkpoint && v->against[i].size > v->last.size) {
			aud_problem(v, UINT64_MAX,
				    "rolled back: the kept checkpoint is of %llu records, the last one here only of %llu",
				    (unsigned long long)v->against[i].size, (unsigned long long)v->last.size);
		}
	}
	judge_changes(v);
}

/* -- records that were moved away */

/* Whether `mtcctl audit prune` says that it moved them. */
static bool said_pruned(const struct aud_verifier *v, uint64_t first)
{
	char text[64];
	uint64_t said;
	size_t n, head = sizeof AUD_PRUNED - 1;

	if (aud_file_read(text, sizeof text, &n, v->tiles.dir, "pruned") || n <= head || text[n - 1] != '\n' ||
	    memcmp(text, AUD_PRUNED, head) != 0) {
		return false;
	}
	text[n - 1] = 0;
	return str_parse_u64(&said, text + head, 0, UINT64_MAX) == 0 && said >= first;
}

/* Kept checkpoints of what is not here: the tiles prove that the records began so. */
static void compare_pruned(struct aud_verifier *v, const struct mrk_nodes *nodes, uint64_t first)
{
	struct mrk_hash proof[MRK_CONSISTENCY_MAX], root;
	size_t n;

	for (size_t i = 0; i < v->against_n; i++) {
		const struct mrk_checkpoint *c = &v->against[i];

		if (!c->size || c->size > first) {
			continue;
		}
		if (mrk_root(&v->edge, v->hash, &root) || mrk_consistency(nodes, c->size, first, proof, &n) ||
		    mrk_consistency_check(v->hash, c->size, &c->root, first, &root, proof, n)) {
			aud_problem(
			    v, UINT64_MAX,
			    "another log: the kept checkpoint of %llu records does not fit the records that were moved away",
			    (unsigned long long)c->size);
		}
	}
}

/* The tree begins with the tiles of the records that are not here. That they are theirs shows at
 * the checkpoint. */
static int begin_pruned(struct aud_verifier *v, uint64_t first, struct aud_why *why)
{
	struct mrk_nodes nodes = { aud_tile_get, &v->tiles, v->hash };

	if (!v->out->has_checkpoint || first > v->last.size || mrk_edge_of(&v->edge, &nodes, first)) {
		snprintf(
		    why->text, sizeof why->text,
		    "the first %llu records are not here, nor the tiles that stand for them; give the archive with --archive",
		    (unsigned long long)first);
		return ERR_INVAL;
	}
	if (!said_pruned(v, first)) {
		aud_problem(v, 0, "missing: records 0 to %llu, and no file 'pruned' says that they were moved away",
			    (unsigned long long)(first - 1));
	}
	v->out->pruned = v->next = first;
	v->after_pruned = true;
	compare_pruned(v, &nodes, first);
	compare(v);
	return 0;
}

static int read_records(struct aud_verifier *v, struct aud_why *why)
{
	struct aud_reader *r;
	const char *line;
	size_t len;
	uint64_t segment = UINT64_MAX;
	int err = aud_reader_open(&r, v->tiles.dir, v->archive, 0);

	if (!err && aud_reader_first(r)) {
		err = begin_pruned(v, aud_reader_first(r), why);
		if (err) {
			aud_reader_free(r);
			return err;
		}
	}
	while (!err && (err = aud_reader_next(r, &line, &len)) == 0) {
		if (aud_reader_segment(r) != segment) {
			segment = aud_reader_segment(r);
			if (segment != v->next) {
				aud_problem(v, v->next, "the file that begins with record %llu follows record %lld",
					    (unsigned long long)segment, (long long)v->next - 1);
			}
		}
		err = on_record(v, line, len);
	}
	if (err == ERR_PROTO) {
		aud_problem(v, v->next, "what follows record %lld is not a record, and nothing after it is read",
			    (long long)v->next - 1);
		err = ERR_CLOSED;
	}
	v->out->torn = r ? aud_reader_torn(r) : 0;
	aud_reader_free(r);
	if (err != ERR_CLOSED) {
		snprintf(why->text, sizeof why->text, "the records cannot be read: %s", err_str(err));
		return err;
	}
	judge_end(v);
	return 0;
}

int aud_verify(const struct aud_verify_conf *conf, aud_problem_fn *problem, void *arg, struct aud_summary *out,
	       struct aud_why *why)
{
	struct aud_verifier *v = calloc(1, sizeof *v);
	int err = v ? 0 : ERR_NOMEM;

	memset(out, 0, sizeof *out);
	why->text[0] = 0;
	if (err) {
		return err;
	}
	obj_begin(&v->obj, AUD_VERIFIER_MAGIC);
	v->problem = problem;
	v->arg = arg;
	v->out = out;
	err = aud_verify_begin(v, conf, why);
	if (!err) {
		err = read_records(v, why);
	}
	aud_verify_end(v);
	free(v);
	return err;
}
