/* csl_gate.h - who is logged in: marks of links, and sessions. Both tables are bounded. A link is a
 * mark of ours and a secret of mtc-iwfd, which alone knows the person; whoever has no mark cannot
 * even make us ask. A mark is used once, within its time. A session ends when it is idle for too
 * long, at the latest after its absolute time, or by log-out. Secrets are compared without regard
 * to where they differ.
 * PURE: times and random octets are arguments. Not for two threads at once. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ctl/ctl_server.h"

#define CSL_SECRET_OCTETS 16 /* 128 random bits in each mark, cookie and token */
#define CSL_SECRET_MAX (2 * CSL_SECRET_OCTETS + 1)

struct csl_gate;

struct csl_gate_conf {
	uint32_t links_max, sessions_max, sessions_per_person;
	uint64_t link_ms, idle_ms, session_ms;
};

/* How a session began, and how a request comes. A session that began over TLS is used over TLS, and
 * one of a certificate with this certificate only. */
#define CSL_FINGERPRINT_MAX 65 /* SHA-256 in hexadecimal digits, with the NUL */
struct csl_way {
	bool tls;
	char fingerprint[CSL_FINGERPRINT_MAX]; /* of the verified client certificate; "": none */
};

struct csl_person {
	char name[CTL_NAME_MAX];
	enum ctl_role role;
	/* of the log-in, as mtc-iwfd gave it; "": by a certificate, of which only we know */
	char ticket[CSL_SECRET_MAX];
};

struct csl_session { /* a copy; the gate keeps its own */
	struct csl_person person;
	char token[CSL_SECRET_MAX];
	uint64_t idle_left_ms, left_ms;
};

/* ERR_NOMEM. */
ERR_MUST_USE int csl_gate_new(struct csl_gate **out, const struct csl_gate_conf *conf);
void csl_gate_free(struct csl_gate *g); /* NULL allowed */

/* Makes a mark of the random octets, for a link of the user `uid`. A user with sessions_per_person
 * of them loses the oldest. ERR_BUSY: links_max of others are open, and none has run out. */
ERR_MUST_USE int csl_gate_mark(struct csl_gate *g, uid_t uid, const uint8_t random[CSL_SECRET_OCTETS], uint64_t now_ms,
			       char mark[CSL_SECRET_MAX]);
/* Uses a mark up. ERR_AUTH: no such mark is open. */
ERR_MUST_USE int csl_gate_use(struct csl_gate *g, const char *mark, uint64_t now_ms);
/* Begins a session, bound to `way`; `random` makes its cookie and its token. A person with
 * sessions_per_person of them loses the one that was idle longest. ERR_BUSY: sessions_max of others
 * are open. */
ERR_MUST_USE int csl_gate_begin(struct csl_gate *g, const struct csl_person *person, const struct csl_way *way,
				const uint8_t random[2 * CSL_SECRET_OCTETS], uint64_t now_ms, char cookie[CSL_SECRET_MAX],
				struct csl_session *out);
/* The session of this cookie and this token; both are needed. The way has to be the session's; a
 * session that began without a certificate asks for none. `acts`: its idle time begins anew; false
 * for what a page asks by itself. ERR_AUTH: none, or it has ended. */
ERR_MUST_USE int csl_gate_find(struct csl_gate *g, const char *cookie, const char *token, const struct csl_way *way, bool acts,
			       uint64_t now_ms, struct csl_session *out);
/* Ends the session of this cookie; nothing happens without one. */
void csl_gate_end(struct csl_gate *g, const char *cookie);
/* Sessions that are open now. */
uint32_t csl_gate_sessions(struct csl_gate *g, uint64_t now_ms);
