/* tls_words.h - OpenSSL's error queue in our words. For src/tls only. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define TLS_NO_CERTIFICATE "no certificate given, or none of a kind that is asked for (P-256, P-384, RSA of at least 2048 bits)"

/* Says in `why` what the first error in the queue means, returns our code for it, and clears the queue. `refusal` is what
 * our own check of the other side's certificate said, "" if it said nothing. */
int tls_words(char *why, size_t why_size, bool in_handshake, const char *refusal);
