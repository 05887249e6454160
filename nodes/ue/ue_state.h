/* ue_state.h - the memory of the devices across restarts: delivery ids that were acted on, parts of
 * incomplete messages, and triggers accepted for a command that has not started. LMDB in the state
 * directory; changes gather until ue_state_commit(). */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "nodes/sms/sms_deliver.h"
#include "nodes/sms/sms_frame.h"

#define UE_STATE_WHY_MAX 1400

struct ue_state;

/* Creates the directory (not its parents) if missing. `size_max`: size limit of the state in bytes.
 * `lock_wait_ms`: as in struct kv_conf. `ids_max` delivery ids are remembered, the oldest are
 * forgotten first. Errors with a reason. */
ERR_MUST_USE int ue_state_open(struct ue_state **out, const char *dir, uint64_t size_max, uint64_t lock_wait_ms, uint64_t ids_max,
			       char why[UE_STATE_WHY_MAX]);
void ue_state_close(struct ue_state *s); /* takes; NULL allowed; uncommitted changes are dropped */

enum ue_known { UE_NEW, UE_ACCEPTED, UE_ACTED };

/* Uncommitted changes included. A store that cannot be read is UE_NEW. */
enum ue_known ue_state_known(struct ue_state *s, uint64_t id);

struct ue_trigger { /* a whole trigger */
	uint64_t id;
	char imsi[SMS_IMSI_MAX + 1];
	char originator[STR_DIGITS_MAX + 1];
	bool has_port, again; /* again: taken up after a restart */
	uint16_t port;
	unsigned parts;
	int64_t sent_s;
	const uint8_t *payload; /* borrowed */
	size_t payload_len;
};

/* Changes. All arguments are copied; ue_state_commit() reports what failed. */
/* The trigger is kept whole; its parts are dropped. */
void ue_state_accepted(struct ue_state *s, const struct ue_trigger *t);
/* Only the id is kept; its parts are dropped. */
void ue_state_acted(struct ue_state *s, uint64_t id);
/* One part of a message that is not complete: the RPDU of delivery `id`. */
void ue_state_part(struct ue_state *s, uint64_t id, const char *imsi, uint8_t part, const uint8_t *rpdu, size_t len);

bool ue_state_dirty(const struct ue_state *s); /* there are changes that are not committed */
/* Makes all changes since the last commit durable, or none: ERR_NOSPC, ERR_IO, with a reason in
 * ue_state_words(). */
ERR_MUST_USE int ue_state_commit(struct ue_state *s);
/* Reason of the last failed commit, and what to do; borrowed until the next one. */
const char *ue_state_words(const struct ue_state *s);
void ue_state_abort(struct ue_state *s); /* drops the changes that are not committed */

/* For the start: calls fn for each, which borrows its arguments until it returns. Not 0 ends the
 * walk with that error; ERR_IO: the store cannot be read. */
typedef int ue_accepted_fn(void *arg, const struct ue_trigger *t);
typedef int ue_part_fn(void *arg, uint64_t id, const char *imsi, const uint8_t *rpdu, size_t len);
ERR_MUST_USE int ue_state_each_accepted(struct ue_state *s, ue_accepted_fn *fn, void *arg);
ERR_MUST_USE int ue_state_each_part(struct ue_state *s, ue_part_fn *fn, void *arg);
