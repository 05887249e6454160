/* ctl_internal.h - shared by the files of the server. A request belongs to its connection until it
 * is answered. If the client disconnects first, the request stays with its handler and ends with
 * the answer. */
#pragma once
#include "base/few.h"
#include "base/obj.h"
#include "ctl/ctl_replies.h"
#include "ctl/ctl_server.h"
#include "net/net_stream.h"

#define CTL_ROWS_MAX 256
#define CTL_NOTE_MAX 160

struct ctl_conn;

struct ctl_row { /* a registered command */
	const struct ctl_command *command;
	void *arg;
	const struct ctl_reply *reply; /* rows of its reply; NULL: none, as for commands of tests */
	bool reply_wrong;              /* a line was not as its rows say, and that was logged */
};

#define CTL_SERVER_MAGIC 0x809f0016u
struct ctl_server {
	struct obj obj;
	struct net_loop *loop;
	struct net_listener *listener;
	struct ctl_server_conf conf;
	struct ctl_row rows[CTL_ROWS_MAX];
	size_t rows_n;
	struct ctl_conn *conns;
	uint32_t conns_n;
	struct few refusals; /* lines of ctl_refuse() */
};

#define CTL_REQUEST_MAGIC 0x809f0017u
struct ctl_request {
	struct obj obj;
	struct ctl_conn *conn; /* NULL: the client has gone */
	const struct ctl_command *command;
	/* of the command; the server's, not for use after the client has gone */
	struct ctl_row *row;
	struct ctl_caller caller;
	json_t *root; /* the request; owns args */
	const json_t *args;
	int fd; /* that came with it, -1: none; owned */
	/* the server's, for the record of a change whose client has gone */
	const struct log *log;
	struct st_counters *counters; /* the same */
	ctl_changed_fn *changed;      /* the same */
	void *changed_arg;
	char note[CTL_NOTE_MAX];
	bool failed; /* a row could not be built or was too large: the last line says so */
	/* ctl_each() */
	ctl_next_fn *next;
	ctl_end_fn *end;
	void *each_arg;
	json_t *last; /* members of its last line */
};

/* ctl_conn.c */
/* Copies about, which may be NULL. */
int ctl_conn_new(struct ctl_conn **out, struct ctl_server *s, int fd, const struct ctl_caller *caller, const char *about);
/* Takes; ends the client, its request stays with its handler. */
void ctl_conn_drop(struct ctl_conn *c, const char *why);
/* Ends the request of a connection (it was answered); looks for the next one. */
void ctl_conn_answered(struct ctl_conn *c);
/* Sends one line (takes row). False when it could not be built or is too large. */
ERR_MUST_USE bool ctl_conn_line(struct ctl_conn *c, json_t *row);
/* Sends a fixed last line "out of memory" when none can be built, so that no client waits in
 * vain. */
void ctl_conn_nomem(struct ctl_conn *c);
/* The descriptor that may be for the line that is worked on, -1: none. The caller owns it. */
int ctl_conn_take_fd(struct ctl_conn *c);
/* There is one that is for this line or for none. */
bool ctl_conn_fd_is_lost(const struct ctl_conn *c);
/* Clients of this user. */
uint32_t ctl_conn_of_user(const struct ctl_server *s, uid_t uid);
struct ctl_server *ctl_conn_server(const struct ctl_conn *c);
const char *ctl_conn_about(const struct ctl_conn *c); /* "": nothing */
size_t ctl_conn_waiting(const struct ctl_conn *c);    /* octets that the client has not read yet */
/* Begins to call rq->next. */
void ctl_conn_pump(struct ctl_conn *c);

/* ctl_request.c: answers what is wrong with `line`, or hands the request to its handler. */
void ctl_request_run(struct ctl_conn *c, struct ctl_request **slot, const struct ctl_caller *caller, const char *line,
		     size_t len);
/* The client has gone: streaming ends, everything else waits for its handler. Takes. */
void ctl_request_orphan(struct ctl_request *rq);

/* ctl_who.c: who may name a person, and how. NULL: nothing is wrong, and the caller has the name
 * and role. */
const char *ctl_who_behalf(const struct ctl_server *s, struct ctl_request *rq);
/* A console that forgets the name may change nothing; one that names it, no more than that person
 * may. NULL, or what is wrong in `why`, or static. */
const char *ctl_who_role(const struct ctl_server *s, const struct ctl_request *rq, const struct ctl_command *command, char *why,
			 size_t cap);

/* ctl_args.c: NULL, or what is wrong with args in `why`. */
const char *ctl_args_check(const struct ctl_arg *rows, const json_t *args, char *why, size_t cap);
bool ctl_args_take_fd(const struct ctl_arg *rows); /* rows may be NULL */
json_t *ctl_args_help(const struct ctl_arg *rows);
