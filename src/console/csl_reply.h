/* csl_reply.h - what is sent to a browser: the one place that adds the headers which every answer
 * has. */
#pragma once
#include <jansson.h>
#include <microhttpd.h>
#include <stddef.h>

#include "console/csl_file.h"

/* An answer, queued. MHD_NO: it could not be made, and the connection closes. */
enum MHD_Result csl_reply_file(struct MHD_Connection *c, const struct csl_file *file);
/* Takes `text`, which was allocated; `cookie` (NULL: none) is the value of Set-Cookie. */
enum MHD_Result csl_reply_text(struct MHD_Connection *c, unsigned status, char *text, size_t len, const char *cookie);
/* Takes `body`; NULL: out of memory, which is what the browser is told. */
enum MHD_Result csl_reply_json(struct MHD_Connection *c, unsigned status, json_t *body, const char *cookie);
/* {"error":words} */
enum MHD_Result csl_reply_error(struct MHD_Connection *c, unsigned status, const char *words);
/* The status for what csl_ask() says. */
unsigned csl_reply_status(int err);
