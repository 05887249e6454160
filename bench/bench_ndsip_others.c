/* bench_ndsip_others.c - see bench_ndsip.h: what is around the helper. */
#include "bench/bench_ndsip.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "bench/bench_hist.h"
#include "ipsec/sa_conn.h"
#include "ipsec/vici_write.h"
#include "ndsip/ns_msg.h"

#define LOCAL BENCH_NDSIP_ADDRESS "/32[tcp/3868]"
#define WAIT_MS 600000 /* for anything: then something is wrong */

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* -- the others: core, edge, and charon */

struct others {
	struct bench_ndsip_ends ends; /* charon -1: it is a real one */
	const struct bench_ndsip_options *o;
	uint8_t *in; /* from the helper to charon */
	size_t in_len;
	unsigned loaded;
	uint8_t *proof; /* enum ns_proof of each connection, as the edge was told last */
	unsigned proven;
};

static struct bench_ndsip_usage ask(const struct others *w)
{
	struct bench_ndsip_usage u;

	if (send(w->ends.ask, "?", 1, MSG_NOSIGNAL) != 1 || recv(w->ends.ask, &u, sizeof u, 0) != (ssize_t)sizeof u) {
		bench_ndsip_die("the helper does not answer");
	}
	return u;
}

static void send_all(int fd, const void *p, size_t n)
{
	if (send(fd, p, n, MSG_NOSIGNAL) != (ssize_t)n) {
		bench_ndsip_die("the helper does not read");
	}
}

static void send_message(int fd, const struct ns_msg *m)
{
	uint8_t octets[NS_MSG_OCTETS_MAX];
	size_t n = ns_msg_encode(octets, m);

	errno = 0;
	if (!n) {
		bench_ndsip_die("a message has no form");
	}
	send_all(fd, octets, n);
}

static struct sa_address host_of(unsigned i)
{
	return (struct sa_address){ .family = 4, .octets = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } };
}

static void answer(const struct others *w, enum vici_type type)
{
	uint8_t room[64];
	struct vici_out o = vici_out_over(room, sizeof room);
	size_t len;

	buf_be32(&o.b, 0);
	buf_u8(&o.b, (uint8_t)type);
	if (type == VICI_RESPONSE) {
		vici_put_value(&o, "success", "yes");
	}
	if (vici_out_end(&o, &len)) {
		bench_ndsip_die("an answer of charon");
	}
	send_all(w->ends.charon, room, len);
}

static void charon_turn(struct others *w)
{
	size_t at = 0, n;
	ssize_t got = recv(w->ends.charon, w->in + w->in_len, VICI_LENGTH_LEN + VICI_PACKET_MAX - w->in_len, MSG_DONTWAIT);

	w->in_len += got > 0 ? (size_t)got : 0;
	while (vici_frame(&n, w->in + at, w->in_len - at) == 0) {
		answer(w, w->in[at + VICI_LENGTH_LEN] == VICI_REGISTER ? VICI_CONFIRM : VICI_RESPONSE);
		at += n;
	}
	memmove(w->in, w->in + at, w->in_len - at);
	w->in_len -= at;
}

static void take(struct others *w, int fd, enum ns_side from)
{
	uint8_t octets[NS_MSG_OCTETS_MAX];
	struct ns_msg m;
	ssize_t n;

	while ((n = recv(fd, octets, sizeof octets, MSG_DONTWAIT)) > 0) {
		errno = 0;
		if (ns_msg_decode(&m, from, octets, (size_t)n)) {
			bench_ndsip_die("the helper sent what is no message");
		}
		if (m.kind == NS_SUMMARY) {
			w->loaded = m.summary.loaded;
		} else if (m.kind == NS_STATE && m.state.id && m.state.id <= w->o->connections) {
			w->proven -= w->proof[m.state.id - 1] == NS_PROVEN;
			w->proven += m.state.proof == NS_PROVEN;
			w->proof[m.state.id - 1] = m.state.proof;
		}
	}
}

/* Serves the helper until something came. */
static void turn(struct others *w)
{
	struct pollfd fds[] = { { w->ends.core, POLLIN, 0 }, { w->ends.edge, POLLIN, 0 }, { w->ends.charon, POLLIN, 0 } };

	errno = 0;
	if (poll(fds, 3, WAIT_MS) <= 0) {
		bench_ndsip_die("the helper says nothing any more");
	}
	if (fds[2].revents) {
		charon_turn(w);
	}
	take(w, w->ends.core, NS_TO_CORE);
	take(w, w->ends.edge, NS_TO_EDGE);
}

static void give_list(struct others *w)
{
	struct ns_msg m = { .kind = NS_BEGIN, .begin = { 1, w->o->scs, BENCH_NDSIP_FILES } };

	send_message(w->ends.core, &m);
	for (unsigned i = 0; i < w->o->scs; i++) {
		m = (struct ns_msg){ .kind = NS_SCS,
				     .scs = { .list = 1, .known = true, .anchor = BENCH_NDSIP_ANCHOR, .hosts_n = 1 } };
		snprintf(m.scs.name, sizeof m.scs.name, "scs-%u", i);
		snprintf(m.scs.identity, sizeof m.scs.identity, "scs-%u.example", i);
		m.scs.hosts[0] = host_of(i);
		send_message(w->ends.core, &m);
	}
	m = (struct ns_msg){ .kind = NS_END, .end = { 1, w->o->scs } };
	send_message(w->ends.core, &m);
}

/* A child-updown of the SCS, in the form that charon 5.9.8 gives it. */
static void say_child(const struct others *w, unsigned i, bool up)
{
	char connection[64], identity[64], number[16], host[SA_ADDRESS_TEXT_MAX], remote[SA_ADDRESS_TEXT_MAX + 16];
	struct sa_address address = host_of(i);
	uint8_t room[2048];
	struct vici_out o = vici_out_over(room, sizeof room);
	size_t len;

	snprintf(connection, sizeof connection, SA_CONN_PREFIX "scs-%u", i);
	snprintf(identity, sizeof identity, "scs-%u.example", i);
	snprintf(number, sizeof number, "%u", i + 1);
	sa_address_text(host, &address);
	snprintf(remote, sizeof remote, "%s/32[tcp]", host);
	buf_be32(&o.b, 0);
	buf_u8(&o.b, VICI_EVENT);
	buf_u8(&o.b, (uint8_t)strlen("child-updown"));
	buf_bytes(&o.b, "child-updown", strlen("child-updown"));
	if (up) {
		vici_put_value(&o, "up", "yes");
	}
	vici_put_section(&o, connection);
	vici_put_value(&o, "uniqueid", number);
	vici_put_value(&o, "version", "2");
	vici_put_value(&o, "state", "ESTABLISHED");
	vici_put_value(&o, "remote-id", identity);
	vici_put_section(&o, "child-sas");
	vici_put_section(&o, "host-1-1");
	vici_put_value(&o, "name", "host-1");
	vici_put_value(&o, "uniqueid", number);
	vici_put_value(&o, "state", "INSTALLED");
	vici_put_list_of(&o, "local-ts", LOCAL);
	vici_put_list_of(&o, "remote-ts", remote);
	vici_put_section_end(&o);
	vici_put_section_end(&o);
	vici_put_section_end(&o);
	if (vici_out_end(&o, &len)) {
		bench_ndsip_die("an event of charon");
	}
	send_all(w->ends.charon, room, len);
}

static void open_connection(const struct others *w, unsigned i)
{
	struct ns_msg m = { .kind = NS_OPEN,
			    .open = { .id = i + 1,
				      .protocol = SA_TCP,
				      .local_port = BENCH_NDSIP_PORT,
				      .remote_port = 40000,
				      .local_n = 1,
				      .remote_n = 1 } };

	m.open.remote[0] = host_of(i);
	if (sa_address_read(&m.open.local[0], BENCH_NDSIP_ADDRESS, strlen(BENCH_NDSIP_ADDRESS))) {
		bench_ndsip_die("our address");
	}
	send_message(w->ends.edge, &m);
}

static void load(struct others *w)
{
	struct bench_ndsip_usage before = ask(w), after;
	double begin = now_us(), all;

	give_list(w);
	while (w->loaded < w->o->scs) {
		turn(w);
	}
	all = now_us() - begin;
	after = ask(w);
	printf("{\"scs\": %u, \"load_ms\": %.0f, \"ours_ms\": %.0f, \"memory_kib\": %ld", w->o->scs, all / 1e3,
	       (after.cpu_us - before.cpu_us) / 1e3, after.memory_kib);
}

/* One event of one SCS after the other: the connection is held, and proven again. */
static void tell_events(struct others *w)
{
	static struct bench_hist hist;
	struct bench_ndsip_usage before = ask(w), after;

	for (unsigned e = 0; e < w->o->events; e++) {
		unsigned i = e / 2 * 7919 % w->o->connections;
		bool up = e % 2;
		double begin = now_us();

		say_child(w, i, up);
		while (w->proof[i] != (up ? NS_PROVEN : NS_HELD)) {
			turn(w);
		}
		bench_hist_add(&hist, (uint64_t)(now_us() - begin));
	}
	after = ask(w);
	printf(", \"connections\": %u, \"events\": %u, \"event_us\": {\"p50\": %.0f, \"p99\": %.0f, \"max\": %llu}, "
	       "\"event_cpu_us\": %.1f",
	       w->o->connections, w->o->events, bench_hist_at(&hist, 0.5), bench_hist_at(&hist, 0.99),
	       (unsigned long long)hist.max_us, (after.cpu_us - before.cpu_us) / w->o->events);
}

void bench_ndsip_others(const struct bench_ndsip_ends *ends, const struct bench_ndsip_options *o)
{
	struct others w = { .ends = *ends, .o = o, .in = malloc(VICI_LENGTH_LEN + VICI_PACKET_MAX) };

	w.proof = calloc(o->connections + 1, 1);
	if (!w.in || !w.proof) {
		bench_ndsip_die("memory");
	}
	load(&w);
	if (o->connections) {
		for (unsigned i = 0; i < o->connections; i++) {
			say_child(&w, i, true);
			open_connection(&w, i);
		}
		while (w.proven < o->connections) {
			turn(&w);
		}
		tell_events(&w);
	}
	puts("}");
	free(w.in);
	free(w.proof);
}
