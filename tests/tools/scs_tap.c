/* scs_tap - loaded in front of mtc-scs (LD_PRELOAD): keeps what it reads and writes inside TLS, and the handshake messages
 * that it reads, for the test that nothing internal is sent to an SCS (tests/support/tap.py). Files in $MTC_TAP: one for each
 * connection and direction. A test that cannot be heard
 * must not pass for silent: what cannot be kept ends the program. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/ssl.h>

typedef int moved_fn(SSL *ssl, void *octets, size_t size, size_t *done);

static moved_fn *real(const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);
	moved_fn *fn;

	if (!symbol) {
		abort();
	}
	*(void **)&fn = symbol; /* POSIX: a pointer of dlsym() is one of a function */
	return fn;
}

/* mtc-scs has one connection at a time; an SSL that comes after another is the next one. */
static unsigned number_of(const SSL *ssl)
{
	static const SSL *last;
	static unsigned number;

	if (ssl != last) {
		last = ssl;
		number++;
	}
	return number;
}

static void keep(const SSL *ssl, const char *direction, const void *octets, size_t n)
{
	const char *folder = getenv("MTC_TAP");
	char path[4096];
	int fd, len;

	if (!folder || !n) {
		return;
	}
	len = snprintf(path, sizeof path, "%s/mtc-scs-%d-%u.%s", folder, (int)getpid(), number_of(ssl), direction);
	if (len < 0 || (size_t)len >= sizeof path) {
		abort();
	}
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, octets, n) != (ssize_t)n || close(fd)) {
		abort();
	}
}

int SSL_read_ex(SSL *ssl, void *octets, size_t size, size_t *done)
{
	static moved_fn *next;
	int ok;

	next = next ? next : real("SSL_read_ex");
	ok = next(ssl, octets, size, done);
	if (ok == 1) {
		keep(ssl, "read", octets, *done);
	}
	return ok;
}

int SSL_write_ex(SSL *ssl, const void *octets, size_t size, size_t *done)
{
	static moved_fn *next;
	int ok;

	next = next ? next : real("SSL_write_ex");
	ok = next(ssl, (void *)(size_t)octets, size, done);
	if (ok == 1) {
		keep(ssl, "written", octets, *done);
	}
	return ok;
}

static void on_message(int written, int version, int type, const void *octets, size_t n, SSL *ssl, void *arg)
{
	(void)version;
	(void)arg;
	if (!written && type == SSL3_RT_HANDSHAKE) {
		keep(ssl, "handshake", octets, n);
	}
}

SSL *SSL_new(SSL_CTX *ctx)
{
	static SSL *(*next)(SSL_CTX * ctx);
	SSL *ssl;

	if (!next) {
		*(void **)&next = dlsym(RTLD_NEXT, "SSL_new");
	}
	if (!next) {
		abort();
	}
	ssl = next(ctx);
	if (ssl) {
		SSL_set_msg_callback(ssl, on_message);
	}
	return ssl;
}
