/* edge_notify.c - sends delivery reports to the SCS (stage 14). */
#include "edge/edge_notify.h"

#include <inttypes.h>
#include <stdlib.h>

#include "apps/tsp_dnr.h"
#include "base/fault.h"
#include "edge/edge_out.h"
#include "edge/edge_trace.h"

#define NOTES_MAX 65536u /* DNRs without a DNA in one edge */

#define EDGE_NOTE_MAGIC 0x8a4e07dbu
struct edge_note { /* one DNR without a DNA */
	struct obj obj;
	struct edge_notes *notes;
	uint64_t transaction, session;
	uint64_t report; /* part of the Session-Id */
	TAILQ_ENTRY(edge_note) entry;
};

void edge_notes_init(struct edge_notes *notes, struct edge_env *env, struct edge_ring *ring, struct edge_sessions *sessions)
{
	notes->env = env;
	notes->ring = ring;
	notes->sessions = sessions;
	TAILQ_INIT(&notes->list);
}

void edge_notes_fini(struct edge_notes *notes)
{
	struct edge_note *n;

	while ((n = TAILQ_FIRST(&notes->list))) { /* normally empty: each DNR ended with its link */
		TAILQ_REMOVE(&notes->list, n, entry);
		OBJ_END(n, EDGE_NOTE_MAGIC);
		free(n);
	}
}

static void tell_core(struct edge_notes *notes, uint64_t transaction, const struct ipc_device_notification_answer *a)
{
	struct edge_ring *ring = notes->ring;

	if (edge_ring_send(ring, ipc_device_notification_answer_put(ring->record, notes->env->generation, transaction, a))) {
		log_warn(notes->env->log, "edge", "the outcome of a DNR did not reach the core; it will send the report again");
	}
}

_Static_assert(APP_LAPSE_ALL == IPC_LAPSES_ALL, "every lapse crosses the ring");

/* Reports the lapses of an answer to the core, which knows whether they are accepted for this
 * SCS.
 * An answer to another request or from another host acknowledges nothing. */
static void read_dna(const struct edge_note *n, struct ipc_device_notification_answer *a, const struct dia_msg *m)
{
	struct edge_notes *notes = n->notes;
	const struct edge_session *s = edge_session_find(notes->sessions, n->session);
	char session_id[EDGE_OUT_SESSION_ID_MAX];
	struct app_request request = { .session_id = session_id, .host = s ? s->host : "" };
	struct dia_failed why;
	struct tsp_dna dna;
	uint8_t lapses;
	const char *foreign = NULL;

	request.session_id_len = edge_out_dnr_session(session_id, &notes->env->cfg->external, n->report);
	dia_failed_none(&why);
	a->outcome = IPC_DNA_ANSWERED; /* Result-Code 0 is not success */
	if (tsp_dna_parse_lenient(&dna, m, &why, &lapses) == 0 && !(foreign = app_foreign(&dna.head, &request))) {
		a->result_code = dna.head.result_code.present ? dna.head.result_code.v : 0;
		a->experimental_code = dna.head.experimental_result.present ? dna.head.experimental_result.code : 0;
		a->lapses = lapses;
		return;
	}
	st_count(&notes->env->st, ST_EDGE_BAD_ANSWERS);
	st_count(&notes->env->st, ST_EDGE_SCREEN_ANSWERS);
	log_warn(notes->env->log, "edge", "session %" PRIu64 ": its DNA acknowledges nothing: %s", n->session,
		 foreign ? foreign : why.text);
}

static void on_answer(void *arg, int err, const struct dia_msg *m)
{
	struct edge_note *n = OBJ_OF(arg, struct edge_note, EDGE_NOTE_MAGIC);
	struct edge_notes *notes = n->notes;
	struct ipc_device_notification_answer a = { .session = n->session };

	FAULT_POINT(EDGE_DNA_TAKEN);
	if (err == ERR_TIMEOUT) {
		a.outcome = IPC_DNA_TIMEOUT;
	} else if (err) {
		a.outcome = IPC_DNA_CLOSED;
	} else {
		read_dna(n, &a, m);
	}
	tell_core(notes, n->transaction, &a);
	TAILQ_REMOVE(&notes->list, n, entry);
	notes->n--;
	OBJ_END(n, EDGE_NOTE_MAGIC);
	free(n);
}

static int send_dnr(struct edge_notes *notes, struct edge_session *s, uint64_t transaction,
		    const struct ipc_device_notification *n)
{
	struct buf out = edge_session_out(s);
	struct edge_note *note = notes->n < NOTES_MAX ? malloc(sizeof *note) : NULL;
	int err;

	if (!note) {
		return ERR_BUSY;
	}
	*note = (struct edge_note){
		.obj = { EDGE_NOTE_MAGIC }, .notes = notes, .transaction = transaction, .session = s->number, .report = n->report
	};
	edge_out_dnr(&out, &notes->env->cfg->external, s->host, s->realm, n);
	edge_trace_about(s->all->trace, s, n);
	err = out.full ? ERR_LIMIT : link_request(s->link, out.p, out.len, n->wait_ms, on_answer, note);
	edge_trace_about(s->all->trace, s, NULL);
	FAULT_POINT(EDGE_DNR_QUEUED);
	if (err) {
		free(note);
		return err;
	}
	TAILQ_INSERT_TAIL(&notes->list, note, entry);
	notes->n++;
	st_count(&notes->env->st, ST_EDGE_NOTIFICATIONS);
	return 0;
}

void edge_notes_send(struct edge_notes *notes, uint64_t transaction, const struct ipc_device_notification *n)
{
	struct edge_session *s = edge_session_find(notes->sessions, n->session);
	struct ipc_device_notification_answer a = { .session = n->session, .outcome = IPC_DNA_CLOSED };
	int err = s && s->state == EDGE_SESSION_OPEN ? send_dnr(notes, s, transaction, n) : ERR_CLOSED;

	if (!err) {
		return;
	}
	if (err != ERR_CLOSED) {
		a.outcome = IPC_DNA_BUSY;
	}
	tell_core(notes, transaction, &a);
}
