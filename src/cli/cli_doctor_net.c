/* cli_doctor_net.c - `doctor`: the addresses, ports and names of the configuration, as this
 * machine and DNS have them. Nothing is sent to anybody but the system's resolver, and, for a peer
 * that the gateway does not reach, one TCP connection to where DNS has it. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/shown.h"
#include "base/str.h"
#include "cli/cli_doctor.h"
#include "conf/cfg_iwf_ocsp.h"
#include "doctor/doc_dns.h"
#include "doctor/doc_probe.h"
#include "net/net_sctp.h"
#include "net/net_usr.h"

/* -- the kernel */

static const char *needs_sctp(const struct cfg_iwf *cfg, const char **name)
{
	for (size_t i = 0; i < cfg->listen_n; i++) {
		if (cfg->listen[i].transport == TRANSPORT_SCTP) {
			*name = cfg->listen[i].name;
			return "listener";
		}
	}
	for (size_t i = 0; i < cfg->peers_n; i++) {
		if (cfg->peers[i].transport == TRANSPORT_SCTP) {
			*name = cfg->peers[i].name;
			return "peer";
		}
	}
	return NULL;
}

static void look_at_sctp(struct cli_doctor *d, const struct cfg_iwf *cfg)
{
	const char *name = "", *of = needs_sctp(cfg, &name);

	if (of && !net_sctp_possible()) {
		doc_say(&d->report, DOC_SCTP_MISSING, name,
			DOC_WORDS({ "of", of }, { "name", name }, { "why", strerror(EPROTONOSUPPORT) }));
	}
}

/* -- our addresses */

static socklen_t sockaddr_of(struct sockaddr_storage *out, const char *address, uint16_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	*out = (struct sockaddr_storage){ 0 };
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof *v4;
	}
	if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		return sizeof *v6;
	}
	return 0;
}

/* Returns 0, or errno of an attempt to bind a socket of this kind. */
static int try_bind(const char *address, uint16_t port, int type, int protocol)
{
	struct sockaddr_storage at;
	socklen_t len = sockaddr_of(&at, address, port);
	int fd = len ? socket(at.ss_family, type | SOCK_CLOEXEC, protocol) : -1, err;

	if (fd < 0) {
		return len ? errno : 0;
	}
	err = bind(fd, (const struct sockaddr *)&at, len) ? errno : 0;
	close(fd);
	return err;
}

static void look_at_address(struct cli_doctor *d, const char *address, const char *of, const char *name, const char *key)
{
	if (*address && try_bind(address, 0, SOCK_DGRAM, 0) == EADDRNOTAVAIL) {
		doc_say(&d->report, DOC_ADDRESS_MISSING, name,
			DOC_WORDS({ "address", address }, { "of", of }, { "name", name }, { "key", key }));
	}
}

static void look_at_addresses(struct cli_doctor *d, const struct cfg_iwf *cfg)
{
	for (size_t i = 0; i < cfg->listen_n; i++) {
		const struct cfg_listen *l = &cfg->listen[i];

		look_at_address(d, l->address, "listener", l->name, "listen[].address");
		for (size_t k = 0; k < l->more_addresses_n; k++) {
			look_at_address(d, l->more_addresses[k], "listener", l->name, "listen[].more_addresses");
		}
	}
	for (size_t i = 0; i < cfg->peers_n; i++) {
		const struct cfg_peer *p = &cfg->peers[i];

		for (size_t k = 0; k < p->local_addresses_n; k++) {
			look_at_address(d, p->local_addresses[k], "peer", p->name, "peers[].local_addresses");
		}
	}
}

/* -- our ports: one that can be taken has nobody who listens */

static int try_port(const struct cfg_listen *l, uint16_t port)
{
	switch (l->transport) {
	case TRANSPORT_SCTP:
		return net_sctp_possible() ? try_bind(l->address, port, SOCK_STREAM, IPPROTO_SCTP) : EADDRINUSE;
	case TRANSPORT_SCTP_UDP:
		return try_bind(l->address, l->udp_port, SOCK_DGRAM, 0);
	default:
		return try_bind(l->address, port, SOCK_STREAM, 0);
	}
}

static void say_shut(struct cli_doctor *d, const struct cfg_listen *l, uint16_t port)
{
	char address[SHOWN_ADDRESS_MAX];

	doc_say(&d->report, DOC_LISTENER_SHUT, l->name,
		DOC_WORDS({ "address", shown_address(address, l->address, port) }, { "name", l->name },
			  { "transport", transport_word(l->transport) }));
}

static void look_at_listeners(struct cli_doctor *d, const struct cfg_iwf *cfg, const json_t *rows)
{
	static const char *const by_name[] = { "name", NULL };
	char n[SHOWN_COUNT_MAX];
	size_t well = 0;

	for (size_t i = 0; i < cfg->listen_n; i++) {
		const json_t *row = cli_doctor_row(rows, by_name, cfg->listen[i].name);
		json_int_t told = json_integer_value(json_object_get(row, "port"));
		uint16_t port = cfg->listen[i].port ? cfg->listen[i].port : told > 0 && told <= UINT16_MAX ? (uint16_t)told : 0;

		if (!row || !port) {
			continue; /* the gateway that runs does not have it */
		}
		if (try_port(&cfg->listen[i], port) == 0) {
			say_shut(d, &cfg->listen[i], port);
		} else {
			well++;
		}
	}
	if (well) {
		doc_say(&d->report, DOC_LISTENING, "listeners", DOC_WORDS({ "n", shown_count(n, well, "listener") }));
	}
}

/* -- names */

/* The resolver is given a second for each attempt, unless the environment says otherwise. */
static void resolve(struct doc_dns *d)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *list = NULL;
	int err;

	err_ignore(setenv("RES_OPTIONS", "timeout:1 attempts:1", 0), "then it takes longer");
	err = getaddrinfo(d->host, NULL, &hints, &list);
	if (err) {
		d->unresolved = gai_strerror(err);
		return;
	}
	for (const struct addrinfo *a = list; a && d->found_n < DOC_DNS_ADDRESSES_MAX; a = a->ai_next) {
		if (getnameinfo(a->ai_addr, a->ai_addrlen, d->found[d->found_n], DOC_DNS_ADDRESS_MAX, NULL, 0, NI_NUMERICHOST) ==
		    0) {
			d->found_n++;
		}
	}
	freeaddrinfo(list);
}

/* Where DNS has a peer that does not answer at its address. */
static void try_found(struct doc_dns *d, const struct cfg_peer *peer, char why[DOC_PROBE_WHY_MAX])
{
	d->tried = true;
	for (size_t i = 0; i < d->found_n && !d->answer; i++) {
		struct doc_probe probe = { .address = d->found[i], .port = peer->port, .wait_ms = CLI_DOCTOR_PROBE_MS };

		if (doc_probe(&probe, why) == DOC_REACH_CONNECTS) {
			d->answer = d->found[i];
		}
	}
	d->why = why;
}

void cli_doctor_peer_name(struct cli_doctor *d, const struct cfg_peer *peer, bool reached)
{
	char what[CFG_NAME_MAX + 8], why[DOC_PROBE_WHY_MAX] = "";
	struct doc_dns dns = {
		.about = peer->name, .what = what, .key = "peers[].address", .host = peer->host, .address = peer->address
	};

	snprintf(what, sizeof what, "peer %s", peer->name);
	resolve(&dns);
	if (!reached && peer->transport == TRANSPORT_TCP && dns.found_n && !doc_dns_has(&dns)) {
		try_found(&dns, peer, why);
	}
	doc_look_at_dns(&d->report, &dns);
}

/* Who is asked by URL: the name in it stands for the certificate and the HTTP request, and the
 * address beside it is connected to. */
static void look_at_urls(struct cli_doctor *d, const struct cfg_iwf *cfg)
{
	for (size_t i = 0; i < CFG_RESPONDERS_MAX; i++) {
		struct cfg_responder r;
		char what[96];
		struct doc_dns dns = { .what = what };

		if (!cfg_responder(&r, cfg, i) || r.url.is_address) {
			continue;
		}
		if (i == CFG_RECEIVER) {
			str_set(what, sizeof what, "the receiver of checkpoints");
			dns.key = "audit.publish_address";
			dns.about = "audit";
		} else {
			bool anchor = i < CFG_ANCHORS_MAX;

			dns.about = anchor ? cfg->anchors[i].name : cfg->listen[i - CFG_ANCHORS_MAX].name;
			dns.key = anchor ? "trust_anchors[].ocsp_address" : "listen[].ocsp_address";
			snprintf(what, sizeof what, "the OCSP responder of %s %s", anchor ? "trust anchor" : "listener",
				 dns.about);
		}
		dns.host = r.url.host;
		dns.address = r.address;
		resolve(&dns);
		doc_look_at_dns(&d->report, &dns);
	}
}

void cli_doctor_net(struct cli_doctor *d, const struct cfg_iwf *cfg, const json_t *status)
{
	look_at_sctp(d, cfg);
	look_at_addresses(d, cfg);
	look_at_listeners(d, cfg, json_object_get(status, "listeners"));
	look_at_urls(d, cfg);
}
