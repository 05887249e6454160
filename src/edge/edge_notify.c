/* edge_notify.c - a report on its way to the SCS: device_notification -> DNR, DNA -> device_notification_answer (stage 14). */
#include <inttypes.h>
#include <stdlib.h>

#include "apps/tsp_dnr.h"
#include "base/fault.h"
#include "edge/edge_int.h"
#include "edge/edge_out.h"

#define NOTES_MAX 65536u /* DNRs that wait for their DNA in one edge */

static void tell_core(struct edge *e, uint64_t transaction, const struct ipc_device_notification_answer *a)
{
	if (edge_send(e, ipc_device_notification_answer_put(e->record, e->generation, transaction, a)))
		log_warn(e->log, "edge", "the outcome of a DNR did not reach the core; it will send the report again");
}

static void on_answer(void *arg, int err, const struct dia_msg *m)
{
	struct edge_note *n = arg;
	struct edge *e = n->edge;
	struct ipc_device_notification_answer a = { .session = n->session };
	struct dia_failed why = { 0 };
	struct tsp_dna dna;

	FAULT_POINT(EDGE_DNA_TAKEN);
	if (err == ERR_TIMEOUT) {
		a.outcome = IPC_DNA_TIMEOUT;
	} else if (err) {
		a.outcome = IPC_DNA_CLOSED;
	} else if (tsp_dna_parse(&dna, m, &why) == 0) {
		a.outcome = IPC_DNA_ANSWERED;
		a.result_code = dna.head.result_code.present ? dna.head.result_code.v : 0;
		a.experimental_code = dna.head.experimental_result.present ? dna.head.experimental_result.code : 0;
	} else {
		log_warn(e->log, "edge", "session %" PRIu64 ": its DNA cannot be read: %s", n->session, why.text);
		a.outcome = IPC_DNA_ANSWERED; /* answered, and not with success */
	}
	tell_core(e, n->transaction, &a);
	TAILQ_REMOVE(&e->notes, n, entry);
	e->notes_n--;
	free(n);
}

static int send_dnr(struct edge_session *s, uint64_t transaction, const struct ipc_device_notification *n)
{
	struct edge *e = s->edge;
	struct buf out = buf_over(e->scratch, e->scratch_size);
	struct edge_note *note = e->notes_n < NOTES_MAX ? malloc(sizeof *note) : NULL;
	int err;

	if (!note)
		return ERR_BUSY;
	*note = (struct edge_note){ .edge = e, .transaction = transaction, .session = s->number };
	edge_out_dnr(&out, &e->cfg->external, s->host, s->realm, n);
	err = out.full ? ERR_LIMIT : link_request(s->link, out.p, out.len, n->wait_ms, on_answer, note);
	FAULT_POINT(EDGE_DNR_QUEUED);
	if (err) {
		free(note);
		return err;
	}
	TAILQ_INSERT_TAIL(&e->notes, note, entry);
	e->notes_n++;
	st_count(&e->st, ST_EDGE_NOTIFICATIONS);
	return 0;
}

void edge_on_notification(struct edge *e, uint64_t transaction, const struct ipc_device_notification *n)
{
	struct edge_session *s = edge_session_find(e, n->session);
	struct ipc_device_notification_answer a = { .session = n->session, .outcome = IPC_DNA_CLOSED };
	int err = s && s->state == EDGE_SESSION_OPEN ? send_dnr(s, transaction, n) : ERR_CLOSED;

	if (!err)
		return;
	if (err != ERR_CLOSED)
		a.outcome = IPC_DNA_BUSY;
	tell_core(e, transaction, &a);
}
