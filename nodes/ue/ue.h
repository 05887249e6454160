/* ue.h - the mtc-ue process, shared by its files. The path of one message: ue_link (frame) ->
 * ue_take (for us? new? complete?) -> ue_state (on disk) -> ue_take (acts, once) -> ue_link
 * (RP-ACK). */
#pragma once
#include "base/log.h"
#include "base/map.h"
#include "base/obj.h"
#include "net/net_loop.h"
#include "net/net_stream.h"
#include "nodes/common/node_events.h"
#include "nodes/common/node_out.h"
#include "nodes/ue/ue_devices.h"
#include "nodes/ue/ue_read.h"
#include "nodes/ue/ue_state.h"

struct ue_join;    /* a message of which some parts have arrived */
struct ue_pending; /* taken; not on disk yet */
struct ue_exec;
struct ue_ctl;

struct ue_counts {
	uint64_t triggers, duplicates, ignored, refused, replaced, commands, messages;
};

#define UE_MAGIC 0xf24a7399u
struct ue {
	struct obj obj;
	struct log log;
	struct node_out out;
	/* bytes buffered for stderr, and for stdout */
	uint32_t queue_max;
	/* the last three may be NULL */
	const char *link_path, *state_dir, *control_path, *command, *events_path;
	uint32_t commands_max, jobs_max;
	uint64_t remember_max;
	uint32_t state_mib; /* largest size of the state */
	struct ue_devices devices;
	struct ue_ports ports;
	struct net_loop *loop;
	struct ue_state *state;
	struct node_events *events; /* NULL: none */
	struct ue_counts counts;
	bool disk_ill;
	bool messages; /* print short messages that are no triggers, too */

	struct net_check *check; /* ue_take.c */
	struct ue_pending *pending;
	struct map joins; /* struct ue_join by id of the delivery; made and ended by ue_main.c */

	struct net_stream *stream; /* ue_link.c */
	struct net_timer *reconnect;
	uint32_t reconnect_ms;
	bool connected, ready_told;
	struct sms_framer framer;
	char current[SMS_IMSI_MAX + 1]; /* device of the data frames */
	struct ue_late *late;           /* answers of slow devices */
	uint32_t late_n;
	uint8_t sent; /* reference of the last message that a device sent */

	struct ue_exec *exec;
	struct ue_ctl *ctl;
};
OBJ_FIRST(struct ue);

/* -- ue_take.c */
/* Before ue_take_start(): remembers the deliveries in the file of events as acted on. Errors with a
 * reason. */
ERR_MUST_USE int ue_take_events(struct ue *u, char why[NODE_EVENTS_WHY_MAX]);
ERR_MUST_USE int ue_take_start(struct ue *u);
/* One data frame for `imsi`. */
void ue_take(struct ue *u, const char *imsi, uint64_t id, const uint8_t *rpdu, size_t len);
void ue_take_end(struct ue *u);
void ue_take_reopen(struct ue *u); /* the file of events, after rotation */

/* -- ue_link.c */
ERR_MUST_USE int ue_link_start(struct ue *u);
/* RP-ACK, or RP-ERROR when cause is not 0; a slow device answers later. */
void ue_link_answer(struct ue *u, const char *imsi, uint64_t id, uint8_t reference, uint8_t cause);
void ue_link_imsi(struct ue *u, enum sms_frame_type type, const char *imsi);
/* Sends a message of this device. ERR_CLOSED. */
ERR_MUST_USE int ue_link_submit(struct ue *u, const char *imsi, const uint8_t *rpdu, size_t len);
void ue_link_end(struct ue *u);

/* -- ue_send.c */
/* The words behind "submit"; changes `line`. Returns the reply. */
json_t *ue_send(struct ue *u, char *line);
/* The body of a submit-ack frame. */
ERR_MUST_USE int ue_send_answered(struct ue *u, const uint8_t *body, size_t len);

/* -- ue_exec.c: a limited number of commands runs at the same time; the others wait */
ERR_MUST_USE int ue_exec_start(struct ue *u);
bool ue_exec_full(const struct ue *u);
/* Copies. ERR_BUSY, ERR_NOMEM. */
ERR_MUST_USE int ue_exec_add(struct ue *u, const struct ue_trigger *t);
void ue_exec_end(struct ue *u); /* running commands continue */

/* -- ue_ctl.c: "absent|present|full|empty|slow MS [IMSI|FIRST-LAST]", "submit ..." or "status" a line, one JSON
 * object a line back */
ERR_MUST_USE int ue_ctl_start(struct ue *u);
void ue_ctl_end(struct ue *u);
/* The other end: `mtc-ue ctl SOCKET WORDS`. Exit code. */
int ue_ctl_client(const char *program, const char *path, const char *const *words, int words_n);
