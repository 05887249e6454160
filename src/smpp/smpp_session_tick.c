/* smpp_session_tick.c - what is due in a session: response timers, enquire_link, the end of a bind
 * that does not come, an unbind that waits for our answers. */
#include "smpp/smpp_session_int.h"

void smpp_todo_close(struct smpp_session *s, struct smpp_todo *out, const char *reason)
{
	smpp_set_state(s, SMPP_CLOSED);
	*out = (struct smpp_todo){ .what = SMPP_DO_CLOSE, .reason = reason };
}

void smpp_todo_send(struct smpp_todo *out, uint32_t command, uint32_t status, uint32_t sequence, const char *reason)
{
	*out = (struct smpp_todo){
		.what = SMPP_DO_SEND, .command = command, .status = status, .sequence = sequence, .reason = reason
	};
}

/* The numbers count up and begin anew at 1. One that still waits is passed over. */
int smpp_new_request(struct smpp_session *s, uint32_t command, uint64_t token, uint64_t now_ms, uint32_t *sequence)
{
	struct smpp_pending_entry e = { .command = command, .token = token, .deadline_ms = now_ms + s->conf.answer_wait_ms };
	int err;

	do {
		s->sequence = s->sequence == SMPP_SEQUENCE_MAX ? 1 : s->sequence + 1;
		e.sequence = s->sequence;
		err = smpp_pending_add(&s->pending, &e);
	} while (err == ERR_EXISTS);
	if (!err) {
		*sequence = e.sequence;
	}
	return err;
}

/* A request of the session itself. */
int smpp_own_request(struct smpp_session *s, uint32_t command, uint64_t now_ms, struct smpp_todo *out)
{
	uint32_t sequence;
	int err = smpp_new_request(s, command, 0, now_ms, &sequence);

	if (!err) {
		s->own++;
		smpp_todo_send(out, command, SMPP_ROK, sequence, NULL);
	}
	return err;
}

static void expire(struct smpp_session *s, const struct smpp_pending_entry *e, struct smpp_todo *out)
{
	s->counts.expired++;
	if (e->command == SMPP_ENQUIRE_LINK) {
		s->own--;
		s->enquiring = false;
		smpp_todo_close(s, out, "no answer to enquire_link");
	} else if (e->command == SMPP_UNBIND) {
		s->own--;
		smpp_todo_close(s, out, "no answer to unbind");
	} else if (smpp_bind_of(e->command) != SMPP_OPEN) {
		smpp_todo_close(s, out, "no answer to the bind");
	} else {
		*out = (struct smpp_todo){
			.what = SMPP_DO_EXPIRED, .command = e->command, .sequence = e->sequence, .token = e->token
		};
	}
}

/* 0: this state waits for no bind. */
static uint64_t bind_due_ms(const struct smpp_session *s)
{
	return s->state == SMPP_OPEN || s->state == SMPP_BINDING ? s->bind_deadline_ms : 0;
}

static uint64_t leave_due_ms(const struct smpp_session *s)
{
	return s->unbind_sequence ? s->leave_deadline_ms : 0;
}

static uint64_t enquire_due_ms(const struct smpp_session *s)
{
	return smpp_is_bound(s->state) && s->conf.enquire_ms && !s->enquiring ? s->heard_ms + s->conf.enquire_ms : 0;
}

static uint64_t inactive_due_ms(const struct smpp_session *s)
{
	return smpp_is_bound(s->state) && s->conf.inactive_ms ? s->active_ms + s->conf.inactive_ms : 0;
}

static bool is_due(uint64_t due_ms, uint64_t now_ms)
{
	return due_ms && due_ms <= now_ms;
}

static void leave(struct smpp_session *s, struct smpp_todo *out)
{
	uint32_t sequence = s->unbind_sequence;

	s->unbind_sequence = 0;
	if (s->owed) {
		smpp_todo_close(s, out, "answers were owed when the peer unbound, and none came in time");
		return;
	}
	smpp_set_state(s, SMPP_UNBOUND);
	smpp_todo_send(out, SMPP_UNBIND | SMPP_RESP, SMPP_ROK, sequence, NULL);
	out->close = true;
}

void smpp_session_tick(struct smpp_session *s, uint64_t now_ms, struct smpp_todo *out)
{
	struct smpp_pending_entry e;

	*out = (struct smpp_todo){ 0 };
	if (s->state == SMPP_UNBOUND || s->state == SMPP_CLOSED) {
		return;
	}
	if (is_due(leave_due_ms(s), now_ms)) {
		leave(s, out);
	} else if (is_due(bind_due_ms(s), now_ms)) {
		smpp_todo_close(s, out, "no bind in time");
	} else if (!smpp_pending_pop(&s->pending, now_ms, &e)) {
		expire(s, &e, out);
	} else if (is_due(inactive_due_ms(s), now_ms)) {
		if (smpp_session_unbind(s, now_ms, out)) {
			smpp_todo_close(s, out, "inactive");
		}
	} else if (is_due(enquire_due_ms(s), now_ms)) {
		if (smpp_own_request(s, SMPP_ENQUIRE_LINK, now_ms, out)) {
			smpp_todo_close(s, out, "out of memory");
		} else {
			s->enquiring = true;
		}
	}
}

uint64_t smpp_session_next_ms(const struct smpp_session *s)
{
	uint64_t due[] = { leave_due_ms(s), bind_due_ms(s), smpp_pending_next_ms(&s->pending), inactive_due_ms(s),
			   enquire_due_ms(s) };
	uint64_t next = 0;

	if (s->state == SMPP_UNBOUND || s->state == SMPP_CLOSED) {
		return 0;
	}
	for (size_t i = 0; i < sizeof due / sizeof *due; i++) {
		if (due[i] && (!next || due[i] < next)) {
			next = due[i];
		}
	}
	return next;
}
