/* doc_scs.h - what is wrong with one SCS: by the rows of the control socket and by the end of the
 * decision log, which has the answers it got. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "doctor/doc_report.h"

/* The last decisions about one SCS. All zero at first; each is owned, NULL: the lines have none. */
struct doc_tail {
	json_t *admitted, *refused; /* action "session" */
	json_t *mended;             /* action "provisioning": what it was refused for is changed since */
	json_t *request;            /* refused, any other action of an SCS */
};
/* Takes a line of the decision log if it is about the SCS: by its name, or, in a line without one,
 * by its Diameter host. Lines come oldest first. A line that is no decision is left out. */
void doc_tail_take(struct doc_tail *t, const char *scs, const char *host, const char *line, size_t len);
void doc_tail_fini(struct doc_tail *t);

struct doc_scs {                  /* borrowed */
	const json_t *row;        /* of scs.show */
	const json_t *sessions;   /* array: its rows of sessions */
	const json_t *blocks;     /* array: rows of assoc.list with effect block: of it, its groups and of * */
	const json_t *allows;     /* array: the same with effect allow, without * */
	const json_t *quota;      /* row of quota.show; NULL: none */
	const json_t *ndsip;      /* row of ndsip.status; NULL: NDS/IP does not protect it */
	const json_t *responders; /* array: rows ocsp of status; NULL: none */
	const struct doc_tail *tail;
	const char *no_tail; /* why the decision log was not read; NULL: it was */
};

void doc_look_at_scs(struct doc_report *r, const struct doc_scs *s);

/* The cause that stands for the reason of a refused session. Every reason has one. */
enum doc_cause doc_cause_of_session(const char *reason);

/* A name that is no SCS's: whether a connection with it was refused. False: nothing was said. */
bool doc_look_at_stranger(struct doc_report *r, const char *name, const struct doc_tail *tail);
