/* dm_parent_int.h - the parts of the parent, for its files only: those that are named below. */
#pragma once
#include "base/edge_name.h"
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "admin/adm.h"
#include "base/log.h"
#include "base/machine.h"
#include "base/obj.h"
#include "base/writer.h"
#include "conf/cfg_users.h"
#include "daemon/dm_again.h"
#include "daemon/dm_ask.h"
#include "daemon/dm_crl_numbers.h"
#include "daemon/dm_hang.h"
#include "daemon/dm_load.h"
#include "daemon/dm_msg.h"
#include "daemon/dm_notify.h"
#include "ipc/ipc_beat.h"
#include "ipc/ipc_caps.h"
#include "keyholder/kh_client.h"
#include "net/net_loop.h"

enum dm_role { DM_CORE, DM_EDGE, DM_HOLDER, DM_HELPER /* of NDS/IP */, DM_FETCHER, DM_METER /* answers scrapes */ };

struct dm_parent;

enum dm_child_state {
	DM_CHILD_NONE,     /* no process; also while the next start is delayed */
	DM_CHILD_STARTING, /* spawned, not yet ready */
	DM_CHILD_READY,
	DM_CHILD_KILLED, /* killed because it hung; it has not been reaped yet */
	DM_CHILD_STATES
};
extern const struct machine dm_child_machine;

#define DM_CHILD_MAGIC 0xa9e45d31u
struct dm_child { /* a place for one process, and the process that is in it */
	struct obj obj;
	struct dm_parent *parent;
	enum dm_role role;
	uint32_t slot;       /* of an edge: its number among all edges; of a keyholder: enum kh_kind */
	enum zone zone;      /* of an edge */
	uint32_t place;      /* of an edge: its number among the edges of its zone, and its slot in their counter page */
	uint32_t listeners;  /* of an edge: those handed to its process, a bit for each */
	uint32_t generation; /* of the process */
	pid_t pid;           /* 0: none */
	int sock;
	struct net_watch *watch;
	struct net_timer *restart;
	uint64_t started_ms;
	struct dm_again again;
	uint32_t set_sent, set_taken;    /* generations of the set of files: handed out last, in use */
	uint32_t sets_used;              /* of a keyholder: what DM_SETS_USED said last; 0: nothing */
	uint32_t hung, hung_told;        /* processes in this place that were ended because they hung; told to the core */
	struct dm_hang hang, unanswered; /* its loop does not turn; it was sent a set and does not answer */
	int beat_fd;                     /* handed out at each start */
	struct ipc_beat *beat;           /* to be read; NULL: there is no page yet */
	enum dm_child_state state;
	bool was_ready;          /* some process in this place was */
	bool behind;             /* started before a reload that only a start takes as a whole: it ends when it can */
	struct dm_msg sandbox;   /* as it reported it; kind 0: not yet */
	struct dm_pair {         /* of an edge: the pair of sockets to the keyholder of each kind */
		uint32_t number; /* of the last one that was made */
		uint64_t keys;   /* to a keyholder: listeners whose keys the edge may use by it; a bit for each */
		bool lost;       /* it closed, or could not be made: the timer makes the next one */
		uint64_t since_ms;
		struct dm_again again;
	} pairs[KH_KINDS];
	struct net_timer *pair_again;
	struct dm_pair ndsip_pair; /* of an edge and the core: the pair of sockets to the NDS/IP helper */
	struct net_timer *ndsip_again;
	struct dm_pair fetch_pair; /* of an edge: the pair of sockets to the fetcher */
	struct net_timer *fetch_again;
};

struct dm_stamp { /* of a file when it was last read; all zero: not yet, or it was not there */
	struct timespec modified, changed;
	off_t size;
	ino_t inode;
	dev_t device;
};
/* dm_crls.c: of the file now; all zero: it is not there. */
struct dm_stamp dm_stamp_of(const char *path);

struct dm_back;
struct dm_change;
struct dm_reload {              /* a reload, until every process uses the new set */
	bool asks;              /* it waits for the name service or a token; nothing is taken yet */
	struct dm_change *next; /* what was read for it; owned; NULL before dm_files_watch() */
	struct dm_set *fresh;   /* the same of the files; owned */
	bool waits;
	bool goes_back;        /* some process refused it: the others take the one before again */
	struct dm_back *back;  /* owned; NULL before dm_files_watch() */
	uint32_t core, number; /* requester: generation of the core and number of its request; number 0: SIGHUP */
	struct net_timer *timer;
	uint64_t since_ms; /* when that timer began */
	struct report report;
	bool config; /* the configuration is another one */
	bool read;   /* its file was read: the report has all that waits for the next start */
	/* of the last one that changed something while no core was there; kind 0: none */
	struct dm_msg untold;
	struct report untold_report;
	bool dry_run;
	/* What was asked for while this one waited for an answer: at most two follow, and one when
	 * neither is a dry run. */
	struct dm_reload_next {
		bool any;              /* a SIGHUP, or a request whose client is gone */
		uint32_t core, number; /* of the core's request, which has one at a time; number 0: none */
		bool dry_run;
		struct net_timer *timer; /* begins it in a turn of its own */
	} then;
};

struct dm_crls {                 /* the files of CRLs, which are looked at while the daemon runs: dm_crls.c */
	struct net_timer *timer; /* NULL: no anchor has any */
	struct dm_stamp stamps[DM_CRL_FILES_MAX];
	uint64_t refused;     /* anchors whose files are wrong, and which use those before; a bit for each */
	int64_t clock_off_ms; /* wall clock minus CLOCK_BOOTTIME at the last look */
	uint64_t again_ms;    /* when refused ones are read again; of the loop */
	uint64_t renewed, renewed_told, refusals, refusals_told;
	struct dm_crl_numbers *numbers; /* as on disk, or to be written */
	bool unwritten;                 /* the file of numbers lacks some */
	bool unwritten_told;            /* which is in the log */
};

#define DM_ZONES 2u
#define DM_EDGES_MAX IPC_CAPS_SLOTS_MAX /* over both zones */

#include "daemon/dm_audit.h"

#define DM_PARENT_MAGIC 0xe2b871c5u
struct dm_parent {
	struct obj obj;
	struct dm_loaded loaded; /* the files as loaded at the start; owns the next three members until `set` is replaced */
	const char *path;        /* of the configuration, absolute */
	struct cfg_iwf *cfg;
	struct dm_set *set;        /* of files, in use */
	struct dm_set *set_signed; /* an older one that all keyholders have, while one lacks `set`; else NULL */
	uint32_t connections_max;  /* limits.connections_total of the start: descriptors were raised for it */
	struct dm_core_peer {      /* of the core that runs: its sandbox has these ports and transports */
		uint16_t port;
		bool sctp;
	} core_peers[CFG_PEERS_MAX];
	size_t core_peers_n;
	struct dm_disk { /* the file of the configuration: dm_disk.c */
		struct net_timer *timer;
		struct dm_stamp seen; /* when it was compared last */
		bool other;           /* it is another one than that in force */
	} disk;
	uint8_t ends_said[DM_ENDS_MAX]; /* enum dm_ends_level, by index of set->ends */
	struct net_timer *look;         /* checks for certificates that expire */
	struct dm_reload reload;
	struct dm_ask ask; /* a reload waits for the answer of this process */
	struct dm_names {  /* the users and groups of a reload: dm_names.c */
		uint64_t wait_ms;
		struct cfg_names names;
		uint64_t late, late_told; /* reloads refused because nobody answered; how many the core was told */
	} names;
	struct report waits; /* items that wait for the next start, a line of REPORT_RESTART each */
	struct dm_audit audit;
	struct dm_crls crls;
	struct log log;
	struct writer *out; /* standard output, for the ready lines; NULL: it was closed at start */
	uint64_t log_lost_told;
	struct cfg_user users[CFG_PROCESSES]; /* that the children run as */

	struct net_loop *loop;
	struct net_signal *on_term, *on_int, *on_quit, *on_hup, *on_chld;
	struct net_timer *stop_timer;
	struct net_check *turn_end;
	struct net_timer *look_alive; /* NULL: children are not watched for hangs */
	uint64_t looked_ms;
	enum cfg_users_state users_state;
	struct dm_msg sandbox;          /* of the parent itself */
	uint64_t refused, refused_told; /* children that their sandbox ended; how many of them the core was told */

	int listen_fds[CFG_LISTEN_MAX];
	uint16_t listen_ports[CFG_LISTEN_MAX];
	int control_fd;
	struct adm_console console; /* that the core has; its accounts are owned */
	bool console_looked;        /* they were looked up once */
	struct dm_decisions {       /* the file whose descriptor the core has */
		struct net_timer *timer;
		bool regular; /* false: no file, or a pipe or device, which cannot be moved */
		dev_t dev;
		ino_t ino;
		unsigned missing; /* consecutive checks that found another file at the path, or none */
		bool told;
	} decisions;
	struct dm_caps { /* the counter page of the edges of a zone, which no other process has; see dm_caps_of() */
		int fd;  /* -1: the zone has no listener */
		struct ipc_caps *page;
	} caps[DM_ZONES];

	struct dm_child core;
	struct dm_child edges[DM_EDGES_MAX];
	uint32_t edges_n;
	struct dm_child holders[KH_KINDS]; /* those that have a key */
	uint32_t holders_n;
	struct dm_child ndsip;   /* the NDS/IP helper */
	uint32_t ndsip_n;        /* 1: there is one */
	struct dm_child fetcher; /* asks OCSP responders */
	uint32_t fetcher_n;      /* 1: there is one */
	struct dm_child metrics; /* answers scrapes */
	uint32_t metrics_n;      /* 1: there is one */
	struct dm_scrape {
		int page_write, page_read, listen; /* -1: none */
		char program[CFG_PATH_MAX];        /* of that process */
	} scrape;
	uint64_t fetch_since_ms; /* begin of the second in which connections for it are counted */
	uint32_t fetch_made;
	uint64_t vici_ms;                   /* when it was last given an answer about charon */
	uint32_t in_state[DM_CHILD_STATES]; /* children in each state */
	uint32_t generation_next;

	struct dm_notify notify;
	bool announced; /* the ready lines were printed */
	bool stopping;
	bool core_stopping;
	bool hurried;
	uint64_t stopping_ms; /* when the shutdown began */
	int status;
};

/* dm_life.c: starts the process of this place, unless it runs or the parent is shutting down. */
void dm_life_start(struct dm_child *c);
void dm_life_restart(void *arg);             /* of a timer: the same; arg: struct dm_child */
void dm_life_ready(struct dm_child *c);      /* it said DM_READY */
void dm_life_on_chld(void *arg, int signum); /* SIGCHLD: reaps all that ended; arg: struct dm_parent */
void dm_life_close(struct dm_child *c);      /* frees what the parent has of its process, which has ended */

/* dm_hear.c: reads and follows messages of a child; arg: struct dm_child. One that says what no
 * child says is killed. */
void dm_hear(void *arg, int events);

/* dm_stop.c: SIGTERM, SIGINT, SIGQUIT. The first begins the shutdown, a later one ends the wait;
 * arg: struct dm_parent. */
void dm_stop_begin(void *arg, int signum);
void dm_stop_step(struct dm_parent *p); /* a child has ended meanwhile: stops those whose turn it is, then the loop */
void dm_stop_late(void *arg);           /* of the timer: kills all that were asked to stop; arg: struct dm_parent */

/* dm_open.c: everything that is opened before the first child starts. Errors are logged. */
ERR_MUST_USE int dm_open_all(struct dm_parent *p);
void dm_close_all(struct dm_parent *p);
int dm_open_decisions(struct dm_parent *p); /* descriptor, or -1: none is configured or it cannot be opened (logged) */

/* dm_decisions.c: a decision log that was moved or deleted is opened again without a SIGHUP. */
ERR_MUST_USE int dm_decisions_watch(struct dm_parent *p);
void dm_decisions_note(struct dm_parent *p, int fd); /* the core uses this one from now on */

/* -- dm_consoles.c: users and groups of this machine (dm_console.h), for the core */

/* Hands them to a core that starts. They are looked up for the first one only: who has which role
 * changes by a reload, which says so, and not because a core has crashed. */
ERR_MUST_USE int dm_console_begin(struct dm_parent *p, int core);
/* Whether they are others by now, under this configuration, with a line for each in the report of
 * the reload. *fresh ends with dm_console_fini() or dm_console_use(). */
bool dm_console_changed(struct dm_parent *p, const struct cfg_iwf *cfg, struct adm_console *fresh, struct report *warnings);
/* They are in force from now on. Takes `fresh`. */
void dm_console_use(struct dm_parent *p, struct adm_console *fresh);

/* dm_spawn.c: fork and re-exec. Sets pid and sock. */
ERR_MUST_USE int dm_spawn(struct dm_child *c);

/* dm_open.c: the user of the processes of a role. */
const struct cfg_user *dm_user_of(const struct dm_parent *p, enum dm_role role);

/* dm_spawn.c: the word of --role: "core", "edge", "keyholder", "keyholder-p11", "ndsip",
 * "fetcher", "metrics". Static. */
const char *dm_role_word(const struct dm_child *c);
/* dm_spawn.c: an empty place. */
void dm_child_init(struct dm_child *c, struct dm_parent *p, enum dm_role role);
/* The one door to the state of a child. */
void dm_child_set(struct dm_child *c, enum dm_child_state state);
/* The child has reported that it is ready, and has not ended. */
static inline bool dm_child_ready(const struct dm_child *c)
{
	return c->state == DM_CHILD_READY || c->state == DM_CHILD_KILLED;
}
/* Number of such children. */
static inline uint32_t dm_children_ready(const struct dm_parent *p)
{
	return p->in_state[DM_CHILD_READY] + p->in_state[DM_CHILD_KILLED];
}
/* The core, the edges, the keyholders; NDS/IP helper, fetcher and metrics. */
#define DM_CHILDREN_MAX (1 + DM_EDGES_MAX + KH_KINDS + 3)
static inline uint32_t dm_children(const struct dm_parent *p)
{
	return 1 + p->edges_n + p->holders_n + p->ndsip_n + p->fetcher_n + p->metrics_n;
}
/* Each place once: the core, the edges, the keyholders, the NDS/IP helper, the fetcher, the
 * metrics. `i` is below dm_children(). */
static inline struct dm_child *dm_child_at(struct dm_parent *p, uint32_t i)
{
	return i == 0                                             ? &p->core
	       : i <= p->edges_n                                  ? &p->edges[i - 1]
	       : i <= p->edges_n + p->holders_n                   ? &p->holders[i - 1 - p->edges_n]
	       : i == dm_children(p) - 1 && p->metrics_n          ? &p->metrics
	       : i == 1 + p->edges_n + p->holders_n && p->ndsip_n ? &p->ndsip
								  : &p->fetcher;
}

/* The counter page of a zone. Edges of the other zone have another one: what they write does not
 * reach it. */
static inline struct dm_caps *dm_caps_of(struct dm_parent *p, enum zone zone)
{
	return &p->caps[zone == ZONE_EXTERNAL ? 0 : 1];
}

/* dm_hand.c. "core (pid 4710)", or edge_words() of an edge (base/edge_name.h), for the log. */
const char *dm_child_name(const struct dm_child *c, char out[EDGE_WORDS_MAX]);
/* Sends a new child everything it needs, then DM_START. ERR_* if the child does not take it. */
ERR_MUST_USE int dm_hand_over(struct dm_child *c);
/* Sends a child the set that it should use now: dm_holders_set_for(). */
ERR_MUST_USE int dm_hand_set(struct dm_child *c);
/* Makes a new ring between this edge and the core. */
ERR_MUST_USE int dm_hand_ring(struct dm_child *edge);

/* dm_holders.c: the keyholders. */
void dm_holders_place(struct dm_parent *p);
/* The child runs: pairs of sockets between it and those at the other end. */
void dm_holders_join(struct dm_child *c);
/* An edge says that a pair closed: it gets a new one, after a pause that grows like that of a
 * process that ends again and again. False: no edge says this. */
bool dm_holders_lost(struct dm_child *edge, const struct dm_msg *m);
/* Makes another pair when the edge gets a listener whose key it may not use by the one it has. */
void dm_holders_keys(struct dm_child *edge);
ERR_MUST_USE int dm_holders_watch(struct dm_parent *p); /* makes the timers for that */
void dm_holders_tell(const struct dm_child *holder);    /* its state, to the core; not for other children */
void dm_holders_tell_all(const struct dm_parent *p);
/* Passes a counter of a keyholder on to the core. False: a keyholder does not count this. */
bool dm_holders_count(const struct dm_child *holder, const struct dm_msg *m);
/* No keyholder that runs signs without this set: it has taken it, or starts with it. Without one
 * the next one starts with the newest. */
bool dm_holders_have(const struct dm_parent *p, uint32_t set);
/* The set for a child that starts or is offered one: the newest; for an edge the newest that the
 * keyholders have. */
const struct dm_set *dm_holders_set_for(const struct dm_child *c);
/* Keeps the set in use for the edges that start before the keyholders have `fresh`, and makes
 * `fresh` the one in use. Takes it. */
void dm_holders_renew(struct dm_parent *p, struct dm_set *fresh);
/* The same when a process has refused the set in use: `signed_set`, the one before it, is for the
 * edges that start meanwhile. Takes both. */
void dm_holders_back(struct dm_parent *p, struct dm_set *fresh, struct dm_set *signed_set);
void dm_holders_forget(struct dm_parent *p); /* frees the set that was kept, when the keyholders have the newest */
/* The edge with the oldest set; NULL: no edge runs, or all use the newest. *set: that set, else
 * the newest. An edge that was killed uses none. */
struct dm_child *dm_holders_oldest(struct dm_parent *p, uint32_t *set);
void dm_holders_used(struct dm_parent *p);      /* tells the keyholders which sets the edges use, if that has changed */
void dm_holders_stop(struct dm_parent *p);      /* and the NDS/IP helper, the fetcher, and the metrics */
bool dm_holders_any(const struct dm_parent *p); /* one of them runs */

/* dm_ndsips.c: the NDS/IP helper; there is one when a listener has NDS/IP. */
void dm_ndsips_place(struct dm_parent *p);
ERR_MUST_USE int dm_ndsips_watch(struct dm_parent *p); /* makes the timers */
/* The child runs: pairs of sockets between the helper and the edges and the core. */
void dm_ndsips_join(struct dm_child *c);
/* An edge or the core says that its pair closed: it gets a new one after a pause. False: this child
 * does not say it. */
bool dm_ndsips_lost(struct dm_child *c, const struct dm_msg *m);
/* The helper wants a connection to charon. False: it asks more often than it would. */
bool dm_ndsips_connect(struct dm_child *c);

/* dm_fetchers.c: the fetcher; there is one when a responder is configured. */
void dm_fetchers_place(struct dm_parent *p);
ERR_MUST_USE int dm_fetchers_watch(struct dm_parent *p); /* makes the timers */
/* The child runs: pairs of sockets between the fetcher and the edges. */
void dm_fetchers_join(struct dm_child *c);
/* An edge says that its pair closed: it gets a new one after a pause. False: this child does not
 * say it. */
bool dm_fetchers_lost(struct dm_child *c, const struct dm_msg *m);
/* The fetcher wants a connection to a responder. False: no child says this, or there is no such
 * responder. */
bool dm_fetchers_connect(struct dm_child *c, const struct dm_msg *asked);

/* dm_scrape.c: the process that answers scrapes; there is one when metrics.enabled says so. */
void dm_scrape_place(struct dm_parent *p);
/* Binds, makes the page, and looks for the program. Errors are logged. */
ERR_MUST_USE int dm_scrape_open(struct dm_parent *p);
void dm_scrape_close(struct dm_parent *p);
/* The page, for the core and the metrics; the listener. Other children get nothing. */
ERR_MUST_USE int dm_scrape_hand_over(struct dm_child *c);
/* The child gets a set of files. */
static inline bool dm_has_files(const struct dm_child *c)
{
	return c->role != DM_FETCHER && c->role != DM_METER;
}

/* dm_watch.c: detects children whose loop no longer turns. */
ERR_MUST_USE int dm_watch_begin(struct dm_parent *p); /* before any process is started */
void dm_watch_anew(struct dm_child *c);               /* the process was started, or is ready: its silence begins anew */
void dm_watch_tell(struct dm_parent *p);              /* the core: which processes were ended since it was told last */
void dm_watch_tell_all(struct dm_parent *p);          /* a new core is ready: since the start */
void dm_watch_end(struct dm_parent *p);               /* allowed without dm_watch_begin() */

/* dm_reload.c, dm_renew.c: certificates, keys and anchors while the daemon runs. */
ERR_MUST_USE int dm_files_watch(struct dm_parent *p); /* starts the checks for expiry, and warns at once if one is near */
void dm_files_free(struct dm_parent *p);
/* Reads everything again, the configuration included; without errors it is used from now on.
 * `number`: of the core's request; 0: SIGHUP. `dry_run`: nothing is used, and all is said. While
 * another one waits for the name service or a token, it follows that one. */
void dm_reload(struct dm_parent *p, uint32_t number, bool dry_run);
ERR_MUST_USE int dm_reload_init(struct dm_parent *p); /* ERR_NOMEM */
void dm_reload_fini(struct dm_parent *p);
/* One has ended: the next one begins in a turn of its own, if somebody asked for one. */
void dm_reload_ended(struct dm_parent *p);
/* The names of users and groups for it are there; `why`: they are not, and it is refused. */
void dm_reload_named(struct dm_parent *p, const struct cfg_names *names, const char *why);
/* The configuration that will be in force after the reload that is being checked. Borrowed. */
const struct cfg_iwf *dm_reload_cfg(const struct dm_parent *p);
/* The keys in the token were tried; what is wrong is in the report of the reload. */
void dm_reload_tried(struct dm_parent *p);
/* `fresh` is in use from now on, and offered to all processes. Takes it. */
void dm_set_use(struct dm_parent *p, struct dm_set *fresh);
/* A reload that waits for processes waits no more. */
void dm_set_over(struct dm_parent *p);
/* The reload has ended (dm_answer.c). A core that gets ready is told what changed without it. */
void dm_answer(struct dm_parent *p, bool taken);
void dm_answer_core_ready(struct dm_parent *p);
/* After a child has ended, started, or taken a set: offers the edges the newest one if they lack
 * it and can have it, tells the keyholders what is used, and ends a reload that waited for this
 * child. */
void dm_set_step(struct dm_parent *p);
/* The core was sent a set and has not answered: no edge gets that set before. A listener that the
 * core does not know would end the edge that announces sessions of it. */
bool dm_set_core_asked(const struct dm_parent *p);
void dm_set_offer(struct dm_child *c); /* the child is ready: sends it the newest set if it has an older one */
/* One check, as dm_hang_look(). True: the child has not answered the set that it was sent for the
 * limit, though its loop turns. */
bool dm_set_unanswered(struct dm_child *c, uint64_t elapsed_ms, uint64_t limit_ms);
/* The child's answer to the set that it was sent. False: it was asked for none, or for another. */
bool dm_set_taken(struct dm_child *c, const struct dm_msg *m);
void dm_set_tell_core(const struct dm_child *edge); /* tells the core which set this edge uses */

/* Reads the files of CRLs again, and uses them if they have changed. *refused as of
 * dm_set_refresh(). False: it has to be tried again. */
bool dm_reload_crls(struct dm_parent *p, uint64_t *refused);

/* dm_change.c: the digest and the time of the file are noted in the configuration. */
void dm_source_note(struct cfg_iwf *cfg, const char *text, size_t len);

/* dm_disk.c: whether the file of the configuration is the one that is in force. */
ERR_MUST_USE int dm_disk_watch(struct dm_parent *p);
void dm_disk_look(struct dm_parent *p); /* now, after a reload */
void dm_disk_tell(struct dm_parent *p); /* a new core is ready */
void dm_disk_free(struct dm_parent *p);

/* dm_waits.c: the items that wait for the next start. */
void dm_waits_note(struct dm_parent *p, const struct report *of_reload); /* a reload was taken, which said so */
void dm_waits_tell(const struct dm_parent *p);                           /* the core; also when a new one is ready */

/* dm_crls.c: files of CRLs that change. */
/* Does nothing when no anchor has any, or they are looked at already. */
ERR_MUST_USE int dm_crls_watch(struct dm_parent *p);
void dm_crls_keep(struct dm_parent *p); /* the set in use is another one: writes down the numbers of its CRLs */
void dm_crls_tell(struct dm_parent *p); /* a new core is ready: tells it which anchors have wrong files */
void dm_crls_free(struct dm_parent *p);

/* dm_sandboxes.c: the parent's own sandbox, when all is open and before there is a thread; errors
 * are logged. */
ERR_MUST_USE int dm_sandboxes_enter(struct dm_parent *p);
/* What to do when a file cannot be opened with this errno: the sandbox may be the reason. "": it is
 * not. */
const char *dm_at_start_only(const struct dm_parent *p, int error);
bool dm_sandboxes_take(struct dm_child *c, const struct dm_msg *m); /* a child's report; false: no child says this */
void dm_sandboxes_tell(struct dm_parent *p);                        /* a new core is ready: tells it everything */
void dm_sandboxes_gone(struct dm_child *c);                         /* before the pid is forgotten */
void dm_sandboxes_ended(struct dm_child *c, int status);            /* words and a counter, when the sandbox ended it */
