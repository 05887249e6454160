/* tls_words.h - explains OpenSSL's error queue in our own texts. For src/tls only. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define TLS_NO_CERTIFICATE "no certificate given, or none of a kind that is asked for (P-256, P-384, RSA of at least 2048 bits)"

/* Writes the meaning of the first error in the queue to `why`, returns our code for it, and clears
 * the queue. `refusal` is the reason of our own check of the other side's certificate, "" if there
 * is none. */
int tls_words(char *why, size_t why_size, bool in_handshake, const char *refusal);
