/* csl_door.h - the gate for several threads, with the clock and the random numbers of this
 * machine. */
#pragma once
#include "console/csl_gate.h"

struct csl_door;

/* ERR_NOMEM. */
ERR_MUST_USE int csl_door_new(struct csl_door **out, const struct csl_gate_conf *conf);
void csl_door_free(struct csl_door *d); /* NULL allowed */

/* As csl_gate_mark(); ERR_IO: the machine has no random numbers. */
ERR_MUST_USE int csl_door_mark(struct csl_door *d, uid_t uid, char mark[CSL_SECRET_MAX]);
/* As csl_gate_use(). */
ERR_MUST_USE int csl_door_use(struct csl_door *d, const char *mark);
/* Begins the session of a person who has proved to be that. ERR_BUSY, ERR_IO. */
ERR_MUST_USE int csl_door_open(struct csl_door *d, const struct csl_person *person, const struct csl_way *way,
			       char cookie[CSL_SECRET_MAX], struct csl_session *out);
/* As csl_gate_find(). */
ERR_MUST_USE int csl_door_find(struct csl_door *d, const char *cookie, const char *token, const struct csl_way *way, bool acts,
			       struct csl_session *out);
void csl_door_leave(struct csl_door *d, const char *cookie);
