/* dia_dump - for tests: shows messages as our windows and our dictionary see them.
 * usage: dia_dump < FILE     one message a line in hex; one JSON object a line comes back:
 * {"length","flags","code","app_id","hop_by_hop","end_to_end","avps":[{"code","vendor","flags","length","name","data"[,"value"|"avps"]}]} */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "diameter/dia_dict.h"
#include "diameter/dia_failed.h"
#include "diameter/dia_msg.h"

#define OCTETS_MAX 65536

static const struct dia_limits limits = { OCTETS_MAX, 512, 8 };

static int die(const char *what)
{
	fprintf(stderr, "dia_dump: %s\n", what);
	exit(1);
}

static uint64_t number(const struct dia_avp *avp)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < avp->data_len; i++) {
		v = v << 8 | avp->data[i];
	}
	return v;
}

static void print_hex(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		printf("%02x", p[i]);
	}
}

static void print_window(struct dia_win w);

static void print_value(const struct dia_win *w, const struct dia_avp_def *def, const struct dia_avp *avp)
{
	struct dia_failed failed;
	struct dia_win inside;

	switch (def->type) {
	case DIA_TYPE_U32:
	case DIA_TYPE_U64:
	case DIA_TYPE_ENUM:
		printf(",\"value\":%" PRIu64, number(avp));
		break;
	case DIA_TYPE_UTF8:
	case DIA_TYPE_IDENTITY:
	case DIA_TYPE_URI: /* vectors hold nothing that JSON would want escaped */
		printf(",\"value\":\"%.*s\"", (int)avp->data_len, (const char *)avp->data);
		break;
	case DIA_TYPE_GROUPED:
		if (dia_win_enter(&inside, w, avp, &failed)) {
			die(failed.text);
		}
		printf(",\"avps\":");
		print_window(inside);
		break;
	case DIA_TYPE_OCTETS:
	case DIA_TYPE_OCTETS_4:
	case DIA_TYPE_TIME:
	case DIA_TYPE_ADDRESS:
		break;
	}
}

static void print_window(struct dia_win w)
{
	const char *comma = "";
	struct dia_failed failed;
	struct dia_avp avp;
	int err;

	putchar('[');
	while ((err = dia_win_next(&w, &avp, &failed)) == DIA_MORE) {
		const struct dia_avp_def *def = dia_avp_def_find(avp.code, avp.vendor);

		printf("%s{\"code\":%u,\"vendor\":%u,\"flags\":%u,\"length\":%u,\"name\":\"%s\",\"data\":\"", comma, avp.code,
		       avp.vendor, avp.flags, avp.raw_len, def ? def->name : "");
		print_hex(avp.data, avp.data_len);
		putchar('"');
		if (def) {
			print_value(&w, def, &avp);
		}
		putchar('}');
		comma = ",";
	}
	putchar(']');
	if (err) {
		die(failed.text);
	}
}

int main(void)
{
	static char line[2 * OCTETS_MAX + 2];
	static uint8_t octets[OCTETS_MAX];

	while (fgets(line, sizeof line, stdin)) {
		struct dia_failed failed;
		struct dia_msg m;
		uint16_t left;
		size_t len;

		line[strcspn(line, "\n")] = 0;
		if (str_unhex(octets, sizeof octets, &len, line)) {
			die("hex expected");
		}
		if (dia_msg_parse(&m, octets, len, &limits, &failed)) {
			die(failed.text);
		}
		printf("{\"length\":%u,\"flags\":%u,\"code\":%u,\"app_id\":%u,\"hop_by_hop\":%u,\"end_to_end\":%u,\"avps\":",
		       m.hdr.length, m.hdr.flags, m.hdr.code, m.hdr.app_id, m.hdr.hop_by_hop, m.hdr.end_to_end);
		print_window(dia_msg_win(&m, &left));
		puts("}");
	}
	return 0;
}
