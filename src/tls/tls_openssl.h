/* tls_openssl.h - OpenSSL for src/tls. Its types.h has a type ERR_STATE (deprecated, of no use to
 * anybody), our err.h an error code of that name; OpenSSL's is renamed while its headers are read.
 * No other file includes <openssl/...>. */
#pragma once
#define ERR_STATE openssl_err_state
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#undef ERR_STATE
