/* cli_command.h - the commands of mtcctl: one row each, with parameters, columns, help and
 * examples. The rows are in cli_commands.c. Parsing, local checks, help and tables are made from
 * them. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/exit_codes.h"
#include "base/obj.h"
#include "base/shown.h"

enum cli_exit {
	CLI_OK = EXIT_CODE_DONE,
	CLI_NO = EXIT_CODE_FAILED,       /* the server refused; also `assoc check` with the answer no */
	CLI_USAGE = EXIT_CODE_USAGE,     /* nothing was asked */
	CLI_CONNECT = EXIT_CODE_CONNECT, /* could not connect, or the answer broke off */
};

enum cli_kind {
	CLI_TEXT,
	CLI_NAME,      /* name of an SCS or anchor */
	CLI_WHO,       /* the same, "group:NAME" or "*" */
	CLI_NAMES,     /* names, comma-separated, once or several times: a list */
	CLI_HOST,      /* lower-cased */
	CLI_DIGITS,    /* E.164: 5 to 15 digits, no +, no leading 0 */
	CLI_DEVICE,    /* every form of a device or device set */
	CLI_NUM,       /* min..max */
	CLI_WORD,      /* one of `words` */
	CLI_WORDS,     /* some of `words`, comma-separated */
	CLI_TIME,      /* seconds since 1970, YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ */
	CLI_END,       /* the same, and YYYY-MM-DD is the last second of that day */
	CLI_TRUE,      /* option without value: true */
	CLI_FALSE,     /* option without value: false */
	CLI_ADDRESSES, /* numeric addresses, comma-separated, at most `max`: a list; none: an empty one */
	CLI_YESNO,     /* yes or no: true or false */
	CLI_ANCHORS,   /* names of anchors, comma-separated: one text */
	CLI_ANCHOR,    /* name of an anchor; none: the empty text */
	CLI_FIXED,     /* option without value: the text in `words` */
	CLI_PRESET,    /* neither operand nor option: always the text in `words` */
	/* a file to read, - for standard input: mtcctl opens it and sends the descriptor along */
	CLI_IN,
	CLI_OUT,  /* a file that is written, - for standard output: the same */
	CLI_PEM,  /* a file of certificates: its text */
	CLI_DIR,  /* a directory that is made for a backup */
	CLI_PATH, /* a directory of a command without the gateway */
};

/* `words` for what a decision can be about: tsp_action_str() and core_decision.c. */
#define CLI_ACTIONS "trigger recall replace report mo-sms unknown session revoke screening configuration provisioning trace"

struct cli_param {
	/* "e164": --e164 VALUE; NULL: an operand, in the order of the rows (or CLI_PRESET) */
	const char *option;
	const char *arg; /* argument of the request; NULL ends the list */
	enum cli_kind kind;
	bool required;
	uint64_t min, max;
	const char *words;
	const char *shown; /* "DIGITS" in help */
	const char *meaning;
	/* may also be given without --, as KEY VALUE behind the operands; KEY is `option` or
	 * `arg`. A command with such rows requires one of them */
	bool pair;
	char letter; /* 'c': also -c VALUE; 0: none */
};

#define CLI_DASH_FOR_0 "?"
#define CLI_FIRST "+"
#define CLI_NOTE "!"
/* Before the others: the column may be left out at a narrow terminal, that with 9 first. */
#define CLI_DROP(n_) #n_
struct cli_column {
	const char *title; /* NULL ends the list */
	/* CLI_DASH_FOR_0 "NAME": the number 0 is shown as "-". CLI_FIRST "NAME": of a list the
	 * first value and how many more there are. CLI_NOTE "NAME": no column; text that stands
	 * below the table, once for all rows that have it, with their first columns. At most
	 * one. */
	const char *member;
};

struct cli_command {
	/* "scs", "add"; "status", NULL; "group", "member add"; group NULL ends the table */
	const char *group, *verb;
	/* name on the control socket; NULL: it is more than one request, or none (mtcctl.c, own) */
	const char *cmd;
	const char *summary;
	const struct cli_param *params;   /* NULL: none */
	const struct cli_column *columns; /* of the rows of the reply; NULL: no rows */
	/* Shows the last line to a person and returns the exit code; NULL: nothing to show. */
	int (*last)(FILE *out, const json_t *last);
	const char *examples; /* lines "  mtcctl ..." */
};

extern const struct cli_command cli_commands[];

/* cli_find.c: the row of these words; *used is how many of them name it. A row with a verb is
 * preferred to the one without ("peers stop" and "peers"). NULL: no row. */
const struct cli_command *cli_find(char *const *words, int n, int *used);
bool cli_is_group(const char *word);

/* cli_parse.c: turns the words after group and verb into args. Returns NULL with the mistake in
 * `why` (static size). */
#define CLI_WHY_MAX 512
const char *cli_parse(const struct cli_command *c, int argc, char *const *argv, json_t *args, char why[CLI_WHY_MAX]);
/* Writes into `why` that `word`, which begins with '-', is no option, and the nearest of `p` (or
 * NULL) and of mtcctl itself. */
const char *cli_unknown_option(const struct cli_param *p, const char *word, char why[CLI_WHY_MAX]);

/* cli_value.c: one value, checked and made canonical. New reference, or NULL and words. */
json_t *cli_value(const struct cli_param *p, const char *text, char why[CLI_WHY_MAX]);

/* cli_help.c */
/* Words into lines of at most cli_lines() columns, from `column` on. Further lines begin at
 * `indent`. A command (mtcctl ...), in quotes or to the next sign, stays on one line where it fits,
 * so that it can be copied; so does a number with its unit. */
void cli_wrapped(FILE *out, size_t column, size_t indent, const char *text);
void cli_help_all(FILE *out);
void cli_help_group(FILE *out, const char *group);
void cli_help_command(FILE *out, const struct cli_command *c);

/* cli_table.c: aligned columns. The first rows decide the widths, so that a list of any length is
 * shown while it arrives. */
struct cli_table;
/* NULL: out of memory */
struct cli_table *cli_table_new(FILE *out, const struct cli_column *columns);
void cli_table_row(struct cli_table *t, const json_t *row);
void cli_table_end(struct cli_table *t); /* shows what is left; takes; NULL allowed */

/* cli_show.c: a member that is a number, also as a counted noun. */
long long cli_number(const json_t *o, const char *member);
const char *cli_count(char out[SHOWN_COUNT_MAX], const json_t *o, const char *member, const char *noun);

/* cli_notes.c: below the tables of processes, stores and keyholders of `status`, what is too long
 * for a column. At most 80 columns wide. */
void cli_note_lacks(FILE *out, const json_t *rows);
/* Lines of the list: items that wait for a restart, kinds of processes that were ended because they
 * hung. Nothing when there are none. */
void cli_note_waits(FILE *out, const json_t *configuration);
void cli_note_hung(FILE *out, const json_t *rows);
void cli_note_readers(FILE *out, const json_t *rows);
void cli_note_tokens(FILE *out, const json_t *rows);
/* The audit of a status; NULL: there is none. */
void cli_note_audit(FILE *out, const json_t *o);
/* "LABEL of A, B: TEXT", once for each text in `member`; `name` is the member with A and B. */
void cli_note_each(FILE *out, const json_t *rows, const char *label, const char *name, const char *member);

/* A value as a person reads it; control characters leave as '?'. */
void cli_text(char *out, size_t cap, const json_t *v);

/* cli_yes.c: asks at the terminal. False if there is none (standard input and standard error), or
 * the answer is not yes. */
bool cli_yes(const char *question);

/* cli_guess.c: the command that lists what this argument may be, "mtcctl scs list". NULL: none,
 * also for the name of something new. */
const char *cli_lister(const struct cli_command *c, const struct cli_param *p);

/* cli_guess.c: after a command that was refused: when a name among its arguments is unknown to the
 * gateway and near to one that it knows, says so on standard error. Nothing with --json. */
struct cli_session;
void cli_guess(const struct cli_session *s, const struct cli_command *c, const json_t *args);

/* cli_check.c: the last line of `assoc check` */
int cli_show_check(FILE *out, const json_t *last);

/* cli_backup.c: copies every file of the state into the directory `dir`, with a manifest. Returns
 * an exit code. The directory appears whole or not at all: until its end the backup is in DIR.part
 * beside it. */
struct cli_tick;
#define CLI_SESSION_MAGIC 0x3be5f072u
struct cli_session {
	struct obj obj;
	const char *socket; /* of the server */
	uint32_t wait_ms;
	bool json;
	struct cli_tick *tick; /* to stop before anything is written; NULL: none */
	/* set when the gateway refused, maybe for an unknown name; NULL: nobody asks */
	bool *refused;
};
int cli_backup(const struct cli_session *s, const char *cmd, const char *dir);

/* cli_journal.c: `journal check` and `journal salvage` read the files of a journal that no process
 * uses. They print and return an exit code: CLI_NO also if the journal is damaged. */
int cli_journal(const struct cli_session *s, const char *verb, const json_t *args);

/* cli_console.c: prints a link that logs the caller in on the console. Returns an exit code: CLI_NO
 * if the caller has no role there. */
int cli_console(const struct cli_session *s, const json_t *args);

/* cli_audit.c: `audit verify`, `search` and `show` read the files of an audit. They print and
 * return an exit code: CLI_NO also if the audit is not whole. */
int cli_audit(const struct cli_session *s, const char *verb, const json_t *args);

/* cli_ndsip.c */
void cli_show_ndsip(FILE *out, const json_t *o); /* the line of `status`; NULL: none */
int cli_show_ndsip_status(FILE *out, const json_t *last);

/* cli_ndsip_rules.c: `ndsip rules`; it reads the daemon's configuration. Prints and returns an exit
 * code: CLI_NO also if the rules do not stand. */
int cli_ndsip_rules(const struct cli_session *s, const char *verb, const json_t *args);

/* cli_doctor.c: `doctor`. Prints and returns an exit code: CLI_NO when something is wrong,
 * CLI_CONNECT when the gateway had to be asked and does not answer. */
int cli_doctor(const struct cli_session *s, const json_t *args);

/* cli_quickstart.c: `quickstart` makes a directory with a configuration and certificates for a
 * trial, and says how to go on. Prints and returns an exit code. */
int cli_quickstart(const struct cli_session *s, const json_t *args);

/* cli_trace.c: `trace start`; makes the file and hands its descriptor to the gateway. Prints and
 * returns an exit code. */
int cli_trace_start(const struct cli_session *s, json_t *args);
int cli_show_trace(FILE *out, const json_t *last); /* of trace start and stop */
/* cli_tail.c: `tail`; returns when the gateway is gone, or after --count decisions. */
int cli_tail(const struct cli_session *s, json_t *args);
/* cli_replay.c: `replay`; CLI_NO also when an answer would be another one now. */
int cli_replay(const struct cli_session *s, const json_t *args);

/* cli_commands_trace.c: parameters and examples of these commands */
extern const struct cli_param cli_params_trace_start[], cli_params_trace_stop[], cli_params_tail[], cli_params_replay[];
extern const char cli_examples_trace_start[], cli_examples_tail[], cli_examples_replay[];

/* cli_show.c: last lines */
#define CLI_SHOWN_MAX 512
/* A member as a person reads it; "" when it is not there. Returns out. */
const char *cli_member(char out[CLI_SHOWN_MAX], const json_t *o, const char *member);
int cli_show_health(FILE *out, const json_t *last); /* CLI_NO when it is not healthy */
int cli_show_status(FILE *out, const json_t *last);
/* Connections and processes come one after the other: what is missing in a young status is no fault
 * yet. */
bool cli_is_starting(const json_t *status);
int cli_show_scs(FILE *out, const json_t *last);
int cli_show_set_values(FILE *out, const json_t *last); /* of an SCS, a group or a set */
int cli_show_assoc(FILE *out, const json_t *last);
int cli_show_deleted(FILE *out, const json_t *last);
int cli_show_group(FILE *out, const json_t *last);
int cli_show_group_deleted(FILE *out, const json_t *last);
int cli_show_peer(FILE *out, const json_t *last);
int cli_show_member(FILE *out, const json_t *last);
int cli_show_set(FILE *out, const json_t *last);
int cli_show_set_deleted(FILE *out, const json_t *last);
int cli_show_set_member(FILE *out, const json_t *last);
int cli_show_import(FILE *out, const json_t *last, const char *file);
int cli_show_undo(FILE *out, const json_t *last);
int cli_show_export(FILE *out, const json_t *last, const char *file);
int cli_show_reload(FILE *out, const json_t *last);
int cli_show_screen_set(FILE *out, const json_t *last);
int cli_show_level(FILE *out, const json_t *last);
int cli_show_trigger(FILE *out, const json_t *last);
int cli_show_quota(FILE *out, const json_t *last);
int cli_show_cancel(FILE *out, const json_t *last);
int cli_show_count(FILE *out, const json_t *last);
int cli_show_triggers(FILE *out, const json_t *last);
