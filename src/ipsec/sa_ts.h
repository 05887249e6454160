/* sa_ts.h - addresses and traffic selectors of IPsec: which packets a pair of security associations
 * carries. charon writes a selector as "10.77.1.1/32", "10.77.1.1/32[tcp/3868]",
 * "10.0.0.1..10.0.0.9[tcp/1000-2000]"; protocol and port may stand there by their names of
 * /etc/protocols and /etc/services. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ipsec/vici.h"

enum sa_protocol {
	SA_ANY = 0,
	SA_TCP = 6,
	SA_UDP = 17,
	SA_SCTP = 132,
	SA_OTHER = 255, /* one with a name that we do not know: none of the above */
};

struct sa_address {
	uint8_t family;     /* 4 or 6; 0: none */
	uint8_t octets[16]; /* 4 or 16, and zeros */
};

struct sa_end { /* of a connection */
	struct sa_address address;
	uint16_t port;
};

struct sa_ts {
	struct sa_address from, to; /* of one family, from <= to */
	uint8_t protocol;           /* SA_ANY: every one */
	/* A port that charon wrote with a name that we do not know, or OPAQUE, or several that were
	 * joined. Nobody can say which ports it holds; from and to are those of every port. */
	bool port_unknown;
	uint16_t port_from, port_to; /* 0 and 65535: every port */
};

/* What /etc/services calls a port: charon writes that name in place of the number. */
#define SA_SERVICE_NAME_MAX 31
struct sa_service {
	char name[SA_SERVICE_NAME_MAX + 1];
	uint16_t port;
};
struct sa_services { /* borrowed */
	const struct sa_service *row;
	size_t n;
};

/* A numeric address. An IPv4 address in the form of IPv6 (::ffff:a.b.c.d) becomes IPv4. ERR_INVAL:
 * it is none. */
#define SA_ADDRESS_TEXT_MAX 46 /* with NUL */
ERR_MUST_USE int sa_address_read(struct sa_address *out, const char *text, size_t len);
/* The numeric form. */
void sa_address_text(char out[SA_ADDRESS_TEXT_MAX], const struct sa_address *a);
/* 0.0.0.0 or ::, which is no host. */
bool sa_address_unspecified(const struct sa_address *a);
bool sa_address_equal(const struct sa_address *a, const struct sa_address *b);
/* -1, 0, 1; the families in order, then the octets. */
int sa_address_order(const struct sa_address *a, const struct sa_address *b);

/* ERR_INVAL: no selector that charon would write. Borrows nothing. */
ERR_MUST_USE int sa_ts_read(struct sa_ts *out, const struct vici_text *text, struct sa_services services);
/* The form that charon reads, with numbers. */
#define SA_TS_TEXT_MAX 128
void sa_ts_text(char out[SA_TS_TEXT_MAX], const struct sa_ts *ts);

/* Whether the addresses of ts hold this one, whatever protocol and port. */
bool sa_ts_holds_address(const struct sa_ts *ts, const struct sa_address *address);
enum sa_hold { SA_OUTSIDE, SA_INSIDE, SA_UNKNOWN }; /* UNKNOWN: it depends on a port_unknown */
enum sa_hold sa_ts_holds(const struct sa_ts *ts, const struct sa_end *end, uint8_t protocol);
/* Widens `ts` to a selector that holds `more`, too, and says of no port for certain that it is
 * inside. ERR_INVAL: they are of two families. */
ERR_MUST_USE int sa_ts_join(struct sa_ts *ts, const struct sa_ts *more);
/* One host, that is from = to. */
bool sa_ts_is_host(const struct sa_ts *ts);
/* Whether a packet can be in both. A port_unknown counts as every port. */
bool sa_ts_meet(const struct sa_ts *a, const struct sa_ts *b);
bool sa_ts_meet_addresses(const struct sa_ts *a, const struct sa_ts *b);
