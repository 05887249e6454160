/* csl_login.h - the socket at which 'mtcctl console' asks for a link. The kernel says who the
 * caller is (SO_PEERCRED, SO_PEERGROUPS); the caller says nothing. */
#pragma once
#include "console/csl_door.h"
#include "console/csl_person.h"

#define CSL_LOGIN_COMMAND "console.link"

struct csl_login;
struct csl_login_conf { /* borrows everything until csl_login_free() */
	int fd;         /* listens */
	struct csl_door *door;
	struct csl_roles roles;
	const char *url; /* "http://127.0.0.1:8640/" */
	uint64_t link_ms;
	const struct log *log;
};

/* ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int csl_login_new(struct csl_login **out, struct net_loop *loop, const struct csl_login_conf *conf);
void csl_login_free(struct csl_login *l); /* NULL allowed */
