/* csl_enter.h - the two log-ins: by a link, and by the client certificate of the connection. */
#pragma once
#include <jansson.h>

#include "console/csl_ask.h"
#include "console/csl_secure.h"

struct csl_enter_conf { /* borrowed */
	struct csl_door *door;
	struct csl_secure *secure;
	const struct csl_ask_conf *ask;
	const struct log *log;
};

/* Whose session it is, with the token of our pages. New reference; NULL: out of memory. */
json_t *csl_enter_json(const struct csl_session *s);
/* Answers a request with a link in its body (borrowed; JSON). `tls`: it came over TLS. */
enum MHD_Result csl_enter_link(const struct csl_enter_conf *e, struct MHD_Connection *c, bool tls, const char *body, size_t len);
/* Tells mtc-iwfd that the log-in of this person is over. Nothing for one by a certificate. */
void csl_enter_leave(const struct csl_enter_conf *e, const struct csl_person *person);
/* Answers a request of a connection with a client certificate. */
enum MHD_Result csl_enter_certificate(const struct csl_enter_conf *e, struct MHD_Connection *c, const struct csl_way *way);
