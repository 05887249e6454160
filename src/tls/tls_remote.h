/* tls_remote.h - private keys that are somewhere else: the OpenSSL provider that stands for them,
 * and handshakes that pause until a signature comes. One for a process.
 *
 * The provider is built in and lives in a library context of its own: nothing else in the process
 * sees it, and no openssl.cnf is read for it. Its key objects hold a public key; whoever asks them
 * for a private part is refused, so that libcrypto cannot move a key into its default provider. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tls/tls_signer.h"

struct tls_remote;

/* `signer` is copied; what it points to is borrowed until tls_remote_free(). `waiting_max`:
 * handshakes that wait for a signature at the same time. ERR_NOMEM, ERR_STATE (this OpenSSL takes
 * no provider of ours). */
ERR_MUST_USE int tls_remote_new(struct tls_remote **out, const struct tls_signer *signer, unsigned waiting_max);
/* NULL allowed. All contexts and streams that use it were freed before. */
void tls_remote_free(struct tls_remote *r);
/* Handshakes that wait now. */
unsigned tls_remote_waiting(const struct tls_remote *r);
