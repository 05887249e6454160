/* hss_line.c - JSON to subscriber, key by key. An unknown key is an error: a misspelt permission
 * would otherwise be missing without notice. */
#include "nodes/hss/hss_line.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/ident.h"
#include "base/str.h"

struct reading {
	struct hss_subscriber *out;
	struct hss_memory *memory;
	char *why;
	bool reachable; /* of the whole device */
};

static int wrong(const struct reading *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int wrong(const struct reading *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->why, HSS_WHY_MAX, fmt, ap);
	va_end(ap);
	for (char *p = r->why; *p; p++) { /* a piece of the line may stand in the words, and they go to a terminal */
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			*p = '?';
		}
	}
	return ERR_INVAL;
}

static int no_memory(const struct reading *r)
{
	wrong(r, "out of memory");
	return ERR_NOMEM;
}

static int number_of(const struct reading *r, struct hss_number *out, const char *key, const json_t *value)
{
	char digits[IDENT_MSISDN_MAX + 1];
	size_t len;

	if (!json_is_string(value) || ident_msisdn(digits, json_string_value(value), json_string_length(value)) ||
	    str_tbcd(out->tbcd, &len, digits)) {
		return wrong(r, "%s: expected a string of 5 to 15 digits in international form, without + and leading 0", key);
	}
	out->len = (uint8_t)len;
	return 0;
}

static int bool_of(const struct reading *r, bool *out, const char *key, const json_t *value)
{
	if (!json_is_boolean(value)) {
		return wrong(r, "%s: expected true or false", key);
	}
	*out = json_is_true(value);
	return 0;
}

static int host_of(const struct reading *r, const char **out, const char *key, const json_t *value)
{
	char host[IDENT_HOST_MAX + 1];

	if (!json_is_string(value) || ident_host(host, json_string_value(value), json_string_length(value))) {
		return wrong(r, "%s: expected a host name such as mme.core.example", key);
	}
	*out = hss_memory_share(r->memory, host, strlen(host) + 1);
	return *out ? 0 : no_memory(r);
}

static int read_imsi(struct reading *r, json_t *value)
{
	const char *text = json_string_value(value);
	size_t len = text ? json_string_length(value) : 0;

	if (len < 6 || len > HSS_IMSI_MAX || strspn(text, "0123456789") != len) {
		return wrong(r, "imsi: expected a string of 6 to 15 digits");
	}
	memcpy(r->out->imsi, text, len + 1);
	return 0;
}

static int read_msisdn(struct reading *r, json_t *value)
{
	return number_of(r, &r->out->msisdn, "msisdn", value);
}

static int read_externals(struct reading *r, json_t *value)
{
	size_t n = json_array_size(value);
	const char **names;

	if (!json_is_array(value) || n > HSS_EXTERNALS_MAX) {
		return wrong(r, "external_identifiers: expected a list of at most %d strings", HSS_EXTERNALS_MAX);
	}
	if (n == 0) {
		return 0;
	}
	names = hss_memory_take(r->memory, n * sizeof *names);
	if (!names) {
		return no_memory(r);
	}
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(value, i);
		char id[IDENT_EXTERNAL_MAX + 1];
		char *copy;

		if (!json_is_string(item) || ident_external(id, json_string_value(item), json_string_length(item))) {
			return wrong(r, "external_identifiers[%zu]: expected local@domain such as meter-1@a.example", i);
		}
		if (ident_looks_like_pattern(id)) {
			return wrong(r,
				     "external_identifiers[%zu]: expected the name of one device such as meter-1@a.example; "
				     "* ? [ ] { } ( ) are no patterns here",
				     i);
		}
		copy = hss_memory_take(r->memory, strlen(id) + 1);
		if (!copy) {
			return no_memory(r);
		}
		str_set(copy, strlen(id) + 1, id);
		names[i] = copy;
	}
	r->out->externals = names;
	r->out->externals_n = (uint8_t)n;
	return 0;
}

static int read_services(struct reading *r, json_t *value)
{
	if (!json_is_array(value)) {
		return wrong(r, "services: expected a list of \"device-trigger\" and \"sms-mo\"");
	}
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *word = json_string_value(json_array_get(value, i));

		if (word && strcmp(word, "device-trigger") == 0) {
			r->out->services |= HSS_SERVICE_DEVICE_TRIGGER;
		} else if (word && strcmp(word, "sms-mo") == 0) {
			r->out->services |= HSS_SERVICE_SMS_MO;
		} else {
			return wrong(r, "services[%zu]: expected \"device-trigger\" or \"sms-mo\"", i);
		}
	}
	return 0;
}

static int read_allowed(struct reading *r, json_t *value)
{
	struct hss_number *list;
	size_t n = json_array_size(value);
	int err = 0;

	if (!json_is_array(value) || n > HSS_ALLOWED_MAX) {
		return wrong(r, "allowed_scs: expected a list of at most %d E.164 numbers of SCSs, or \"*\" in it for all",
			     HSS_ALLOWED_MAX);
	}
	if (n == 0) {
		return 0;
	}
	list = calloc(n, sizeof *list);
	if (!list) {
		return no_memory(r);
	}
	for (size_t i = 0; i < n && !err; i++) {
		const json_t *item = json_array_get(value, i);
		const char *text = json_string_value(item);
		char key[32];

		snprintf(key, sizeof key, "allowed_scs[%zu]", i);
		if (text && strcmp(text, "*") == 0) {
			r->out->any_scs = true;
		} else {
			err = number_of(r, &list[r->out->allowed_n++], key, item);
		}
	}
	if (!err && r->out->allowed_n) {
		r->out->allowed = hss_memory_share(r->memory, list, r->out->allowed_n * sizeof *list);
		err = r->out->allowed ? 0 : no_memory(r);
	}
	free(list);
	return err;
}

static int read_reachable(struct reading *r, json_t *value)
{
	return bool_of(r, &r->reachable, "reachable", value);
}

/* The four kinds of node: names of their members, and which are required (TS 29.336 6.4.8,
 * combinations a to g). */
static const struct node_form {
	const char *kind, *number, *name, *realm;
	enum hss_node_kind value;
	bool name_needed;
} node_forms[HSS_NODES_MAX] = {
	{ "ip_sm_gw", "number", "name", "realm", HSS_NODE_IP_SM_GW, false },
	{ "mme", "number", "name", "realm", HSS_NODE_MME, true },
	{ "msc", "number", "mme_name", "mme_realm", HSS_NODE_MSC, false },
	{ "sgsn", "number", "name", "realm", HSS_NODE_SGSN, false },
};

static int read_node_member(const struct reading *r, struct hss_node *node, const struct node_form *form, const char *key,
			    const json_t *value)
{
	char full[64];

	snprintf(full, sizeof full, "registered.%s.%.40s", form->kind, key);
	if (strcmp(key, form->number) == 0) {
		return number_of(r, &node->number, full, value);
	}
	if (strcmp(key, form->name) == 0) {
		return host_of(r, &node->name, full, value);
	}
	if (strcmp(key, form->realm) == 0) {
		return host_of(r, &node->realm, full, value);
	}
	if (strcmp(key, "reachable") == 0) {
		return bool_of(r, &node->reachable, full, value);
	}
	return wrong(r, "%s: no such key; expected %s, %s, %s or reachable", full, form->number, form->name, form->realm);
}

static int read_node(const struct reading *r, struct hss_node *node, const struct node_form *form, json_t *value)
{
	const char *key;
	json_t *member;
	int err;

	memset(node, 0, sizeof *node); /* padding too: equal lists are kept once */
	node->kind = (uint8_t)form->value;
	node->reachable = true;
	if (!json_is_object(value)) {
		return wrong(r, "registered.%s: expected an object", form->kind);
	}
	json_object_foreach(value, key, member)
	{
		err = read_node_member(r, node, form, key, member);
		if (err) {
			return err;
		}
	}
	if (!node->number.len) {
		return wrong(r, "registered.%s: number is missing", form->kind);
	}
	if (!node->name != !node->realm || (form->name_needed && !node->name)) {
		return wrong(r, "registered.%s: expected %s and %s%s", form->kind, form->name, form->realm,
			     form->name_needed ? "" : " together, or none of them");
	}
	return 0;
}

static int read_registered(struct reading *r, json_t *value)
{
	struct hss_node nodes[HSS_NODES_MAX];
	size_t n = 0;
	int err;

	if (!json_is_object(value)) {
		return wrong(r, "registered: expected an object with mme, msc, sgsn or ip_sm_gw, or an empty one");
	}
	for (size_t i = 0; i < HSS_NODES_MAX; i++) {
		json_t *node = json_object_get(value, node_forms[i].kind);

		if (!node) {
			continue;
		}
		err = read_node(r, &nodes[n++], &node_forms[i], node);
		if (err) {
			return err;
		}
	}
	if (n != json_object_size(value)) {
		return wrong(r, "registered: a key is unknown; expected mme, msc, sgsn or ip_sm_gw");
	}
	if (json_object_get(value, "mme") && json_object_get(value, "msc")) {
		return wrong(r,
			     "registered: mme and msc exclude each other; an MME behind an MSC is mme_name and mme_realm of msc");
	}
	if (n == 0) {
		return 0;
	}
	r->out->nodes = hss_memory_share(r->memory, nodes, n * sizeof *nodes);
	r->out->nodes_n = (uint8_t)n;
	return r->out->nodes ? 0 : no_memory(r);
}

static const char *own_external(const struct hss_subscriber *s, const char *id)
{
	for (uint8_t i = 0; id && i < s->externals_n; i++) {
		if (strcmp(s->externals[i], id) == 0) {
			return s->externals[i];
		}
	}
	return NULL;
}

static int read_ports(struct reading *r, json_t *value)
{
	struct hss_port *ports;
	const char *key;
	json_t *id;
	uint8_t n = 0;

	if (!json_is_object(value) || json_object_size(value) > HSS_PORTS_MAX) {
		return wrong(r, "sms_mo_ports: expected an object of at most %d members \"PORT\":\"EXTERNAL-IDENTIFIER\"",
			     HSS_PORTS_MAX);
	}
	if (json_object_size(value) == 0) {
		return 0;
	}
	ports = hss_memory_take(r->memory, json_object_size(value) * sizeof *ports);
	if (!ports) {
		return no_memory(r);
	}
	json_object_foreach(value, key, id)
	{
		uint32_t port;

		if (str_parse_u32(&port, key, 0, 65535)) {
			return wrong(r, "sms_mo_ports: expected a port from 0 to 65535, not \"%.20s\"", key);
		}
		ports[n].port = (uint16_t)port;
		ports[n].external = own_external(r->out, json_string_value(id));
		if (!ports[n++].external) {
			return wrong(r, "sms_mo_ports.%u: expected one of this subscriber's external_identifiers", port);
		}
	}
	r->out->ports = ports;
	r->out->ports_n = n;
	return 0;
}

/* Order matters: ports name external identifiers. */
static const struct line_key {
	const char *key;
	int (*read)(struct reading *r, json_t *value);
	size_t flag; /* without a function: which bool of the subscriber it is */
} line_keys[] = {
	{ "imsi", read_imsi, 0 },
	{ "msisdn", read_msisdn, 0 },
	{ "external_identifiers", read_externals, 0 },
	{ "services", read_services, 0 },
	{ "allowed_scs", read_allowed, 0 },
	{ "registered", read_registered, 0 },
	{ "reachable", read_reachable, 0 },
	{ "teleservice", NULL, offsetof(struct hss_subscriber, teleservice) },
	{ "barred", NULL, offsetof(struct hss_subscriber, barred) },
	{ "sms_mo_ports", read_ports, 0 },
	{ "triggers_only", NULL, offsetof(struct hss_subscriber, triggers_only) },
};

#define LINE_KEYS_N (sizeof line_keys / sizeof *line_keys)

static int unknown_key(const struct reading *r, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		size_t i = 0;

		while (i < LINE_KEYS_N && strcmp(line_keys[i].key, key) != 0) {
			i++;
		}
		if (i == LINE_KEYS_N) {
			return wrong(
			    r,
			    "%.40s: no such key; expected imsi, msisdn, external_identifiers, services, allowed_scs, registered, "
			    "reachable, teleservice, barred, sms_mo_ports or triggers_only",
			    key);
		}
	}
	return wrong(r, "expected each key once");
}

static int read_value(struct reading *r, const struct line_key *k, json_t *value)
{
	return k->read ? k->read(r, value) : bool_of(r, (bool *)((char *)r->out + k->flag), k->key, value);
}

static int read_object(struct reading *r, json_t *object)
{
	size_t seen = 0;

	for (size_t i = 0; i < LINE_KEYS_N; i++) {
		json_t *value = json_object_get(object, line_keys[i].key);
		int err = value ? read_value(r, &line_keys[i], value) : 0;

		if (err) {
			return err;
		}
		seen += value != NULL;
	}
	if (seen != json_object_size(object)) {
		return unknown_key(r, object);
	}
	if (!r->out->imsi[0]) {
		return wrong(r, "imsi is missing");
	}
	return 0;
}

/* A device that cannot be reached at all cannot be reached in any of its nodes. */
static int apply_reachable(const struct reading *r)
{
	struct hss_node nodes[HSS_NODES_MAX];
	struct hss_subscriber *s = r->out;

	if (r->reachable || s->nodes_n == 0) {
		return 0;
	}
	memcpy(nodes, s->nodes, s->nodes_n * sizeof *nodes);
	for (uint8_t i = 0; i < s->nodes_n; i++) {
		nodes[i].reachable = false;
	}
	s->nodes = hss_memory_share(r->memory, nodes, s->nodes_n * sizeof *nodes);
	return s->nodes ? 0 : no_memory(r);
}

int hss_line_parse(struct hss_subscriber *out, struct hss_memory *m, const char *line, size_t len, char why[HSS_WHY_MAX])
{
	struct hss_subscriber s = { .teleservice = true };
	struct reading r = { .out = &s, .memory = m, .why = why, .reachable = true };
	json_error_t e;
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &e);
	int err;

	if (!object) {
		return wrong(&r, "not JSON, column %d: %s", e.column, e.text);
	}
	err = json_is_object(object) ? read_object(&r, object) : wrong(&r, "expected one JSON object {...} a line");
	json_decref(object);
	if (!err) {
		err = apply_reachable(&r);
	}
	if (err) {
		return err;
	}
	*out = s;
	return 0;
}
