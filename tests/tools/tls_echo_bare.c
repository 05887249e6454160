/* tls_echo_bare - an echo server of epoll and OpenSSL on the descriptor, written the short way: what our streams are measured against.
 * Same profile (suite, group, mutual authentication, no tickets) as tls_echo; none of our code.
 *
 *   tls_echo_bare CERT KEY ANCHOR      prints {"event":"ready",...,"port":N}; ends on SIGTERM */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

struct conn {
	SSL *ssl;
	int fd;
};

static SSL_CTX *make_ctx(char **argv)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	if (!c || SSL_CTX_use_certificate_chain_file(c, argv[1]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(c, argv[2], SSL_FILETYPE_PEM) != 1 || SSL_CTX_load_verify_file(c, argv[3]) != 1) {
		return NULL;
	}
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_num_tickets(c, 0);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_ciphersuites(c, "TLS_AES_128_GCM_SHA256");
	SSL_CTX_set1_groups_list(c, "P-256");
	return c;
}

static void drop(struct conn *c)
{
	SSL_free(c->ssl);
	close(c->fd);
	free(c);
}

static void serve(struct conn *c)
{
	static char buf[16384];
	int n, r;

	ERR_clear_error();
	while ((n = SSL_read(c->ssl, buf, sizeof buf)) > 0) {
		if (SSL_write(c->ssl, buf, n) <= 0) { /* load generators read: a full socket is not met */
			drop(c);
			return;
		}
	}
	r = SSL_get_error(c->ssl, n);
	if (r != SSL_ERROR_WANT_READ && r != SSL_ERROR_WANT_WRITE) {
		drop(c);
	}
}

static void take(SSL_CTX *ctx, int ep, int listen_fd)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
	struct conn *c;

	if (fd < 0) {
		return;
	}
	c = malloc(sizeof *c);
	if (!c) {
		abort();
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	*c = (struct conn){ .ssl = SSL_new(ctx), .fd = fd };
	SSL_set_fd(c->ssl, fd);
	SSL_set_accept_state(c->ssl);
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLIN, .data.ptr = c });
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), ep = epoll_create1(0);
	SSL_CTX *ctx = argc == 4 ? make_ctx(argv) : NULL;
	struct epoll_event ev[256];

	if (!ctx || bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 1024) ||
	    getsockname(fd, (struct sockaddr *)&a, &len)) {
		fprintf(stderr, "usage: tls_echo_bare CERT KEY ANCHOR\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLIN, .data.ptr = NULL });
	printf("{\"event\":\"ready\",\"address\":\"127.0.0.1\",\"port\":%u}\n", ntohs(a.sin_port));
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(ep, ev, 256, -1);

		for (int i = 0; i < n; i++) {
			if (ev[i].data.ptr) {
				serve(ev[i].data.ptr);
			} else {
				take(ctx, ep, fd);
			}
		}
	}
}
