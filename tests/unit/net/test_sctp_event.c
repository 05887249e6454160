/* What the kernel tells of an association, as what it means for the stream. */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <linux/sctp.h>

#include "net/net_sctp_event.h"

static char text[NET_SCTP_NEWS_MAX];

static enum net_sctp_news of_association(uint16_t what)
{
	struct sctp_assoc_change c = {
		.sac_type = SCTP_ASSOC_CHANGE, .sac_length = sizeof c, .sac_state = what, .sac_error = 12
	};

	return net_sctp_read_news(&c, sizeof c, text);
}

static enum net_sctp_news of_address(int what, bool mapped)
{
	struct sctp_paddr_change c = { .spc_type = SCTP_PEER_ADDR_CHANGE, .spc_length = sizeof c, .spc_state = what };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };

	inet_pton(AF_INET6, "::ffff:192.0.2.7", &v6.sin6_addr);
	inet_pton(AF_INET, "192.0.2.7", &v4.sin_addr);
	if (mapped) {
		memcpy(&c.spc_aaddr, &v6, sizeof v6);
	} else {
		memcpy(&c.spc_aaddr, &v4, sizeof v4);
	}
	return net_sctp_read_news(&c, sizeof c, text);
}

static void test_an_association_ends_in_four_ways(void **state)
{
	(void)state;
	assert_int_equal(of_association(SCTP_COMM_UP), NET_SCTP_NOTHING);
	assert_string_equal(text, "");
	assert_int_equal(of_association(SCTP_COMM_LOST), NET_SCTP_ENDED);
	assert_string_equal(text, "the association is lost (error 12)");
	assert_int_equal(of_association(SCTP_CANT_STR_ASSOC), NET_SCTP_ENDED);
	assert_int_equal(of_association(SCTP_SHUTDOWN_COMP), NET_SCTP_ENDED);
	assert_int_equal(of_association(SCTP_RESTART), NET_SCTP_ENDED);
	assert_string_equal(text, "the other side has started the association anew");
	assert_int_equal(of_association(77), NET_SCTP_NOTHING);
}

static void test_a_path_is_told_and_a_change_of_addresses_is_looked_at(void **state)
{
	(void)state;
	for (int mapped = 0; mapped < 2; mapped++) {
		assert_int_equal(of_address(SCTP_ADDR_UNREACHABLE, mapped), NET_SCTP_NOTE);
		assert_string_equal(text, "the path to 192.0.2.7 is down");
		assert_int_equal(of_address(SCTP_ADDR_AVAILABLE, mapped), NET_SCTP_NOTE);
		assert_int_equal(of_address(SCTP_ADDR_ADDED, mapped), NET_SCTP_ADDRESSES);
		assert_string_equal(text, "the other side has added the address 192.0.2.7");
		assert_int_equal(of_address(SCTP_ADDR_REMOVED, mapped), NET_SCTP_ADDRESSES);
		assert_int_equal(of_address(SCTP_ADDR_MADE_PRIM, mapped), NET_SCTP_ADDRESSES);
		assert_int_equal(of_address(SCTP_ADDR_CONFIRMED, mapped), NET_SCTP_NOTHING);
		assert_string_equal(text, "");
	}
}

/* No kernel says this; a short one must not be read beyond its end. */
static void test_a_notification_that_is_cut_means_nothing(void **state)
{
	struct sctp_assoc_change *c = malloc(sizeof *c);

	(void)state;
	assert_non_null(c);
	for (size_t n = 0; n < sizeof *c; n++) {
		uint8_t *cut = malloc(n ? n : 1);

		assert_non_null(cut);
		*c = (struct sctp_assoc_change){ .sac_type = SCTP_ASSOC_CHANGE, .sac_state = SCTP_COMM_LOST };
		memcpy(cut, c, n);
		assert_int_equal(net_sctp_read_news(cut, n, text), NET_SCTP_NOTHING);
		free(cut);
	}
	free(c);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_association_ends_in_four_ways),
		cmocka_unit_test(test_a_path_is_told_and_a_change_of_addresses_is_looked_at),
		cmocka_unit_test(test_a_notification_that_is_cut_means_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
