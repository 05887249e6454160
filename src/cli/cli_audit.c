/* cli_audit.c - `audit verify`, `audit search` and `audit show`. They read the files of an audit
 * themselves, whether or not a daemon writes it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/aud_record.h"
#include "audit/aud_verify.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/obj.h"
#include "base/str.h"
#include "cli/cli_command.h"

#define AGAINST_OCTETS_MAX (4u * 1024u * 1024u)

static const char *text_arg(const json_t *args, const char *name)
{
	return json_string_value(json_object_get(args, name));
}

static void show_json(json_t *row)
{
	char *text = json_dumps(row, JSON_COMPACT | JSON_ENSURE_ASCII);

	if (text) {
		puts(text);
	}
	free(text);
	json_decref(row);
}

static int wrong(const struct cli_session *s, const char *words, int err)
{
	if (s->json) {
		show_json(json_pack("{s:b, s:b, s:s}", "done", 1, "ok", 0, "error", words));
	} else {
		fprintf(stderr, "mtcctl: %s%s\n", words,
			err == ERR_NOTFOUND ? "; expected the directory 'audit' in the state_dir of the configuration" : "");
	}
	return err == ERR_NOTFOUND || err == ERR_INVAL ? CLI_USAGE : CLI_NO;
}

/* A small file, or standard input is not wanted here. False with an exit code in *code. */
static bool read_file(struct file_copy *out, const struct cli_session *s, const char *path, size_t max, int *code)
{
	char why[FILE_WHY_MAX], words[CLI_WHY_MAX];

	if (file_read(out, path, max, why) == 0) {
		return true;
	}
	snprintf(words, sizeof words, "%.300s: %s", path, why);
	*code = wrong(s, words, ERR_INVAL);
	return false;
}

/* -- verify */

#define VERIFYING_MAGIC 0x6f2c81d7u
struct verifying {
	struct obj obj;
	bool json;
};

static void on_problem(void *arg, uint64_t seq, const char *words)
{
	const struct verifying *v = OBJ_OF(arg, struct verifying, VERIFYING_MAGIC);
	json_t *row;

	if (!v->json) {
		printf("PROBLEM: %s\n", words);
		return;
	}
	row = json_pack("{s:s}", "problem", words);
	if (seq != UINT64_MAX) {
		json_object_set_new(row, "seq", json_integer((json_int_t)seq));
	}
	show_json(row);
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
	number(row, "against", s->against);
	show_json(row);
}

static void line_if(uint64_t n, const char *noun, const char *words)
{
	char count[SHOWN_COUNT_MAX];

	if (n) {
		printf("%s %s\n", shown_count(count, n, noun), words);
	}
}

static void verdict_words(const struct aud_summary *s, const struct aud_verify_conf *conf)
{
	char n[SHOWN_COUNT_MAX];
	uint64_t unsealed = s->records > s->sealed ? s->records - s->sealed : 0;

	printf("origin %s\n%s\n", s->origin, shown_count(n, s->records, "record"));
	if (s->has_checkpoint) {
		printf("the last checkpoint covers the first %s\n", shown_count(n, s->checkpoint, "record"));
	}
	printf("sealed up to %s; %s not sealed: who could write the files may have changed them\n",
	       shown_count(n, s->sealed, "record"), unsealed ? "the rest is" : "nothing is");
	line_if(unsealed, "record", "not sealed");
	line_if(s->broken_intervals, "interval", "ended without a seal, by a crash");
	line_if(s->recovered, "record", "made again after a crash, of the journal");
	line_if(s->lost, "record", "missing by the log's own account: its queue was full");
	line_if(s->summed, "refusal", "only counted, beyond audit.refusals_per_second");
	line_if(s->clock_back, "step", "back in the times of the records: times are data, the numbers are the order");
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
		printf("whole: no record was changed, removed or moved%s\n",
		       s->records > s->sealed ? " up to the last seal" : "");
	}
}

static int verify(const struct cli_session *s, const json_t *args)
{
	struct verifying v = { .obj = OBJ(VERIFYING_MAGIC), .json = s->json };
	const char *key = text_arg(args, "key"), *against = text_arg(args, "against");
	struct aud_verify_conf conf = { .dir = text_arg(args, "dir") };
	struct file_copy vkey = { .p = NULL }, kept = { .p = NULL };
	struct aud_summary summary;
	struct aud_why why;
	int code = CLI_NO, err;

	if ((key && !read_file(&vkey, s, key, MRK_VKEY_MAX + 2, &code)) ||
	    (against && !read_file(&kept, s, against, AGAINST_OCTETS_MAX, &code))) {
		file_copy_fini(&vkey);
		return code;
	}
	conf.vkey = vkey.p;
	conf.against = kept.p;
	conf.against_len = kept.len;
	err = aud_verify(&conf, on_problem, &v, &summary, &why);
	if (err) {
		code = wrong(s, why.text[0] ? why.text : err_str(err), err);
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

/* -- search and show */

static const struct cli_column columns[] = {
	{ "SEQ", "seq" },         { "TIME", "time" },     { "SCS", "scs" },
	{ "DEVICE", "device" },   { "ACTION", "action" }, { "REFERENCE", "reference" },
	{ "VERDICT", "verdict" }, { "REASON", "reason" }, { NULL, NULL },
};

static bool is(const json_t *args, const char *name, const char *record, size_t len)
{
	const char *want = text_arg(args, name);

	return !want || aud_record_is(record, len, name, want);
}

/* The texts of times compare as the times do. */
static bool in_time(const json_t *args, const char *record, size_t len)
{
	const json_t *since = json_object_get(args, "since"), *until = json_object_get(args, "until");
	char time[CLOCK_TEXT_MAX], bound[CLOCK_TEXT_MAX];

	if (!since && !until) {
		return true;
	}
	if (!aud_record_member(time, sizeof time, record, len, "time")) {
		return false;
	}
	if (since) {
		clock_text(bound, (uint64_t)json_integer_value(since) * 1000);
		if (strcmp(time, bound) < 0) {
			return false;
		}
	}
	if (until) {
		clock_text(bound, (uint64_t)json_integer_value(until) * 1000 + 999);
		return strcmp(time, bound) <= 0;
	}
	return true;
}

static bool wanted(const json_t *args, const char *record, size_t len)
{
	const json_t *reference = json_object_get(args, "reference");
	char number_text[24];

	snprintf(number_text, sizeof number_text, "%lld", (long long)json_integer_value(reference));
	return is(args, "scs", record, len) && is(args, "device", record, len) && is(args, "verdict", record, len) &&
	       is(args, "action", record, len) && is(args, "reason", record, len) &&
	       (!reference || aud_record_is(record, len, "reference", number_text)) && in_time(args, record, len);
}

static int open_reader(int *dir, struct aud_reader **reader, const char *path, uint64_t from, struct aud_why *why)
{
	int err = aud_dir_open(dir, path, why);

	if (!err) {
		err = aud_reader_open(reader, *dir, from);
		if (err) {
			snprintf(why->text, sizeof why->text, "the records cannot be read: %s", err_str(err));
		}
	}
	return err;
}

static int search(const struct cli_session *s, const json_t *args)
{
	const json_t *most = json_object_get(args, "limit");
	uint64_t left = most ? (uint64_t)json_integer_value(most) : UINT64_MAX, n = 0;
	struct cli_table *table = s->json ? NULL : cli_table_new(stdout, columns);
	struct aud_reader *reader = NULL;
	const char *line;
	struct aud_why why;
	size_t len;
	int dir = -1, err = open_reader(&dir, &reader, text_arg(args, "dir"), 0, &why);

	while (!err && left && (err = aud_reader_next(reader, &line, &len)) == 0) {
		json_t *row;

		if (!wanted(args, line, len)) {
			continue;
		}
		n++;
		left--;
		row = json_loadb(line, len, 0, NULL);
		if (table && row) {
			cli_table_row(table, row);
		} else if (s->json) {
			printf("%.*s\n", (int)len, line);
		}
		json_decref(row);
	}
	cli_table_end(table);
	aud_reader_free(reader);
	if (dir >= 0) {
		close(dir);
	}
	if (err && err != ERR_CLOSED) {
		return wrong(s, reader ? "a record cannot be read; run mtcctl audit verify" : why.text, err);
	}
	if (s->json) {
		show_json(json_pack("{s:b, s:b, s:I}", "done", 1, "ok", 1, "count", (json_int_t)n));
	}
	return CLI_OK;
}

/* A copy of the record; NULL with words. */
static char *find(const char *path, uint64_t seq, size_t *len, struct aud_why *why, int *err)
{
	struct aud_reader *reader = NULL;
	struct aud_place at;
	const char *line;
	char *copy = NULL;
	int dir = -1;

	*err = open_reader(&dir, &reader, path, seq, why);
	while (!*err && (*err = aud_reader_next(reader, &line, len)) == 0) {
		if (aud_record_place(&at, line, *len) == 0 && at.seq == seq) {
			copy = strndup(line, *len);
			break;
		}
	}
	if (!copy && reader) {
		str_cut(why->text, sizeof why->text, "there is no record of this number");
		*err = ERR_INVAL;
	}
	aud_reader_free(reader);
	if (dir >= 0) {
		close(dir);
	}
	return copy;
}

static json_t *proof_json(const struct aud_proof *p)
{
	json_t *path = json_array();
	char text[BASE64_MAX(HASH_LEN)], note[MRK_NOTE_MAX];

	for (size_t i = 0; i < p->n; i++) {
		base64_put(text, p->path[i].v, HASH_LEN);
		json_array_append_new(path, json_string(text));
	}
	base64_put(text, p->leaf.v, HASH_LEN);
	(void)mrk_checkpoint_put(note, &p->checkpoint);
	return json_pack("{s:s, s:o, s:s}", "leaf", text, "path", path, "checkpoint", note);
}

static int show(const struct cli_session *s, const json_t *args)
{
	uint64_t seq = (uint64_t)json_integer_value(json_object_get(args, "seq"));
	const char *path = text_arg(args, "dir"), *key = text_arg(args, "key");
	struct file_copy vkey = { .p = NULL };
	struct aud_proof proof;
	struct aud_why why = { "" };
	size_t len;
	int code = CLI_NO, err;
	char *record;

	if (key && !read_file(&vkey, s, key, MRK_VKEY_MAX + 2, &code)) {
		return code;
	}
	record = find(path, seq, &len, &why, &err);
	if (!record) {
		file_copy_fini(&vkey);
		return wrong(s, why.text, err);
	}
	err = aud_prove(path, vkey.p, seq, record, len, &proof, &why);
	if (s->json) {
		json_t *row = json_pack("{s:b, s:b, s:o}", "done", 1, "ok", !err || err == ERR_RANGE, "record",
					json_loadb(record, len, 0, NULL));

		json_object_set_new(row, "text", json_stringn(record, len));
		json_object_set_new(row, err ? "error" : "proof", err ? json_string(why.text) : proof_json(&proof));
		show_json(row);
	} else {
		printf("%s\n", record);
		if (err) {
			printf("no proof: %s\n", why.text);
		} else {
			printf("proven: the record is number %llu of the first %llu, which the checkpoint of %s covers (%zu "
			       "hashes)\n",
			       (unsigned long long)seq, (unsigned long long)proof.checkpoint.size, proof.checkpoint.origin,
			       proof.n);
		}
	}
	free(record);
	file_copy_fini(&vkey);
	return err && err != ERR_RANGE ? CLI_NO : CLI_OK;
}

int cli_audit(const struct cli_session *s, const char *verb, const json_t *args)
{
	return strcmp(verb, "verify") == 0 ? verify(s, args) : strcmp(verb, "search") == 0 ? search(s, args) : show(s, args);
}
