/* scs_session.c - makes loop, TLS context and peer from the options.
 *
 *   OPENING --again--> DROPPING --timer: peer freed--> PAUSING --timer: a new peer--> OPENING
 *   each --part--> PARTING --timer--> the loop stops */
#include "nodes/scs/scs_session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "apps/app_common.h"
#include "base/clock.h"
#include "base/str.h"
#include "net/net_usr.h"
#include "nodes/common/node.h"

/* Reconnects quickly (a sixteenth of this after the first loss), because reports may be waiting. */
#define RECONNECT_MS 8000u
#define PARTING_MS 2000u
#define AGAIN_MS 500u

static int make_tls(struct tls_ctx **out, const struct scs_options *o, char *why, size_t why_size)
{
	struct tls_anchor_conf anchors[IDENTITY_ANCHORS_MAX] = { 0 };
	struct tls_conf conf = {
		.server = false,
		.certificate = o->certificate,
		.key = tls_keyholder_file(o->key),
		.anchors = anchors,
		.anchors_n = o->anchors_n,
		.tls12_allowed = true,
		.keylog = o->keylog,
	};

	*out = NULL;
	if (o->plain) {
		return 0;
	}
	for (size_t i = 0; i < o->anchors_n; i++) {
		snprintf(anchors[i].name, sizeof anchors[i].name, "ca-%zu", i);
		anchors[i].file = o->anchors[i];
	}
	return tls_ctx_new(out, &conf, why, why_size);
}

static void on_signal(void *arg, int signum)
{
	struct scs_session *s = OBJ_OF(arg, struct scs_session, SCS_SESSION_MAGIC);

	(void)signum;
	s->on_signal(s->arg);
}

static const char *const phase_words[] = { "opening", "dropping", "pausing", "parting" };

static const uint32_t next_phases[] = {
	[SCS_OPENING] = MACHINE_TO(SCS_DROPPING) | MACHINE_TO(SCS_PARTING),
	[SCS_DROPPING] = MACHINE_TO(SCS_DROPPING) | MACHINE_TO(SCS_PAUSING) | MACHINE_TO(SCS_PARTING),
	[SCS_PAUSING] = MACHINE_TO(SCS_DROPPING) | MACHINE_TO(SCS_OPENING) | MACHINE_TO(SCS_PARTING),
	[SCS_PARTING] = MACHINE_TO(SCS_PARTING),
};

const struct machine scs_session_machine = { "scs", "session", phase_words, next_phases, SCS_PHASES };

/* The one door to the phase. */
static void set_phase(struct scs_session *s, enum scs_phase phase)
{
	s->phase =
	    (enum scs_phase)machine_go_traced(&scs_session_machine, s->in_phase, s->log, s->peer_conf.host, s->phase, phase);
}

static void on_timer(void *arg)
{
	struct scs_session *s = OBJ_OF(arg, struct scs_session, SCS_SESSION_MAGIC);

	switch (s->phase) {
	case SCS_DROPPING: /* before the peer reconnects by itself */
		link_peer_free(s->peer, false);
		s->peer = NULL;
		set_phase(s, SCS_PAUSING);
		net_timer_start(s->timer, AGAIN_MS);
		break;
	case SCS_PAUSING:
		if (link_peer_new(&s->peer, s->loop, &s->peer_conf, &s->conf, s->cb, s->arg)) {
			net_timer_start(s->timer, AGAIN_MS);
		} else {
			set_phase(s, SCS_OPENING);
		}
		break;
	case SCS_PARTING:
		net_loop_stop(s->loop);
		break;
	default:
		break;
	}
}

static int make_peer(struct scs_session *s)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP };
	int err = net_loop_new(&s->loop);

	for (size_t i = 0; !err && i < sizeof signals / sizeof *signals; i++) {
		err = net_signal_new(&s->signals[i], s->loop, signals[i], on_signal, s);
	}
	if (!err) {
		err = net_timer_new(&s->timer, s->loop, on_timer, s);
	}
	if (!err && s->sctp.in_udp) {
		err = net_usr_open(&s->sctp.udp, s->loop, s->sctp.local[0], s->peer_conf.address, s->sctp.udp_port);
	}
	return err ? err : link_peer_new(&s->peer, s->loop, &s->peer_conf, &s->conf, s->cb, s->arg);
}

int scs_session_open(struct scs_session *s, const struct scs_options *o, const struct log *log, const struct link_cb *cb,
		     void (*signal_fn)(void *arg), void *arg, char why[SCS_SESSION_WHY_MAX])
{
	int err;

	*s = (struct scs_session){ .options = o, .log = log, .cb = cb, .on_signal = signal_fn, .arg = arg };
	obj_begin(&s->obj, SCS_SESSION_MAGIC);
	machine_begin(&scs_session_machine, s->in_phase, s->phase);
	err = make_tls(&s->tls, o, why, SCS_SESSION_WHY_MAX);
	if (err) {
		return err;
	}
	if (s->tls && *why) {
		log_warn(log, "scs", "%s", why);
	}
	s->conf = (struct link_conf){
		.host = o->origin_host,
		.realm = o->realm,
		.product = "mtc-iwf",
		.vendor_id = NODE_VENDOR_ID,
		.origin_state_id = (uint32_t)(clock_real_ms() / 1000),
		.applications = { APP_TSP },
		.applications_n = 1,
		.limits = DIA_LIMITS_OUTSIDE,
		.cea_wait_ms = o->connect_wait_s * 1000,
		.dpa_wait_ms = PARTING_MS,
		.reconnect_ms = RECONNECT_MS,
		.pending_max = o->window + 16,
		.log = log,
	};
	s->peer_conf = (struct link_peer_conf){
		.host = o->iwf_host, .realm = o->iwf_realm, .address = o->address, .port = o->connect_port, .tls = s->tls
	};
	if (o->sctp) {
		memcpy(s->sctp.local, o->local, sizeof s->sctp.local);
		memcpy(s->sctp.more, o->more, sizeof s->sctp.more);
		s->sctp.local_n = o->local_n;
		s->sctp.more_n = o->more_n;
		s->sctp.in_udp = o->udp_port != 0;
		s->sctp.udp_port = (uint16_t)o->udp_port;
		if (s->sctp.in_udp) {
			s->sctp.timers = (struct net_sctp_timers)NET_USR_QUICK;
		}
		s->peer_conf.sctp = &s->sctp;
	}
	link_ids_init(&s->ids, o->origin_host, clock_real_ms(), node_random());
	/* many short runs share one Origin-Host: 20 random bits a second would collide too often */
	s->ids.end_to_end_next = node_random();
	err = make_peer(s);
	if (err) {
		str_cut(why, SCS_SESSION_WHY_MAX,
			err == ERR_NOTFOUND               ? NET_USR_MISSING
			: err == ERR_IO && s->sctp.in_udp ? strerror(errno)
							  : err_str(err));
		scs_session_close(s);
	}
	return err;
}

void scs_session_again(struct scs_session *s)
{
	OBJ_CHECK(s, SCS_SESSION_MAGIC);
	if (s->phase == SCS_PARTING) {
		return;
	}
	if (s->peer) { /* the peer is freed before its own next attempt, which it would log */
		link_peer_no_more(s->peer, "a new connection is made in 0.5 s");
	}
	set_phase(s, SCS_DROPPING);
	net_timer_start(s->timer, 0);
}

void scs_session_part(struct scs_session *s, struct link *l, enum dia_disconnect_cause cause)
{
	OBJ_CHECK(s, SCS_SESSION_MAGIC);
	set_phase(s, SCS_PARTING);
	if (s->peer) {
		link_peer_stop(s->peer, cause, "this run is over");
	}
	net_timer_start(s->timer, l ? PARTING_MS + AGAIN_MS : 0);
}

void scs_session_close(struct scs_session *s)
{
	link_peer_free(s->peer, false);
	net_usr_close(s->sctp.udp);
	net_timer_free(s->timer);
	for (size_t i = 0; i < sizeof s->signals / sizeof *s->signals; i++) {
		net_signal_free(s->signals[i]);
	}
	if (s->loop) {
		net_loop_free(s->loop);
	}
	tls_ctx_free(s->tls);
	machine_end(&scs_session_machine, s->in_phase, s->phase);
	OBJ_END(s, SCS_SESSION_MAGIC);
}

void scs_tell_error(const char *words)
{
	if (!isatty(STDOUT_FILENO) || !isatty(STDERR_FILENO)) {
		fprintf(stderr, "mtc-scs: %s\n", words);
	}
}

uint64_t scs_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}
