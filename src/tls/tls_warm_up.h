/* tls_warm_up.h - OpenSSL reads its files while it can. */
#pragma once

/* Starts OpenSSL: openssl.cnf, providers, words of errors, random numbers. A process calls this
 * before it enters its sandbox: first used inside, OpenSSL ignores its configuration without a word
 * (findings/openssl-landlock-config.sh). Repeated calls are harmless; what cannot be started is
 * reported when the first context is made. */
void tls_warm_up(void);
/* The version of OpenSSL that is linked at run time, "3.0.17". Static. */
const char *tls_library_version(void);
