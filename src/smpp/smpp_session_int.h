/* smpp_session_int.h - the inside of a session, for its three files. */
#pragma once
#include "smpp/smpp_pending.h"
#include "smpp/smpp_session.h"

struct smpp_session {
	struct smpp_session_conf conf;
	enum smpp_session_state state, bound;
	enum smpp_session_state binding_as; /* what an accepted bind makes of BINDING */
	uint32_t *in_state;
	uint64_t bind_deadline_ms;  /* in OPEN and BINDING */
	uint64_t leave_deadline_ms; /* in LEAVING */
	uint64_t heard_ms, active_ms;
	bool enquiring; /* our enquire_link waits */
	uint32_t sequence;
	uint32_t owed;
	uint32_t own;             /* of the requests that wait: enquire_link and unbind, which no window bounds */
	uint32_t unbind_sequence; /* of the peer's unbind, in LEAVING */
	struct smpp_pending pending;
	struct smpp_session_counts counts;
};

/* The bound state that a bind asks for; SMPP_OPEN: the command is no bind. */
enum smpp_session_state smpp_bind_of(uint32_t command);
bool smpp_is_bound(enum smpp_session_state state);
/* Whether the state and the direction allow the request; `ours`: we send it. While we unbind, the
 * peer's requests are taken as before: it learns of the unbind later. */
bool smpp_rule_allows(const struct smpp_session *s, uint32_t command, bool ours);
/* The one door to the state. */
void smpp_set_state(struct smpp_session *s, enum smpp_session_state next);

/* What the owner has to do: to close, or to send a PDU without a body. `reason` is static. */
void smpp_todo_close(struct smpp_session *s, struct smpp_todo *out, const char *reason);
void smpp_todo_send(struct smpp_todo *out, uint32_t command, uint32_t status, uint32_t sequence, const char *reason);
/* Takes the next number and waits for the response. ERR_NOMEM. */
ERR_MUST_USE int smpp_new_request(struct smpp_session *s, uint32_t command, uint64_t token, uint64_t now_ms, uint32_t *sequence);
/* The same for enquire_link and unbind, which the session itself sends. */
ERR_MUST_USE int smpp_own_request(struct smpp_session *s, uint32_t command, uint64_t now_ms, struct smpp_todo *out);
