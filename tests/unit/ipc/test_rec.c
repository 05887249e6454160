/* Every record survives the way over the ring; every other octet string is refused. */
#include "tests/unit/test.h"

#include "base/request_status.h"
#include "ipc/ipc_rec.h"
#include "ipc/ipc_ring.h"

#define GENERATION 7
#define NUMBER 0xa1ull

static struct ipc_session_open session_open(void)
{
	struct ipc_session_open s = { .zone = ZONE_EXTERNAL,
				      .protection = PROTECTION_TLS,
				      .transport = TRANSPORT_TCP,
				      .tls_version = AGREED_TLS_1_3,
				      .tls_suite = agreed_suite(0x1301) };

	s.identity.kind = IDENTITY_TLS;
	s.identity.names_n = 2;
	strcpy(s.identity.names[0], "scs.acme.example");
	strcpy(s.identity.names[1], "other.acme.example");
	s.identity.groups_n = 1;
	strcpy(s.identity.groups[0], "urn:group:meters");
	s.identity.anchors_n = 1;
	strcpy(s.identity.anchors[0], "anchor-a");
	s.identity.not_after_s = 1795000000;
	strcpy(s.origin_host, "scs.acme.example");
	strcpy(s.origin_realm, "acme.example");
	strcpy(s.address, "192.0.2.7:40000");
	return s;
}

static struct ipc_device_action device_action(void)
{
	struct ipc_device_action a = { .session = 3,
				       .end_to_end = 0xdeadbeef,
				       .retransmitted = true,
				       .answer_by_ms = 0x0102030405060708,
				       .device = IPC_DEVICE_BOTH };

	strcpy(a.external_id, "meter-7@fleet.example");
	strcpy(a.msisdn, "491700000001");
	strcpy(a.scs_identity, "49170123456");
	a.reference = 41;
	a.action_type = 1;
	a.priority = (struct ipc_opt_u32){ 1, true };
	a.port = (struct ipc_opt_u32){ 9200, true };
	a.validity_s = (struct ipc_opt_u32){ 3600, true };
	a.has_trigger_data = true;
	a.payload_len = 5;
	a.payload = (const uint8_t *)"hello";
	return a;
}

/* One of each, as large as a test needs them. Returns its length. */
static size_t make(uint16_t type, uint8_t *out)
{
	struct ipc_session_open so = session_open();
	struct ipc_session_verdict sv = { true, 2001, 1024, "acme", "accepted", true, 1, true };
	struct ipc_session_cut cut = { 2000, 2, "scs-removed" };
	struct ipc_session_closed closed = { "disconnected" };
	struct ipc_device_action da = device_action();
	struct ipc_device_action_answer daa = { 3, 2001, 105, { 0, false }, { 1, true } };
	struct ipc_device_notification dn = { .session = 3,
					      .report = 9,
					      .end_to_end = 8,
					      .device = IPC_DEVICE_EXTERNAL,
					      .external_id = "meter-7@fleet.example",
					      .scs_identity = "49170123456",
					      .reference = 41,
					      .delivery_outcome = 4,
					      .wait_ms = 5000 };
	struct ipc_device_notification_answer dna = { 3, IPC_DNA_ANSWERED, 2001, 0, IPC_LAPSES_ALL };
	struct ipc_device_action_given_up given_up = { 3, 0xdeadbeef, 41 };
	struct ipc_screen_rule rule = { SCREEN_AGENTS, { SCREEN_ENFORCE, 2, 5008, { "acme", "beta" } } };
	struct ipc_screen_seen seen = { 0xdeadbeef, 1u << SCREEN_AGENTS | 1u << SCREEN_SIZES };
	struct ipc_ocsp ocsp = { .key = { 1, 2 }, .this_s = 1790000000, .len = 9, .response = (const uint8_t *)"responded" };
	struct ipc_ocsp_state state = { 3,
					7,
					100,
					5,
					1790000000,
					1790000001,
					1790000002,
					1790000003,
					"it is no OCSP response",
					2,
					1,
					2,
					{ { "scs.acme.example", false, 1790000004 }, { "scs.beta.example", true, 5 } } };
	struct ipc_trace trace = { .number = 5,
				   .unredacted = true,
				   .key = { 1, UINT64_MAX },
				   .scs = "acme",
				   .device = IPC_DEVICE_EXTERNAL,
				   .external_id = "meter-7@fleet.example",
				   .reference = { 41, true } };
	struct ipc_trace_copy copy = { .number = 5,
				       .out = true,
				       .time_ms = 1790000000123,
				       .lost = 3,
				       .len_before = 9000,
				       .len = 20,
				       .message = (const uint8_t *)"twenty octets or more" };
	struct st_counters st = { { 0 } };

	st.v[ST_EDGE_ACCEPTED] = 12;
	st.v[ST_EDGE_RING_BAD] = 1;
	switch (type) {
	case IPC_REC_SESSION_OPEN:
		return ipc_session_open_put(out, GENERATION, NUMBER, &so);
	case IPC_REC_SESSION_VERDICT:
		return ipc_session_verdict_put(out, GENERATION, NUMBER, &sv);
	case IPC_REC_SESSION_CUT:
		return ipc_session_cut_put(out, GENERATION, NUMBER, &cut);
	case IPC_REC_SESSION_CLOSED:
		return ipc_session_closed_put(out, GENERATION, NUMBER, &closed);
	case IPC_REC_DEVICE_ACTION:
		return ipc_device_action_put(out, GENERATION, NUMBER, &da);
	case IPC_REC_DEVICE_ACTION_ANSWER:
		return ipc_device_action_answer_put(out, GENERATION, NUMBER, &daa);
	case IPC_REC_DEVICE_NOTIFICATION:
		return ipc_device_notification_put(out, GENERATION, NUMBER, &dn);
	case IPC_REC_DEVICE_NOTIFICATION_ANSWER:
		return ipc_device_notification_answer_put(out, GENERATION, NUMBER, &dna);
	case IPC_REC_DEVICE_ACTION_GIVEN_UP:
		return ipc_device_action_given_up_put(out, GENERATION, NUMBER, &given_up);
	case IPC_REC_SCREEN_RULE:
		return ipc_screen_rule_put(out, GENERATION, 0, &rule);
	case IPC_REC_SCREEN_SEEN:
		return ipc_screen_seen_put(out, GENERATION, NUMBER, &seen);
	case IPC_REC_OCSP_FOUND:
	case IPC_REC_OCSP_KNOWN:
		return ipc_ocsp_put(out, type, GENERATION, &ocsp);
	case IPC_REC_OCSP_STATE:
		return ipc_ocsp_state_put(out, GENERATION, &state);
	case IPC_REC_TRACE:
		return ipc_trace_put(out, GENERATION, &trace);
	case IPC_REC_TRACE_COPY:
		return ipc_trace_copy_put(out, GENERATION, NUMBER, &copy);
	default:
		return ipc_stats_put(out, GENERATION, &st);
	}
}

static int take(uint16_t type, const uint8_t *rec, size_t len)
{
	union {
		struct ipc_session_open so;
		struct ipc_session_verdict sv;
		struct ipc_session_cut cut;
		struct ipc_session_closed closed;
		struct ipc_device_action da;
		struct ipc_device_action_answer daa;
		struct ipc_device_notification dn;
		struct ipc_device_notification_answer dna;
		struct ipc_device_action_given_up given_up;
		struct ipc_screen_rule rule;
		struct ipc_screen_seen seen;
		struct ipc_ocsp ocsp;
		struct ipc_ocsp_state state;
		struct ipc_trace trace;
		struct ipc_trace_copy copy;
		struct st_counters st;
	} u, before;
	int err;

	memset(&u, 0x5a, sizeof u);
	memset(&before, 0x5a, sizeof before);
	switch (type) {
	case IPC_REC_SESSION_OPEN:
		err = ipc_session_open_get(&u.so, rec, len);
		break;
	case IPC_REC_SESSION_VERDICT:
		err = ipc_session_verdict_get(&u.sv, rec, len);
		break;
	case IPC_REC_SESSION_CUT:
		err = ipc_session_cut_get(&u.cut, rec, len);
		break;
	case IPC_REC_SESSION_CLOSED:
		err = ipc_session_closed_get(&u.closed, rec, len);
		break;
	case IPC_REC_DEVICE_ACTION:
		err = ipc_device_action_get(&u.da, rec, len);
		break;
	case IPC_REC_DEVICE_ACTION_ANSWER:
		err = ipc_device_action_answer_get(&u.daa, rec, len);
		break;
	case IPC_REC_DEVICE_NOTIFICATION:
		err = ipc_device_notification_get(&u.dn, rec, len);
		break;
	case IPC_REC_DEVICE_NOTIFICATION_ANSWER:
		err = ipc_device_notification_answer_get(&u.dna, rec, len);
		break;
	case IPC_REC_DEVICE_ACTION_GIVEN_UP:
		err = ipc_device_action_given_up_get(&u.given_up, rec, len);
		break;
	case IPC_REC_SCREEN_RULE:
		err = ipc_screen_rule_get(&u.rule, rec, len);
		break;
	case IPC_REC_SCREEN_SEEN:
		err = ipc_screen_seen_get(&u.seen, rec, len);
		break;
	case IPC_REC_OCSP_FOUND:
	case IPC_REC_OCSP_KNOWN:
		err = ipc_ocsp_get(&u.ocsp, type, rec, len);
		break;
	case IPC_REC_OCSP_STATE:
		err = ipc_ocsp_state_get(&u.state, rec, len);
		break;
	case IPC_REC_TRACE:
		err = ipc_trace_get(&u.trace, rec, len);
		break;
	case IPC_REC_TRACE_COPY:
		err = ipc_trace_copy_get(&u.copy, rec, len);
		break;
	default:
		err = ipc_stats_get(&u.st, rec, len);
		break;
	}
	if (err) {
		assert_memory_equal(&u, &before, sizeof u); /* untouched on failure */
	}
	return err;
}

static void test_every_record_survives_the_way(void **state)
{
	uint8_t rec[IPC_REC_MAX], again[IPC_REC_MAX];
	struct ipc_session_open so, so_in = session_open();
	struct ipc_device_action da, da_in = device_action();
	struct ipc_rec_head h;

	(void)state;
	for (uint16_t type = IPC_REC_SESSION_OPEN; type <= IPC_REC_LAST; type++) {
		size_t len = make(type, rec);

		assert_int_equal(ipc_rec_head_get(&h, rec, len), 0);
		assert_int_equal(h.type, type);
		assert_int_equal(h.length, len);
		assert_int_equal(h.edge_generation, GENERATION);
		assert_int_equal(h.transaction, type == IPC_REC_STATS || type == IPC_REC_SCREEN_RULE ||
							(type >= IPC_REC_OCSP_FOUND && type != IPC_REC_TRACE_COPY)
						    ? 0
						    : NUMBER);
		assert_int_equal(take(type, rec, len), 0);
	}
	assert_int_equal(ipc_session_open_get(&so, rec, make(IPC_REC_SESSION_OPEN, rec)), 0);
	assert_string_equal(so.identity.names[1], so_in.identity.names[1]);
	assert_string_equal(so.address, so_in.address);
	assert_int_equal(ipc_session_open_put(again, GENERATION, NUMBER, &so), make(IPC_REC_SESSION_OPEN, rec));
	assert_memory_equal(again, rec, ipc_rec_length(rec));
	assert_int_equal(ipc_device_action_get(&da, rec, make(IPC_REC_DEVICE_ACTION, rec)), 0);
	assert_string_equal(da.external_id, da_in.external_id);
	assert_memory_equal(da.payload, "hello", 5);
	assert_int_equal(da.answer_by_ms, da_in.answer_by_ms);
	assert_int_equal(ipc_device_action_put(again, GENERATION, NUMBER, &da), make(IPC_REC_DEVICE_ACTION, rec));
	assert_memory_equal(again, rec, ipc_rec_length(rec));
}

static void test_a_record_cut_at_any_octet_is_refused(void **state)
{
	uint8_t rec[IPC_REC_MAX], cut[IPC_REC_MAX];

	(void)state;
	for (uint16_t type = IPC_REC_SESSION_OPEN; type <= IPC_REC_LAST; type++) {
		size_t len = make(type, rec);

		if (type == IPC_REC_STATS) { /* a list: a shorter one is valid, too */
			continue;
		}

		for (size_t n = 0; n < len; n++) {
			memcpy(cut, rec, n);
			assert_int_equal(take(type, cut, n), ERR_PROTO); /* header says more */
			if (n >= IPC_REC_HEAD_LEN) {
				cut[2] = (uint8_t)n;
				cut[3] = (uint8_t)(n >> 8);
				assert_int_equal(take(type, cut, n), ERR_PROTO); /* header agrees, body lacks */
			}
		}
	}
}

static int take_rule(enum screen_row row, struct screen_rule rule)
{
	struct ipc_screen_rule r = { row, rule };
	uint8_t rec[IPC_REC_MAX];

	return take(IPC_REC_SCREEN_RULE, rec, ipc_screen_rule_put(rec, 1, 0, &r));
}

static int take_seen(uint32_t rows)
{
	struct ipc_screen_seen seen = { 1, rows };
	uint8_t rec[IPC_REC_MAX];

	return take(IPC_REC_SCREEN_SEEN, rec, ipc_screen_seen_put(rec, 1, 1, &seen));
}

static void test_only_a_rule_of_its_row_and_rows_that_detect_cross(void **state)
{
	struct screen_rule rule = screen_rule_preset(SCREEN_IDENTITY);
	uint8_t rec[IPC_REC_MAX];
	size_t len;

	(void)state;
	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		assert_int_equal(take_rule((enum screen_row)i, screen_rule_preset((enum screen_row)i)), 0);
		assert_int_equal(take_seen(1u << i), screen_row_class((enum screen_row)i) == SCREEN_OPEN ? 0 : ERR_PROTO);
	}
	assert_int_equal(take_seen(0), ERR_PROTO);
	assert_int_equal(take_seen(1u << SCREEN_ROWS_N), ERR_PROTO);
	rule.mode = SCREEN_DETECT;
	assert_int_equal(take_rule(SCREEN_IDENTITY, rule), ERR_PROTO);
	rule = screen_rule_preset(SCREEN_LOOP);
	rule.mode = SCREEN_DETECT;
	assert_int_equal(take_rule(SCREEN_LOOP, rule), ERR_PROTO);
	rule = (struct screen_rule){ SCREEN_ENFORCE, 2, 5008, { "acme", "acme" } };
	assert_int_equal(take_rule(SCREEN_AGENTS, rule), ERR_PROTO);
	rule = (struct screen_rule){ SCREEN_ENFORCE, 2, 5008, { "beta", "acme" } };
	assert_int_equal(take_rule(SCREEN_AGENTS, rule), ERR_PROTO);
	rule = (struct screen_rule){ SCREEN_ENFORCE, 1, 5008, { "A" } };
	assert_int_equal(take_rule(SCREEN_AGENTS, rule), ERR_PROTO);
	rule = (struct screen_rule){ SCREEN_ENFORCE, 0, 2001, { "" } };
	assert_int_equal(take_rule(SCREEN_AGENTS, rule), ERR_PROTO);
	len = make(IPC_REC_SCREEN_RULE, rec);
	rec[IPC_REC_HEAD_LEN] = SCREEN_ROWS_N;
	assert_int_equal(take(IPC_REC_SCREEN_RULE, rec, len), ERR_PROTO);
}

static void test_octets_left_over_are_refused(void **state)
{
	uint8_t rec[IPC_REC_MAX + 1];

	(void)state;
	for (uint16_t type = IPC_REC_SESSION_OPEN; type <= IPC_REC_LAST; type++) {
		size_t len = make(type, rec);

		rec[len] = 0;
		rec[2] = (uint8_t)(len + 1);
		rec[3] = (uint8_t)((len + 1) >> 8);
		assert_int_equal(take(type, rec, len + 1), ERR_PROTO);
	}
}

static void test_unknown_types_and_foreign_lengths_are_refused(void **state)
{
	uint8_t rec[IPC_REC_MAX];
	struct ipc_rec_head h;
	size_t len = make(IPC_REC_SESSION_CUT, rec);

	(void)state;
	assert_int_equal(ipc_rec_head_get(&h, rec, len - 1), ERR_PROTO);
	assert_int_equal(ipc_rec_head_get(&h, rec, 15), ERR_PROTO);
	assert_int_equal(take(IPC_REC_SESSION_VERDICT, rec, len), ERR_PROTO);
	rec[0] = 0;
	assert_int_equal(ipc_rec_head_get(&h, rec, len), ERR_PROTO);
	rec[0] = IPC_REC_LAST + 1;
	assert_int_equal(ipc_rec_head_get(&h, rec, len), ERR_PROTO);
	rec[0] = IPC_REC_SESSION_CUT;
	rec[1] = 1;
	assert_int_equal(ipc_rec_head_get(&h, rec, len), ERR_PROTO);
}

/* Names of `len` octets altogether. */
static void long_names(struct ipc_identity *id, unsigned len)
{
	id->names_n = 0;
	while (len) {
		unsigned n = len > 253 ? 253 : len;
		char *name = id->names[id->names_n++];

		for (unsigned i = 0; i < n; i++) {
			name[i] = i % 50 == 49 && i + 1 < n ? '.' : 'a';
		}
		name[n] = 0;
		len -= n;
	}
}

static void too_long(struct ipc_identity *id)
{
	long_names(id, IDENTITY_NAMES_LEN_MAX + 1);
}

static void test_the_largest_session_fits_into_a_record(void **state)
{
	uint8_t rec[IPC_REC_MAX];
	struct ipc_session_open s = session_open(), out;
	size_t len;

	(void)state;
	long_names(&s.identity, IDENTITY_NAMES_LEN_MAX - 16);
	while (s.identity.names_n < IDENTITY_NAMES_MAX) {
		strcpy(s.identity.names[s.identity.names_n++], "x");
	}
	for (s.identity.groups_n = 0; s.identity.groups_n < IDENTITY_GROUPS_MAX;) {
		memset(s.identity.groups[s.identity.groups_n++], 'g', IPC_GROUP_LEN_MAX);
	}
	for (s.identity.anchors_n = 0; s.identity.anchors_n < IDENTITY_ANCHORS_MAX;) {
		memset(s.identity.anchors[s.identity.anchors_n++], 'a', IDENT_SCS_MAX);
	}
	strcpy(s.origin_host, s.identity.names[0]);
	strcpy(s.origin_realm, s.identity.names[0]);
	len = ipc_session_open_put(rec, GENERATION, NUMBER, &s);
	assert_int_equal(ipc_session_open_get(&out, rec, len), 0);
	assert_int_equal(out.identity.names_n, s.identity.names_n);
}

static void refused_session(void (*spoil)(struct ipc_session_open *))
{
	uint8_t rec[IPC_REC_MAX];
	struct ipc_session_open s = session_open();

	spoil(&s);
	assert_int_equal(take(IPC_REC_SESSION_OPEN, rec, ipc_session_open_put(rec, GENERATION, NUMBER, &s)), ERR_PROTO);
}

#define SPOIL_SESSION(name, what)                                                                                                \
	static void name(struct ipc_session_open *s)                                                                             \
	{                                                                                                                        \
		what;                                                                                                            \
	}

SPOIL_SESSION(so_kind_0, s->identity.kind = 0)
SPOIL_SESSION(so_kind_4, s->identity.kind = 4)
SPOIL_SESSION(so_no_name, s->identity.names_n = 0)
SPOIL_SESSION(so_no_anchor, s->identity.anchors_n = 0)
SPOIL_SESSION(so_revocation_unknown_word, s->identity.revocation[0] = REVOCATION_STALE + 1)
SPOIL_SESSION(so_name_upper, strcpy(s->identity.names[0], "SCS.acme.example"))
SPOIL_SESSION(so_name_wild, strcpy(s->identity.names[0], "*.acme.example"))
SPOIL_SESSION(so_name_empty, strcpy(s->identity.names[0], ""))
SPOIL_SESSION(so_names_long, too_long(&s->identity))
SPOIL_SESSION(so_group_blank, strcpy(s->identity.groups[0], "a b"))
SPOIL_SESSION(so_anchor_upper, strcpy(s->identity.anchors[0], "Anchor"))
SPOIL_SESSION(so_host_empty, strcpy(s->origin_host, ""))
SPOIL_SESSION(so_host_dot, strcpy(s->origin_host, "scs.acme.example."))
SPOIL_SESSION(so_realm_bad, strcpy(s->origin_realm, "acme example"))
SPOIL_SESSION(so_address_line, strcpy(s->address, "1.2.3.4:5\n"))
SPOIL_SESSION(so_zone_0, s->zone = 0)
SPOIL_SESSION(so_zone_3, s->zone = 3)
SPOIL_SESSION(so_protection_0, s->protection = 0)
SPOIL_SESSION(so_protection_5, s->protection = 5)
SPOIL_SESSION(so_ipsec_two_names, s->tls_version = s->tls_suite = 0; s->identity.kind = IDENTITY_IPSEC; s->identity.groups_n = 0;
	      s->protection = PROTECTION_NDSIP)
SPOIL_SESSION(so_ipsec_group, s->tls_version = s->tls_suite = 0; s->identity.kind = IDENTITY_IPSEC; s->identity.names_n = 1;
	      s->protection = PROTECTION_NDSIP)
SPOIL_SESSION(so_ipsec_by_tls, s->tls_version = s->tls_suite = 0; s->protection = PROTECTION_NDSIP)
SPOIL_SESSION(so_tls_and_no_ike, s->protection = PROTECTION_TLS_NDSIP)
SPOIL_SESSION(so_ike_and_no_ndsip, strcpy(s->identity.ike, "scs.acme.example"))
SPOIL_SESSION(so_ike_upper, strcpy(s->identity.ike, "SCS.acme.example"); s->protection = PROTECTION_TLS_NDSIP)
SPOIL_SESSION(so_external_bare, s->tls_version = s->tls_suite = 0; s->protection = PROTECTION_NONE)
SPOIL_SESSION(so_transport_0, s->transport = 0)
SPOIL_SESSION(so_transport_4, s->transport = TRANSPORT_SCTP_UDP + 1)
SPOIL_SESSION(so_tls_version_0, s->tls_version = 0)
SPOIL_SESSION(so_tls_version_3, s->tls_version = 3)
SPOIL_SESSION(so_tls_suite_0, s->tls_suite = 0)
SPOIL_SESSION(so_tls_suite_8, s->tls_suite = AGREED_SUITES_N + 1)
SPOIL_SESSION(so_tls_suite_of_the_other_version, s->tls_version = AGREED_TLS_1_2)
SPOIL_SESSION(so_ndsip_with_tls, s->identity.kind = IDENTITY_IPSEC; s->identity.groups_n = 0; s->identity.names_n = 1;
	      s->protection = PROTECTION_NDSIP)
SPOIL_SESSION(so_internal_named, s->tls_version = s->tls_suite = 0; s->identity.kind = IDENTITY_INTERNAL; s->zone = ZONE_INTERNAL;
	      s->protection = PROTECTION_NONE)

static void test_a_session_with_a_field_out_of_range_is_refused(void **state)
{
	static void (*const all[])(struct ipc_session_open *) = {
		so_kind_0,
		so_kind_4,
		so_no_name,
		so_no_anchor,
		so_name_upper,
		so_names_long,
		so_name_wild,
		so_name_empty,
		so_group_blank,
		so_anchor_upper,
		so_host_empty,
		so_host_dot,
		so_realm_bad,
		so_address_line,
		so_zone_0,
		so_zone_3,
		so_protection_0,
		so_protection_5,
		so_external_bare,
		so_internal_named,
		so_ipsec_two_names,
		so_ipsec_group,
		so_ipsec_by_tls,
		so_tls_and_no_ike,
		so_ike_and_no_ndsip,
		so_ike_upper,
		so_revocation_unknown_word,
		so_transport_0,
		so_transport_4,
		so_tls_version_0,
		so_tls_version_3,
		so_tls_suite_0,
		so_tls_suite_8,
		so_tls_suite_of_the_other_version,
		so_ndsip_with_tls,
	};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		refused_session(all[i]);
	}
}

static void test_an_internal_session_proves_nothing_and_says_so(void **state)
{
	uint8_t rec[IPC_REC_MAX];
	struct ipc_session_open s = session_open();

	(void)state;
	s.identity = (struct ipc_identity){ .kind = IDENTITY_INTERNAL };
	s.zone = ZONE_INTERNAL;
	s.protection = PROTECTION_NONE;
	s.tls_version = s.tls_suite = 0;
	assert_int_equal(take(IPC_REC_SESSION_OPEN, rec, ipc_session_open_put(rec, GENERATION, NUMBER, &s)), 0);
	s.zone = ZONE_EXTERNAL;
	assert_int_equal(take(IPC_REC_SESSION_OPEN, rec, ipc_session_open_put(rec, GENERATION, NUMBER, &s)), ERR_PROTO);
}

static void test_an_ipsec_session_proves_one_name_and_tls_inside_it_two(void **state)
{
	uint8_t rec[IPC_REC_MAX];
	struct ipc_session_open s = session_open(), out;
	size_t len;

	(void)state;
	s.protection = PROTECTION_TLS_NDSIP;
	strcpy(s.identity.ike, "scs.acme.example");
	len = ipc_session_open_put(rec, GENERATION, NUMBER, &s);
	assert_int_equal(ipc_session_open_get(&out, rec, len), 0);
	assert_string_equal(out.identity.ike, "scs.acme.example");
	assert_int_equal(out.identity.names_n, 2);
	s = session_open();
	s.protection = PROTECTION_NDSIP;
	s.tls_version = s.tls_suite = 0;
	s.identity.kind = IDENTITY_IPSEC;
	s.identity.names_n = 1;
	s.identity.groups_n = 0;
	len = ipc_session_open_put(rec, GENERATION, NUMBER, &s);
	assert_int_equal(ipc_session_open_get(&out, rec, len), 0);
	assert_string_equal(out.identity.names[0], "scs.acme.example");
	assert_string_equal(out.identity.ike, "");
}

static void test_an_ocsp_response_without_time_or_octets_is_refused(void **state)
{
	uint8_t rec[IPC_REC_MAX];
	size_t len = make(IPC_REC_OCSP_KNOWN, rec), time_at = IPC_REC_HEAD_LEN + IPC_OCSP_KEY_LEN, len_at = time_at + 8;
	struct ipc_ocsp out;

	(void)state;
	assert_int_equal(ipc_ocsp_get(&out, IPC_REC_OCSP_KNOWN, rec, len), 0);
	assert_memory_equal(out.response, "responded", 9);
	assert_int_equal(out.key[1], 2);
	assert_int_equal(ipc_ocsp_get(&out, IPC_REC_OCSP_FOUND, rec, len), ERR_PROTO); /* of the other direction */
	memset(rec + time_at, 0, 8);
	assert_int_equal(take(IPC_REC_OCSP_KNOWN, rec, len), ERR_PROTO);
	len = make(IPC_REC_OCSP_KNOWN, rec);
	rec[len_at] = 0;
	assert_int_equal(take(IPC_REC_OCSP_KNOWN, rec, len), ERR_PROTO);
	rec[len_at] = 8;
	assert_int_equal(take(IPC_REC_OCSP_KNOWN, rec, len), ERR_PROTO);
	rec[len_at + 1] = 0xff;
	assert_int_equal(take(IPC_REC_OCSP_KNOWN, rec, len), ERR_PROTO);
}

static void refused_action(void (*spoil)(struct ipc_device_action *))
{
	uint8_t rec[IPC_REC_MAX];
	struct ipc_device_action a = device_action();

	spoil(&a);
	assert_int_equal(take(IPC_REC_DEVICE_ACTION, rec, ipc_device_action_put(rec, GENERATION, NUMBER, &a)), ERR_PROTO);
}

#define SPOIL_ACTION(name, what)                                                                                                 \
	static void name(struct ipc_device_action *a)                                                                            \
	{                                                                                                                        \
		what;                                                                                                            \
	}

SPOIL_ACTION(da_kind, a->device = 5)
SPOIL_ACTION(da_external_upper, strcpy(a->external_id, "meter-7@Fleet.example"))
SPOIL_ACTION(da_external_two, strcpy(a->external_id, "a@b@fleet.example"))
SPOIL_ACTION(da_external_none, strcpy(a->external_id, ""))
SPOIL_ACTION(da_msisdn_zero, strcpy(a->msisdn, "0491700000001"))
SPOIL_ACTION(da_msisdn_plus, strcpy(a->msisdn, "+491700000001"))
SPOIL_ACTION(da_msisdn_none, strcpy(a->msisdn, ""))
SPOIL_ACTION(da_scs_letters, strcpy(a->scs_identity, "49x"))
SPOIL_ACTION(da_scs_both, a->scs_identity_malformed = true)
SPOIL_ACTION(da_action_0, a->action_type = 0)
SPOIL_ACTION(da_action_6, a->action_type = 6)
SPOIL_ACTION(da_payload_hidden, a->has_trigger_data = false)
SPOIL_ACTION(da_payload_huge, a->payload_len = (1u << 24) + 1)

static void test_an_action_with_a_field_out_of_range_is_refused(void **state)
{
	static void (*const all[])(struct ipc_device_action *) = {
		da_kind,        da_external_upper, da_external_two, da_external_none, da_msisdn_zero,
		da_msisdn_plus, da_msisdn_none,    da_scs_letters,  da_scs_both,      da_action_0,
		da_action_6,    da_payload_hidden, da_payload_huge,
	};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		refused_action(all[i]);
	}
}

static void test_a_payload_longer_than_a_record_crosses_as_its_length_alone(void **state)
{
	uint8_t rec[IPC_REC_MAX];
	struct ipc_device_action a = device_action(), out;
	size_t len;

	(void)state;
	a.payload_len = TRIGGER_PAYLOAD_MAX + 1;
	len = ipc_device_action_put(rec, GENERATION, NUMBER, &a);
	assert_true(len < 1000);
	assert_int_equal(ipc_device_action_get(&out, rec, len), 0);
	assert_int_equal(out.payload_len, TRIGGER_PAYLOAD_MAX + 1);
}

static void test_every_request_status_crosses_and_no_other_value(void **state)
{
	struct ipc_device_action_answer daa = { 3, 2001, 0, { 0, false }, { 0, false } };
	uint8_t rec[IPC_REC_MAX];
	unsigned values = 0;

	(void)state;
	for (uint32_t v = 0; v < 1000; v++) {
		bool is_one = false;

#define IS(name_, value_) is_one = is_one || v == (value_);
		REQUEST_STATUS_TABLE(IS)
#undef IS
		values += is_one;
		daa.request_status = v;
		assert_int_equal(take(IPC_REC_DEVICE_ACTION_ANSWER, rec, ipc_device_action_answer_put(rec, 1, 1, &daa)),
				 is_one ? 0 : ERR_PROTO);
	}
	assert_int_equal(values, 14);
}

/* Two forms of one meaning would be two digests of one request. */
static void test_a_value_that_is_absent_is_zero(void **state)
{
	enum { OPTION_AT = IPC_REC_HEAD_LEN + 8 + 4 + 4 }; /* behind session, Result-Code, Request-Status */
	struct ipc_device_action_answer daa = { 3, 2001, 105, { 7, true }, { 0, false } };
	uint8_t rec[IPC_REC_MAX];
	size_t len = ipc_device_action_answer_put(rec, GENERATION, NUMBER, &daa);

	(void)state;
	assert_int_equal(rec[OPTION_AT], 1);
	assert_int_equal(take(IPC_REC_DEVICE_ACTION_ANSWER, rec, len), 0);
	rec[OPTION_AT] = 0;
	assert_int_equal(take(IPC_REC_DEVICE_ACTION_ANSWER, rec, len), ERR_PROTO);
	rec[OPTION_AT + 1] = 0;
	assert_int_equal(take(IPC_REC_DEVICE_ACTION_ANSWER, rec, len), 0);
}

static void test_answers_with_values_that_do_not_exist_are_refused(void **state)
{
	uint8_t rec[IPC_REC_MAX];
	struct ipc_device_action_answer daa = { 3, 2001, 100, { 0, false }, { 0, false } };
	struct ipc_session_verdict sv = { true, 3010, 0, "acme", "", false, 0, false };
	struct ipc_device_notification_answer dna = { 3, IPC_DNA_TIMEOUT, 2001, 0, 0 };
	struct ipc_session_cut cut = { 0, 3, "x" };

	(void)state;
	assert_int_equal(take(IPC_REC_DEVICE_ACTION_ANSWER, rec, ipc_device_action_answer_put(rec, 1, 1, &daa)), ERR_PROTO);
	daa.request_status = 0;
	daa.result_code = 2002;
	assert_int_equal(take(IPC_REC_DEVICE_ACTION_ANSWER, rec, ipc_device_action_answer_put(rec, 1, 1, &daa)), ERR_PROTO);
	assert_int_equal(take(IPC_REC_SESSION_VERDICT, rec, ipc_session_verdict_put(rec, 1, 1, &sv)), ERR_PROTO);
	sv = (struct ipc_session_verdict){ false, 2001, 0, "", "x", false, 0, false };
	assert_int_equal(take(IPC_REC_SESSION_VERDICT, rec, ipc_session_verdict_put(rec, 1, 1, &sv)), ERR_PROTO);
	sv = (struct ipc_session_verdict){ false, 3010, 0, "", "x", false, 0, true }; /* nobody stays who is refused */
	assert_int_equal(take(IPC_REC_SESSION_VERDICT, rec, ipc_session_verdict_put(rec, 1, 1, &sv)), ERR_PROTO);
	sv = (struct ipc_session_verdict){ true, 2001, 0, "acme", "accepted", false, IDENTITY_ANCHORS_MAX, false };
	assert_int_equal(take(IPC_REC_SESSION_VERDICT, rec, ipc_session_verdict_put(rec, 1, 1, &sv)), ERR_PROTO);
	sv = (struct ipc_session_verdict){ false, 3010, 0, "", "NOT A WORD", false, 0, false };
	assert_int_equal(take(IPC_REC_SESSION_VERDICT, rec, ipc_session_verdict_put(rec, 1, 1, &sv)), ERR_PROTO);
	assert_int_equal(take(IPC_REC_DEVICE_NOTIFICATION_ANSWER, rec, ipc_device_notification_answer_put(rec, 1, 1, &dna)),
			 ERR_PROTO);
	dna = (struct ipc_device_notification_answer){ 3, IPC_DNA_CLOSED, 0, 0, 1 };
	assert_int_equal(take(IPC_REC_DEVICE_NOTIFICATION_ANSWER, rec, ipc_device_notification_answer_put(rec, 1, 1, &dna)),
			 ERR_PROTO);
	dna = (struct ipc_device_notification_answer){ 3, IPC_DNA_ANSWERED, 2001, 0, IPC_LAPSES_ALL + 1 };
	assert_int_equal(take(IPC_REC_DEVICE_NOTIFICATION_ANSWER, rec, ipc_device_notification_answer_put(rec, 1, 1, &dna)),
			 ERR_PROTO);
	assert_int_equal(take(IPC_REC_SESSION_CUT, rec, ipc_session_cut_put(rec, 1, 1, &cut)), ERR_PROTO);
	cut = (struct ipc_session_cut){ IPC_PROBE_MAX_MS + 1, 0, "x" };
	assert_int_equal(take(IPC_REC_SESSION_CUT, rec, ipc_session_cut_put(rec, 1, 1, &cut)), ERR_PROTO);
}

static void test_an_edge_reports_every_row_of_the_edge_and_no_row_of_the_core(void **state)
{
	static const enum st_counter of_edge[] = {
#define ROW(id, name, help) ST_##id,
		ST_EDGE_TABLE(ROW)
	};
	static const enum st_counter of_core[] = { ST_CORE_TABLE(ROW)
#undef ROW
	};
	uint8_t rec[IPC_REC_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof of_edge / sizeof *of_edge; i++) { /* up to a row added at the end */
		struct st_counters st = { { 0 } };

		st.v[of_edge[i]] = 1;
		assert_int_equal(take(IPC_REC_STATS, rec, ipc_stats_put(rec, 1, &st)), 0);
	}
	for (size_t i = 0; i < sizeof of_core / sizeof *of_core; i++) {
		struct st_counters st = { { 0 } };

		st.v[ST_EDGE_ACCEPTED] = 1;
		st.v[of_core[i]] = 1;
		assert_int_equal(take(IPC_REC_STATS, rec, ipc_stats_put(rec, 1, &st)), ERR_PROTO);
	}
}

static void test_every_record_has_one_direction(void **state)
{
	(void)state;
	assert_true(ipc_rec_to_core(IPC_REC_DEVICE_ACTION));
	assert_false(ipc_rec_to_core(IPC_REC_DEVICE_ACTION_ANSWER));
	assert_false(ipc_rec_to_core(77));
}

static void test_a_trace_with_a_field_out_of_range_is_refused(void **state)
{
	struct ipc_trace none = { 0 }, t = { .number = 1, .scs = "acme" };
	struct ipc_trace_copy c = { .number = 1, .lost = 1 };
	uint8_t rec[IPC_REC_MAX], octets[IPC_TRACE_COPY_MAX];

	(void)state;
	memset(octets, 7, sizeof octets);
	assert_int_equal(take(IPC_REC_TRACE, rec, ipc_trace_put(rec, 1, &none)), 0);
	assert_int_equal(take(IPC_REC_TRACE, rec, ipc_trace_put(rec, 1, &t)), 0);
	t.reference = (struct ipc_opt_u32){ 0, true };
	assert_int_equal(take(IPC_REC_TRACE, rec, ipc_trace_put(rec, 1, &t)), 0);
	t.scs[0] = 0; /* a trigger of nobody; then nothing at all */
	assert_int_equal(take(IPC_REC_TRACE, rec, ipc_trace_put(rec, 1, &t)), ERR_PROTO);
	t.reference.present = false;
	assert_int_equal(take(IPC_REC_TRACE, rec, ipc_trace_put(rec, 1, &t)), ERR_PROTO);
	t.device = IPC_DEVICE_EXTERNAL;
	strcpy(t.external_id, "Meter@Fleet.Example"); /* not canonical */
	assert_int_equal(take(IPC_REC_TRACE, rec, ipc_trace_put(rec, 1, &t)), ERR_PROTO);
	strcpy(t.external_id, "meter@fleet.example");
	assert_int_equal(take(IPC_REC_TRACE, rec, ipc_trace_put(rec, 1, &t)), 0);
	t.device = IPC_DEVICE_BOTH;
	assert_int_equal(take(IPC_REC_TRACE, rec, ipc_trace_put(rec, 1, &t)), ERR_PROTO);

	assert_int_equal(take(IPC_REC_TRACE_COPY, rec, ipc_trace_copy_put(rec, 1, 0, &c)), 0); /* it says what was lost */
	c.lost = 0;
	assert_int_equal(take(IPC_REC_TRACE_COPY, rec, ipc_trace_copy_put(rec, 1, 0, &c)), ERR_PROTO);
	c.message = octets;
	c.len_before = c.len = 19; /* shorter than a header */
	assert_int_equal(take(IPC_REC_TRACE_COPY, rec, ipc_trace_copy_put(rec, 1, 3, &c)), ERR_PROTO);
	c.len_before = c.len = IPC_TRACE_COPY_MAX;
	assert_int_equal(take(IPC_REC_TRACE_COPY, rec, ipc_trace_copy_put(rec, 1, 3, &c)), 0);
	c.len_before = 0x1000000; /* longer than a message can be */
	assert_int_equal(take(IPC_REC_TRACE_COPY, rec, ipc_trace_copy_put(rec, 1, 3, &c)), ERR_PROTO);
	c.len_before = c.len;
	c.number = 0;
	assert_int_equal(take(IPC_REC_TRACE_COPY, rec, ipc_trace_copy_put(rec, 1, 3, &c)), ERR_PROTO);
	c.number = 1;
	c.time_ms = UINT64_MAX;
	assert_int_equal(take(IPC_REC_TRACE_COPY, rec, ipc_trace_copy_put(rec, 1, 3, &c)), ERR_PROTO);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_record_survives_the_way),
		cmocka_unit_test(test_a_record_cut_at_any_octet_is_refused),
		cmocka_unit_test(test_octets_left_over_are_refused),
		cmocka_unit_test(test_unknown_types_and_foreign_lengths_are_refused),
		cmocka_unit_test(test_the_largest_session_fits_into_a_record),
		cmocka_unit_test(test_a_session_with_a_field_out_of_range_is_refused),
		cmocka_unit_test(test_an_internal_session_proves_nothing_and_says_so),
		cmocka_unit_test(test_an_ocsp_response_without_time_or_octets_is_refused),
		cmocka_unit_test(test_an_ipsec_session_proves_one_name_and_tls_inside_it_two),
		cmocka_unit_test(test_an_action_with_a_field_out_of_range_is_refused),
		cmocka_unit_test(test_a_payload_longer_than_a_record_crosses_as_its_length_alone),
		cmocka_unit_test(test_every_request_status_crosses_and_no_other_value),
		cmocka_unit_test(test_a_value_that_is_absent_is_zero),
		cmocka_unit_test(test_answers_with_values_that_do_not_exist_are_refused),
		cmocka_unit_test(test_an_edge_reports_every_row_of_the_edge_and_no_row_of_the_core),
		cmocka_unit_test(test_every_record_has_one_direction),
		cmocka_unit_test(test_only_a_rule_of_its_row_and_rows_that_detect_cross),
		cmocka_unit_test(test_a_trace_with_a_field_out_of_range_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
