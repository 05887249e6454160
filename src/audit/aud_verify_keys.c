/* aud_verify_keys.c - what the records are compared with: the public key, the last checkpoint, and
 * checkpoints that were kept elsewhere. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/aud_record.h"
#include "audit/aud_verify_int.h"
#include "base/ed25519.h"
#include "base/str.h"

static int no(struct aud_why *why, int err, const char *words)
{
	str_cut(why->text, sizeof why->text, words);
	return err;
}

/* -- the key */

static int read_key(struct aud_verifier *v, const char *given, struct aud_why *why)
{
	char text[MRK_VKEY_MAX + 2], origin[MRK_ORIGIN_MAX];
	uint8_t key[MRK_KEY];
	size_t n;
	int err = aud_file_read(text, sizeof text, &n, v->tiles.dir, "vkey");
	bool there = !err && mrk_vkey_get(v->hash, origin, key, text, n) == 0;

	if (given) {
		if (mrk_vkey_get(v->hash, v->out->origin, v->public_key, given, strlen(given))) {
			return no(why, ERR_INVAL,
				  "not the public key of an audit: expected the line of its file audit.key.pub, ORIGIN+ID+KEY");
		}
		if (there && (strcmp(origin, v->out->origin) != 0 || memcmp(key, v->public_key, MRK_KEY) != 0)) {
			aud_problem(v, UINT64_MAX, "the audit of another gateway: its own key is of %s, the given one of %s",
				    origin, v->out->origin);
		}
		return 0;
	}
	if (!there) {
		return no(why, ERR_INVAL,
			  "the file vkey of the directory is missing or damaged; give the key with --key audit.key.pub");
	}
	str_set(v->out->origin, sizeof v->out->origin, origin);
	memcpy(v->public_key, key, MRK_KEY);
	return 0;
}

/* -- checkpoints */

static bool good(const struct aud_verifier *v, const struct mrk_checkpoint *c, const char *note, size_t body)
{
	return strcmp(c->origin, v->out->origin) == 0 && ed25519_good(v->public_key, note, body, c->signature);
}

static void read_last(struct aud_verifier *v)
{
	char note[MRK_NOTE_MAX];
	struct mrk_checkpoint c;
	size_t n, body;
	int err = aud_file_read(note, sizeof note, &n, v->tiles.dir, "checkpoint");

	if (err == ERR_NOTFOUND) {
		aud_problem(v, UINT64_MAX, "there is no checkpoint: nothing vouches for the records");
	} else if (err || mrk_checkpoint_get(&c, &body, note, n)) {
		aud_problem(v, UINT64_MAX, "the file checkpoint is none");
	} else if (strcmp(c.origin, v->out->origin) != 0) {
		aud_problem(v, UINT64_MAX, "the checkpoint is of the origin %s, the key of %s", c.origin, v->out->origin);
	} else if (!good(v, &c, note, body)) {
		aud_problem(v, UINT64_MAX, "the signature of the checkpoint is wrong");
	} else {
		v->last = c;
		v->out->has_checkpoint = true;
		v->out->checkpoint = c.size;
		v->tiles.size = c.size;
	}
}

static int add_against(struct aud_verifier *v, const char *note, size_t len, struct aud_why *why)
{
	struct mrk_checkpoint c;
	size_t body;

	if (mrk_checkpoint_get(&c, &body, note, len)) {
		return no(why, ERR_INVAL, "what is to be compared with is no checkpoint");
	}
	if (!good(v, &c, note, body)) {
		snprintf(why->text, sizeof why->text,
			 "a checkpoint to compare with, of %llu records and the origin %s, is not signed with this key",
			 (unsigned long long)c.size, c.origin);
		return ERR_INVAL;
	}
	if (v->against_n == AUD_AGAINST_MAX) {
		return no(why, ERR_LIMIT, "more checkpoints to compare with than 1024; give the last ones");
	}
	v->against[v->against_n++] = c;
	v->out->against++;
	return 0;
}

/* The text of a note in a line of JSON, as aud_seal.c writes it. */
static bool note_of_line(char out[MRK_NOTE_MAX], size_t *n, const char *line, size_t len)
{
	char text[MRK_NOTE_MAX];
	size_t at = 0;

	if (!aud_record_member(text, sizeof text, line, len, "checkpoint")) {
		return false;
	}
	for (const char *p = text; *p; p++) {
		if (strncmp(p, "\\n", 2) == 0) {
			out[at++] = '\n';
			p++;
		} else if (strncmp(p, "\\u2014", 6) == 0 && at + 3 < MRK_NOTE_MAX) {
			memcpy(out + at, "\xe2\x80\x94", 3);
			at += 3;
			p += 5;
		} else {
			out[at++] = *p;
		}
	}
	*n = at;
	return true;
}

static int read_against(struct aud_verifier *v, const struct aud_verify_conf *conf, struct aud_why *why)
{
	const char *p = conf->against, *end = p ? p + conf->against_len : NULL;
	char note[MRK_NOTE_MAX];
	size_t n;
	int err = 0;

	if (!p) {
		return 0;
	}
	v->against = calloc(AUD_AGAINST_MAX, sizeof *v->against);
	if (!v->against) {
		return ERR_NOMEM;
	}
	if (p < end && *p != '{') {
		return add_against(v, p, conf->against_len, why);
	}
	while (p < end && !err) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t len = newline ? (size_t)(newline - p) : (size_t)(end - p);

		if (len) {
			err = note_of_line(note, &n, p, len) ? add_against(v, note, n, why)
							     : no(why, ERR_INVAL,
								  "a line to compare with has no checkpoint; expected what "
								  "audit.publish_file, publish_url or publish_log wrote");
		}
		p += len + 1;
	}
	return err || v->against_n ? err : no(why, ERR_INVAL, "what is to be compared with has no checkpoint: the file is empty");
}

int aud_verify_begin(struct aud_verifier *v, const struct aud_verify_conf *conf, struct aud_why *why)
{
	int err;

	obj_begin(&v->tiles.obj, AUD_TILE_READER_MAGIC);
	v->tiles.dir = v->archive = -1;
	err = hash_new(&v->hash);
	if (!err) {
		err = aud_dir_open(&v->tiles.dir, conf->dir, why);
	}
	if (!err && conf->archive) {
		v->archive = open(conf->archive, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (v->archive < 0) {
			err = ERR_INVAL;
			snprintf(why->text, sizeof why->text, "%.480s: %s", conf->archive, strerror(errno));
		}
	}
	if (!err) {
		err = read_key(v, conf->vkey, why);
	}
	if (!err) {
		read_last(v);
		err = read_against(v, conf, why);
	}
	return err;
}

void aud_verify_end(struct aud_verifier *v)
{
	if (v->tiles.dir >= 0) {
		close(v->tiles.dir);
	}
	if (v->archive >= 0) {
		close(v->archive);
	}
	free(v->against);
	hash_free(v->hash);
}

/* -- one record */

static int prove(struct aud_verifier *v, uint64_t seq, const char *record, size_t len, struct aud_proof *out, struct aud_why *why)
{
	struct mrk_nodes nodes = { aud_tile_get, &v->tiles, v->hash };
	int err = mrk_leaf(v->hash, record, len, &out->leaf);

	if (!err) {
		err = mrk_inclusion(&nodes, seq, v->last.size, out->path, &out->n);
	}
	if (err) {
		return no(why, err == ERR_NOMEM ? err : ERR_PROTO, "tiles that the proof needs are missing");
	}
	err = mrk_inclusion_check(v->hash, &out->leaf, seq, v->last.size, out->path, out->n, &v->last.root);
	return err == ERR_INVAL
		   ? no(why, ERR_PROTO, "the record is not the one that the checkpoint covers: it, or a tile, was changed")
		   : err;
}

static void ignore(void *arg, uint64_t seq, const char *words)
{
	(void)seq;
	str_cut(arg, AUD_WHY_MAX, words);
}

int aud_prove(const char *dir, const char *vkey, uint64_t seq, const char *record, size_t len, struct aud_proof *out,
	      struct aud_why *why)
{
	struct aud_verifier *v = calloc(1, sizeof *v);
	struct aud_verify_conf conf = { .dir = dir, .vkey = vkey };
	struct aud_summary summary = { .records = 0 };
	int err = v ? 0 : ERR_NOMEM;

	if (err) {
		return err;
	}
	v->problem = ignore; /* its words are why there is no proof */
	v->arg = why->text;
	v->out = &summary;
	err = aud_verify_begin(v, &conf, why);
	if (!err && !summary.has_checkpoint) {
		err = ERR_PROTO;
	}
	if (!err && seq >= v->last.size) {
		err = no(why, ERR_RANGE, "the last checkpoint does not cover this record yet");
	}
	if (!err) {
		err = prove(v, seq, record, len, out, why);
		out->checkpoint = v->last;
	}
	aud_verify_end(v);
	free(v);
	return err;
}
