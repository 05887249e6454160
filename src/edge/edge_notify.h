/* edge_notify.h - delivery reports to SCSs: device_notification -> DNR, DNA ->
 * device_notification_answer (stage 14). */
#pragma once
#include "edge/edge_session.h"

struct edge_note;

struct edge_notes {
	struct edge_env *env;
	struct edge_ring *ring;
	struct edge_sessions *sessions;
	TAILQ_HEAD(, edge_note) list; /* DNRs without a DNA */
	uint32_t n;
};

void edge_notes_init(struct edge_notes *notes, struct edge_env *env, struct edge_ring *ring, struct edge_sessions *sessions);
/* after the sessions, whose links end every DNR; also when all is zero */
void edge_notes_fini(struct edge_notes *notes);

/* Sends the DNR. Its outcome is reported to the core once, under `transaction`: when the DNA comes
 * or its time is over, or at once if the DNR cannot be sent. */
void edge_notes_send(struct edge_notes *notes, uint64_t transaction, const struct ipc_device_notification *n);
