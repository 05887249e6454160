/* tls_remote.c - the library context with our provider in it, and handshakes that wait.
 *
 *   tls_call_run() --> fiber: SSL_do_handshake() --> provider: tls_call_sign() --begin()--> pause
 *                                                                                            |
 *   ready() <------- done() of the signer;  tls_call_run() again --> continues after it <----+
 *
 * OpenSSL has asynchronous jobs of its own. Their stacks are 32 KiB of heap without a guard page,
 * below a parser of what strangers send; and the sanitizers do not know them. */
#include "tls/tls_remote.h"

#include <stdlib.h>

#include "tls/tls_provider.h"

int tls_remote_new(struct tls_remote **out, const struct tls_signer *signer, unsigned waiting_max)
{
	struct tls_remote *r = calloc(1, sizeof *r);
	int err = ERR_NOMEM;

	if (!r) {
		return ERR_NOMEM;
	}
	r->signer = *signer;
	r->lib = OSSL_LIB_CTX_new();
	if (r->lib) {
		err = fiber_pool_new(&r->fibers, waiting_max);
	}
	/* What is fetched without a word on it comes from the default provider. A preference, not a
	 * demand: libcrypto asks by the same query for the SIGNATURE of a key of ours. */
	if (!err &&
	    (OSSL_PROVIDER_add_builtin(r->lib, TLS_PROVIDER_NAME, tls_provider_init) != 1 ||
	     !(r->base = OSSL_PROVIDER_load(r->lib, "default")) || !(r->own = OSSL_PROVIDER_load(r->lib, TLS_PROVIDER_NAME)) ||
	     EVP_set_default_properties(r->lib, "?provider=default") != 1)) {
		err = ERR_STATE;
	}
	if (err) {
		tls_remote_free(r);
	} else {
		*out = r;
	}
	return err;
}

void tls_remote_free(struct tls_remote *r)
{
	if (!r) {
		return;
	}
	if (r->own) {
		(void)OSSL_PROVIDER_unload(r->own);
	}
	if (r->base) {
		(void)OSSL_PROVIDER_unload(r->base);
	}
	OSSL_LIB_CTX_free(r->lib);
	fiber_pool_free(r->fibers);
	free(r);
}

unsigned tls_remote_waiting(const struct tls_remote *r)
{
	return fiber_pool_used(r->fibers);
}

/* -- inside of the fiber */

static void shake(void *arg)
{
	struct tls_call *c = OBJ_OF(arg, struct tls_call, TLS_CALL_MAGIC);

	c->result = SSL_do_handshake(c->ssl);
}

static void on_done(struct tls_signing *s, int err, const char *why);

bool tls_call_sign(struct tls_remote *r, struct tls_signing *s)
{
	struct tls_call *c = r->now;

	if (!c || c->ending) {
		return false; /* nobody who could wait */
	}
	if (!s->scheme) {
		c->err = ERR_AUTH;
		c->why = "no signature in a scheme of the profile is possible (ECDSA or RSA-PSS with SHA-256 or SHA-384)";
		return false;
	}
	s->done = on_done;
	s->owner = c;
	c->err = r->signer.begin(r->signer.arg, s, &c->why);
	if (c->err) {
		return false;
	}
	c->signing = s;
	fiber_pause(c->fiber);
	c->signing = NULL;
	c->signed_once = !c->err;
	return c->signed_once;
}

/* -- outside */

static void on_done(struct tls_signing *s, int err, const char *why)
{
	struct tls_call *c = s->owner;

	c->signing = NULL;
	c->err = err;
	c->why = err ? why : NULL;
	c->ready(c->arg);
}

/* Runs the fiber until it waits or is over. Fibers are not nested: a handshake calls nobody who
 * runs another one. */
static bool go_on(struct tls_call *c, struct tls_remote *r)
{
	bool over;

	r->now = c;
	over = fiber_run(c->fiber);
	r->now = NULL;
	if (over) {
		c->fiber = NULL;
	}
	return over;
}

int tls_call_run(struct tls_call *c, struct tls_remote *r, SSL *ssl)
{
	int err;

	if (c->signing) {
		return ERR_AGAIN;
	}
	if (c->signed_once && !c->fiber) {
		c->result = SSL_do_handshake(ssl); /* asked again, tls_call_sign() would refuse */
		return 0;
	}
	if (!c->fiber) {
		obj_begin(&c->obj, TLS_CALL_MAGIC);
		c->ssl = ssl;
		err = fiber_new(&c->fiber, r->fibers, shake, c);
		if (err) {
			c->err = err;
			c->why = err == ERR_LIMIT ? "too many handshakes wait for a signature (keyholder.waiting)" : NULL;
			return err;
		}
	}
	return go_on(c, r) ? 0 : ERR_AGAIN;
}

void tls_call_end(struct tls_call *c, struct tls_remote *r)
{
	if (!c->fiber) {
		return;
	}
	if (c->signing) {
		r->signer.cancel(r->signer.arg, c->signing);
		c->signing = NULL;
		c->err = ERR_CLOSED;
		c->why = "the handshake ended before its signature came";
	}
	c->ending = true;
	c->err = c->err ? c->err : ERR_CLOSED;
	while (!go_on(c, r)) {
		/* It is refused another wait, so this ends. */
	}
	ERR_clear_error();
}
