/* csl_reply.c - headers. The policy for contents allows our own files and nothing else: no script
 * in a page, no style in a page, no other host, no frame around it. */
#include "console/csl_reply.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static const struct {
	const char *name, *value;
} headers[] = {
	{ "Content-Security-Policy",
	  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
	  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Permissions-Policy", "camera=(), microphone=(), geolocation=()" },
	{ "Cache-Control", "no-store" },
};

static enum MHD_Result queue(struct MHD_Connection *c, unsigned status, struct MHD_Response *r, const char *type,
			     const char *cookie)
{
	enum MHD_Result ok = MHD_YES;

	if (!r) {
		return MHD_NO;
	}
	for (size_t i = 0; ok == MHD_YES && i < sizeof headers / sizeof *headers; i++) {
		ok = MHD_add_response_header(r, headers[i].name, headers[i].value);
	}
	if (ok == MHD_YES) {
		ok = MHD_add_response_header(r, "Content-Type", type);
	}
	if (ok == MHD_YES && cookie) {
		ok = MHD_add_response_header(r, "Set-Cookie", cookie);
	}
	if (ok == MHD_YES) {
		ok = MHD_queue_response(c, status, r);
	}
	MHD_destroy_response(r);
	return ok;
}

enum MHD_Result csl_reply_file(struct MHD_Connection *c, const struct csl_file *file)
{
	return queue(c, MHD_HTTP_OK,
		     MHD_create_response_from_buffer(file->len, (void *)(uintptr_t)file->octets, MHD_RESPMEM_PERSISTENT),
		     file->type, NULL);
}

enum MHD_Result csl_reply_text(struct MHD_Connection *c, unsigned status, char *text, size_t len, const char *cookie)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);

	if (!r) {
		free(text);
	}
	return queue(c, status, r, "application/json", cookie);
}

enum MHD_Result csl_reply_json(struct MHD_Connection *c, unsigned status, json_t *body, const char *cookie)
{
	char *text = body ? json_dumps(body, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	json_decref(body);
	if (!text) {
		static const char words[] = "{\"error\":\"out of memory\"}";

		return queue(c, MHD_HTTP_INTERNAL_SERVER_ERROR,
			     MHD_create_response_from_buffer(sizeof words - 1, (void *)(uintptr_t)words, MHD_RESPMEM_PERSISTENT),
			     "application/json", NULL);
	}
	return csl_reply_text(c, status, text, strlen(text), cookie);
}

enum MHD_Result csl_reply_error(struct MHD_Connection *c, unsigned status, const char *words)
{
	return csl_reply_json(c, status, json_pack("{s:s}", "error", words), NULL);
}

unsigned csl_reply_status(int err)
{
	switch (err) {
	case ERR_REFUSED:
		return MHD_HTTP_BAD_REQUEST;
	case ERR_AUTH:
		return MHD_HTTP_UNAUTHORIZED;
	case ERR_TIMEOUT:
		return MHD_HTTP_GATEWAY_TIMEOUT;
	case ERR_LIMIT:
		return MHD_HTTP_BAD_GATEWAY;
	default:
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
}
