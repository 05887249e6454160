/* dlv_quiet.h - a delivery machine for tests: its configuration, and ports that do nothing. A test sets those that it looks at. */
#pragma once
#include "nodes/smssc/dlv.h"
#include "tests/unit/test.h"

/* Times in ms; a test changes what it is about. */
static inline struct dlv_conf dlv_quiet_conf(void)
{
	return (struct dlv_conf){ .sc_address = "491770000000",
				  .id_first = 100,
				  .messages_max = 1000,
				  .ue_messages_max = 500,
				  .ues_max = 50,
				  .conn_ues_max = 10,
				  .ack_wait_ms = 10000,
				  .retry_min_ms = 1000,
				  .retry_max_ms = 60000,
				  .report_min_ms = 1000,
				  .report_max_ms = 30000,
				  .report_keep_ms = 600000,
				  .restart_wait_ms = 5000 };
}

/* Monotonic, and 15 January 2024 12:30:00 UTC. */
static inline struct dlv_now dlv_quiet_now(void)
{
	return (struct dlv_now){ 5000, 1705321800000, 0 };
}

static inline void dlv_quiet_msg(void *arg, const struct dlv_msg *m)
{
	(void)arg;
	(void)m;
}

static inline int dlv_quiet_send(void *arg, struct dlv_conn *conn, const char *imsi, uint64_t id, const uint8_t *rpdu, size_t len)
{
	(void)arg;
	(void)conn;
	(void)imsi;
	(void)id;
	(void)rpdu;
	(void)len;
	return 0;
}

static inline void dlv_quiet_taken_over(void *arg, struct dlv_conn *old, const char *imsi)
{
	(void)arg;
	(void)old;
	(void)imsi;
}

/* Its peer is away. */
static inline int dlv_quiet_report(void *arg, const struct dlv_msg *m, bool again)
{
	(void)arg;
	(void)m;
	(void)again;
	return ERR_CLOSED;
}

static inline uint32_t dlv_quiet_end_to_end(void *arg)
{
	(void)arg;
	return 1;
}

static inline struct dlv_ports dlv_quiet_ports(void *arg)
{
	return (struct dlv_ports){ .arg = arg,
				   .put = dlv_quiet_msg,
				   .del = dlv_quiet_msg,
				   .send = dlv_quiet_send,
				   .taken_over = dlv_quiet_taken_over,
				   .report = dlv_quiet_report,
				   .end_to_end = dlv_quiet_end_to_end,
				   .dropped = dlv_quiet_msg };
}
