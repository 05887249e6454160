/* PDUs that another encoder wrote (tests/vectors/smpp): each is read as what was meant, and written again octet by octet. */
#include <stdlib.h>

#include "tests/unit/test.h"

#include "base/str.h"
#include "smpp/smpp_rows.h"

enum { LINE_MAX_LEN = 4096, VECTORS_LEAST = 30 };

static void number_text(char *out, size_t cap, uint64_t v)
{
	(void)snprintf(out, cap, "%llu", (unsigned long long)v);
}

static void octets_text(char *out, size_t cap, const struct smpp_octets *o)
{
	assert_true(2 * o->len < cap);
	str_hex(out, o->p, o->len);
}

/* The value of a parameter by its name; false: there is no such parameter. */
static bool parameter_text(char *out, size_t cap, const struct smpp_pdu *p, const char *name)
{
	for (unsigned i = 0; i < SMPP_TLV_N; i++) {
		if (strcmp(name, smpp_tlv_name((enum smpp_tlv)i)) != 0) {
			continue;
		}
		assert_true(smpp_has(p, (enum smpp_tlv)i));
		if (smpp_tlv_rows[i].kind <= SMPP_KIND_U32) {
			number_text(out, cap, p->number[i]);
		} else {
			octets_text(out, cap, &p->octets[i]);
		}
		return true;
	}
	return false;
}

static void field_text(char *out, size_t cap, const struct smpp_pdu *p, const char *name)
{
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{ "status", p->header.status },
		{ "sequence", p->header.sequence },
		{ "interface_version", p->interface_version },
		{ "range.ton", p->range.ton },
		{ "range.npi", p->range.npi },
		{ "source.ton", p->source.ton },
		{ "source.npi", p->source.npi },
		{ "destination.ton", p->destination.ton },
		{ "destination.npi", p->destination.npi },
		{ "esm_class", p->esm_class },
		{ "protocol_id", p->protocol_id },
		{ "priority_flag", p->priority_flag },
		{ "registered_delivery", p->registered_delivery },
		{ "data_coding", p->data_coding },
		{ "destinations_n", p->destinations_n },
		{ "failures_n", p->failures_n },
		{ "message_state", p->message_state },
		{ "error_code", p->error_code },
	};
	const struct {
		const char *name, *value;
	} texts[] = {
		{ "command", smpp_command_name(p->header.command) },
		{ "system_id", p->system_id },
		{ "password", p->password },
		{ "system_type", p->system_type },
		{ "range.digits", p->range.digits },
		{ "service_type", p->service_type },
		{ "source.digits", p->source.digits },
		{ "destination.digits", p->destination.digits },
		{ "validity_period", p->validity_period },
		{ "message_id", p->message_id },
		{ "final_date", p->final_date },
	};
	const struct {
		const char *name;
		const struct smpp_octets *value;
	} octets[] = { { "short_message", &p->short_message },
		       { "destinations", &p->destinations },
		       { "failures", &p->failures } };

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		if (!strcmp(name, numbers[i].name)) {
			number_text(out, cap, numbers[i].value);
			return;
		}
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (!strcmp(name, texts[i].name)) {
			str_set(out, cap, texts[i].value);
			return;
		}
	}
	for (size_t i = 0; i < sizeof octets / sizeof *octets; i++) {
		if (!strcmp(name, octets[i].name)) {
			octets_text(out, cap, octets[i].value);
			return;
		}
	}
	if (!parameter_text(out, cap, p, name)) {
		fail_msg("the vectors have a field '%s' that this test does not know", name);
	}
}

static void written_again(const struct smpp_pdu *p, const uint8_t *octets, size_t len, const char *name)
{
	uint8_t again[LINE_MAX_LEN];
	struct buf b = buf_over(again, sizeof again);

	assert_int_equal(smpp_encode(&b, p), 0);
	if (b.len != len || memcmp(again, octets, len) != 0) {
		char hex[2 * LINE_MAX_LEN + 1];

		str_hex(hex, again, b.len);
		fail_msg("%s is written as %s", name, hex);
	}
}

static void test_vectors(void **state)
{
	char path[512], line[LINE_MAX_LEN], name[64] = "", value[LINE_MAX_LEN];
	static uint8_t octets[LINE_MAX_LEN];
	static struct smpp_pdu p;
	unsigned vectors = 0, fields = 0;
	size_t len = 0;
	FILE *f;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/npm.txt", getenv("MTC_VECTORS"));
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		char *blank = strchr(line, ' ');

		line[strcspn(line, "\n")] = 0;
		if (!line[0] || line[0] == '#') {
			continue;
		}
		assert_non_null(blank);
		*blank++ = 0;
		if (!strcmp(line, "pdu")) {
			str_set(name, sizeof name, blank);
			vectors++;
		} else if (!strcmp(line, "hex")) {
			assert_int_equal(str_unhex(octets, sizeof octets, &len, blank), 0);
			assert_int_equal(smpp_decode(&p, octets, len), SMPP_ROK);
			assert_int_equal(p.ignored, 0);
			written_again(&p, octets, len, name);
		} else {
			field_text(value, sizeof value, &p, line);
			if (strcmp(value, blank) != 0) {
				fail_msg("%s: %s is '%s', and was meant as '%s'", name, line, value, blank);
			}
			fields++;
		}
	}
	(void)fclose(f);
	assert_true(vectors >= VECTORS_LEAST && fields > 3 * vectors);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors) };

	return cmocka_run_group_tests_name("smpp vectors", tests, NULL, NULL);
}
