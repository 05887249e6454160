/* edge_world.c - both neighbours of an edge, and the promises that hold after every step. */
#include "tests/fuzz/edge_world.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apps/app_common.h"
#include "diameter/dia_base.h"
#include "ipc/ipc_ring.h"
#include "tests/fuzz/fake_loop.h"
#include "tests/fuzz/fuzz.h"

#define TURNS_MAX 400u

static const struct dia_limits limits = { 1u << 20, UINT16_MAX, 16 };

static const char config[] =
    "identity:\n"
    "  external: { host: iwf.operator.example, realm: operator.example }\n"
    "  internal: { host: iwf.core.operator.example, realm: core.operator.example }\n"
    "state_dir: /nowhere\n"
    "control: { path: /nowhere/ctl }\n"
    "listen:\n"
    "  - { name: tsp, zone: internal, protection: none, address: 127.0.0.1, port: 0 }\n"
    "peers:\n"
    "  - { name: hss, host: hss.example, realm: example, address: 127.0.0.1, port: 9, protection: none }\n"
    "s6m: { peer: hss, destination_realm: example }\n"
    "t4: { peer: hss, destination_realm: example }\n";

static void on_ring_broken(void *arg)
{
	struct edge_world *w = arg;

	promise(w->hostile, "the edge ends the ring of a bad core only");
	w->broken = true;
}

/* Read once: nobody changes it. */
static struct cfg_iwf *configuration(void)
{
	static struct cfg_iwf *cfg;
	char why[CFG_WHY_MAX] = "";

	promise(cfg || !cfg_iwf_parse(&cfg, "/fuzz.yaml", config, sizeof config - 1, why), why);
	return cfg;
}

void edge_world_begin(struct edge_world *w)
{
	int caps = -1;

	memset(w, 0, sizeof *w);
	fake_begin();
	w->cfg = configuration();
	log_init(&w->log, -1, LOG_LEVEL_ERROR, "fuzz");
	promise(!net_loop_new(&w->loop) && !ipc_caps_make(&caps, 1) && !ipc_caps_open(&w->caps, caps, 0), "a loop and its page");
	close(caps);
	w->conf = (struct edge_conf){ w->cfg, GENERATION, w->caps, &w->log, on_ring_broken, w };
	promise(!edge_new(&w->edge, w->loop, &w->conf), "an edge");
	w->listener = fake_listener();
	promise(w->listener >= 0 && !edge_listen(w->edge, w->listener, &w->cfg->listen[0], NULL), "a listener");
	for (size_t i = 0; i < SCSS; i++) {
		w->scs[i].fd = -1;
	}
	w->next = 0x5a000000;
	edge_world_new_core(w);
}

void edge_world_end(struct edge_world *w)
{
	for (size_t i = 0; i < SCSS; i++) {
		edge_world_scs_closes(&w->scs[i]);
	}
	edge_free(w->edge);
	ipc_ring_close(w->core);
	ipc_caps_close(w->caps);
	fake_listener_end();
	net_loop_free(w->loop);
	close(w->listener);
	log_fini(&w->log);
}

/* -- the core */

void edge_world_core_dies(struct edge_world *w)
{
	ipc_ring_close(w->core);
	w->core = NULL;
	w->pending_n = 0;
	w->notified = w->notified_answers = 0;
	w->notified_first = w->next + 1;
}

void edge_world_new_core(struct edge_world *w)
{
	struct ipc_ring_fds ours, theirs;

	edge_world_core_dies(w);
	promise(!ipc_ring_make(&ours, &theirs, IPC_RING_MIN) && !edge_ring_open(w->edge, &ours) &&
		    !ipc_ring_open(&w->core, &theirs),
		"a ring");
	w->hostile = w->broken = false;
	edge_world_settle(w);
}

void edge_world_core_says(struct edge_world *w, size_t len)
{
	if (w->core && !w->broken) {
		promise(!ipc_ring_send(w->core, w->record, len) && ipc_ring_flush(w->core) >= 0, "a record can be sent");
	}
	edge_world_settle(w);
}

static void ask(struct edge_world *w, uint16_t type, uint64_t transaction, uint64_t session)
{
	if (w->pending_n < PENDING_MAX) {
		w->pending[w->pending_n++] = (struct question){ type, transaction, session };
	}
}

static void core_hears(struct edge_world *w, const struct ipc_rec_head *h, const uint8_t *record, size_t len)
{
	static union {
		struct ipc_session_open open;
		struct ipc_session_closed closed;
		struct ipc_device_action action;
		struct ipc_device_action_given_up given_up;
		struct ipc_device_notification_answer answer;
		struct ipc_screen_seen seen;
		struct ipc_trace_copy copy;
		struct ipc_ocsp ocsp;
		struct ipc_ocsp_state ocsp_state;
		struct st_counters counters;
	} u;
	int err;

	switch (h->type) {
	case IPC_REC_SESSION_OPEN:
		err = ipc_session_open_get(&u.open, record, len);
		ask(w, h->type, h->transaction, h->transaction);
		break;
	case IPC_REC_SESSION_CLOSED:
		err = ipc_session_closed_get(&u.closed, record, len);
		break;
	case IPC_REC_DEVICE_ACTION:
		err = ipc_device_action_get(&u.action, record, len);
		ask(w, h->type, h->transaction, err ? 0 : u.action.session);
		break;
	case IPC_REC_DEVICE_ACTION_GIVEN_UP:
		err = ipc_device_action_given_up_get(&u.given_up, record, len);
		ask(w, h->type, h->transaction, err ? 0 : u.given_up.session);
		break;
	case IPC_REC_DEVICE_NOTIFICATION_ANSWER:
		err = ipc_device_notification_answer_get(&u.answer, record, len);
		if (h->transaction >= w->notified_first) { /* an earlier core may have asked, and a lie has a small number */
			promise(++w->notified_answers <= w->notified, "a notification has one answer");
		}
		break;
	case IPC_REC_SCREEN_SEEN:
		err = ipc_screen_seen_get(&u.seen, record, len);
		break;
	case IPC_REC_TRACE_COPY:
		err = ipc_trace_copy_get(&u.copy, record, len);
		break;
	case IPC_REC_OCSP_FOUND:
		err = ipc_ocsp_get(&u.ocsp, IPC_REC_OCSP_FOUND, record, len);
		break;
	case IPC_REC_OCSP_STATE:
		err = ipc_ocsp_state_get(&u.ocsp_state, record, len);
		break;
	default:
		err = ipc_stats_get(&u.counters, record, len);
		break;
	}
	promise(!err, "a record of an edge can be read");
}

static void core_reads(struct edge_world *w)
{
	static uint8_t record[IPC_REC_MAX];
	struct ipc_rec_head head;
	size_t len;

	while (w->core && !ipc_ring_recv(w->core, record, &len)) {
		promise(!ipc_rec_head_get(&head, record, len) && ipc_rec_to_core(head.type) && head.edge_generation == GENERATION,
			"a record of an edge is one, of its generation");
		core_hears(w, &head, record, len);
	}
}

/* -- an SCS */

void edge_world_scs_closes(struct scs *s)
{
	if (s->fd >= 0) {
		close(s->fd);
		s->fd = -1;
	}
}

void edge_world_scs_says(struct edge_world *w, struct scs *s, const uint8_t *p, size_t n, uint32_t hop_by_hop, bool wild)
{
	ssize_t sent = send(s->fd, p, n, MSG_NOSIGNAL);

	s->wild = s->wild || wild || (sent >= 0 && sent != (ssize_t)n);
	if (sent == (ssize_t)n && hop_by_hop && s->asked_n < ASKED_MAX) {
		s->asked[s->asked_n++] = (struct asked){ hop_by_hop, 0 };
	}
	edge_world_settle(w);
}

/* DWA to a DWR of the edge; sent without waiting for what follows. */
static void answer_watchdog(struct scs *s, const struct dia_hdr *asked)
{
	struct dia_watchdog dwa = { .request = false };
	uint8_t octets[256];
	struct buf b = buf_over(octets, sizeof octets);

	dwa.result_code = dia_u32_of(DIA_RESULT_SUCCESS);
	dwa.origin_host = dia_text("scs.acme.example");
	dwa.origin_realm = dia_text("acme.example");
	dia_watchdog_build(&b, &dwa, asked->hop_by_hop, asked->end_to_end);
	if (send(s->fd, octets, b.len, MSG_NOSIGNAL) != (ssize_t)b.len) {
		s->wild = true;
	}
}

static void scs_hears(struct scs *s, const struct dia_msg *m)
{
	if (m->hdr.flags & DIA_FLAG_R) {
		if (m->hdr.code == DIA_CMD_DEVICE_WATCHDOG && !s->mute) {
			answer_watchdog(s, &m->hdr);
		} else if (m->hdr.code == APP_CMD_DEVICE_NOTIFICATION && m->hdr.length <= sizeof s->dnr.octets) {
			memcpy(s->dnr.octets, m->bytes, m->hdr.length);
			s->dnr.len = m->hdr.length;
		}
		return;
	}
	for (size_t i = 0; i < s->asked_n; i++) {
		if (s->asked[i].hop_by_hop == m->hdr.hop_by_hop) {
			s->asked[i].answers++;
			promise(s->wild || s->asked[i].answers == 1, "a request is answered once");
			return;
		}
	}
	promise(s->wild || s->asked_n == ASKED_MAX, "an answer belongs to a request");
}

static void scs_reads(struct scs *s)
{
	size_t at = 0;
	ssize_t n;

	if (s->fd < 0) {
		return;
	}
	while ((n = recv(s->fd, s->in + s->in_len, sizeof s->in - s->in_len, 0)) > 0) {
		s->in_len += (size_t)n;
		promise(s->in_len < sizeof s->in, "an SCS gets no more than it reads");
	}
	s->ended = s->ended || n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
	for (;;) {
		struct dia_failed failed;
		struct dia_hdr h;
		struct dia_msg m;

		if (dia_hdr_parse(&h, s->in + at, s->in_len - at) || h.length > s->in_len - at) {
			break;
		}
		promise(!dia_msg_parse(&m, s->in + at, h.length, &limits, &failed) && !dia_msg_check(&m, &failed),
			"an SCS gets messages that can be read");
		scs_hears(s, &m);
		at += h.length;
	}
	memmove(s->in, s->in + at, s->in_len - at);
	s->in_len -= at;
}

/* -- both */

static void check_books(const struct edge_world *w)
{
	const struct edge_sessions *all = &w->edge->sessions;
	uint32_t sessions = 0, in_state = 0, pending = 0;
	struct edge_session *s;
	size_t octets = 0;

	TAILQ_FOREACH (s, &all->list, entry) {
		promise(s->state < EDGE_SESSION_STATES, "a session has a state");
		sessions++;
		pending += s->pending;
		octets += s->octets;
	}
	for (size_t i = 0; i < EDGE_SESSION_STATES; i++) {
		in_state += all->in_state[i];
	}
	promise(sessions == in_state, "the gauge of sessions is right");
	promise(w->edge->tsp.by_number.n == pending && w->edge->tsp.octets == octets, "each transaction belongs to a session");
}

void edge_world_settle(struct edge_world *w)
{
	promise(fake_settle(w->loop, TURNS_MAX), "an edge comes to rest");
	core_reads(w);
	for (size_t i = 0; i < SCSS; i++) {
		scs_reads(&w->scs[i]);
	}
	promise(fake_settle(w->loop, TURNS_MAX), "an edge comes to rest");
	check_books(w);
}
