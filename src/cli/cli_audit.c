/* cli_audit.c - `audit verify`, `audit search`, `audit show` and `audit prune`. They read the files
 * of an audit themselves, whether or not a daemon writes it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/aud_look.h"
#include "audit/aud_record.h"
#include "audit/aud_verify.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/obj.h"
#include "base/str.h"
#include "cli/cli_audit.h"
#include "cli/cli_tick.h"

static const char *text_arg(const json_t *args, const char *name)
{
	return json_string_value(json_object_get(args, name));
}

void cli_audit_json(json_t *row)
{
	char *text = json_dumps(row, JSON_COMPACT | JSON_ENSURE_ASCII);

	if (text) {
		puts(text);
	}
	free(text);
	json_decref(row);
}

int cli_audit_wrong(const struct cli_session *s, const char *words, int err)
{
	cli_tick_stop(s->tick);
	if (s->json) {
		cli_audit_json(json_pack("{s:b, s:b, s:s}", "done", 1, "ok", 0, "error", words));
	} else {
		fprintf(stderr, "mtcctl: %s%s\n", words,
			err == ERR_NOTFOUND ? "; expected the directory 'audit' in the state_dir of the configuration" : "");
	}
	return err == ERR_NOTFOUND || err == ERR_INVAL ? CLI_USAGE : CLI_NO;
}

bool cli_audit_file(struct file_copy *out, const struct cli_session *s, const char *path, size_t max, int *code)
{
	char why[FILE_WHY_MAX], words[CLI_WHY_MAX];

	if (file_read(out, path, max, why) == 0) {
		return true;
	}
	snprintf(words, sizeof words, "%.300s: %s", path, why);
	*code = cli_audit_wrong(s, words, ERR_INVAL);
	return false;
}

bool cli_audit_key(struct file_copy *out, const struct cli_session *s, const char *path, int *code)
{
	char why[FILE_WHY_MAX], words[CLI_WHY_MAX];
	int err = file_read(out, path, MRK_VKEY_MAX + 2, why);

	if (err == 0) {
		return true;
	}
	snprintf(words, sizeof words, "%.300s: %s", path,
		 err == ERR_LIMIT ? "not the public key of an audit, expected its file audit.key.pub, which is one line" : why);
	*code = cli_audit_wrong(s, words, ERR_INVAL);
	return false;
}

/* -- search and show */

static const struct cli_column columns[] = {
	{ "SEQ", "seq" },         { "TIME", "time" },     { "SCS", "scs" },
	{ "DEVICE", "device" },   { "ACTION", "action" }, { "REFERENCE", "reference" },
	{ "VERDICT", "verdict" }, { "REASON", "reason" }, { NULL, NULL },
};

static void want_of(struct aud_want *out, const json_t *args)
{
	const json_t *reference = json_object_get(args, "reference"), *since = json_object_get(args, "since"),
		     *until = json_object_get(args, "until");

	*out = (struct aud_want){ .scs = text_arg(args, "scs"),
				  .device = text_arg(args, "device"),
				  .verdict = text_arg(args, "verdict"),
				  .action = text_arg(args, "action"),
				  .reason = text_arg(args, "reason"),
				  .has_reference = reference != NULL,
				  .reference = (uint64_t)json_integer_value(reference),
				  .since_s = since ? json_integer_value(since) : INT64_MIN,
				  .until_s = until ? json_integer_value(until) : INT64_MAX };
}

static void close_dirs(const int dirs[2])
{
	for (int i = 0; i < 2; i++) {
		if (dirs[i] >= 0) {
			close(dirs[i]);
		}
	}
}

/* dirs: of the audit, and of the archive or -1; the caller closes them. */
static int open_reader(int dirs[2], struct aud_reader **reader, const json_t *args, uint64_t from, struct aud_why *why)
{
	const char *archive = text_arg(args, "archive");
	int err = aud_dir_open(&dirs[0], text_arg(args, "dir"), why);

	dirs[1] = err || !archive ? -1 : open(archive, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!err && archive && dirs[1] < 0) {
		snprintf(why->text, sizeof why->text, "%.480s: %s", archive, strerror(errno));
		return ERR_INVAL;
	}

	if (!err) {
		err = aud_reader_open(reader, dirs[0], dirs[1], from);
		if (err) {
			snprintf(why->text, sizeof why->text, "the records cannot be read: %s", err_str(err));
		}
	}
	return err;
}

/* What a record of ours has: anything else may be meant for the terminal. */
static bool printable(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] < ' ' || p[i] > '~') {
			return false;
		}
	}
	return true;
}

static void put_record(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] < ' ' || p[i] > '~') {
			printf("\\x%02x", (unsigned)(unsigned char)p[i]);
		} else {
			putchar(p[i]);
		}
	}
	putchar('\n');
}

static int search(const struct cli_session *s, const json_t *args)
{
	const json_t *most = json_object_get(args, "limit");
	uint64_t left = most ? (uint64_t)json_integer_value(most) : UINT64_MAX, n = 0, bad = 0, first;
	struct cli_table *table = s->json ? NULL : cli_table_new(stdout, columns);
	struct aud_reader *reader = NULL;
	const char *line;
	struct aud_why why;
	size_t len;
	int dirs[2] = { -1, -1 }, err = open_reader(dirs, &reader, args, 0, &why);
	struct aud_want want;

	want_of(&want, args);
	while (!err && left && (err = aud_reader_next(reader, &line, &len)) == 0) {
		json_t *row;

		if (!aud_wanted(&want, line, len)) {
			continue;
		}
		row = printable(line, len) ? json_loadb(line, len, 0, NULL) : NULL;
		if (!row) {
			bad++;
			continue;
		}
		n++;
		left--;
		cli_tick_stop(s->tick);
		if (table) {
			cli_table_row(table, row);
		} else {
			printf("%.*s\n", (int)len, line);
		}
		json_decref(row);
	}
	cli_tick_stop(s->tick);
	cli_table_end(table);
	first = reader ? aud_reader_first(reader) : 0;
	aud_reader_free(reader);
	close_dirs(dirs);
	if ((err && err != ERR_CLOSED) || bad) {
		return cli_audit_wrong(s, reader ? "a record cannot be read; run mtcctl audit verify" : why.text, err);
	}
	if (s->json) {
		cli_audit_json(
		    json_pack("{s:b, s:b, s:I, s:I}", "done", 1, "ok", 1, "count", (json_int_t)n, "first", (json_int_t)first));
	} else if (!n) {
		puts("none");
	}
	if (first && !s->json) {
		fprintf(stderr, "mtcctl: records 0 to %" PRIu64 " were not looked at: they are not here%s\n", first - 1,
			text_arg(args, "archive") ? ", nor in the archive"
						  : "; if 'audit prune' moved them away, give --archive");
	}
	return CLI_OK;
}

/* A copy of the record; NULL with words. */
static char *find(const json_t *args, uint64_t seq, size_t *len, struct aud_why *why, int *err)
{
	struct aud_reader *reader = NULL;
	struct aud_place at;
	const char *line;
	char *copy = NULL;
	int dirs[2] = { -1, -1 };

	*err = open_reader(dirs, &reader, args, seq, why);
	while (!*err && (*err = aud_reader_next(reader, &line, len)) == 0) {
		if (aud_record_place(&at, line, *len) == 0 && at.seq == seq) {
			copy = malloc(*len + 1); /* there may be a NUL among the octets */
			if (copy) {
				memcpy(copy, line, *len);
				copy[*len] = 0;
			}
			break;
		}
	}
	if (!copy && reader && seq < aud_reader_first(reader)) {
		snprintf(why->text, sizeof why->text,
			 "record %" PRIu64 " is not here, the first one is %" PRIu64
			 "; if 'audit prune' moved it away, give --archive",
			 seq, aud_reader_first(reader));
		*err = ERR_INVAL;
	} else if (!copy && reader) {
		snprintf(why->text, sizeof why->text,
			 "there is no record %" PRIu64 "; the first is 0, and 'mtcctl audit verify' shows how many there are",
			 seq);
		*err = ERR_INVAL;
	}
	aud_reader_free(reader);
	close_dirs(dirs);
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

	if (key && !cli_audit_key(&vkey, s, key, &code)) {
		return code;
	}
	record = find(args, seq, &len, &why, &err);
	if (!record) {
		file_copy_fini(&vkey);
		return cli_audit_wrong(s, why.text, err);
	}
	err = aud_prove(path, vkey.p, seq, record, len, &proof, &why);
	cli_tick_stop(s->tick);
	if (s->json) {
		json_t *parsed = json_loadb(record, len, 0, NULL);
		json_t *row = json_pack("{s:b, s:b, s:o}", "done", 1, "ok", !err || err == ERR_RANGE, "record",
					parsed ? parsed : json_null());

		json_object_set_new(row, "text", json_stringn(record, len));
		json_object_set_new(row, err ? "error" : "proof", err ? json_string(why.text) : proof_json(&proof));
		cli_audit_json(row);
	} else {
		put_record(record, len);
		if (err) {
			printf("no proof: %s\n", why.text);
		} else {
			printf("proven: the record is number %llu of the first %llu, which the checkpoint of %s covers "
			       "(hashes in the proof: %zu)\n",
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
	return strcmp(verb, "verify") == 0   ? cli_audit_verify(s, args)
	       : strcmp(verb, "prune") == 0  ? cli_audit_prune(s, args)
	       : strcmp(verb, "search") == 0 ? search(s, args)
					     : show(s, args);
}
