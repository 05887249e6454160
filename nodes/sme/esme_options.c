/* esme_options.c - each option is one row (esme_option_rows.c) and one case here; rules over several
 * options are checked at the end. */
#include "nodes/sme/esme_options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/ident.h"
#include "base/nearest.h"
#include "base/str.h"
#include "nodes/sme/esme_option_rows.h"

enum {
	PID_TRIGGER = 0x48,
	CODING_LATIN1 = 3,
	CODING_BINARY = 4,
	TON_INTERNATIONAL = 1,
	TON_ALPHANUMERIC = 5,
	NPI_E164 = 1,
	WAIT_MAX_S = 604800
};

struct parse {
	struct esme_options o;
	const char *text, *hex, *file, *connect, *password, *password_file;
	bool has_coding, has_window, has_pid, trigger;
	char *why;
};

static int wrong(const struct parse *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int wrong(const struct parse *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->why, ESME_WHY_MAX, fmt, ap);
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

static int copy(const struct parse *p, char *out, size_t cap, const char *name, const char *text)
{
	if (!*text || str_copy(out, cap, text, strlen(text))) {
		return wrong(p, "--%s %.60s: expected 1 to %zu characters", name, text, cap - 1);
	}
	return 0;
}

static int take_connection(struct parse *p, int id, const char *value)
{
	struct esme_options *o = &p->o;

	switch (id) {
	case OPT_CONNECT:
		p->connect = value;
		return 0;
	case OPT_PLAIN:
		o->plain = true;
		return 0;
	case OPT_CERT:
		o->certificate = value;
		return 0;
	case OPT_KEY:
		o->key = value;
		return 0;
	case OPT_CA:
		if (o->anchors_n == IDENTITY_ANCHORS_MAX) {
			return wrong(p, "--ca: expected at most %d of them", IDENTITY_ANCHORS_MAX);
		}
		o->anchors[o->anchors_n++] = value;
		return 0;
	case OPT_SERVER_NAME:
		o->server_name = value;
		return 0;
	case OPT_KEYLOG:
		o->keylog = value;
		return 0;
	case OPT_SYSTEM_ID:
		return copy(p, o->system_id, sizeof o->system_id, "system-id", value);
	case OPT_PASSWORD:
		p->password = value;
		return 0;
	case OPT_PASSWORD_FILE:
		p->password_file = value;
		return 0;
	case OPT_CONNECT_WAIT:
		return number(p, &o->connect_wait_s, "connect-wait", value, 1, 3600);
	default:
		return number(p, &o->answer_wait_s, "answer-wait", value, 1, 3600);
	}
}

static int take_source(struct parse *p, const char *value)
{
	struct smpp_address *a = &p->o.source;
	const char *digits = value + (*value == '+');
	bool is_number = *digits && !digits[strspn(digits, "0123456789")];

	a->ton = is_number ? TON_INTERNATIONAL : TON_ALPHANUMERIC;
	a->npi = is_number ? NPI_E164 : 0;
	return copy(p, a->digits, SMPP_ADDRESS_MAX + 1, "source", is_number ? digits : value);
}

static int take_to(struct parse *p, const char *value)
{
	struct smpp_address *a = &p->o.to[p->o.to_n];

	if (p->o.to_n == ESME_TO_MAX) {
		return wrong(p, "--to: expected at most %d of them", ESME_TO_MAX);
	}
	a->ton = TON_INTERNATIONAL;
	a->npi = NPI_E164;
	p->o.to_n++;
	return copy(p, a->digits, SMPP_ADDRESS_MAX + 1, "to", value + (*value == '+'));
}

static int take_message(struct parse *p, int id, const char *value)
{
	struct esme_options *o = &p->o;

	switch (id) {
	case OPT_SOURCE:
		return take_source(p, value);
	case OPT_TO:
		return take_to(p, value);
	case OPT_ID:
		return copy(p, o->message_id, sizeof o->message_id, "id", value);
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
	case OPT_PORT_IN_HEADER:
		o->port_in_header = true;
		return 0;
	case OPT_DATA_SM:
		o->data_sm = true;
		return 0;
	case OPT_IN_PAYLOAD:
		o->in_payload = true;
		return 0;
	case OPT_TRIGGER:
		p->trigger = true;
		return 0;
	case OPT_PID:
		p->has_pid = true;
		return number(p, &o->pid, "pid", value, 0, 255);
	case OPT_CODING:
		p->has_coding = true;
		return number(p, &o->coding, "data-coding", value, 0, 255);
	case OPT_ESM_CLASS:
		return number(p, &o->esm_class, "esm-class", value, 0, 255);
	case OPT_VALIDITY:
		return number(p, &o->validity_s, "validity", value, 1, 31 * 86400 - 1);
	case OPT_PRIORITY:
		return number(p, &o->priority, "priority", value, 0, 3);
	default:
		o->receipt = true;
		return 0;
	}
}

static int take_manner(struct parse *p, int id, const char *value)
{
	struct esme_options *o = &p->o;

	switch (id) {
	case OPT_WAIT:
		o->has_wait = true;
		return number(p, &o->wait_s, "wait", value, 0, WAIT_MAX_S);
	case OPT_COUNT:
		o->load = true;
		return number(p, &o->count, "count", value, 1, ESME_COUNT_MAX);
	case OPT_WINDOW:
		p->has_window = true;
		return number(p, &o->window, "window", value, 1, ESME_WINDOW_MAX);
	case OPT_RATE:
		return number(p, &o->rate, "rate", value, 1, 1000000);
	case OPT_DEBUG:
		o->debug = true;
		return 0;
	case OPT_HELP:
		o->command = ESME_HELP;
		return 0;
	default:
		o->command = ESME_VERSION;
		return 0;
	}
}

static int take_command(struct parse *p, const char *word)
{
	static const char *const words[] = { "submit", "cancel", "replace", "query", "listen", "help" };
	struct nearest near;

	nearest_init(&near, word);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(word, words[i]) == 0) {
			p->o.command = (enum esme_command)i;
			return 0;
		}
		nearest_offer(&near, words[i]);
	}
	opts_unknown_command(p->why, ESME_WHY_MAX, word, near.best);
	return ERR_INVAL;
}

static int take_words(struct parse *p, int argc, const char *const *argv)
{
	struct opts opts;
	const char *value;
	bool command = false;
	int id, err = 0;

	opts_init(&opts, esme_option_rows, argc, argv);
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
		} else if (id <= OPT_RECEIPT) {
			err = take_message(p, id, value);
		} else {
			err = take_manner(p, id, value);
		}
		command = command || id == OPTS_OPERAND;
		if (!err && (p->o.command == ESME_HELP || p->o.command == ESME_VERSION)) {
			return 0;
		}
	}
	return err || command ? err : wrong(p, "a command is missing; expected submit, cancel, replace, query or listen");
}

static int check_connect(struct parse *p)
{
	const char *text = p->connect, *colon = text ? strrchr(text, ':') : NULL;
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool v6 = len > 2 && text[0] == '[' && text[len - 1] == ']';
	uint8_t binary[16];
	uint32_t port;

	if (!text) {
		return wrong(p, "--connect ADDRESS:PORT is missing");
	}
	if (v6) {
		text++;
		len -= 2;
	}
	if (!len || str_copy(p->o.address, sizeof p->o.address, text, len) || str_parse_u32(&port, colon + 1, 1, 65535) ||
	    inet_pton(v6 ? AF_INET6 : AF_INET, p->o.address, binary) != 1) {
		return wrong(p, "--connect %.60s: expected a numeric address and a port, 127.0.0.1:3550 or [::1]:3550",
			     p->connect);
	}
	p->o.connect_port = (uint16_t)port;
	return 0;
}

static int read_password(struct parse *p)
{
	char line[SMPP_PASSWORD_MAX + 2] = "";
	FILE *f;
	int fd;

	if (!!p->password == !!p->password_file) {
		return wrong(p, "expected one of --password-file FILE and --password TEXT");
	}
	if (p->password) {
		if (!*p->password || str_copy(p->o.password, sizeof p->o.password, p->password, strlen(p->password))) {
			return wrong(p, "--password: expected 1 to %d characters", SMPP_PASSWORD_MAX); /* logs keep no password */
		}
		return 0;
	}
	fd = file_open_in(p->password_file);
	f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!f) {
		return wrong(p, "--password-file %.100s: %s", p->password_file, file_not_opened(p->password_file, errno));
	}
	if (!fgets(line, sizeof line, f)) {
		line[0] = 0;
	}
	fclose(f);
	line[strcspn(line, "\n")] = 0;
	if (!*line || str_copy(p->o.password, sizeof p->o.password, line, strlen(line))) {
		return wrong(p, "--password-file %.100s: expected a first line of 1 to %d characters", p->password_file,
			     SMPP_PASSWORD_MAX);
	}
	return 0;
}

static int check_connection(struct parse *p)
{
	const struct esme_options *o = &p->o;
	char host[IDENT_HOST_MAX + 1];
	int err = check_connect(p);

	if (err) {
		return err;
	}
	if (!o->system_id[0]) {
		return wrong(p, "--system-id NAME is missing");
	}
	if (o->plain && (o->certificate || o->key || o->anchors_n || o->server_name || o->keylog)) {
		return wrong(p, "--plain excludes --cert, --key, --ca, --server-name and --keylog");
	}
	if (!o->plain && (!o->certificate || !o->key || !o->anchors_n || !o->server_name)) {
		return wrong(p, "--%s is missing (or --plain for no protection)",
			     !o->certificate ? "cert FILE"
			     : !o->key       ? "key FILE"
			     : !o->anchors_n ? "ca FILE"
					     : "server-name HOST");
	}
	if (!o->plain && ident_host(host, o->server_name, strlen(o->server_name))) {
		return wrong(p, "--server-name %.80s: expected a host name such as smssc.core.operator.example", o->server_name);
	}
	return read_password(p);
}

static int payload_from_file(struct parse *p)
{
	int fd = file_open_in(p->file);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	bool bad;

	if (!f) {
		return wrong(p, "--payload-file %.100s: %s", p->file, file_not_opened(p->file, errno));
	}
	p->o.payload_len = fread(p->o.payload, 1, ESME_PAYLOAD_MAX + 1, f);
	bad = ferror(f);
	fclose(f);
	if (bad || p->o.payload_len > ESME_PAYLOAD_MAX) {
		return wrong(p, "--payload-file %.100s: %s", p->file, bad ? "cannot be read" : "expected at most 60000 bytes");
	}
	return 0;
}

/* The terminal's text is UTF-8; what Latin-1 has of it is sent. */
static int payload_from_text(struct parse *p)
{
	for (const unsigned char *at = (const unsigned char *)p->text; *at; at++) {
		unsigned c = *at;

		if (c >= 0x80) {
			if ((c != 0xc2 && c != 0xc3) || (at[1] & 0xc0) != 0x80) {
				return wrong(p, "--payload: expected characters of Latin-1; give others by --payload-hex and "
						"--data-coding 8");
			}
			at++;
			c = (c & 3) << 6 | (*at & 0x3f);
		}
		if (p->o.payload_len == ESME_PAYLOAD_MAX) {
			return wrong(p, "--payload: expected at most %u characters", ESME_PAYLOAD_MAX);
		}
		p->o.payload[p->o.payload_len++] = (uint8_t)c;
	}
	return 0;
}

static int read_payload(struct parse *p)
{
	int given = !!p->text + !!p->hex + !!p->file, err = 0;
	bool takes = p->o.command == ESME_SUBMIT || p->o.command == ESME_REPLACE;

	if (given != (takes ? 1 : 0)) {
		return wrong(p, takes ? "expected one of --payload, --payload-hex and --payload-file"
				      : "only submit and replace take a payload");
	}
	if (!takes) {
		return 0;
	}
	p->o.payload = malloc(ESME_PAYLOAD_MAX + 1);
	if (!p->o.payload) {
		str_set(p->why, ESME_WHY_MAX, "out of memory");
		return ERR_NOMEM;
	}
	if (p->hex) {
		err = str_unhex(p->o.payload, ESME_PAYLOAD_MAX, &p->o.payload_len, p->hex)
			  ? wrong(p, "--payload-hex %.40s: expected an even number of hex digits", p->hex)
			  : 0;
	} else {
		err = p->file ? payload_from_file(p) : payload_from_text(p);
	}
	if (!p->has_coding) {
		p->o.coding = p->text && !p->trigger ? CODING_LATIN1 : CODING_BINARY;
	}
	return err;
}

static int check_message(struct parse *p)
{
	const struct esme_options *o = &p->o;
	bool one = o->command == ESME_CANCEL || o->command == ESME_REPLACE || o->command == ESME_QUERY;

	if (o->command == ESME_SUBMIT ? !o->to_n : o->to_n > 0) {
		return wrong(p, o->to_n ? "only submit takes --to" : "--to NUMBER is missing");
	}
	if (one != !!o->message_id[0]) {
		return wrong(p, one ? "--id ID is missing: the message_id of the answer"
				    : "--id belongs to cancel, replace and query");
	}
	if (o->port_in_header && !o->has_port) {
		return wrong(p, "--port-in-header needs --port N");
	}
	if (p->trigger && (o->command != ESME_SUBMIT || p->has_pid || p->has_coding || o->to_n > 1)) {
		return wrong(p, "--trigger belongs to submit with one --to, and excludes --pid and --data-coding");
	}
	if (p->trigger && o->data_sm && !o->has_port) {
		return wrong(p, "--trigger with --data-sm needs --port N: data_sm has no protocol_id");
	}
	if (o->data_sm && o->to_n > 1) {
		return wrong(p, "--data-sm has one --to");
	}
	if ((p->has_window || o->rate) && !(o->load && o->command == ESME_SUBMIT)) {
		return wrong(p, "--window and --rate need submit and --count N");
	}
	if (o->load && o->has_wait && o->command == ESME_SUBMIT) {
		return wrong(p, "--count and --wait exclude each other: mtc-sme listen prints receipts");
	}
	return 0;
}

int esme_options_parse(struct esme_options *out, int argc, const char *const *argv, char why[ESME_WHY_MAX])
{
	struct parse p = { .o = { .connect_wait_s = 10, .answer_wait_s = 30, .window = 1, .count = 1 }, .why = why };
	int err = take_words(&p, argc, argv);

	if (!err && p.o.command != ESME_HELP && p.o.command != ESME_VERSION) {
		err = check_connection(&p);
		if (!err) {
			err = check_message(&p);
		}
		if (!err) {
			err = read_payload(&p);
		}
	}
	if (err) {
		free(p.o.payload);
		return err;
	}
	p.o.pid = p.trigger ? PID_TRIGGER : p.o.pid;
	p.o.receipt = p.o.receipt || (p.o.command == ESME_SUBMIT && p.o.has_wait);
	*out = p.o;
	return 0;
}

void esme_options_fini(struct esme_options *o)
{
	free(o->payload);
	o->payload = NULL;
}
