/* csl_head.h - the head of a request: what it asks for, whose session it is, and whether it may go
 * on. What is refused for its head is refused before a body is read. */
#pragma once
#include <microhttpd.h>

#include "base/obj.h"
#include "console/csl_slow.h"
#include "console/csl_web.h"

#define CSL_BODY_MAX ((size_t)64 * 1024) /* what a request of the control socket may have */

#define CSL_CALL_MAGIC 0x0ee47ac3u
struct csl_call { /* one request */
	struct obj obj;
	enum csl_method method;
	struct csl_target target;
	struct csl_session session; /* of whoever asks; unset for files and the log-in */
	struct csl_way way;
	char cookie[CSL_SECRET_MAX];
	char *body; /* owned */
	size_t len;
	int file; /* body of an import; owned; -1: none */
	uint64_t file_len;
	bool asked; /* `slow` was put: the browser's connection rests until it has its answer */
	struct csl_slow_job slow;
};

/* Takes the head of a request. 0, or the status of the refusal with its words. */
unsigned csl_head_judge(const struct csl_web_conf *w, struct MHD_Connection *c, struct csl_call *call, const char *path,
			const char **words);
/* The session of cookie and token; both prove the page, so no other page can make a browser ask.
 * ERR_AUTH. */
ERR_MUST_USE int csl_head_session(const struct csl_web_conf *w, struct MHD_Connection *c, struct csl_call *call);
/* Whether it needs no session. */
bool csl_head_open_to_all(enum csl_what what);
