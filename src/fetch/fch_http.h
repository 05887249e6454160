/* fch_http.h - the little of HTTP that asks an OCSP responder (RFC 6960 appendix A.1) and hands in
 * checkpoints of the audit: one POST for a connection. The request is HTTP/1.0 with Host, so that
 * no server may answer in chunks (RFC 9112 6.1); redirections are not followed. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/http_url.h"

#define FCH_HTTP_HEAD_MAX 4096u        /* octets of the head of a response */
#define FCH_HTTP_REQUEST_HEAD_MAX 768u /* bytes of the head of a request, with the NUL */

/* Writes the head of a request with a body of `len` octets of this type. Returns its length. */
#define FCH_HTTP_OCSP "application/ocsp-request"
#define FCH_HTTP_CHECKPOINT "application/json"
size_t fch_http_request(char out[FCH_HTTP_REQUEST_HEAD_MAX], const struct http_url *url, const char *type, size_t len);

/* What was received so far; `ended`: there is no more. 0: the body is at *body and whole.
 * ERR_AGAIN: more has to come. ERR_PROTO: no response of status 200 with
 * application/ocsp-response. ERR_LIMIT: its body is longer than body_max, or its head than
 * FCH_HTTP_HEAD_MAX. */
ERR_MUST_USE int fch_http_response(const uint8_t **body, size_t *body_len, const uint8_t *p, size_t n, bool ended,
				   size_t body_max);

/* The same of a receiver that only takes something: 0 as soon as the status line is whole and says
 * 2xx; *line_len is its length. ERR_AGAIN, ERR_PROTO, ERR_LIMIT. */
ERR_MUST_USE int fch_http_taken(size_t *line_len, const uint8_t *p, size_t n, bool ended);
