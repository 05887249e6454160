/* test_ue_read.c - what a device takes and what it refuses; which devices there are. */
#include "tests/unit/test.h"

#include "nodes/ue/ue_devices.h"
#include "nodes/ue/ue_read.h"
#include "tests/unit/nodes/sms_vectors.h"

static uint8_t read_vector(struct ue_message *m, const struct ue_ports *ports, size_t at, uint8_t octet, const char **reason)
{
	static uint8_t rpdu[256]; /* the message borrows from it */
	size_t len = vector(rpdu, sizeof rpdu, "short.rp_data");

	if (at) {
		rpdu[at] = octet;
	}
	return ue_read(m, rpdu, len, ports, reason);
}

static void test_a_trigger_for_any_port(void **state)
{
	const struct ue_ports all = { 0 };
	struct ue_message m;
	const char *reason;

	(void)state;
	assert_int_equal(read_vector(&m, &all, 0, 0, &reason), 0);
	assert_int_equal(m.reference, 42);
	assert_string_equal(m.originator, "491720000001");
	assert_int_equal(m.deliver.port, 16000);
	assert_int_equal(m.deliver.payload_len, 4);
	assert_memory_equal(m.deliver.payload, "\x01\x02\x03\x04", 4);
}

enum { TPDU = 12, OA_TYPE = TPDU + 2, PID = TPDU + 9, DCS = TPDU + 10 };

static void test_what_is_no_device_trigger_is_refused(void **state)
{
	const struct ue_ports all = { 0 };
	struct ue_message m;
	const char *reason;

	(void)state;
	for (unsigned pid = 0; pid < 256; pid++) { /* TS 23.040 9.2.3.9: 0x48 and nothing else */
		if (pid == 0x48) {
			continue;
		}
		assert_int_equal(read_vector(&m, &all, PID, (uint8_t)pid, &reason), SMS_RP_CAUSE_PROTOCOL_ERROR);
		assert_string_equal(reason, "tp-pid");
		assert_int_equal(m.reference, 42); /* so that it can be answered */
	}
	assert_int_equal(read_vector(&m, &all, DCS, 0x00, &reason), SMS_RP_CAUSE_PROTOCOL_ERROR);
	assert_string_equal(reason, "tp-dcs");
	assert_int_equal(read_vector(&m, &all, OA_TYPE, 0xd0, &reason), SMS_RP_CAUSE_PROTOCOL_ERROR);
	assert_string_equal(reason, "originator");
	assert_int_equal(read_vector(&m, &all, TPDU, 0x45, &reason), SMS_RP_CAUSE_INVALID_MESSAGE); /* another TP-MTI */
	assert_string_equal(reason, "malformed");
	assert_int_equal(ue_read(&m, (const uint8_t *)"\x02\x09", 2, &all, &reason), SMS_RP_CAUSE_INVALID_MESSAGE);
	assert_int_equal(m.reference, 9);
	assert_int_equal(ue_read(&m, (const uint8_t *)"", 0, &all, &reason), SMS_RP_CAUSE_INVALID_MESSAGE);
}

/* Of a message with the octet "x", whose TP-OA is `from`. */
static const char *sender_of(const char *from)
{
	static struct ue_message m;
	uint8_t rpdu[64];
	char hex[128];
	size_t len;

	snprintf(hex, sizeof hex, "01050791947107000000001e04%s00045210912143650001" /* and "x" */ "78", from);
	assert_int_equal(str_unhex(rpdu, sizeof rpdu, &len, hex), 0);
	rpdu[TPDU - 1] = (uint8_t)(len - TPDU);
	return ue_read_message(&m, rpdu, len) ? m.sender : "unreadable";
}

static void test_the_sender_of_a_message_is_a_number_of_any_type_or_a_name(void **state)
{
	(void)state;
	assert_string_equal(sender_of("0c91947102000010"), "491720000001");
	assert_string_equal(sender_of("04812424"), "4242");
	assert_string_equal(sender_of("058124240f"), ""); /* another number of digits than it says */
	assert_string_equal(sender_of("058124a4f1"), ""); /* no digit among them */
	assert_string_equal(sender_of("0081"), "");
	assert_string_equal(sender_of("07d0c171bb0c"), "Acme");
	assert_string_equal(sender_of("14d0d730bd2c07dddff2f51c"), "Water works");
	assert_string_equal(sender_of("02d005"), "\xc3\xa9");       /* one character, as UTF-8 */
	assert_string_equal(sender_of("04d09b32"), "\xe2\x82\xac"); /* of the extension table */
	assert_string_equal(sender_of("14d010080402814020100804"),  /* eleven of them */
			    "\xce\x94\xce\x94\xce\x94\xce\x94\xce\x94\xce\x94\xce\x94\xce\x94\xce\x94\xce\x94\xce\x94");
}

static void test_ports_that_nobody_listens_on_are_refused(void **state)
{
	struct ue_ports ports = { 0 };
	struct ue_message m;
	const char *reason;

	(void)state;
	assert_true(ue_ports_has(&ports, 0)); /* none named: every port */
	assert_int_equal(ue_ports_add(&ports, "15000-15999"), 0);
	assert_int_equal(read_vector(&m, &ports, 0, 0, &reason), SMS_RP_CAUSE_PROTOCOL_ERROR);
	assert_string_equal(reason, "port");
	assert_int_equal(ue_ports_add(&ports, "16000"), 0);
	assert_int_equal(read_vector(&m, &ports, 0, 0, &reason), 0);
	assert_int_equal(ue_ports_add(&ports, "65535"), 0);
	assert_true(ue_ports_has(&ports, 65535));
	assert_true(ue_ports_has(&ports, 15000));
	assert_false(ue_ports_has(&ports, 14999));
	assert_false(ue_ports_has(&ports, 0));
	assert_int_equal(ue_ports_add(&ports, "65536"), ERR_RANGE);
	assert_int_equal(ue_ports_add(&ports, "9-8"), ERR_RANGE);
	assert_int_equal(ue_ports_add(&ports, "9-"), ERR_INVAL);
	assert_int_equal(ue_ports_add(&ports, "-9"), ERR_INVAL);
	assert_int_equal(ue_ports_add(&ports, "9999999999"), ERR_INVAL);
}

static void test_devices_are_ranges(void **state)
{
	struct ue_devices d = { 0 };

	(void)state;
	assert_int_equal(ue_devices_add(&d, "001010000000001-001010000001000"), 0);
	assert_int_equal(ue_devices_add(&d, "262010000000001"), 0);
	assert_int_equal(d.devices_n, 1001);
	assert_int_equal(ue_devices_add(&d, "001010000001000-001010000001001"), ERR_EXISTS);
	assert_int_equal(ue_devices_add(&d, "1010000000001"), 0); /* fewer digits: another IMSI */
	assert_int_equal(ue_devices_add(&d, "00101"), ERR_INVAL);
	assert_int_equal(ue_devices_add(&d, "0010100000000001"), ERR_INVAL);
	assert_int_equal(ue_devices_add(&d, "001010000000009-001010000000008"), ERR_INVAL);
	assert_int_equal(ue_devices_add(&d, "000001-0000009"), ERR_INVAL);
	assert_int_equal(ue_devices_add(&d, "000001-"), ERR_INVAL);
	assert_int_equal(ue_devices_add(&d, "100000000000000-100000001000000"), ERR_LIMIT);
	assert_int_equal(ue_devices_add(&d, "000000000000000-999999999999999"), ERR_LIMIT);
	assert_non_null(ue_devices_find(&d, "001010000000001"));
	assert_non_null(ue_devices_find(&d, "001010000001000"));
	assert_null(ue_devices_find(&d, "001010000001001"));
	assert_null(ue_devices_find(&d, "x"));
	assert_ptr_not_equal(ue_devices_find(&d, "1010000000001"), ue_devices_find(&d, "001010000000001"));
	ue_devices_fini(&d);
}

struct named {
	unsigned n;
	char first[16], last[16];
};

static void name(void *arg, const char *imsi, struct ue_device *device)
{
	struct named *w = arg;

	device->absent = true;
	if (!w->n++) {
		snprintf(w->first, sizeof w->first, "%s", imsi);
	}
	snprintf(w->last, sizeof w->last, "%s", imsi);
}

static void test_orders_reach_the_devices_they_name(void **state)
{
	struct ue_devices d = { 0 };
	struct named w = { 0 };

	(void)state;
	assert_int_equal(ue_devices_add(&d, "001010000000001-001010000000100"), 0);
	assert_int_equal(ue_devices_each(&d, "001010000000099-001010000000200", name, &w), 2);
	assert_string_equal(w.first, "001010000000099");
	assert_string_equal(w.last, "001010000000100");
	assert_true(ue_devices_find(&d, "001010000000099")->absent);
	assert_false(ue_devices_find(&d, "001010000000098")->absent);
	assert_int_equal(ue_devices_each(&d, NULL, name, &w), 100);
	assert_int_equal(ue_devices_each(&d, "001010000000101", name, &w), ERR_NOTFOUND);
	assert_int_equal(ue_devices_each(&d, "all", name, &w), ERR_INVAL);
	ue_devices_fini(&d);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_trigger_for_any_port),
		cmocka_unit_test(test_what_is_no_device_trigger_is_refused),
		cmocka_unit_test(test_the_sender_of_a_message_is_a_number_of_any_type_or_a_name),
		cmocka_unit_test(test_ports_that_nobody_listens_on_are_refused),
		cmocka_unit_test(test_devices_are_ranges),
		cmocka_unit_test(test_orders_reach_the_devices_they_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
