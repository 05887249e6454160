/* fence_text.c - rules in the language of nft. */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <string.h>

#include "base/str.h"
#include "fence/fence_rules.h"

struct text {
	char *p;
	size_t len;
};

static void put(struct text *t, const char *a, const char *b, const char *c)
{
	int n = snprintf(t->p + t->len, FENCE_RULE_TEXT_MAX - t->len, "%s%s%s%s", t->len ? " " : "", a, b, c);

	if (n > 0 && (size_t)n < FENCE_RULE_TEXT_MAX - t->len) {
		t->len += (size_t)n;
	}
}

static const struct fence_term *find(const struct fence_rule *r, enum fence_key key)
{
	for (size_t i = 0; i < r->terms; i++) {
		if (r->term[i].key == key) {
			return &r->term[i];
		}
	}
	return NULL;
}

static const char *protocol_of(const struct fence_rule *r)
{
	const struct fence_term *t = find(r, FENCE_TRANSPORT);

	return t && t->data[0] == SA_SCTP ? "sctp" : "tcp";
}

/* nft adds the conditions on family and transport protocol by itself, from these words. */
static void put_address(struct text *out, const struct fence_term *t)
{
	char address[SA_ADDRESS_TEXT_MAX] = "";
	bool four = t->len == 4, source = t->offset == (four ? 12 : 8);

	if (inet_ntop(four ? AF_INET : AF_INET6, t->data, address, sizeof address)) {
		put(out, four ? "ip " : "ip6 ", source ? "saddr " : "daddr ", address);
	}
}

static void put_port(struct text *out, const struct fence_rule *r, const struct fence_term *t)
{
	char words[24];

	if (t->len == 1) { /* the chunk of SCTP: nft has no word for it that says "any other" */
		snprintf(words, sizeof words, "@th,%u,8 %s%u", t->offset * 8u, t->differs ? "!= " : "", t->data[0]);
		put(out, words, "", "");
		return;
	}
	snprintf(words, sizeof words, " %s %u", t->offset ? "dport" : "sport", t->data[0] * 256u + t->data[1]);
	put(out, protocol_of(r), words, "");
}

static void put_device(struct text *out, const struct fence_term *t)
{
	char quoted[FENCE_DEVICE_MAX + 3];

	snprintf(quoted, sizeof quoted, "\"%.*s\"", (int)strnlen((const char *)t->data, sizeof t->data), (const char *)t->data);
	put(out, t->key == FENCE_FROM_DEVICE ? "iifname " : "oifname ", t->differs ? "!= " : "", quoted);
}

void fence_rule_text(char out[FENCE_RULE_TEXT_MAX], const struct fence_rule *rule)
{
	struct text text = { out, 0 };

	*out = 0;
	for (size_t i = 0; i < rule->terms; i++) {
		const struct fence_term *t = &rule->term[i];

		switch ((enum fence_key)t->key) {
		case FENCE_NETWORK_HEADER:
			put_address(&text, t);
			break;
		case FENCE_TRANSPORT_HEADER:
			put_port(&text, rule, t);
			break;
		case FENCE_FROM_DEVICE:
		case FENCE_TO_DEVICE:
			put_device(&text, t);
			break;
		case FENCE_DECRYPTED:
			put(&text, "meta ipsec ", t->data[0] ? "exists" : "missing", "");
			break;
		case FENCE_ENCRYPTED:
			put(&text, "rt ipsec ", t->data[0] ? "exists" : "missing", "");
			break;
		case FENCE_FRAGMENT:
			put(&text, "meta l4proto ", protocol_of(rule), " exthdr frag exists");
			break;
		case FENCE_TCP_OPENING:
			put(&text, "tcp flags & (syn | ack) ", t->differs ? "!= " : "== ", "syn");
			break;
		case FENCE_FAMILY:
		case FENCE_TRANSPORT:
			break;
		}
	}
	put(&text, "counter ", rule->drop ? "drop" : "accept", "");
}

static void print_chain(FILE *out, const struct fence_rules *r, enum fence_chain chain)
{
	char text[FENCE_RULE_TEXT_MAX];

	fprintf(out, "\tchain %s {\n\t\ttype filter hook %s priority %d; policy accept;\n", fence_chain_name(chain),
		fence_chain_name(chain), FENCE_PRIORITY);
	for (size_t i = 0; i < r->n; i++) {
		if (r->rule[i].chain == chain) {
			fence_rule_text(text, &r->rule[i]);
			fprintf(out, "\t\t%s comment \"%s\"\n", text, r->rule[i].comment);
		}
	}
	fputs("\t}\n", out);
}

/* To name the table makes it, so that the deletion cannot fail. */
void fence_rules_print_removal(FILE *out)
{
	fputs("table inet " FENCE_TABLE "\ndelete table inet " FENCE_TABLE "\n", out);
}

void fence_rules_print(FILE *out, const struct fence_rules *r)
{
	fence_rules_print_removal(out);
	fputs("table inet " FENCE_TABLE " {\n", out);
	for (unsigned chain = 0; chain < FENCE_CHAINS; chain++) {
		print_chain(out, r, (enum fence_chain)chain);
	}
	fputs("}\n", out);
}
