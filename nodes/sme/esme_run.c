/* esme_run.c - the run of mtc-sme.
 *
 *   OPENING --bound--> ASKING --answered, and a receipt is wanted--> WAITING
 *      |                  |                                             |
 *      '------------------'--------------- end ------------> ENDING <---'   (unbinds; on_down stops the loop)
 *
 * A listener is WAITING at once. */
#include "nodes/sme/esme_run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/machine.h"
#include "base/obj.h"
#include "base/shown.h"
#include "base/str.h"
#include "bind/bind_conn.h"
#include "net/net_tcp.h"
#include "nodes/common/node.h"
#include "nodes/sme/esme_message.h"
#include "nodes/sme/esme_words.h"
#include "tls/tls_stream.h"

#define PROGRAM "mtc-sme"

enum { TOKEN_BIND = 0, ENQUIRE_MS = 30000, WINDOW_IN = 100, WRITE_QUEUE_MAX = 16 * 1024 * 1024 };
enum esme_phase { ESME_OPENING, ESME_ASKING, ESME_WAITING, ESME_ENDING, ESME_PHASES };

static const char *const phase_words[] = { "opening", "asking", "waiting", "ending" };

/* From the drawing above. */
static const uint32_t next_phases[] = {
	[ESME_OPENING] = MACHINE_TO(ESME_ASKING) | MACHINE_TO(ESME_WAITING) | MACHINE_TO(ESME_ENDING),
	[ESME_ASKING] = MACHINE_TO(ESME_WAITING) | MACHINE_TO(ESME_ENDING),
	[ESME_WAITING] = MACHINE_TO(ESME_ENDING),
	[ESME_ENDING] = 0,
};

static const struct machine esme_machine = { "sme", "run", phase_words, next_phases, ESME_PHASES };

struct early { /* a receipt that came before the answer with its id */
	char id[SMPP_MESSAGE_ID_MAX + 1];
	char err[SMPP_RECEIPT_ERR_LEN + 1];
	uint8_t state;
};

#define ESME_MAGIC 0xe53e7a11u
struct esme {
	struct obj obj;
	const struct esme_options *o;
	const struct log *log;
	struct net_loop *loop;
	struct tls_ctx *tls;
	struct bind_conn *conn;
	struct net_signal *signals[3];
	struct net_timer *limit; /* of the phase */
	struct net_timer *pace;  /* of --rate */
	enum esme_phase phase;
	int code;
	struct esme_message message;
	char message_id[SMPP_MESSAGE_ID_MAX + 1]; /* of the answer; "": none yet */
	uint32_t receipts_left;                   /* that --wait waits for */
	struct early early[ESME_TO_MAX];
	size_t early_n;
	uint32_t delivered_n;
	/* load */
	uint32_t sent, answered, ok, throttled, refused, lost;
	uint64_t begun_ms, next_ms;
};
OBJ_FIRST(struct esme);

/* The one door to the phase. */
static void set_phase(struct esme *e, enum esme_phase phase)
{
	e->phase = (enum esme_phase)machine_go_traced(&esme_machine, NULL, e->log, PROGRAM, e->phase, phase);
}

static void end(struct esme *e, int code)
{
	if (e->phase == ESME_ENDING) {
		return;
	}
	set_phase(e, ESME_ENDING);
	e->code = code;
	net_timer_stop(e->limit);
	net_timer_stop(e->pace);
	if (e->conn) {
		bind_unbind(e->conn);
	} else {
		net_loop_stop(e->loop);
	}
}

/* False: nobody reads; the run has ended. */
static bool say(struct esme *e, json_t *event)
{
	bool said = node_say(PROGRAM, event);

	if (!said) {
		end(e, NODE_EXIT_FAILURE);
	}
	return said;
}

static void fail(struct esme *e, int code, const char *words)
{
	fprintf(stderr, "%s: %s\n", PROGRAM, words);
	if (say(e, esme_error_event(words))) {
		end(e, code);
	}
}

static void fail_to_connect(struct esme *e, const char *why)
{
	char words[320], address[SHOWN_ADDRESS_MAX];

	snprintf(words, sizeof words, "no connection to %s: %s", shown_address(address, e->o->address, e->o->connect_port), why);
	fail(e, NODE_EXIT_CONNECT, words);
}

/* -- load */

static void summary(struct esme *e)
{
	uint64_t passed_ms = net_loop_now_ms(e->loop) - e->begun_ms;

	if (say(e, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "event", "summary", "sent", (json_int_t)e->sent, "accepted",
			     (json_int_t)e->ok, "throttled", (json_int_t)e->throttled, "refused", (json_int_t)e->refused,
			     "unanswered", (json_int_t)e->lost, "milliseconds", (json_int_t)passed_ms))) {
		end(e, e->lost ? NODE_EXIT_NO_REPORT : e->ok == e->sent ? NODE_EXIT_OK : NODE_EXIT_REFUSED);
	}
}

static void send_next(struct esme *e)
{
	while (e->phase == ESME_ASKING && e->sent < e->o->count && e->sent - e->answered < e->o->window) {
		uint64_t now_ms = net_loop_now_ms(e->loop);
		int err;

		if (e->o->rate && now_ms < e->next_ms) {
			net_timer_start(e->pace, e->next_ms - now_ms);
			return;
		}
		err = bind_request(e->conn, &e->message.pdu, 1);
		if (err == ERR_CLOSED) {
			return; /* on_down says why */
		}
		if (err) {
			fail(e, NODE_EXIT_FAILURE, err_str(err));
			return;
		}
		e->sent++;
		if (e->o->rate) {
			e->next_ms = e->begun_ms + (uint64_t)e->sent * 1000 / e->o->rate;
		}
	}
}

static void on_pace(void *arg)
{
	send_next(OBJ_OF(arg, struct esme, ESME_MAGIC));
}

static void load_answered(struct esme *e, uint32_t status)
{
	e->ok += status == SMPP_ROK;
	e->throttled += status == SMPP_RTHROTTLED;
	e->refused += status != SMPP_ROK && status != SMPP_RTHROTTLED;
}

static void load_goes_on(struct esme *e)
{
	e->answered++;
	if (e->answered == e->o->count) {
		summary(e);
	} else {
		send_next(e);
	}
}

/* -- receipts that are waited for */

/* A receipt without a state that SMPP knows is none, so there is a word. */
static void tell_outcome(uint8_t state, const char *err)
{
	const char *word = smpp_state_word(state);

	fprintf(stderr, "%s: not delivered: %s%s%s; docs/user/tsms.md says under Receipts what an SMS-SC of ours means by it\n",
		PROGRAM, word ? word : "?", *err ? ", err " : "", err);
}

static void take_receipt(struct esme *e, const char *id, uint8_t state, const char *err)
{
	if (!smpp_state_final(state)) {
		return;
	}
	if (!e->message_id[0]) {
		if (e->early_n < ESME_TO_MAX) {
			str_set(e->early[e->early_n].id, sizeof e->early[0].id, id);
			str_set(e->early[e->early_n].err, sizeof e->early[0].err, err);
			e->early[e->early_n++].state = state;
		}
		return;
	}
	if (e->phase != ESME_WAITING || !e->receipts_left || strcmp(id, e->message_id) != 0) {
		return;
	}
	if (state != SMPP_STATE_DELIVERED) {
		tell_outcome(state, err);
		e->code = NODE_EXIT_OUTCOME;
	}
	if (--e->receipts_left == 0) {
		end(e, e->code);
	}
}

static void wait_for_receipts(struct esme *e, const struct smpp_pdu *p)
{
	set_phase(e, ESME_WAITING);
	e->receipts_left = (uint32_t)e->o->to_n - p->failures_n;
	str_set(e->message_id, sizeof e->message_id, p->message_id);
	net_timer_start(e->limit, (uint64_t)e->o->wait_s * 1000);
	for (size_t i = 0; i < e->early_n && e->phase == ESME_WAITING; i++) {
		take_receipt(e, e->early[i].id, e->early[i].state, e->early[i].err);
	}
}

/* -- the connection */

static void on_open(void *arg, struct bind_conn *c)
{
	struct esme *e = OBJ_OF(arg, struct esme, ESME_MAGIC);
	struct smpp_pdu p = { .header.command = e->o->command == ESME_LISTEN ? SMPP_BIND_RECEIVER : SMPP_BIND_TRANSCEIVER,
			      .interface_version = SMPP_VERSION_34 };
	int err;

	str_set(p.system_id, sizeof p.system_id, e->o->system_id);
	str_set(p.password, sizeof p.password, e->o->password);
	err = bind_request(c, &p, TOKEN_BIND);
	if (err) {
		fail(e, NODE_EXIT_CONNECT, err_str(err));
	}
}

static void bound(struct esme *e)
{
	net_timer_stop(e->limit);
	e->begun_ms = net_loop_now_ms(e->loop);
	if (e->o->command == ESME_LISTEN) {
		set_phase(e, ESME_WAITING);
		if (e->o->has_wait) {
			net_timer_start(e->limit, (uint64_t)e->o->wait_s * 1000);
		}
		return;
	}
	set_phase(e, ESME_ASKING);
	send_next(e);
}

static void on_answer(void *arg, struct bind_conn *c, uint64_t token, uint32_t status, const struct smpp_pdu *p)
{
	struct esme *e = OBJ_OF(arg, struct esme, ESME_MAGIC);
	char words[160];

	(void)c;
	if (token == TOKEN_BIND && status == SMPP_ROK) {
		bound(e);
	} else if (token == TOKEN_BIND) {
		snprintf(words, sizeof words, "the bind was refused with %s: %s; the log of the SMS-SC says why",
			 smpp_status_name(status), smpp_status_words(status));
		fail(e, NODE_EXIT_CONNECT, words);
	} else if (e->o->load) {
		load_answered(e, status);
		load_goes_on(e);
	} else if (say(e, esme_answer_event(e->message.pdu.header.command, status, p))) {
		if (status != SMPP_ROK) {
			fprintf(stderr, "%s: refused with %s: %s; the log of the SMS-SC says why\n", PROGRAM,
				smpp_status_name(status), smpp_status_words(status));
			end(e, NODE_EXIT_REFUSED);
		} else if (e->o->command == ESME_SUBMIT && e->o->has_wait && p) {
			wait_for_receipts(e, p);
		} else {
			end(e, NODE_EXIT_OK);
		}
	}
}

/* What nobody knows when a request has no answer. */
static const char *unknown_words(enum esme_command command)
{
	switch (command) {
	case ESME_CANCEL:
		return "no answer in time: it is unknown whether the message was cancelled; 'mtc-sme query' asks for it";
	case ESME_REPLACE:
		return "no answer in time: it is unknown whether the message was replaced";
	case ESME_QUERY:
		return "no answer in time";
	default:
		return "no answer in time: it is unknown whether the message was taken";
	}
}

static void on_lost(void *arg, struct bind_conn *c, uint64_t token, int err)
{
	struct esme *e = OBJ_OF(arg, struct esme, ESME_MAGIC);

	(void)c;
	if (token == TOKEN_BIND || err == ERR_CLOSED || e->phase == ESME_ENDING) {
		return; /* on_down says it */
	}
	if (e->o->load) {
		e->lost++;
		load_goes_on(e);
	} else {
		fail(e, NODE_EXIT_NO_REPORT, unknown_words(e->o->command));
	}
}

/* It is answered once its line is out. */
static void on_request(void *arg, struct bind_conn *c, const struct smpp_pdu *p)
{
	struct esme *e = OBJ_OF(arg, struct esme, ESME_MAGIC);
	struct smpp_pdu answer = { .header = { .command = p->header.command | SMPP_RESP, .sequence = p->header.sequence } };
	struct smpp_receipt receipt;

	if (!say(e, esme_delivered_event(&receipt, p))) {
		bind_refuse(c, p->header.command, SMPP_RX_T_APPN, p->header.sequence);
		return;
	}
	bind_answer(c, &answer);
	if (receipt.id[0] && e->o->command == ESME_SUBMIT && e->o->has_wait) {
		take_receipt(e, receipt.id, receipt.state, receipt.err);
	}
	e->delivered_n++;
	if (e->o->command == ESME_LISTEN && e->o->load && e->delivered_n == e->o->count) {
		end(e, NODE_EXIT_OK);
	}
}

static void on_down(void *arg, struct bind_conn *c, int err, const char *why)
{
	struct esme *e = OBJ_OF(arg, struct esme, ESME_MAGIC);

	(void)c;
	(void)err;
	e->conn = NULL;
	if (e->phase == ESME_OPENING) {
		fail_to_connect(e, why);
	} else if (e->phase != ESME_ENDING) {
		fail(e, NODE_EXIT_FAILURE, why);
	}
	net_loop_stop(e->loop);
}

static void on_limit(void *arg)
{
	struct esme *e = OBJ_OF(arg, struct esme, ESME_MAGIC);

	if (e->phase == ESME_OPENING) {
		fail_to_connect(e, "not bound in time");
	} else if (e->o->command == ESME_LISTEN) {
		end(e, NODE_EXIT_OK);
	} else {
		fail(e, NODE_EXIT_NO_REPORT, "no receipt in time; 'mtc-sme listen' takes it");
	}
}

static void on_signal(void *arg, int signum)
{
	struct esme *e = OBJ_OF(arg, struct esme, ESME_MAGIC);

	(void)signum;
	end(e, e->o->command == ESME_LISTEN ? NODE_EXIT_OK : NODE_EXIT_FAILURE);
}

/* -- begin and end */

static int make_tls(struct esme *e, char *why, size_t why_size)
{
	const struct esme_options *o = e->o;
	struct tls_anchor_conf anchors[IDENTITY_ANCHORS_MAX] = { 0 };
	struct tls_conf conf = { .certificate = o->certificate,
				 .key = tls_keyholder_file(o->key),
				 .anchors = anchors,
				 .anchors_n = o->anchors_n,
				 .tls12_allowed = true,
				 .keylog = o->keylog };

	for (size_t i = 0; i < o->anchors_n; i++) {
		snprintf(anchors[i].name, sizeof anchors[i].name, "ca-%zu", i);
		anchors[i].file = o->anchors[i];
	}
	return o->plain ? 0 : tls_ctx_new(&e->tls, &conf, why, why_size);
}

static int make_stream(struct net_stream **out, struct esme *e)
{
	static const struct net_stream_cb none; /* the connection sets its own at once */
	const struct net_stream_conf conf = { .write_queue_max = WRITE_QUEUE_MAX,
					      .connect_wait_ms = e->o->connect_wait_s * 1000 };

	if (e->tls) {
		return tls_connect(out, e->tls, e->loop, e->o->address, e->o->connect_port, e->o->server_name, &conf, &none,
				   NULL);
	}
	return net_tcp_connect(out, e->loop, e->o->address, e->o->connect_port, &conf, &none, NULL);
}

static int make_parts(struct esme *e)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	int err = net_loop_new(&e->loop);

	for (size_t i = 0; !err && i < sizeof signals / sizeof *signals; i++) {
		err = net_signal_new(&e->signals[i], e->loop, signals[i], on_signal, e);
	}
	if (!err) {
		err = net_timer_new(&e->limit, e->loop, on_limit, e);
	}
	return err ? err : net_timer_new(&e->pace, e->loop, on_pace, e);
}

static int connect_to(struct esme *e)
{
	static const struct bind_cb cb = {
		.on_open = on_open, .on_request = on_request, .on_answer = on_answer, .on_lost = on_lost, .on_down = on_down
	};
	const struct bind_conf conf = { .session = { .role = SMPP_ROLE_ESME,
						     .bind_wait_ms = e->o->connect_wait_s * 1000,
						     .answer_wait_ms = e->o->answer_wait_s * 1000,
						     .enquire_ms = ENQUIRE_MS,
						     .window_in = WINDOW_IN,
						     .window_out = e->o->window },
					.pdu_max = SMPP_PDU_MAX,
					.log = e->log };
	struct net_stream *stream;
	int err = make_stream(&stream, e);

	if (err) {
		return err;
	}
	err = bind_conn_new(&e->conn, e->loop, stream, &conf, &cb, e);
	if (err) {
		net_stream_close(stream);
	}
	return err;
}

static int serve(struct esme *e)
{
	char why[256] = "out of memory";
	int err = make_tls(e, why, sizeof why);

	if (err) {
		return node_usage(PROGRAM, "%s", why);
	}
	if (e->o->command != ESME_LISTEN && esme_message_make(&e->message, e->o)) {
		return node_usage(PROGRAM, "the message cannot be made: a number or the validity is out of range");
	}
	err = make_parts(e);
	if (!err) {
		net_timer_start(e->limit, (uint64_t)e->o->connect_wait_s * 1000);
		err = connect_to(e);
	}
	if (!err) {
		err = net_loop_run(e->loop);
	}
	return err ? node_fail(PROGRAM, "%s", err == ERR_IO ? strerror(errno) : err_str(err)) : e->code;
}

int esme_run(const struct esme_options *o, const struct log *log)
{
	struct esme *e = calloc(1, sizeof *e);
	int code;

	if (!e) {
		return node_fail(PROGRAM, "out of memory");
	}
	obj_begin(&e->obj, ESME_MAGIC);
	e->o = o;
	e->log = log;
	code = serve(e);
	bind_free(e->conn);
	net_timer_free(e->pace);
	net_timer_free(e->limit);
	for (size_t i = 0; i < sizeof e->signals / sizeof *e->signals; i++) {
		net_signal_free(e->signals[i]);
	}
	if (e->loop) {
		net_loop_free(e->loop);
	}
	tls_ctx_free(e->tls);
	esme_message_fini(&e->message);
	OBJ_END(e, ESME_MAGIC);
	free(e);
	return code;
}
