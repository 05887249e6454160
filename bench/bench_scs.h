/* bench_scs.h - one SCS of the load: who it is, its TLS, its requests encoded once. */
#pragma once
#include "bench/bench_form.h"
#include "link/link_ids.h"
#include "link/link_peer.h"

struct bench_gateway { /* borrowed texts */
	const char *host, *realm, *ca;
	char address[64];
	uint16_t port;
};

/* "meter-{}@a.example" and the numbers that stand in its place, each with so many digits */
struct bench_devices {
	const char *pattern;
	uint64_t first, last;
	size_t digits;
};

struct bench_scs {
	char *host, *realm, *e164, *certificate, *key; /* parts of `text` */
	char *text;                                    /* owned */
	struct tls_ctx *tls;                           /* NULL: without TLS */
	struct link_ids ids;
	struct link_conf conf;
	struct link_peer_conf peer;
	struct bench_form dar, dna;
	size_t session_at, device_at, reference_at;
	size_t digits;
};

/* Reads "HOST,REALM,E164,CERTIFICATE,KEY" (the last two left out: without TLS) and encodes. Says
 * what is wrong on standard error; ERR_INVAL. */
ERR_MUST_USE int bench_scs_init(struct bench_scs *s, const char *words, const struct bench_gateway *g,
				const struct bench_devices *d, uint32_t payload_len, uint32_t pending_max, const struct log *log);
void bench_scs_fini(struct bench_scs *s);

/* The next request, valid until the next call: its own Session-Id and End-to-End-Id. */
const struct bench_form *bench_scs_request(struct bench_scs *s, uint64_t device, uint32_t reference);
