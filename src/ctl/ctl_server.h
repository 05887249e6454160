/* ctl_server.h - the control socket: a UNIX stream, one JSON object a line each way (CONTRACTS
 * section 5). Request `{"cmd":"assoc.add","args":{...}}`; the console adds the person for whom it
 * asks, `"on_behalf_of":"alice"`, and `"ticket"` of a log-in that this server knows, or, of a
 * person whom only the console knows, `"role":"operate"`. Reply one or more lines, the last with
 * "done":true, "ok":true|false and, when not ok, "error":"words".
 * The server knows no command: other rooms register rows. Clients, sizes, waits and queues are
 * bounded.
 * Input of a client is hostile: it can cause an error reply, never a crash. Exactly one descriptor
 * may come with the octets of a request whose command takes one (CTL_A_FD); any other descriptor is
 * closed and its request refused. The server handles one request of a client at a time; the next
 * one waits. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/log.h"
#include "net/net_loop.h"
#include "stats/st.h"

#define CTL_REQUEST_MAX (64u * 1024u) /* octets of one request line */
#define CTL_REPLY_LINE_MAX (64u * 1024u)

struct ctl_server;
struct ctl_request; /* one unanswered request */

/* What a person may do; each role includes those before it. */
enum ctl_role { CTL_ROLE_NONE, CTL_ROLE_READ, CTL_ROLE_OPERATE, CTL_ROLE_ADMIN };
/* "none", "read", "operate", "admin" */
const char *ctl_role_word(enum ctl_role role);
/* ERR_INVAL: not one of "read", "operate", "admin". */
ERR_MUST_USE int ctl_role_parse(enum ctl_role *out, const char *word);

#define CTL_NAME_MAX 64    /* of a person, with the NUL */
#define CTL_GROUPS_MAX 32  /* supplementary groups of a client that are known; more are left out */
#define CTL_CALLER_MAX 128 /* of ctl_caller_text(), with the NUL */
/* 1 to CTL_NAME_MAX - 1 of A-Z a-z 0-9 . _ @ + -: what may stand as the name of a person. */
bool ctl_name_ok(const char *name);

struct ctl_caller { /* identity of the client, from SO_PEERCRED and SO_PEERGROUPS */
	uid_t uid;
	gid_t gid;
	pid_t pid;
	gid_t groups[CTL_GROUPS_MAX];
	unsigned groups_n;
	/* the person for whom the console asks, and that person's role; "": the client asks for
	 * itself */
	char behalf[CTL_NAME_MAX];
	enum ctl_role role;
	/* the console alone says so: the role is bounded by ctl_server_conf.claimed_max */
	bool claimed;
};
/* "uid 1000", "alice by the console, uid 998", or, of a person whom only the console knows, "alice
 * by a certificate and the console, uid 998". Returns out. */
const char *ctl_caller_text(char out[CTL_CALLER_MAX], const struct ctl_caller *caller);

#define CTL_TEXTS_MAX 8
#define CTL_TEXT_MAX 1024 /* octets of a text whose row has no max */
enum ctl_arg_type {
	CTL_A_TEXT, /* string, min..max octets (max 0: CTL_TEXT_MAX) */
	CTL_A_NUM,  /* integer, min..max (max 0: no bound above) */
	CTL_A_BOOL,
	CTL_A_WORDS, /* array of strings, or one string, each one of `words` */
	CTL_A_TEXTS, /* array of at most `texts_max` strings, each min..max octets */
	/* not in the JSON: one descriptor, sent along with the request (SCM_RIGHTS); one for each
	 * command */
	CTL_A_FD
};

struct ctl_arg {
	const char *name; /* NULL ends the list */
	enum ctl_arg_type type;
	bool required;
	uint64_t min, max;
	uint8_t texts_max; /* CTL_A_TEXTS; 0: CTL_TEXTS_MAX */
	/* allowed words, "trigger recall replace"; for CTL_A_TEXT too, NULL: any text */
	const char *words;
	const char *meaning;
};

/* Answers `rq` with ctl_line()* and then exactly one of ctl_done(), ctl_fail(), ctl_each(): inside
 * the call or later. `args` holds only what the row's args allow, checked; an object, never NULL;
 * borrowed until the request is answered. */
typedef void ctl_handler_fn(void *arg, struct ctl_request *rq, const json_t *args);

struct ctl_command {
	const char *name; /* "assoc.add"; NULL ends a table */
	const char *help;
	const struct ctl_arg *args; /* NULL: none */
	bool changes;               /* logged with the caller's credentials and the result */
	ctl_handler_fn *handler;
};
/* Names of commands that change something and for which the role operate suffices; NULL ends it. A
 * command that is not among them needs admin. */
extern const char *const ctl_operate_commands[];
/* The least role that a person needs on the console. */
enum ctl_role ctl_command_role(const struct ctl_command *command);

/* A command that changes something (ctl_command.changes) is done, and its answer is about to be
 * sent. Borrows everything until return. */
typedef void ctl_changed_fn(void *arg, const struct ctl_caller *caller, const char *command, const json_t *args);

/* Sets behalf and role of `caller`, a copy, to the person of this ticket. ERR_AUTH: no such log-in
 * is known. */
typedef int ctl_person_fn(void *arg, const char *ticket, struct ctl_caller *caller);
/* The error of such a request, word by word: the console ends its session then. */
#define CTL_LOG_IN_AGAIN "this log-in is over, or mtc-iwfd was started again: log in again"

struct ctl_server_conf {
	uint32_t clients_max; /* 0: 16 */
	/* of them of one user, so that a socket for everybody stays one; 0: as many as there are */
	uint32_t user_clients_max;
	/* a client that has begun a line, or sends nothing, is closed after this time; 0: 30000 */
	uint64_t request_wait_ms;
	/* octets waiting for one client before a handler of ctl_each() pauses; 0: 256 KiB */
	size_t queue_max;
	const struct log *log;        /* borrowed; NULL: none */
	struct st_counters *counters; /* borrowed; NULL: none */
	ctl_changed_fn *changed;      /* NULL: nobody */
	void *changed_arg;            /* borrowed until the last request is answered */
	/* Only clients of this user may name a person for whom they ask (on_behalf_of). No console:
	 * has_console is false. */
	bool has_console;
	/* They change nothing without a name: the user is the console's alone. */
	bool console_only;
	uid_t console_uid;
	/* who is logged in there by a link. NULL: nobody */
	ctl_person_fn *person;
	void *person_arg; /* borrowed */
	/* The most that the console may say of a person without a ticket. CTL_ROLE_NONE: such a
	 * request is refused. */
	enum ctl_role claimed_max;
};

/* Serves on a listening UNIX descriptor (borrowed; -1: none, ctl_server_client() hands in clients).
 * Every server knows the command `help`, which lists the rows. */
ERR_MUST_USE int ctl_server_new(struct ctl_server **out, struct net_loop *loop, int listen_fd,
				const struct ctl_server_conf *conf);
/* Which user the console has from now on; as in struct ctl_server_conf. */
void ctl_server_console(struct ctl_server *s, bool has_console, bool console_only, uid_t console_uid);
/* Closes all clients. Holders of open requests may still answer them; the answers go nowhere. Not
 * from inside a handler. NULL allowed. */
void ctl_server_free(struct ctl_server *s);
/* Borrows rows (ended by name NULL) as long as the server lives. Their handlers get `arg`.
 * ERR_EXISTS, ERR_LIMIT (256 rows). */
ERR_MUST_USE int ctl_server_add(struct ctl_server *s, const struct ctl_command *rows, void *arg);
/* Takes an accepted descriptor on success only. ERR_BUSY at clients_max, ERR_LIMIT at
 * user_clients_max, and for the console at three quarters of clients_max. `about` is copied: what
 * ctl_about() tells of this client's requests; NULL: nothing. */
ERR_MUST_USE int ctl_server_client(struct ctl_server *s, int fd, const char *about);

/* Returns the descriptor that came with the request, once; -1: none. The caller owns it. It may be
 * anything that the client could open, and the client may continue to use the file behind it. */
int ctl_take_fd(struct ctl_request *rq);
/* Words for the record of a change, behind "done": what it did, in numbers. */
void ctl_note(struct ctl_request *rq, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

const struct ctl_caller *ctl_caller(const struct ctl_request *rq);
/* What ctl_server_client() was given for this client; "": nothing, or the client has gone. */
const char *ctl_about(const struct ctl_request *rq);
/* False when the client has gone; answering is still needed and goes nowhere. */
bool ctl_alive(const struct ctl_request *rq);

/* Octets of the reply that the client has not read yet; 0 when it has gone. For a handler that
 * sends rows as they come: above `queue_max` it leaves them out. */
size_t ctl_waiting(const struct ctl_request *rq);
size_t ctl_waiting_max(const struct ctl_request *rq); /* `queue_max` of the server */

/* Sends one row of the reply. Takes `row`; NULL, from a failed build, ends the request with an
 * error at ctl_done(). */
void ctl_line(struct ctl_request *rq, json_t *row);
/* Sends the last line {"done":true,"ok":true} plus the members of `more` (taken; NULL: none). rq is
 * gone. */
void ctl_done(struct ctl_request *rq, json_t *more);
/* Sends the last line {"done":true,"ok":false,"error":words}. The words name the mistake and the
 * next step. rq is gone. */
void ctl_fail(struct ctl_request *rq, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same, for a caller who may not ask this: the counter ctl_denied counts each, and the log of
 * the server names caller and command of CTL_REFUSALS_LOGGED in CTL_REFUSALS_MS. */
#define CTL_REFUSALS_LOGGED 20u
#define CTL_REFUSALS_MS 60000u
void ctl_refuse(struct ctl_request *rq, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* For long lists: calls `next` until it returns 0, and pauses while the client is slow or gone.
 * Each call hands in some rows with ctl_line(). It returns 1 while there is more, or a negative
 * code that fails the request. Then `end` (NULL allowed) frees arg, once, also if the client
 * leaves. rq is gone when ctl_each returns. First calls may happen before it returns. After some
 * calls other work has its turn. */
/* may hand in nothing, because a call may examine only a bounded number of objects */
typedef int ctl_next_fn(void *arg, struct ctl_request *rq);
typedef void ctl_end_fn(void *arg);
void ctl_each(struct ctl_request *rq, ctl_next_fn *next, ctl_end_fn *end, void *arg);
/* Adds members to the last line of ctl_each() (taken; NULL: none). `next` calls this before it
 * returns 0. */
void ctl_each_last(struct ctl_request *rq, json_t *more);

/* Reading checked args. Texts are borrowed as long as args; defaults when the arg is absent. */
const char *ctl_arg_text(const json_t *args, const char *name, const char *preset);
uint64_t ctl_arg_num(const json_t *args, const char *name, uint64_t preset);
bool ctl_arg_bool(const json_t *args, const char *name, bool preset);
bool ctl_arg_has(const json_t *args, const char *name);
/* CTL_A_TEXTS: the number of texts put into `out`, at most `max`; 0 when absent. */
uint8_t ctl_arg_texts(const json_t *args, const char *name, const char **out, uint8_t max);
/* CTL_A_WORDS as bits: bit i is set for the i-th of `words`; preset when absent. */
uint32_t ctl_arg_bits(const json_t *args, const char *name, const char *words, uint32_t preset);
