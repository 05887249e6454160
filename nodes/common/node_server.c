/* node_server.c - accepts links, admits them, passes requests on, disconnects. Links are in one
 * list, the youngest first; only this file frees them. */
#include "nodes/common/node_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/obj.h"
#include "base/str.h"
#include "net/net_transport.h"

#define BACKLOG 128
#define HURRY_MS 1000 /* a second order to stop before is the same one */

#define CLIENT_MAGIC 0xff453a0eu
struct client {
	struct obj obj;
	struct node_server *server;
	struct link *link;
	struct client *next;
	bool opened;
};

#define SERVER_MAGIC 0xb44f02c7u
struct node_server {
	struct obj obj;
	struct net_loop *loop;
	const struct node_server_conf *conf;
	const struct node_server_cb *cb;
	void *arg;
	int fd;
	uint16_t port;
	struct net_listener *listener;
	struct client *clients;
	uint32_t clients_n;
	struct net_timer *parting;
	void (*done)(void *arg);
	void *done_arg;
	uint64_t stopping_ms; /* since when */
};

static bool name_proven(const struct link *l, struct dia_bytes host)
{
	const struct net_stream *stream = link_stream(l);
	const struct tls_identity *id = stream ? tls_stream_identity(stream) : NULL;

	for (uint8_t i = 0; id && i < id->names_n; i++) {
		if (str_equal_nocase(id->names[i], strlen(id->names[i]), host.p, host.len)) {
			return true;
		}
	}
	return false;
}

static bool listed(const struct node_server_conf *c, struct dia_bytes host)
{
	for (size_t i = 0; i < c->allowed_n; i++) {
		if (str_equal_nocase(c->allowed[i], strlen(c->allowed[i]), host.p, host.len)) {
			return true;
		}
	}
	return c->allowed_n == 0;
}

static void client_on_cer(void *arg, struct link *l, const struct dia_capabilities *cer)
{
	const struct client *c = OBJ_OF(arg, struct client, CLIENT_MAGIC);
	const struct node_server_conf *conf = c->server->conf;
	const char *why = NULL;

	if (conf->tls && !name_proven(l, cer->origin_host)) {
		why = "its certificate does not bear that name";
	} else if (!listed(conf, cer->origin_host)) {
		why = "it is not among the hosts that may connect";
	}
	if (!why) {
		link_admit(l);
		return;
	}
	log_warn(conf->link.log, "server", "%.*s at %s refused with 3010: %s", (int)cer->origin_host.len,
		 (const char *)cer->origin_host.p, link_address(l), why);
	link_refuse(l, DIA_RESULT_UNKNOWN_PEER);
}

static void client_on_open(void *arg, struct link *l)
{
	struct client *c = OBJ_OF(arg, struct client, CLIENT_MAGIC);
	struct node_server *s = c->server;

	c->opened = true;
	log_info(s->conf->link.log, "server", "%s connected from %s", link_peer_host(l), link_address(l));
	if (s->cb->on_open) {
		s->cb->on_open(s->arg, l);
	}
}

static void client_on_request(void *arg, struct link *l, const struct dia_msg *m)
{
	struct client *c = OBJ_OF(arg, struct client, CLIENT_MAGIC);

	c->server->cb->on_request(c->server->arg, l, m);
}

static void client_unlink(struct node_server *s, struct client *c)
{
	struct client **at = &s->clients;

	while (*at && *at != c) {
		at = &(*at)->next;
	}
	if (*at) {
		*at = c->next;
		s->clients_n--;
	}
}

static void client_on_down(void *arg, struct link *l, int err, const char *why)
{
	struct client *c = OBJ_OF(arg, struct client, CLIENT_MAGIC);
	struct node_server *s = c->server;
	const char *kind = err_str_beside(err, why);

	log_info(s->conf->link.log, "server", "%s at %s is gone: %s%s%s%s", c->opened ? link_peer_host(l) : "a peer",
		 link_address(l), why, *kind ? " (" : "", kind, *kind ? ")" : "");
	client_unlink(s, c);
	if (c->opened && s->cb->on_down) {
		s->cb->on_down(s->arg, l);
	}
	link_free(l);
	OBJ_END(c, CLIENT_MAGIC);
	free(c);
	if (s->done && !s->clients) {
		net_timer_start(s->parting, 0);
	}
}

static const struct link_cb client_cb = {
	.on_cer = client_on_cer,
	.on_open = client_on_open,
	.on_request = client_on_request,
	.on_down = client_on_down,
};

static const struct net_stream_cb no_stream_cb; /* the link sets its own at once */

static int open_stream(struct net_stream **out, struct node_server *s, int fd, const char *peer)
{
	const struct net_sctp_ends *sctp = s->conf->sctp;
	int transport = !sctp ? TRANSPORT_TCP : sctp->in_udp ? TRANSPORT_SCTP_UDP : TRANSPORT_SCTP;
	const struct net_stream_conf conf = { .message_len_max = s->conf->link.limits.message_len_max };

	if (s->conf->tls) {
		return tls_accept(out, s->conf->tls, s->loop, fd, peer, NULL, &no_stream_cb, NULL);
	}
	return net_accept(out, s->loop, transport, fd, peer, &conf, &no_stream_cb, NULL);
}

static void on_accept(void *arg, int fd, const char *peer)
{
	struct node_server *s = OBJ_OF(arg, struct node_server, SERVER_MAGIC);
	uint32_t max = s->conf->connections_max ? s->conf->connections_max : NODE_CONNECTIONS_MAX;
	struct net_stream *stream = NULL;
	struct client *c = NULL;
	int err = ERR_BUSY;

	if (s->clients_n >= max) {
		goto close_fd;
	}
	c = calloc(1, sizeof *c);
	err = c ? open_stream(&stream, s, fd, peer) : ERR_NOMEM;
	if (err) {
		goto close_fd;
	}
	obj_begin(&c->obj, CLIENT_MAGIC);
	c->server = s;
	err = link_accept(&c->link, s->loop, stream, &s->conf->link, &client_cb, c);
	if (err) {
		goto close_stream;
	}
	c->next = s->clients;
	s->clients = c;
	s->clients_n++;
	return;

close_stream:
	net_stream_close(stream);
	fd = -1;
close_fd:
	log_warn(s->conf->link.log, "server", "connection from %s closed at once: %s", peer, err_str(err));
	if (fd >= 0) {
		close(fd);
	}
	free(c);
}

static void on_parted(void *arg)
{
	struct node_server *s = OBJ_OF(arg, struct node_server, SERVER_MAGIC);
	void (*done)(void *) = s->done;

	s->done = NULL;
	if (done) {
		done(s->done_arg);
	}
}

int node_server_new(struct node_server **out, struct net_loop *loop, const struct node_server_conf *conf,
		    const struct node_server_cb *cb, void *arg)
{
	struct node_server *s = calloc(1, sizeof *s);
	int err, kept;

	if (!s) {
		return ERR_NOMEM;
	}
	obj_begin(&s->obj, SERVER_MAGIC);
	s->loop = loop;
	s->conf = conf;
	s->cb = cb;
	s->arg = arg;
	err = net_timer_new(&s->parting, loop, on_parted, s);
	if (err) {
		goto free_server;
	}
	err = net_bind(&s->fd, &s->port, conf->address, conf->port, conf->sctp, BACKLOG);
	if (err) {
		goto free_timer;
	}
	err = net_listen(&s->listener, loop, s->fd, s->port, conf->sctp, on_accept, s);
	if (err) {
		goto close_fd;
	}
	*out = s;
	return 0;

close_fd:
	close(s->fd);
free_timer:
	kept = errno;
	net_timer_free(s->parting);
	errno = kept;
free_server:
	kept = errno;
	free(s);
	errno = kept;
	return err;
}

uint16_t node_server_port(const struct node_server *s)
{
	return s->port;
}

struct link *node_server_find(const struct node_server *s, const char *host)
{
	for (const struct client *c = s->clients; c; c = c->next) {
		const char *theirs = link_peer_host(c->link);

		if (link_is_open(c->link) && str_equal_nocase(theirs, strlen(theirs), host, strlen(host))) {
			return c->link;
		}
	}
	return NULL;
}

static void stop_listening(struct node_server *s)
{
	net_listener_free(s->listener);
	s->listener = NULL;
	if (s->fd >= 0) {
		close(s->fd);
	}
	s->fd = -1;
}

void node_server_stop(struct node_server *s, void (*done)(void *arg), void *arg)
{
	uint32_t wait_ms = s->conf->link.dpa_wait_ms ? s->conf->link.dpa_wait_ms : 5000;

	if (s->done) {
		if (net_loop_now_ms(s->loop) - s->stopping_ms >= HURRY_MS) {
			net_timer_start(s->parting, 0);
		}
		return;
	}
	s->stopping_ms = net_loop_now_ms(s->loop);
	stop_listening(s);
	s->done = done;
	s->done_arg = arg;
	net_timer_start(s->parting, s->clients ? wait_ms + 1000 : 0);
	for (struct client *c = s->clients, *next; c; c = next) {
		next = c->next;
		if (link_is_open(c->link)) {
			link_disconnect(c->link, DIA_DISCONNECT_REBOOTING);
		} else {
			link_drop(c->link, "this node is stopping");
		}
	}
}

void node_server_free(struct node_server *s)
{
	if (!s) {
		return;
	}
	stop_listening(s);
	while (s->clients) {
		struct client *c = s->clients;

		s->clients = c->next;
		link_free(c->link);
		OBJ_END(c, CLIENT_MAGIC);
		free(c);
	}
	net_timer_free(s->parting);
	OBJ_END(s, SERVER_MAGIC);
	free(s);
}
