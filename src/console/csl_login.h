/* csl_login.h - the socket at which 'mtcctl console' asks for a link. We only accept there: the
 * connection is handed over to mtc-iwfd, which learns from the kernel who that is (SO_PEERCRED,
 * SO_PEERGROUPS) and answers. The caller says nothing, and neither do we. */
#pragma once
#include "base/log.h"
#include "console/csl_ask.h"
#include "console/csl_door.h"
#include "net/net_loop.h"

struct csl_login;
struct csl_login_conf { /* borrows everything until csl_login_free() */
	int fd;         /* listens */
	struct csl_door *door;
	const struct csl_ask_conf *ask;
	const char *url; /* "http://127.0.0.1:8640/#" */
	uint64_t link_ms;
	const struct log *log;
};

/* Starts a thread, which hands over one person after the other. ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int csl_login_new(struct csl_login **out, struct net_loop *loop, const struct csl_login_conf *conf);
/* From time to time: tells of refusals that got no line. */
void csl_login_look(struct csl_login *l);
/* Waits until a question to mtc-iwfd is answered. NULL allowed. */
void csl_login_free(struct csl_login *l);
