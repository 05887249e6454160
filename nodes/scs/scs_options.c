/* scs_options.c - each option is one row (scs_option_rows.c) and one case here; rules over several
 * options are checked at the end. */
#include "nodes/scs/scs_options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/nearest.h"
#include "base/str.h"
#include "nodes/scs/scs_option_rows.h"

struct parse {
	struct scs_options o;
	const char *text, *hex, *file, *connect, *device, *devices;
	bool has_reference, tls, has_window;
	char *why;
};

static int wrong(const struct parse *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int wrong(const struct parse *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->why, SCS_WHY_MAX, fmt, ap);
	va_end(ap);
	return ERR_INVAL;
}

static int number(const struct parse *p, uint32_t *out, const char *name, const char *text, uint32_t min, uint32_t max)
{
	if (str_parse_u32(out, text, min, max)) {
		return wrong(p, "--%s %.40s: expected a number from %u to %u", name, text, min, max);
	}
	return 0;
}

static int host(const struct parse *p, char out[IDENT_HOST_MAX + 1], const char *name, const char *text)
{
	if (ident_host(out, text, strlen(text))) {
		return wrong(p, "--%s %.80s: expected a host name such as scs.acme.example", name, text);
	}
	return 0;
}

static int digits(const struct parse *p, char out[IDENT_MSISDN_MAX + 1], const char *name, const char *text)
{
	if (ident_msisdn(out, text, strlen(text))) {
		return wrong(p, "--%s %.40s: expected 5 to 15 digits in international form, without + and leading 0", name, text);
	}
	return 0;
}

/* Adds an address to a list. */
static int address(const struct parse *p, const char *name, const char **list, size_t *n, size_t max, const char *text)
{
	uint8_t binary[16];

	if (inet_pton(AF_INET, text, binary) != 1 && inet_pton(AF_INET6, text, binary) != 1) {
		return wrong(p, "--%s %.60s: expected a numeric address, 127.0.0.1 or ::1", name, text);
	}
	if (*n == max) {
		return wrong(p, "--%s: expected at most %zu of them", name, max);
	}
	list[(*n)++] = text;
	return 0;
}

static int take_connection(struct parse *p, int id, const char *value)
{
	struct scs_options *o = &p->o;

	switch (id) {
	case OPT_CONNECT:
		p->connect = value;
		return 0;
	case OPT_TLS:
		p->tls = true;
		return 0;
	case OPT_PLAIN:
		o->plain = true;
		return 0;
	case OPT_SCTP:
		o->sctp = true;
		return 0;
	case OPT_UDP_PORT:
		return number(p, &o->udp_port, "udp-port", value, 1, 65535);
	case OPT_LOCAL:
		return address(p, "local", o->local, &o->local_n, TRANSPORT_MORE_MAX + 1, value);
	case OPT_MORE:
		return address(p, "more", o->more, &o->more_n, TRANSPORT_MORE_MAX, value);
	case OPT_CERT:
		o->certificate = value;
		return 0;
	case OPT_KEY:
		o->key = value;
		return 0;
	case OPT_CA:
	case OPT_ANCHOR:
		if (o->anchors_n == IDENTITY_ANCHORS_MAX) {
			return wrong(p, "--ca: expected at most %d of them", IDENTITY_ANCHORS_MAX);
		}
		o->anchors[o->anchors_n++] = value;
		return 0;
	case OPT_KEYLOG:
		o->keylog = value;
		return 0;
	case OPT_ORIGIN_HOST:
		return host(p, o->origin_host, "origin-host", value);
	case OPT_REALM:
		return host(p, o->realm, "realm", value);
	case OPT_IWF_HOST:
		return host(p, o->iwf_host, "iwf-host", value);
	case OPT_IWF_REALM:
		return host(p, o->iwf_realm, "iwf-realm", value);
	case OPT_CONNECT_WAIT:
		return number(p, &o->connect_wait_s, "connect-wait", value, 1, 3600);
	default:
		return number(p, &o->answer_wait_s, "answer-wait", value, 1, 3600);
	}
}

static int take_request(struct parse *p, int id, const char *value)
{
	struct scs_options *o = &p->o;

	switch (id) {
	case OPT_IDENTITY:
		return digits(p, o->scs_identity, "scs-identity", value);
	case OPT_DEVICE:
		p->device = value;
		return 0;
	case OPT_DEVICES:
		p->devices = value;
		return 0;
	case OPT_MSISDN:
		return digits(p, o->msisdn, "msisdn", value);
	case OPT_PAYLOAD:
		p->text = value;
		return 0;
	case OPT_PAYLOAD_HEX:
		p->hex = value;
		return 0;
	case OPT_PAYLOAD_FILE:
		p->file = value;
		return 0;
	case OPT_PORT:
		o->has_port = true;
		return number(p, &o->port, "port", value, 0, 65535);
	case OPT_VALIDITY:
		o->has_validity = true;
		return number(p, &o->validity_s, "validity", value, 0, UINT32_MAX);
	case OPT_PRIORITY:
		o->priority = true;
		return 0;
	case OPT_REFERENCE:
		p->has_reference = true;
		return number(p, &o->reference, "reference", value, 0, UINT32_MAX);
	default:
		o->has_old_reference = true;
		return number(p, &o->old_reference, "old-reference", value, 0, UINT32_MAX);
	}
}

static int take_manner(struct parse *p, int id, const char *value)
{
	struct scs_options *o = &p->o;

	switch (id) {
	case OPT_WAIT:
		o->has_wait = true;
		return number(p, &o->wait_s, "wait", value, 0, SCS_WAIT_MAX);
	case OPT_COUNT:
		o->load = true;
		return number(p, &o->count, "count", value, 1, SCS_COUNT_MAX);
	case OPT_WINDOW:
		p->has_window = true;
		return number(p, &o->window, "window", value, 1, SCS_WINDOW_MAX);
	case OPT_RATE:
		return number(p, &o->rate, "rate", value, 1, 10000000);
	case OPT_RESEND:
		return number(p, &o->resend, "resend", value, 0, 1000);
	case OPT_STAMP:
		o->stamp = true;
		return 0;
	case OPT_STATE:
		o->state = value;
		return 0;
	case OPT_UNCHECKED:
		o->unchecked = true;
		return 0;
	case OPT_VERBOSE:
		o->verbose = true;
		return 0;
	case OPT_DEBUG:
		o->debug = true;
		return 0;
	case OPT_HELP:
		o->command = SCS_HELP;
		return 0;
	case OPT_VERSION:
		o->command = SCS_VERSION;
		return 0;
	default: /* --json */
		return 0;
	}
}

static int take_command(struct parse *p, const char *word)
{
	static const char *const words[] = { "trigger", "replace", "recall", "listen", "help" };
	struct nearest near;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(word, words[i]) == 0) {
			p->o.command = (enum scs_command)i;
			return 0;
		}
	}
	nearest_init(&near, word);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		nearest_offer(&near, words[i]);
	}
	opts_unknown_command(p->why, SCS_WHY_MAX, word, near.best);
	return ERR_INVAL;
}

static int take_words(struct parse *p, int argc, const char *const *argv)
{
	struct opts opts;
	const char *value;
	bool command = false;
	int id, err = 0;

	opts_init(&opts, scs_option_rows, argc, argv);
	while (!err && (id = opts_next(&opts, &value)) != OPTS_END) {
		if (id == ERR_INVAL) {
			return wrong(p, "%s", opts.why);
		}
		if (id == OPTS_OPERAND && command) {
			return wrong(p, OPTS_UNEXPECTED, value);
		}
		if (id == OPTS_OPERAND) {
			err = take_command(p, value);
		} else if (id <= OPT_ANSWER_WAIT) {
			err = take_connection(p, id, value);
		} else if (id >= OPT_IDENTITY && id <= OPT_OLD_REFERENCE && id != OPT_UNCHECKED) {
			err = take_request(p, id, value);
		} else {
			err = take_manner(p, id, value);
		}
		command = command || id == OPTS_OPERAND;
		if (!err && (p->o.command == SCS_HELP || p->o.command == SCS_VERSION)) {
			return 0;
		}
	}
	if (!err && !command) {
		return wrong(p, "a command is missing; expected trigger, replace, recall or listen");
	}
	return err;
}

static int check_connect(struct parse *p)
{
	const char *text = p->connect, *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	uint8_t binary[16];
	uint32_t port;
	bool v6 = len > 2 && text[0] == '[' && text[len - 1] == ']';

	if (v6) {
		text++;
		len -= 2;
	}
	if (!len || len >= sizeof p->o.address || str_parse_u32(&port, colon + 1, 1, 65535)) {
		return wrong(p, "--connect %.60s: expected ADDRESS:PORT such as 127.0.0.1:5868", p->connect);
	}
	memcpy(p->o.address, text, len);
	p->o.address[len] = 0;
	p->o.connect_port = (uint16_t)port;
	if (inet_pton(v6 ? AF_INET6 : AF_INET, p->o.address, binary) != 1) {
		return wrong(p, "--connect %.60s: expected a numeric address, 127.0.0.1:5868 or [::1]:5868", p->connect);
	}
	return 0;
}

static int check_connection(struct parse *p)
{
	struct scs_options *o = &p->o;
	const char *dot = strchr(o->iwf_host, '.');
	int err;

	if (!p->connect) {
		return wrong(p, "--connect ADDRESS:PORT is missing");
	}
	err = check_connect(p);
	if (err) {
		return err;
	}
	if (!o->origin_host[0] || !o->realm[0] || !o->iwf_host[0]) {
		return wrong(p, "--%s is missing",
			     !o->origin_host[0] ? "origin-host HOST"
			     : !o->realm[0]     ? "realm REALM"
						: "iwf-host HOST");
	}
	if (!o->iwf_realm[0] && !dot) {
		return wrong(p, "--iwf-realm REALM is missing and --iwf-host %.80s has no domain to take it from", o->iwf_host);
	}
	if (!o->iwf_realm[0]) {
		str_set(o->iwf_realm, sizeof o->iwf_realm, dot + 1);
	}
	if (o->plain && (p->tls || o->certificate || o->key || o->anchors_n || o->keylog)) {
		return wrong(p, "--plain excludes --tls, --cert, --key, --ca and --keylog");
	}
	if (o->sctp && (!o->plain || !o->local_n)) {
		return wrong(p, "--sctp needs --%s",
			     o->plain ? "local ADDRESS: without it SCTP would list all addresses of this machine"
				      : "plain: TLS is not offered over SCTP");
	}
	if (!o->sctp && (o->local_n || o->more_n || o->udp_port)) {
		return wrong(p, "--%s needs --sctp", o->local_n ? "local" : o->more_n ? "more" : "udp-port");
	}
	if (o->udp_port && (o->local_n != 1 || o->more_n)) {
		return wrong(p, "--udp-port needs one --local and no --more: SCTP in user space has one address");
	}
	if (!o->plain && (!o->certificate || !o->key || !o->anchors_n)) {
		return wrong(p, "--%s is missing (or --plain for no protection)",
			     !o->certificate ? "cert FILE"
			     : !o->key       ? "key FILE"
					     : "ca FILE");
	}
	return 0;
}

static int check_device(struct parse *p)
{
	struct scs_options *o = &p->o;
	const char *braces = p->device ? strstr(p->device, "{}") : NULL;
	char number_text[IDENT_EXTERNAL_MAX + 16];
	const char *dash;

	if (!p->device && !o->msisdn[0]) {
		return wrong(p, "--device ID or --msisdn DIGITS is missing");
	}
	if (p->devices) {
		char first[16] = "";

		dash = strchr(p->devices, '-');
		if (!braces || !o->load || !dash || str_copy(first, sizeof first, p->devices, (size_t)(dash - p->devices)) ||
		    str_parse_u32(&o->devices_first, first, 0, UINT32_MAX) ||
		    str_parse_u32(&o->devices_last, dash + 1, o->devices_first, UINT32_MAX)) {
			return wrong(p, "--devices %.40s: expected FIRST-LAST, with --count and {} in --device", p->devices);
		}
		o->has_devices = true;
	}
	if (!p->device) {
		return 0;
	}
	if (o->unchecked || o->has_devices) {
		if (str_copy(o->external, sizeof o->external, p->device, strlen(p->device))) {
			return wrong(p, "--device: expected at most %d bytes", SCS_EXTERNAL_MAX);
		}
		if (o->unchecked) {
			return 0;
		}
		snprintf(number_text, sizeof number_text, "%.*s%u%s", (int)(braces - p->device), p->device, o->devices_last,
			 braces + 2);
		if (strlen(p->device) <= IDENT_EXTERNAL_MAX &&
		    ident_external(o->external, number_text, strlen(number_text)) == 0) {
			return str_copy(o->external, sizeof o->external, p->device, strlen(p->device));
		}
	} else if (ident_external(o->external, p->device, strlen(p->device)) == 0) {
		return 0;
	}
	return wrong(p, "--device %.80s: expected an External-Identifier such as meter-7@a.example", p->device);
}

static int payload_from_file(struct parse *p)
{
	int fd = file_open_in(p->file);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	bool more;

	if (!f) {
		return wrong(p, "--payload-file %.100s: %s", p->file, file_not_opened(p->file, errno));
	}
	p->o.payload_len = fread(p->o.payload, 1, SCS_PAYLOAD_MAX, f);
	more = fgetc(f) != EOF;
	if (ferror(f)) {
		wrong(p, "--payload-file %.100s: %s", p->file, strerror(errno));
		fclose(f);
		return ERR_INVAL;
	}
	fclose(f);
	return more ? wrong(p, "--payload-file %.100s: expected at most %d bytes", p->file, SCS_PAYLOAD_MAX) : 0;
}

static int check_payload(struct parse *p)
{
	struct scs_options *o = &p->o;
	int given = !!p->text + !!p->hex + !!p->file;

	if (o->command == SCS_RECALL && given) {
		return wrong(p, "recall takes no payload");
	}
	if (given > 1) {
		return wrong(p, "expected one of --payload, --payload-hex and --payload-file");
	}
	if (given == 0) {
		return o->command == SCS_RECALL || o->unchecked
			   ? 0
			   : wrong(p, "--payload TEXT, --payload-hex HEX or --payload-file FILE is missing");
	}
	o->payload = malloc(SCS_PAYLOAD_MAX + SCS_STAMP_LEN);
	if (!o->payload) {
		return ERR_NOMEM;
	}
	if (p->file) {
		return payload_from_file(p);
	}
	if (p->hex) {
		if (str_unhex(o->payload, SCS_PAYLOAD_MAX, &o->payload_len, p->hex)) {
			return wrong(p, "--payload-hex: expected pairs of hex digits, at most %d bytes", SCS_PAYLOAD_MAX);
		}
		return 0;
	}
	if (strlen(p->text) > SCS_PAYLOAD_MAX) {
		return wrong(p, "--payload: expected at most %d bytes", SCS_PAYLOAD_MAX);
	}
	o->payload_len = strlen(p->text);
	memcpy(o->payload, p->text, o->payload_len);
	return 0;
}

static int check_action(struct parse *p, uint32_t random)
{
	struct scs_options *o = &p->o;

	if (o->command == SCS_RECALL && !p->has_reference && !o->has_old_reference) {
		return wrong(p, "--reference N is missing: the trigger that is recalled");
	}
	if (o->command == SCS_REPLACE && !o->has_old_reference) {
		return wrong(p, "--old-reference N is missing: the trigger that is replaced");
	}
	if (o->command == SCS_TRIGGER && o->has_old_reference) {
		return wrong(p, "--old-reference belongs to replace and recall");
	}
	if (o->stamp && o->command == SCS_RECALL) {
		return wrong(p, "recall takes no payload, and no --stamp");
	}
	if (o->state) {
		return wrong(p, "--state belongs to listen");
	}
	if ((p->has_window || o->rate) && !o->load) {
		return wrong(p, "--window and --rate belong to --count");
	}
	if (!p->has_reference) {
		o->reference = random;
	}
	if (!o->has_validity && o->command != SCS_RECALL) {
		o->has_validity = true;
		o->validity_s = 3600;
	}
	return 0;
}

static int check_listen(struct parse *p)
{
	const struct scs_options *o = &p->o;

	if (p->device || p->devices || o->msisdn[0] || p->text || p->hex || p->file || o->has_port || o->has_validity ||
	    o->priority || p->has_reference || o->has_old_reference || o->has_wait || o->load || p->has_window || o->rate ||
	    o->unchecked || o->resend || o->stamp) {
		return wrong(p, "listen sends nothing: expected only connection options, --state and --verbose");
	}
	return 0;
}

int scs_options_parse(struct scs_options *out, int argc, const char *const *argv, uint32_t random, char why[SCS_WHY_MAX])
{
	struct parse p = { .o = { .connect_wait_s = 10, .answer_wait_s = 30, .count = 1, .window = 1 }, .why = why };
	int err = take_words(&p, argc, argv);

	if (!err && p.o.command != SCS_HELP && p.o.command != SCS_VERSION) {
		err = check_connection(&p);
		if (!err && p.o.command == SCS_LISTEN) {
			err = check_listen(&p);
		} else if (!err) {
			err = check_device(&p);
			if (!err) {
				err = check_action(&p, random);
			}
			if (!err) {
				err = check_payload(&p);
			}
		}
	}
	if (err) {
		scs_options_fini(&p.o);
		return err;
	}
	*out = p.o;
	return 0;
}

void scs_options_fini(struct scs_options *o)
{
	free(o->payload);
	o->payload = NULL;
}
