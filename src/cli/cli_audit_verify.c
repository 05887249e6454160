/* cli_audit_verify.c - `audit verify` and `audit prune`, which verifies before it moves
 * anything. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/aud_prune.h"
#include "base/clock.h"
#include "base/obj.h"
#include "cli/cli_audit.h"
#include "cli/cli_tick.h"

#define AGAINST_OCTETS_MAX (4u * 1024u * 1024u)

static const char *text_arg(const json_t *args, const char *name)
{
	return json_string_value(json_object_get(args, name));
}

/* -- verify */

#define VERIFYING_MAGIC 0x6f2c81d7u
struct verifying {
	struct obj obj;
	bool json;
	struct cli_tick *tick;
};

static void on_problem(void *arg, uint64_t seq, const char *words)
{
	const struct verifying *v = OBJ_OF(arg, struct verifying, VERIFYING_MAGIC);
	json_t *row;

	cli_tick_stop(v->tick);
	if (!v->json) {
		printf("PROBLEM: %s\n", words);
		return;
	}
	row = json_pack("{s:s}", "problem", words);
	if (seq != UINT64_MAX) {
		json_object_set_new(row, "seq", json_integer((json_int_t)seq));
	}
	cli_audit_json(row);
}

static void number(json_t *row, const char *name, uint64_t value)
{
	json_object_set_new(row, name, json_integer((json_int_t)value));
}

static void verdict_json(const struct aud_summary *s)
{
	json_t *row = json_pack("{s:b, s:b, s:s}", "done", 1, "ok", s->problems == 0, "origin", s->origin);

	number(row, "problems", s->problems);
	number(row, "records", s->records);
	number(row, "checkpoint", s->checkpoint);
	number(row, "sealed", s->sealed);
	number(row, "unsealed", s->records > s->sealed ? s->records - s->sealed : 0);
	number(row, "intervals", s->intervals);
	number(row, "broken_intervals", s->broken_intervals);
	number(row, "recovered", s->recovered);
	number(row, "lost", s->lost);
	number(row, "summed", s->summed);
	number(row, "clock_back", s->clock_back);
	number(row, "torn_octets", s->torn);
	number(row, "cut_octets", s->cut);
	number(row, "pruned", s->pruned);
	number(row, "against", s->against);
	cli_audit_json(row);
}

static void line_if(uint64_t n, const char *noun, const char *words)
{
	char count[SHOWN_COUNT_MAX];

	if (n) {
		printf("%s %s\n", shown_count(count, n, noun), words);
	}
}

/* Which records are sealed, and which could have been changed without a trace. */
static void seal_words(const struct aud_summary *s)
{
	uint64_t unsealed = s->records > s->sealed ? s->records - s->sealed : 0;
	uint64_t covered = s->checkpoint < s->records ? s->checkpoint : s->records;

	if (!s->records) {
		printf("nothing is recorded yet\n");
	} else if (!unsealed) {
		printf("all records are sealed\n");
	} else if (s->sealed) {
		printf("records that are sealed: %" PRIu64 "; not sealed: %" PRIu64
		       ", the last ones: whoever can write the files may have changed them\n",
		       s->sealed, unsealed);
	} else if (covered < s->records) {
		printf("no record is sealed yet, because no interval has ended (audit.interval)\n"
		       "records that the checkpoint does not cover: %" PRIu64
		       ", the last ones: whoever can write the files may have changed them\n",
		       s->records - covered);
	} else {
		printf("no record is sealed yet, because no interval has ended (audit.interval); the checkpoint covers all\n");
	}
}

/* The last line, of an audit without a problem. */
static void whole_words(const struct aud_summary *s)
{
	uint64_t proven = s->checkpoint > s->sealed ? s->checkpoint : s->sealed;

	if (!s->records) {
		printf("whole: there is no record\n");
	} else if (proven >= s->records) {
		printf("whole: no record was changed, removed or moved\n");
	} else {
		printf("whole: no record was changed, removed or moved up to %s\n",
		       s->sealed >= s->checkpoint ? "the last seal" : "the last checkpoint");
	}
}

static void verdict_words(const struct aud_summary *s, const struct aud_verify_conf *conf)
{
	char n[SHOWN_COUNT_MAX];

	printf("origin %s\n%s\n", s->origin, shown_count(n, s->records, "record"));
	if (s->has_checkpoint) {
		printf("the last checkpoint covers the first %s\n", shown_count(n, s->checkpoint, "record"));
	}
	seal_words(s);
	line_if(s->broken_intervals, "interval", "ended without a seal, by a crash");
	line_if(s->recovered, "record", "made again after a crash, of the journal");
	line_if(s->lost, "record", "missing by the log's own account: its queue was full");
	line_if(s->summed, "refusal", "only counted, beyond audit.refusals_per_second");
	line_if(s->clock_back, "step", "back in the times of the records: times are data, the numbers are the order");
	line_if(s->pruned, "record",
		"at the beginning not here, moved away: their hashes are here; give --archive to check them, too");
	line_if(s->cut, "byte",
		"cut off by starts and kept in the files cut-*: a crash leaves a part of one record, much more is no crash");
	line_if(s->torn, "byte", "at the end that are no whole record: of a write under way, or of a crash");
	if (!conf->vkey) {
		printf("the key is the directory's own; who could rewrite all of it could replace the key, too: give --key\n");
	}
	if (!conf->against) {
		printf("whether log and state were rolled back together cannot be seen: give --against a kept checkpoint\n");
	} else {
		printf("compared with %s\n", shown_count(n, s->against, "kept checkpoint"));
	}
	if (s->problems) {
		printf("NOT whole: %s\n", shown_count(n, s->problems, "problem"));
	} else {
		whole_words(s);
	}
}

int cli_audit_verify(const struct cli_session *s, const json_t *args)
{
	struct verifying v = { .obj = OBJ(VERIFYING_MAGIC), .json = s->json, .tick = s->tick };
	const char *key = text_arg(args, "key"), *against = text_arg(args, "against");
	struct aud_verify_conf conf = { .dir = text_arg(args, "dir"), .archive = text_arg(args, "archive") };
	struct file_copy vkey = { .p = NULL }, kept = { .p = NULL };
	struct aud_summary summary;
	struct aud_why why;
	int code = CLI_NO, err;

	if ((key && !cli_audit_key(&vkey, s, key, &code)) ||
	    (against && !cli_audit_file(&kept, s, against, AGAINST_OCTETS_MAX, &code))) {
		file_copy_fini(&vkey);
		return code;
	}
	conf.vkey = vkey.p;
	conf.against = kept.p;
	conf.against_len = kept.len;
	err = aud_verify(&conf, on_problem, &v, &summary, &why);
	cli_tick_stop(s->tick);
	if (err) {
		code = cli_audit_wrong(s, why.text[0] ? why.text : err_str(err), err);
	} else {
		if (s->json) {
			verdict_json(&summary);
		} else {
			verdict_words(&summary, &conf);
		}
		code = summary.problems ? CLI_NO : CLI_OK;
	}
	file_copy_fini(&vkey);
	file_copy_fini(&kept);
	return code;
}

/* -- prune */

int cli_audit_prune(const struct cli_session *s, const json_t *args)
{
	struct verifying v = { .obj = OBJ(VERIFYING_MAGIC), .json = s->json, .tick = s->tick };
	char before[CLOCK_TEXT_MAX], files[SHOWN_COUNT_MAX], octets[SHOWN_COUNT_MAX];
	const char *key = text_arg(args, "key");
	struct aud_prune_conf conf = { .dir = text_arg(args, "dir"),
				       .archive = text_arg(args, "to"),
				       .before = before,
				       .try_only = json_is_true(json_object_get(args, "dry_run")) };
	struct file_copy vkey = { .p = NULL };
	struct aud_pruned done;
	struct aud_why why;
	int code = CLI_NO, err;

	if (key && !cli_audit_key(&vkey, s, key, &code)) {
		return code;
	}
	clock_text(before, (uint64_t)json_integer_value(json_object_get(args, "before")) * 1000);
	conf.vkey = vkey.p;
	err = aud_prune(&conf, on_problem, &v, &done, &why);
	cli_tick_stop(s->tick);
	if (err) {
		code = cli_audit_wrong(s, why.text[0] ? why.text : err_str(err), err);
	} else if (s->json) {
		json_t *row = json_pack("{s:b, s:b}", "done", 1, "ok", 1);

		number(row, "files", done.files);
		number(row, "octets", done.octets);
		number(row, "first", done.first);
		cli_audit_json(row);
		code = CLI_OK;
	} else if (!done.files) {
		printf("nothing to move: of a file that moves (audit.segment_size), all records are older than --before and "
		       "covered by the last checkpoint (audit.interval); the last file never moves\n");
		code = CLI_OK;
	} else {
		printf("%s%s, %s; the audit begins with record %llu\n", conf.try_only ? "would move " : "moved ",
		       shown_count(files, done.files, "file"), shown_count(octets, done.octets, "byte"),
		       (unsigned long long)done.first);
		code = CLI_OK;
	}
	file_copy_fini(&vkey);
	return code;
}
