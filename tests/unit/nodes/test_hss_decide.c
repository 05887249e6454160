/* What an SIR is answered: each row of TS 29.336 5.2.1.2, in order. */
#include "tests/unit/test.h"

#include "nodes/hss/hss_decide.h"

static const char *const externals[] = { "meter-1@a.example", "spare@b.example" };
static const struct hss_number acme = { { 0x94, 0x71, 0x10, 0x32, 0x54, 0xf6 }, 6 };
static const struct hss_port ports[] = { { "meter-1@a.example", 16001 } };
static const struct hss_node nodes[] = {
	{ "gw.core.example", "core.example", { { 0x94, 0x01 }, 2 }, HSS_NODE_IP_SM_GW, true },
	{ "mme.core.example", "core.example", { { 0x94, 0x02 }, 2 }, HSS_NODE_MME, true },
	{ NULL, NULL, { { 0x94, 0x03 }, 2 }, HSS_NODE_SGSN, true },
};

static struct hss_subscriber subscriber(void)
{
	return (struct hss_subscriber){
		.imsi = "001010000000001",
		.msisdn = { { 0x94, 0x71, 0x00, 0x00, 0x00, 0x10 }, 6 },
		.externals = externals,
		.externals_n = 2,
		.allowed = &acme,
		.allowed_n = 1,
		.nodes = nodes,
		.nodes_n = 3,
		.ports = ports,
		.ports_n = 1,
		.services = HSS_SERVICE_DEVICE_TRIGGER | HSS_SERVICE_SMS_MO,
		.teleservice = true,
	};
}

static struct s6m_sir request(void)
{
	return (struct s6m_sir){
		.user_identifier.external_identifier = dia_text("meter-1@a.example"),
		.service_id = dia_u32_of(S6M_SERVICE_DEVICE_TRIGGER),
		.scs_identity = { acme.tbcd, acme.len },
		.sir_flags = dia_u32_of(S6M_SIR_FLAG_S6M),
	};
}

static struct s6m_sia decide(const struct hss_subscriber *s, const struct s6m_sir *sir)
{
	struct s6m_sia sia = { 0 };

	assert_non_null(hss_decide(&sia, s, sir));
	return sia;
}

static void assert_refused(const struct s6m_sia *sia, uint32_t code)
{
	assert_true(sia->head.experimental_result.present);
	assert_int_equal(sia->head.experimental_result.vendor_id, DIA_VENDOR_3GPP);
	assert_int_equal(sia->head.experimental_result.code, code);
	assert_false(sia->head.result_code.present);
	assert_int_equal(sia->user_identifiers_n, 0);
	assert_false(sia->has_service_data);
}

static void assert_identity(const struct s6m_sia *sia)
{
	assert_int_equal(sia->head.result_code.v, DIA_RESULT_SUCCESS);
	assert_false(sia->head.experimental_result.present);
	assert_int_equal(sia->user_identifiers_n, 1);
	assert_int_equal(sia->user_identifiers[0].user_name.len, 15);
	assert_memory_equal(sia->user_identifiers[0].user_name.p, "001010000000001", 15);
	assert_int_equal(sia->user_identifiers[0].msisdn.len, 6);
	assert_true(sia->has_service_data && sia->has_t4_data);
}

static void assert_cause(const struct s6m_sia *sia, uint32_t cause)
{
	assert_identity(sia);
	assert_true(sia->hss_cause.present);
	assert_int_equal(sia->hss_cause.v, cause);
	assert_false(sia->serving_node.present);
	assert_null(sia->serving_node.mme_name.p);
	assert_int_equal(sia->additional_serving_nodes_n, 0);
}

static void test_1_unknown_identity_is_5001(void **state)
{
	struct s6m_sir sir = request();
	struct s6m_sia sia = decide(NULL, &sir);

	(void)state;
	assert_refused(&sia, 5001);
}

static void test_2_scs_that_is_not_allowed_is_5510(void **state)
{
	static const uint8_t other[] = { 0x94, 0x71, 0x10, 0x32, 0x54, 0xf7 };
	struct hss_subscriber s = subscriber();
	struct s6m_sir sir = request();
	struct s6m_sia sia;

	(void)state;
	s.services = 0; /* would be 5511: the order is 5510 first */
	sir.scs_identity = (struct dia_bytes){ other, sizeof other };
	sia = decide(&s, &sir);
	assert_refused(&sia, 5510);
	sir.scs_identity = (struct dia_bytes){ acme.tbcd, 5 };
	sia = decide(&s, &sir);
	assert_refused(&sia, 5510);
	sir.scs_identity = (struct dia_bytes){ 0 };
	sia = decide(&s, &sir);
	assert_refused(&sia, 5510);
	s = subscriber();
	s.any_scs = true;
	sia = decide(&s, &sir);
	assert_identity(&sia);
}

static void test_3_service_absent_or_not_allowed_is_5511(void **state)
{
	struct hss_subscriber s = subscriber();
	struct s6m_sir sir = request();
	struct s6m_sia sia;

	(void)state;
	s.services = HSS_SERVICE_SMS_MO;
	s.nodes_n = 0; /* would be a cause: the order is 5511 first */
	sia = decide(&s, &sir);
	assert_refused(&sia, 5511);
	s = subscriber();
	sir.service_id.present = false;
	sia = decide(&s, &sir);
	assert_refused(&sia, 5511);
	sir.service_id = dia_u32_of(2);
	sia = decide(&s, &sir);
	assert_refused(&sia, 5511);
	s.services = HSS_SERVICE_DEVICE_TRIGGER;
	sir.service_id = dia_u32_of(S6M_SERVICE_SMS_MO);
	sia = decide(&s, &sir);
	assert_refused(&sia, 5511);
}

static void test_4a_registered_nowhere_is_cause_bit_0(void **state)
{
	struct hss_subscriber s = subscriber();
	struct s6m_sir sir = request();
	struct s6m_sia sia;

	(void)state;
	s.nodes_n = 0;
	s.barred = true; /* not looked at any more */
	sir.priority_indication = dia_u32_of(1);
	sia = decide(&s, &sir);
	assert_cause(&sia, S6M_CAUSE_ABSENT_SUBSCRIBER);
}

static void test_4b_unreachable_is_cause_bit_0_unless_priority(void **state)
{
	struct hss_node gone[3];
	struct hss_subscriber s = subscriber();
	struct s6m_sir sir = request();
	struct s6m_sia sia;

	(void)state;
	memcpy(gone, nodes, sizeof gone);
	for (int i = 0; i < 3; i++) {
		gone[i].reachable = false;
	}
	s.nodes = gone;
	sia = decide(&s, &sir);
	assert_cause(&sia, S6M_CAUSE_ABSENT_SUBSCRIBER);
	sir.priority_indication = dia_u32_of(0);
	sia = decide(&s, &sir);
	assert_cause(&sia, S6M_CAUSE_ABSENT_SUBSCRIBER);
	sir.priority_indication = dia_u32_of(1);
	sia = decide(&s, &sir);
	assert_identity(&sia);
	assert_false(sia.hss_cause.present);
	assert_true(sia.serving_node.present);
	assert_int_equal(sia.additional_serving_nodes_n, 2);
}

static void test_5_teleservice_and_barring_are_bits_1_and_2(void **state)
{
	struct hss_subscriber s = subscriber();
	struct s6m_sir sir = request();
	struct s6m_sia sia;

	(void)state;
	s.teleservice = false;
	sia = decide(&s, &sir);
	assert_cause(&sia, S6M_CAUSE_TELESERVICE_NOT_PROVISIONED);
	s.barred = true;
	sia = decide(&s, &sir);
	assert_cause(&sia, S6M_CAUSE_TELESERVICE_NOT_PROVISIONED | S6M_CAUSE_CALL_BARRED);
	s.teleservice = true;
	sia = decide(&s, &sir);
	assert_cause(&sia, S6M_CAUSE_CALL_BARRED);
}

static void test_6_sms_mo_without_imsi_or_port_is_5598(void **state)
{
	struct hss_subscriber s = subscriber();
	struct s6m_sir sir = request();
	struct s6m_sia sia;

	(void)state;
	sir.service_id = dia_u32_of(S6M_SERVICE_SMS_MO);
	sir.application_port = dia_u32_of(16001);
	sia = decide(&s, &sir);
	assert_refused(&sia, 5598);
	sir.user_identifier = (struct app_user_identifier){ .user_name = dia_text("001010000000001") };
	sir.application_port.present = false;
	sia = decide(&s, &sir);
	assert_refused(&sia, 5598);
}

static void test_7_reachable_nodes_each_in_its_own_members(void **state)
{
	struct hss_node some[3];
	struct hss_subscriber s = subscriber();
	struct s6m_sir sir = request();
	struct s6m_sia sia = decide(&s, &sir);

	(void)state;
	assert_identity(&sia);
	assert_false(sia.hss_cause.present);
	assert_memory_equal(sia.serving_node.ip_sm_gw_name.p, "gw.core.example", 15);
	assert_int_equal(sia.serving_node.ip_sm_gw_number.len, 2);
	assert_null(sia.serving_node.mme_name.p);
	assert_int_equal(sia.additional_serving_nodes_n, 2);
	assert_memory_equal(sia.additional_serving_nodes[0].mme_name.p, "mme.core.example", 16);
	assert_memory_equal(sia.additional_serving_nodes[0].mme_realm.p, "core.example", 12);
	assert_memory_equal(sia.additional_serving_nodes[0].mme_number_for_mt_sms.p, "\x94\x02", 2);
	assert_memory_equal(sia.additional_serving_nodes[1].sgsn_number.p, "\x94\x03", 2);
	assert_null(sia.additional_serving_nodes[1].sgsn_name.p);

	memcpy(some, nodes, sizeof some);
	some[0].reachable = false;
	some[1].kind = HSS_NODE_MSC;
	s.nodes = some;
	s.msisdn.len = 0;
	sia = decide(&s, &sir);
	assert_null(sia.user_identifiers[0].msisdn.p);
	assert_null(sia.serving_node.ip_sm_gw_name.p);
	assert_memory_equal(sia.serving_node.msc_number.p, "\x94\x02", 2);
	assert_memory_equal(sia.serving_node.mme_name.p, "mme.core.example", 16);
	assert_int_equal(sia.additional_serving_nodes_n, 1);
}

static void test_8_sms_mo_gives_the_external_identifier_of_the_port(void **state)
{
	struct hss_subscriber s = subscriber();
	struct s6m_sir sir = request();
	struct s6m_sia sia;

	(void)state;
	sir.service_id = dia_u32_of(S6M_SERVICE_SMS_MO);
	sir.user_identifier = (struct app_user_identifier){ .user_name = dia_text("001010000000001") };
	sir.application_port = dia_u32_of(16001);
	sia = decide(&s, &sir);
	assert_int_equal(sia.head.result_code.v, DIA_RESULT_SUCCESS);
	assert_int_equal(sia.user_identifiers_n, 1);
	assert_int_equal(sia.user_identifiers[0].external_identifier.len, 17);
	assert_memory_equal(sia.user_identifiers[0].external_identifier.p, "meter-1@a.example", 17);
	assert_true(sia.has_service_data);
	assert_false(sia.has_t4_data);
}

static void test_anything_else_is_5012(void **state)
{
	struct hss_subscriber s = subscriber();
	struct s6m_sir sir = request();
	struct s6m_sia sia;

	(void)state;
	sir.service_id = dia_u32_of(S6M_SERVICE_SMS_MO);
	sir.user_identifier = (struct app_user_identifier){ .user_name = dia_text("001010000000001") };
	sir.application_port = dia_u32_of(16002);
	sia = decide(&s, &sir);
	assert_int_equal(sia.head.result_code.v, DIA_RESULT_UNABLE_TO_COMPLY);
	assert_false(sia.head.experimental_result.present);
	assert_int_equal(sia.user_identifiers_n, 0);
}

static void test_a_required_feature_is_5011(void **state)
{
	struct hss_subscriber s = subscriber();
	struct s6m_sir sir = request();
	struct s6m_sia sia;

	(void)state;
	sir.head.features[0] = (struct app_features){ DIA_VENDOR_3GPP, 1, 0x4, false };
	sir.head.features_n = 1;
	sia = decide(&s, &sir);
	assert_identity(&sia);
	sir.head.features[0].mandatory = true;
	sia = decide(&s, &sir);
	assert_refused(&sia, 5011);
}

static void test_mtc_aaa_gets_all_identities_whatever_else(void **state)
{
	struct hss_subscriber s = subscriber();
	struct s6m_sir sir = { .user_identifier.user_name = dia_text("001010000000001"), .sir_flags = dia_u32_of(0) };
	struct s6m_sia sia;

	(void)state;
	s.services = 0;
	s.allowed_n = 0;
	sia = decide(&s, &sir);
	assert_int_equal(sia.head.result_code.v, DIA_RESULT_SUCCESS);
	assert_int_equal(sia.user_identifiers_n, 3);
	assert_memory_equal(sia.user_identifiers[0].external_identifier.p, "meter-1@a.example", 17);
	assert_memory_equal(sia.user_identifiers[1].external_identifier.p, "spare@b.example", 15);
	assert_int_equal(sia.user_identifiers[2].msisdn.len, 6);
	assert_false(sia.has_service_data);
	s.externals_n = 0;
	s.msisdn.len = 0;
	sia = decide(&s, &sir);
	assert_int_equal(sia.user_identifiers_n, 1);
	assert_memory_equal(sia.user_identifiers[0].user_name.p, "001010000000001", 15);
	sia = decide(NULL, &sir);
	assert_refused(&sia, 5001);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_1_unknown_identity_is_5001),
		cmocka_unit_test(test_2_scs_that_is_not_allowed_is_5510),
		cmocka_unit_test(test_3_service_absent_or_not_allowed_is_5511),
		cmocka_unit_test(test_4a_registered_nowhere_is_cause_bit_0),
		cmocka_unit_test(test_4b_unreachable_is_cause_bit_0_unless_priority),
		cmocka_unit_test(test_5_teleservice_and_barring_are_bits_1_and_2),
		cmocka_unit_test(test_6_sms_mo_without_imsi_or_port_is_5598),
		cmocka_unit_test(test_7_reachable_nodes_each_in_its_own_members),
		cmocka_unit_test(test_8_sms_mo_gives_the_external_identifier_of_the_port),
		cmocka_unit_test(test_anything_else_is_5012),
		cmocka_unit_test(test_a_required_feature_is_5011),
		cmocka_unit_test(test_mtc_aaa_gets_all_identities_whatever_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
