/* cli_journal.c - `journal check` and `journal salvage`. They read the files themselves, because
 * they are for a gateway that does not start. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/obj.h"
#include "base/shown.h"
#include "cli/cli_command.h"
#include "cli/cli_tick.h"
#include "journal/jrn_check.h"

static const struct cli_column columns[] = {
	{ "FILE", "file" }, { "BYTES", "octets" }, { "COMMITS", "commits" }, { "RECORDS", "records" }, { "LIVE", "live" },
	{ "WHAT", "what" }, { "AT BYTE", "at" },   { "MEANING", "text" },    { NULL, NULL },
};

static const char *const states[] = {
	[JRN_FOUND_SEGMENT] = "segment", [JRN_FOUND_TORN] = "torn",       [JRN_FOUND_ASIDE] = "set aside",
	[JRN_FOUND_OLD] = "not needed",  [JRN_FOUND_SPARE] = "spare",     [JRN_FOUND_DAMAGE] = "damaged",
	[JRN_FOUND_MISSING] = "missing", [JRN_FOUND_FOREIGN] = "foreign", [JRN_FOUND_NEWER] = "newer version",
	[JRN_FOUND_LMDB] = "old format",
};

/* What a state means, where the journal has no words of its own. */
static const char *const meanings[] = {
	[JRN_FOUND_TORN] = "a write that a crash cut off; it was never acknowledged; the next start sets it aside",
	[JRN_FOUND_ASIDE] = "a cut-off write that an earlier start set aside; no longer read",
	[JRN_FOUND_OLD] = "the next start removes it",
	[JRN_FOUND_MISSING] = "this file is needed",
	[JRN_FOUND_FOREIGN] = "not a file of a journal: move it elsewhere",
	[JRN_FOUND_NEWER] = "written by a newer mtc-iwfd: use that program, or a backup",
	[JRN_FOUND_LMDB] = "the journal of an older version: the next start takes it over",
	[JRN_FOUND_SPARE] = NULL, /* and the length of the table */
};

#define SHOWING_MAGIC 0xb0aa44ddu
struct showing {
	struct obj obj;
	bool json;
	struct cli_tick *tick;
	struct cli_table *table;
};

static bool has_records(enum jrn_finding what)
{
	return what == JRN_FOUND_SEGMENT || what == JRN_FOUND_OLD;
}

static json_t *row_of(const struct jrn_found *f)
{
	const char *own = (size_t)f->what < sizeof meanings / sizeof *meanings ? meanings[f->what] : NULL;
	const char *text = f->text[0] ? f->text : own ? own : "";
	json_t *row = json_pack("{s:s, s:s, s:I}", "file", f->name, "what", states[f->what], "octets", (json_int_t)f->octets);

	if (has_records(f->what)) {
		json_object_set_new(row, "commits", json_integer((json_int_t)f->commits));
		json_object_set_new(row, "records", json_integer((json_int_t)f->records));
		json_object_set_new(row, "live", json_integer((json_int_t)f->live));
	}
	if (f->what == JRN_FOUND_DAMAGE || f->what == JRN_FOUND_TORN) {
		json_object_set_new(row, "at", json_integer((json_int_t)f->at));
	}
	json_object_set_new(row, "text", json_string(text));
	return row;
}

static void show_json(json_t *row)
{
	char *text = json_dumps(row, JSON_COMPACT | JSON_ENSURE_ASCII);

	if (text) {
		puts(text);
	}
	free(text);
}

static void on_found(void *arg, const struct jrn_found *f)
{
	struct showing *s = OBJ_OF(arg, struct showing, SHOWING_MAGIC);
	json_t *row = row_of(f);

	if (s->json) {
		show_json(row);
	} else if (s->table) {
		cli_tick_stop(s->tick);
		cli_table_row(s->table, row);
	}
	json_decref(row);
}

static int exit_of(int err)
{
	return err == ERR_NOTFOUND || err == ERR_EXISTS || err == ERR_INVAL ? CLI_USAGE : CLI_NO;
}

static int end_json(int err, const struct jrn_why *why, const struct jrn_summary *s, const char *out)
{
	json_t *row = json_pack("{s:b, s:b}", "done", 1, "ok", err == 0);

	if (err) {
		json_object_set_new(row, "error", json_string(why->text));
		show_json(row);
		json_decref(row);
		return exit_of(err);
	}
	json_object_update_new(row, json_pack("{s:b, s:I, s:I, s:I, s:I}", "opens", s->opens, "damages", (json_int_t)s->damages,
					      "segments", (json_int_t)s->segments, "spares", (json_int_t)s->spares, "commits",
					      (json_int_t)s->commits));
	json_object_update_new(row, json_pack("{s:I, s:I, s:I, s:I, s:I}", "records", (json_int_t)s->records, "live",
					      (json_int_t)s->live, "live_octets", (json_int_t)s->live_octets, "waste_octets",
					      (json_int_t)s->waste_octets, "torn_octets", (json_int_t)s->torn_octets));
	if (out) {
		json_object_set_new(row, "lost_commits_at_least", json_integer((json_int_t)s->lost_commits_at_least));
		json_object_set_new(row, "journal", json_string(out));
	}
	show_json(row);
	json_decref(row);
	return CLI_OK;
}

static int wrong(const struct jrn_why *why, int err)
{
	fprintf(stderr, "mtcctl: %s%s\n", why->text,
		err == ERR_NOTFOUND ? "; expected the directory 'journal' in the state_dir of the configuration" : "");
	return exit_of(err);
}

static void begin(struct showing *show, const struct cli_session *s)
{
	obj_begin(&show->obj, SHOWING_MAGIC);
	show->json = s->json;
	show->tick = s->tick;
	show->table = s->json ? NULL : cli_table_new(stdout, columns);
}

static void say_size(const struct jrn_summary *s)
{
	char live[SHOWN_COUNT_MAX], segments[SHOWN_COUNT_MAX], octets[SHOWN_COUNT_MAX];

	printf("%s of triggers and quotas (%s), %s\n", shown_count(live, s->live, "record"),
	       shown_count(octets, s->live_octets, "byte"), shown_count(segments, s->segments, "segment"));
}

static int check(const struct cli_session *session, const json_t *args)
{
	const char *dir = json_string_value(json_object_get(args, "dir"));
	struct jrn_summary s = { 0 };
	struct showing show;
	struct jrn_why why;
	char n[SHOWN_COUNT_MAX];
	int err, code;

	begin(&show, session);
	err = jrn_check(dir, NULL, on_found, &show, &s, &why);
	cli_tick_stop(session->tick);
	cli_table_end(show.table);
	if (session->json) {
		code = end_json(err, &why, &s, NULL);
		return code == CLI_OK && !s.opens ? CLI_NO : code;
	}
	if (err) {
		return wrong(&why, err);
	}
	say_size(&s);
	if (s.torn_octets) {
		printf("%s of cut-off writes: none of them was acknowledged\n", shown_count(n, s.torn_octets, "byte"));
	}
	if (s.opens) {
		printf("the journal is whole: mtc-iwfd starts with it\n");
		return CLI_OK;
	}
	printf("mtc-iwfd does not start with this journal: %s\n", shown_count(n, s.damages, "problem"));
	if (s.foreign == s.damages) {
		printf("Next: move what is foreign elsewhere and check again; nothing of the journal is damaged\n");
		return CLI_NO;
	}
	printf("Next, one of:\n"
	       "  mtcctl journal salvage %s NEW-DIR   saves every whole record into a new journal\n"
	       "  mtc-iwfd -c FILE --restore BACKUP --replace --journal   goes back to a backup\n",
	       dir);
	return CLI_NO;
}

/* -- salvage */

/* Root salvages the journal, but mtc-iwfd has to write it. So the new journal belongs to the owner
 * of the damaged one. Returns 0 or errno. */
static int give_away(const char *dir, const char *like)
{
	const struct dirent *entry;
	struct stat owner;
	DIR *d;
	int err = 0;

	if (geteuid() != 0) {
		return 0;
	}
	if (stat(like, &owner) < 0) {
		return errno;
	}
	d = opendir(dir);
	if (!d) {
		return errno;
	}
	while ((entry = readdir(d))) {
		if (strcmp(entry->d_name, "..") != 0 &&
		    fchownat(dirfd(d), entry->d_name, owner.st_uid, owner.st_gid, AT_SYMLINK_NOFOLLOW) < 0) {
			err = errno;
		}
	}
	closedir(d);
	return err;
}

static void say_saved(const struct jrn_summary *s, const char *dir, const char *out)
{
	char n[SHOWN_COUNT_MAX];

	say_size(s);
	if (s->damages) {
		printf("%s could not be read", shown_count(n, s->damages, "place"));
		if (s->lost_commits_at_least) {
			printf("; at least %s missing", shown_count(n, s->lost_commits_at_least, "commit"));
		}
		printf(".\n"
		       "Triggers that stood there are lost, or come back in "
		       "an earlier state: one that had ended may be submitted\n"
		       "or reported again.\n");
	}
	printf("saved in %s. Next, with mtc-iwfd stopped:\n"
	       "  mv -T %s %s.damaged\n"
	       "  mv -T %s %s\n"
	       "and start mtc-iwfd. Keep %s.damaged until you are sure.\n",
	       out, dir, dir, out, dir, dir);
}

static int salvage(const struct cli_session *session, const json_t *args)
{
	const char *dir = json_string_value(json_object_get(args, "dir")), *out = json_string_value(json_object_get(args, "out"));
	struct jrn_summary s = { 0 };
	struct showing show;
	struct jrn_why why;
	int err, no_owner = 0;

	begin(&show, session);
	err = jrn_salvage(dir, out, on_found, &show, &s, &why);
	cli_tick_stop(session->tick);
	cli_table_end(show.table);
	if (!err) {
		no_owner = give_away(out, dir);
	}
	if (no_owner) {
		fprintf(stderr, "mtcctl: %s: cannot be given to the owner of %s: %s; run chown\n", out, dir, strerror(no_owner));
	}
	if (session->json) {
		return end_json(err, &why, &s, out);
	}
	if (err) {
		return wrong(&why, err);
	}
	say_saved(&s, dir, out);
	return CLI_OK;
}

int cli_journal(const struct cli_session *s, const char *verb, const json_t *args)
{
	return strcmp(verb, "check") == 0 ? check(s, args) : salvage(s, args);
}
