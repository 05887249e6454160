/* smpp_session.c - what comes and what is sent in a session. */
#include <stdlib.h>

#include "smpp/smpp_session_int.h"

int smpp_session_new(struct smpp_session **out, const struct smpp_session_conf *conf, uint32_t *in_state, uint64_t now_ms)
{
	struct smpp_session *s = calloc(1, sizeof *s);

	if (!s || smpp_pending_init(&s->pending)) {
		free(s);
		return ERR_NOMEM;
	}
	s->conf = *conf;
	s->in_state = in_state;
	s->bind_deadline_ms = now_ms + conf->bind_wait_ms;
	s->heard_ms = s->active_ms = now_ms;
	s->state = s->bound = SMPP_OPEN;
	machine_begin(&smpp_session_machine, in_state, s->state);
	*out = s;
	return 0;
}

void smpp_session_free(struct smpp_session *s)
{
	if (!s) {
		return;
	}
	machine_end(&smpp_session_machine, s->in_state, s->state);
	smpp_pending_fini(&s->pending);
	free(s);
}

/* generic_nack where the command has no response of its own (3.4 4.3.1). */
static void refuse(struct smpp_todo *out, const struct smpp_header *h, uint32_t status, const char *reason)
{
	uint32_t response = h->command | SMPP_RESP;

	smpp_todo_send(out, smpp_command_known(response) ? response : SMPP_GENERIC_NACK, status, h->sequence, reason);
}

static void bound_as(struct smpp_session *s, uint64_t now_ms)
{
	smpp_set_state(s, s->binding_as);
	s->bound = s->state;
	s->active_ms = now_ms;
}

static void receive_response(struct smpp_session *s, const struct smpp_header *h, uint64_t now_ms, struct smpp_todo *out)
{
	bool nack = h->command == SMPP_GENERIC_NACK;
	struct smpp_pending_entry e;

	if (smpp_pending_take(&s->pending, h->sequence, nack ? 0 : h->command & ~SMPP_RESP, &e)) {
		s->counts.stray++;
		return;
	}
	*out = (struct smpp_todo){ .what = SMPP_DO_ANSWER, .command = e.command, .sequence = e.sequence, .token = e.token };
	out->status = nack && !h->status ? (uint32_t)SMPP_RUNKNOWNERR : h->status;
	if (e.command == SMPP_ENQUIRE_LINK) {
		s->enquiring = false; /* a generic_nack shows that the peer is alive, too */
		s->own--;
		*out = (struct smpp_todo){ 0 };
	} else if (e.command == SMPP_UNBIND) {
		s->own--;
		smpp_set_state(s, SMPP_UNBOUND);
		*out = (struct smpp_todo){ .what = SMPP_DO_CLOSE, .reason = "unbound" };
	} else if (smpp_bind_of(e.command) != SMPP_OPEN && s->state == SMPP_BINDING) {
		if (out->status == SMPP_ROK) {
			bound_as(s, now_ms);
		} else {
			smpp_set_state(s, SMPP_UNBOUND);
			out->close = true;
		}
	}
}

static void receive_unbind(struct smpp_session *s, const struct smpp_header *h, uint64_t now_ms, struct smpp_todo *out)
{
	if (s->owed) {
		if (s->state != SMPP_UNBINDING) {
			smpp_set_state(s, SMPP_LEAVING);
		}
		s->unbind_sequence = h->sequence;
		s->leave_deadline_ms = now_ms + s->conf.answer_wait_ms;
		return;
	}
	if (s->state != SMPP_UNBINDING) {
		smpp_set_state(s, SMPP_LEAVING);
	}
	smpp_set_state(s, SMPP_UNBOUND);
	smpp_todo_send(out, SMPP_UNBIND | SMPP_RESP, SMPP_ROK, h->sequence, NULL);
	out->close = true;
}

static void receive_allowed(struct smpp_session *s, const struct smpp_header *h, uint64_t now_ms, struct smpp_todo *out)
{
	if (h->command == SMPP_ENQUIRE_LINK) {
		smpp_todo_send(out, SMPP_ENQUIRE_LINK | SMPP_RESP, SMPP_ROK, h->sequence, NULL);
		return;
	}
	if (h->command == SMPP_UNBIND) {
		receive_unbind(s, h, now_ms, out);
		return;
	}
	s->active_ms = now_ms;
	if (h->command == SMPP_ALERT_NOTIFICATION) {
		*out = (struct smpp_todo){ .what = SMPP_DO_NOTE, .command = h->command, .sequence = h->sequence };
		return;
	}
	if (s->owed >= s->conf.window_in) {
		s->counts.throttled++;
		refuse(out, h, SMPP_RTHROTTLED, "more requests without an answer than the window allows");
		return;
	}
	s->owed++;
	if (smpp_bind_of(h->command) != SMPP_OPEN) {
		s->binding_as = smpp_bind_of(h->command);
		smpp_set_state(s, SMPP_BINDING);
	}
	*out = (struct smpp_todo){ .what = SMPP_DO_REQUEST, .command = h->command, .sequence = h->sequence };
}

static void receive_request(struct smpp_session *s, const struct smpp_header *h, uint64_t now_ms, struct smpp_todo *out)
{
	if (h->sequence == 0 || h->sequence > SMPP_SEQUENCE_MAX) {
		s->counts.sequence++;
		smpp_todo_send(out, SMPP_GENERIC_NACK, SMPP_RUNKNOWNERR, h->sequence, "the sequence number is out of range");
	} else if (!smpp_command_known(h->command)) {
		s->counts.unknown++;
		refuse(out, h, SMPP_RINVCMDID, "unknown command");
	} else if (smpp_rule_allows(s, h->command, false)) {
		receive_allowed(s, h, now_ms, out);
	} else {
		bool again = smpp_bind_of(h->command) != SMPP_OPEN && s->conf.role == SMPP_ROLE_SMSC;

		s->counts.wrong_state++;
		refuse(out, h, again ? SMPP_RALYBND : SMPP_RINVBNDSTS,
		       again ? "bound, or binding, already" : "the command does not fit the bind state");
	}
}

void smpp_session_receive(struct smpp_session *s, const struct smpp_header *h, uint64_t now_ms, struct smpp_todo *out)
{
	*out = (struct smpp_todo){ 0 };
	if (s->state == SMPP_UNBOUND || s->state == SMPP_CLOSED) {
		s->counts.dropped++;
		return;
	}
	s->heard_ms = now_ms;
	if (smpp_is_response(h->command)) {
		receive_response(s, h, now_ms, out);
	} else {
		receive_request(s, h, now_ms, out);
	}
}

void smpp_session_window_in(struct smpp_session *s, uint32_t window_in)
{
	s->conf.window_in = window_in;
}

void smpp_session_window_out(struct smpp_session *s, uint32_t window_out)
{
	s->conf.window_out = window_out;
}

void smpp_session_answered(struct smpp_session *s, uint64_t now_ms)
{
	if (s->owed) {
		s->owed--;
	}
	if (s->unbind_sequence && !s->owed) {
		s->leave_deadline_ms = now_ms; /* the next tick sends unbind_resp */
	}
}

void smpp_session_bind_answered(struct smpp_session *s, uint32_t status, uint64_t now_ms)
{
	smpp_session_answered(s, now_ms);
	if (s->state != SMPP_BINDING) {
		return; /* closed meanwhile */
	}
	if (status == SMPP_ROK) {
		bound_as(s, now_ms);
	} else {
		smpp_set_state(s, SMPP_UNBOUND);
	}
}

bool smpp_session_may(const struct smpp_session *s, uint32_t command)
{
	return command != SMPP_UNBIND && smpp_rule_allows(s, command, true) && s->pending.n - s->own < s->conf.window_out;
}

int smpp_session_request(struct smpp_session *s, uint32_t command, uint64_t token, uint64_t now_ms, uint32_t *sequence)
{
	int err;

	if (command == SMPP_ENQUIRE_LINK || command == SMPP_UNBIND || !smpp_rule_allows(s, command, true)) {
		return ERR_STATE;
	}
	if (command == SMPP_ALERT_NOTIFICATION) {
		s->sequence = s->sequence == SMPP_SEQUENCE_MAX ? 1 : s->sequence + 1;
		*sequence = s->sequence;
		return 0;
	}
	if (s->pending.n - s->own >= s->conf.window_out) {
		return ERR_BUSY;
	}
	err = smpp_new_request(s, command, token, now_ms, sequence);
	if (err) {
		return err;
	}
	s->active_ms = now_ms;
	if (smpp_bind_of(command) != SMPP_OPEN) {
		s->binding_as = smpp_bind_of(command);
		smpp_set_state(s, SMPP_BINDING);
	}
	return 0;
}

void smpp_session_unsent(struct smpp_session *s, uint32_t sequence)
{
	struct smpp_pending_entry e;

	if (smpp_pending_take(&s->pending, sequence, 0, &e)) {
		return; /* it does not wait any more */
	}
}

int smpp_session_unbind(struct smpp_session *s, uint64_t now_ms, struct smpp_todo *out)
{
	int err;

	if (!smpp_is_bound(s->state)) {
		return ERR_STATE;
	}
	err = smpp_own_request(s, SMPP_UNBIND, now_ms, out);
	if (!err) {
		smpp_set_state(s, SMPP_UNBINDING);
	}
	return err;
}

void smpp_session_closed(struct smpp_session *s)
{
	smpp_set_state(s, SMPP_CLOSED);
}

bool smpp_session_drain(struct smpp_session *s, uint32_t *command, uint64_t *token)
{
	struct smpp_pending_entry e;

	while (!smpp_pending_pop(&s->pending, UINT64_MAX, &e)) {
		if (e.command != SMPP_ENQUIRE_LINK && e.command != SMPP_UNBIND && smpp_bind_of(e.command) == SMPP_OPEN) {
			*command = e.command;
			*token = e.token;
			return true;
		}
	}
	s->own = 0;
	return false;
}

enum smpp_session_state smpp_session_state(const struct smpp_session *s)
{
	return s->state;
}

enum smpp_session_state smpp_session_bound(const struct smpp_session *s)
{
	return s->bound;
}

uint32_t smpp_session_waiting(const struct smpp_session *s)
{
	return s->pending.n - s->own;
}

uint32_t smpp_session_owed(const struct smpp_session *s)
{
	return s->owed;
}

const struct smpp_session_counts *smpp_session_counts(const struct smpp_session *s)
{
	return &s->counts;
}
