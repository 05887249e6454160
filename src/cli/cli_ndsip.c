/* cli_ndsip.c - NDS/IP as a person reads it: the end of `ndsip status`, the line of `status`. */
#include <string.h>

#include "base/shown.h"
#include "cli/cli_command.h"

static uint64_t number_of(const json_t *o, const char *member)
{
	json_int_t n = json_integer_value(json_object_get(o, member));

	return n > 0 ? (uint64_t)n : 0;
}

static bool is(const json_t *o, const char *member)
{
	return json_is_true(json_object_get(o, member));
}

void cli_show_ndsip(FILE *out, const json_t *o)
{
	char text[CLI_SHOWN_MAX], rules[CLI_SHOWN_MAX], scs[SHOWN_COUNT_MAX], connections[SHOWN_COUNT_MAX];

	if (!o) {
		return;
	}
	if (*cli_member(text, o, "trouble")) {
		fprintf(out, "%-16s%s\n", "NDS/IP", text);
		return;
	}
	cli_member(text, o, "version");
	fprintf(out, "%-16sstrongSwan%s%s answers, rules %s, %s, %s, %llu of them protected\n", "NDS/IP", *text ? " " : "", text,
		cli_member(rules, o, "rules"), shown_count(scs, number_of(o, "scs"), "SCS"),
		shown_count(connections, number_of(o, "connections"), "connection"), (unsigned long long)number_of(o, "proven"));
}

static void counts(FILE *out, const json_t *last)
{
	char since[CLI_SHOWN_MAX], ikes[SHOWN_COUNT_MAX], children[SHOWN_COUNT_MAX];

	if (is(last, "charon")) {
		fprintf(out, "strongSwan has %s and %s\n", shown_count(ikes, number_of(last, "ike_sas"), "IKE_SA"),
			shown_count(children, number_of(last, "children"), "CHILD_SA"));
	}
	if (*cli_member(since, last, "last_loss")) {
		fprintf(out, "it was lost last at %s\n", since);
	}
	fprintf(out, "connections: %llu proven, %llu refused, %llu cut\n", (unsigned long long)number_of(last, "proofs"),
		(unsigned long long)number_of(last, "refused"), (unsigned long long)number_of(last, "cut"));
}

static void peers(FILE *out, const json_t *list)
{
	char name[CLI_SHOWN_MAX], why[CLI_SHOWN_MAX];
	const json_t *p;
	size_t i;

	json_array_foreach(list, i, p)
	{
		fprintf(out, "peer %s: %s%s\n", cli_member(name, p, "peer"),
			is(p, "protected") ? is(p, "connected") ? "protected, connected" : "protected, not connected"
					   : "not protected: ",
			cli_member(why, p, "why"));
	}
}

int cli_show_ndsip_status(FILE *out, const json_t *last)
{
	uint64_t n = number_of(last, "count"), ok = number_of(last, "protected");
	const json_t *list = json_object_get(last, "peers");
	char span[SHOWN_SPAN_MAX];

	fprintf(out, "\n%llu of %llu SCSs with NDS/IP protected\n", (unsigned long long)ok, (unsigned long long)n);
	peers(out, list);
	if (!is(last, "serves")) {
		fputs("no listener of the configuration has protection ndsip or tls+ndsip\n", out);
	}
	if (!is(last, "serves") && !json_array_size(list)) {
		return CLI_OK;
	}
	cli_show_ndsip(out, last);
	counts(out, last);
	fputs("Whether strongswan.conf bounds half-open IKE_SAs (charon.cookie_threshold, block_threshold,\n"
	      "half_open_timeout) cannot be asked.\n",
	      out);
	if (number_of(last, "reauth_s")) {
		fprintf(out,
			"Certificates are proved again every %s, without a gap only if charon.make_before_break is yes\n"
			"in strongswan.conf: that cannot be asked.\n",
			shown_span(span, 1000 * number_of(last, "reauth_s")));
	}
	return CLI_OK;
}
