/* sa_ts.c - addresses and traffic selectors, read, written and compared. */
#include "ipsec/sa_ts.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/str.h"
#include "base/text.h"

#define PORT_MAX 65535u

int sa_address_read(struct sa_address *out, const char *text, size_t len)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	char copy[SA_ADDRESS_TEXT_MAX];
	struct sa_address a = { 0 };

	if (str_copy(copy, sizeof copy, text, len)) {
		return ERR_INVAL;
	}
	if (inet_pton(AF_INET, copy, a.octets) == 1) {
		a.family = 4;
	} else if (inet_pton(AF_INET6, copy, a.octets) == 1) {
		a.family = 6;
	} else {
		return ERR_INVAL;
	}
	if (a.family == 6 && !memcmp(a.octets, mapped, sizeof mapped)) {
		memmove(a.octets, a.octets + 12, 4);
		memset(a.octets + 4, 0, 12);
		a.family = 4;
	}
	*out = a;
	return 0;
}

void sa_address_text(char out[SA_ADDRESS_TEXT_MAX], const struct sa_address *a)
{
	if (!inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->octets, out, SA_ADDRESS_TEXT_MAX)) {
		str_set(out, SA_ADDRESS_TEXT_MAX, "?");
	}
}

bool sa_address_unspecified(const struct sa_address *a)
{
	static const uint8_t zero[sizeof a->octets];

	return memcmp(a->octets, zero, sizeof zero) == 0;
}

int sa_address_order(const struct sa_address *a, const struct sa_address *b)
{
	int order = a->family != b->family ? a->family - b->family : memcmp(a->octets, b->octets, sizeof a->octets);

	return order < 0 ? -1 : order > 0;
}

bool sa_address_equal(const struct sa_address *a, const struct sa_address *b)
{
	return sa_address_order(a, b) == 0;
}

/* -- reading */

static const char *find(const char *p, const char *end, char c)
{
	return p < end ? memchr(p, c, (size_t)(end - p)) : NULL;
}

static int read_number(uint32_t *out, const char *p, const char *end, uint32_t max)
{
	char digits[8];

	if (str_copy(digits, sizeof digits, p, (size_t)(end - p))) {
		return ERR_INVAL;
	}
	return str_parse_u32(out, digits, 0, max) ? ERR_INVAL : 0;
}

/* from and to of a subnet. The bits behind the prefix have to be zero, as charon writes them. */
static int spread(struct sa_ts *ts, uint32_t prefix)
{
	ts->to = ts->from;
	for (uint32_t bit = prefix; bit < (ts->from.family == 4 ? 32u : 128u); bit++) {
		uint8_t mask = (uint8_t)(0x80u >> bit % 8);

		if (ts->from.octets[bit / 8] & mask) {
			return ERR_INVAL;
		}
		ts->to.octets[bit / 8] |= mask;
	}
	return 0;
}

static int read_addresses(struct sa_ts *ts, const char *p, const char *end)
{
	const char *slash = find(p, end, '/'), *dots = memmem(p, (size_t)(end - p), "..", 2);
	uint32_t prefix;

	if (slash) {
		if (sa_address_read(&ts->from, p, (size_t)(slash - p)) ||
		    read_number(&prefix, slash + 1, end, ts->from.family == 4 ? 32 : 128)) {
			return ERR_INVAL;
		}
		return spread(ts, prefix);
	}
	if (!dots) { /* charon always writes a prefix; an operator may leave out that of a host */
		if (sa_address_read(&ts->from, p, (size_t)(end - p))) {
			return ERR_INVAL;
		}
		ts->to = ts->from;
		return 0;
	}
	if (sa_address_read(&ts->from, p, (size_t)(dots - p)) || sa_address_read(&ts->to, dots + 2, (size_t)(end - dots - 2))) {
		return ERR_INVAL;
	}
	return ts->from.family != ts->to.family || sa_address_order(&ts->from, &ts->to) > 0 ? ERR_INVAL : 0;
}

/* Of /etc/protocols or /etc/services. */
static bool is_name(const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p <= 0x20 || *p > 0x7e || *p == ']' || *p == '[') {
			return false;
		}
	}
	return true;
}

static int read_protocol(struct sa_ts *ts, const char *p, const char *end)
{
	static const struct {
		const char *name;
		uint8_t number;
	} names[] = { { "tcp", SA_TCP }, { "udp", SA_UDP }, { "sctp", SA_SCTP }, { "icmp", 1 }, { "ipv6-icmp", 58 } };
	struct vici_text word = { p, (size_t)(end - p) };
	uint32_t number;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (str_equal_nocase(word.p, word.len, names[i].name, strlen(names[i].name))) {
			ts->protocol = names[i].number;
			return 0;
		}
	}
	if (p == end || !is_name(p, end)) {
		return ERR_INVAL;
	}
	ts->protocol = read_number(&number, p, end, 255) ? SA_OTHER : (uint8_t)number;
	return 0;
}

/* The whole range stays in ts when the name is not known. */
static void read_service(struct sa_ts *ts, const char *p, const char *end, struct sa_services services)
{
	struct vici_text word = { p, (size_t)(end - p) };

	for (size_t i = 0; i < services.n; i++) {
		if (vici_text_is(&word, services.row[i].name)) {
			ts->port_from = ts->port_to = services.row[i].port;
			return;
		}
	}
	ts->port_unknown = true;
}

static int read_ports(struct sa_ts *ts, const char *p, const char *end, struct sa_services services)
{
	const char *minus = find(p, end, '-');
	uint32_t from, to;

	if (p == end || !is_name(p, end)) {
		return ERR_INVAL;
	}
	if (*p < '0' || *p > '9') {
		read_service(ts, p, end, services);
		return 0;
	}
	if (read_number(&from, p, minus ? minus : end, PORT_MAX)) {
		read_service(ts, p, end, services); /* a name may begin with a digit */
		return 0;
	}
	to = from;
	if (minus && read_number(&to, minus + 1, end, PORT_MAX)) {
		return ERR_INVAL;
	}
	if (from > to) {
		return ERR_INVAL;
	}
	ts->port_from = (uint16_t)from;
	ts->port_to = (uint16_t)to;
	return 0;
}

int sa_ts_read(struct sa_ts *out, const struct vici_text *text, struct sa_services services)
{
	struct sa_ts ts = { .port_to = PORT_MAX };
	const char *p = text->p, *end = p + text->len, *open = find(p, end, '['), *slash;

	if (text->len == 0 || text->len >= SA_TS_TEXT_MAX || read_addresses(&ts, p, open ? open : end)) {
		return ERR_INVAL;
	}
	if (open) {
		if (end[-1] != ']') {
			return ERR_INVAL;
		}
		end--;
		slash = find(open, end, '/');
		if (read_protocol(&ts, open + 1, slash ? slash : end) || (slash && read_ports(&ts, slash + 1, end, services))) {
			return ERR_INVAL;
		}
	}
	*out = ts;
	return 0;
}

/* -- writing */

static void text_address(struct text *t, const struct sa_address *a)
{
	char room[SA_ADDRESS_TEXT_MAX];

	sa_address_text(room, a);
	text_add(t, room);
}

/* The prefix of the subnet from..to; -1: it is none. */
static int prefix_of(const struct sa_ts *ts)
{
	struct sa_ts subnet = { .from = ts->from };
	int bits = ts->from.family == 4 ? 32 : 128;

	for (int prefix = bits; prefix >= 0; prefix--) {
		if (spread(&subnet, (uint32_t)prefix)) {
			return -1;
		}
		if (sa_address_equal(&subnet.to, &ts->to)) {
			return prefix;
		}
	}
	return -1;
}

void sa_ts_text(char out[SA_TS_TEXT_MAX], const struct sa_ts *ts)
{
	struct text t = text_over(out, SA_TS_TEXT_MAX);
	int prefix = prefix_of(ts);
	bool every_port = ts->port_from == 0 && ts->port_to == PORT_MAX;

	text_address(&t, &ts->from);
	if (prefix >= 0) {
		text_char(&t, '/');
		text_u32(&t, (uint32_t)prefix);
	} else {
		text_add(&t, "..");
		text_address(&t, &ts->to);
	}
	if (!ts->protocol && every_port) {
		return;
	}
	text_char(&t, '[');
	text_u32(&t, ts->protocol);
	if (!every_port) {
		text_char(&t, '/');
		text_u32(&t, ts->port_from);
		if (ts->port_to != ts->port_from) {
			text_char(&t, '-');
			text_u32(&t, ts->port_to);
		}
	}
	text_char(&t, ']');
}

/* -- comparing */

bool sa_ts_holds_address(const struct sa_ts *ts, const struct sa_address *address)
{
	return address->family == ts->from.family && sa_address_order(&ts->from, address) <= 0 &&
	       sa_address_order(address, &ts->to) <= 0;
}

enum sa_hold sa_ts_holds(const struct sa_ts *ts, const struct sa_end *end, uint8_t protocol)
{
	if (!sa_ts_holds_address(ts, &end->address) || (ts->protocol != SA_ANY && ts->protocol != protocol)) {
		return SA_OUTSIDE;
	}
	if (ts->port_unknown) {
		return SA_UNKNOWN;
	}
	return ts->port_from <= end->port && end->port <= ts->port_to ? SA_INSIDE : SA_OUTSIDE;
}

int sa_ts_join(struct sa_ts *ts, const struct sa_ts *more)
{
	if (ts->from.family != more->from.family) {
		return ERR_INVAL;
	}
	ts->from = sa_address_order(&more->from, &ts->from) < 0 ? more->from : ts->from;
	ts->to = sa_address_order(&more->to, &ts->to) > 0 ? more->to : ts->to;
	ts->protocol = ts->protocol == more->protocol ? ts->protocol : SA_ANY;
	ts->port_from = 0;
	ts->port_to = PORT_MAX;
	ts->port_unknown = true;
	return 0;
}

bool sa_ts_is_host(const struct sa_ts *ts)
{
	return sa_address_equal(&ts->from, &ts->to);
}

bool sa_ts_meet_addresses(const struct sa_ts *a, const struct sa_ts *b)
{
	return a->from.family == b->from.family && sa_address_order(&a->from, &b->to) <= 0 &&
	       sa_address_order(&b->from, &a->to) <= 0;
}

bool sa_ts_meet(const struct sa_ts *a, const struct sa_ts *b)
{
	bool protocols = a->protocol == SA_ANY || b->protocol == SA_ANY || a->protocol == b->protocol;

	return protocols && sa_ts_meet_addresses(a, b) && a->port_from <= b->port_to && b->port_from <= a->port_to;
}
