/* fuzz_smpp.c - the promises of the SMPP codec and session: PDUs, streams, times, receipts. */
#include <stdlib.h>
#include <string.h>

#include "smpp/smpp_content.h"
#include "smpp/smpp_frame.h"
#include "smpp/smpp_list.h"
#include "smpp/smpp_receipt.h"
#include "smpp/smpp_session.h"
#include "smpp/smpp_time.h"
#include "tests/fuzz/fuzz.h"

static uint8_t room[2 * SMPP_PDU_MAX];

static bool inside(const struct smpp_octets *o, const uint8_t *data, size_t size)
{
	return !o->p || (o->p >= data && o->len <= (size_t)(data + size - o->p));
}

static void content(const struct smpp_pdu *p, const uint8_t *data, size_t size)
{
	struct smpp_content c;
	struct smpp_element e;
	uint32_t at = 0;

	if (smpp_content_of(&c, p) != SMPP_ROK) {
		return;
	}
	promise(inside(&c.whole, data, size) && inside(&c.header, data, size) && inside(&c.payload, data, size),
		"the content lies in the PDU");
	promise(c.header.len + c.payload.len <= c.whole.len, "header and payload are parts of the whole");
	promise(!c.part || (c.part_number >= 1 && c.part_number <= c.parts), "a part is one of the parts");
	while (smpp_element_next(&e, &c.header, &at)) {
		promise(at <= c.header.len, "an element lies in the header");
	}
}

static void lists(const struct smpp_pdu *p)
{
	struct rd r = rd_over(p->destinations.p ? p->destinations.p : room, p->destinations.len);
	struct smpp_destination d;

	for (unsigned i = 0; i < p->destinations_n; i++) {
		promise(smpp_destination_next(&d, &r) == SMPP_ROK, "a list that was taken can be walked");
	}
	promise(!rd_left(&r), "a list has the entries that it announces");
}

static void fuzz_pdu(const char *target, const uint8_t *data, size_t size)
{
	static struct smpp_pdu p, again;
	struct buf b = buf_over(room, sizeof room);

	(void)target;
	if (smpp_decode(&p, data, size) != SMPP_ROK) {
		promise(!p.short_message.len && !p.has && !p.destinations_n, "what is refused leaves nothing");
		return;
	}
	for (unsigned i = 0; i < SMPP_TLV_N; i++) {
		promise(inside(&p.octets[i], data, size), "a parameter lies in the PDU");
	}
	promise(inside(&p.short_message, data, size) && inside(&p.destinations, data, size) && inside(&p.failures, data, size),
		"a field lies in the PDU");
	lists(&p);
	content(&p, data, size);
	promise(!smpp_encode(&b, &p), "what was read can be written");
	promise(smpp_decode(&again, room, b.len) == SMPP_ROK &&
		    again.has == (smpp_is_response(p.header.command) && p.header.status ? 0 : p.has),
		"what was written can be read");
	promise(b.len <= size + 1 + 64 + 1 || p.header.status, "nothing was added but what ends a text");
}

struct seen {
	unsigned n;
	uint32_t sum;
};

static int on_pdu(void *arg, const uint8_t *pdu, size_t len)
{
	struct seen *s = arg;

	promise(len >= SMPP_HEADER_LEN && len <= 2000, "a PDU has bounds");
	s->n++;
	for (size_t i = 0; i < len; i++) {
		s->sum = s->sum * 31 + pdu[i];
	}
	return 0;
}

/* The first octet cuts the stream into pieces: pieces do not change what is read. */
static void fuzz_stream(const char *target, const uint8_t *data, size_t size)
{
	struct smpp_frame whole, cut;
	struct seen a = { 0 }, b = { 0 };
	int err, cut_err = 0;
	size_t piece;

	(void)target;
	if (!size) {
		return;
	}
	piece = data[0] % 23 + 1u;
	data++;
	size--;
	smpp_frame_init(&whole, 2000);
	smpp_frame_init(&cut, 2000);
	err = smpp_frame_feed(&whole, data, size, on_pdu, &a);
	for (size_t at = 0; at < size && !cut_err; at += piece) {
		cut_err = smpp_frame_feed(&cut, data + at, size - at < piece ? size - at : piece, on_pdu, &b);
		promise(smpp_frame_pending(&cut) <= 2000, "what is held has a bound");
	}
	promise(err == cut_err && a.n == b.n && a.sum == b.sum, "pieces do not change what is read");
	smpp_frame_fini(&whole);
	smpp_frame_fini(&cut);
}

static void fuzz_text(const char *target, const uint8_t *data, size_t size)
{
	char text[SMPP_TIME_LEN + 2] = "", again[SMPP_TIME_LEN + 1];
	size_t len = size < SMPP_TIME_LEN + 1 ? size : SMPP_TIME_LEN + 1;
	struct smpp_receipt r;
	struct smpp_when w, w2;

	(void)target;
	memcpy(text, data, len);
	if (!smpp_time_parse(&w, text, 1737290096) && w.given && !smpp_time_instant(again, w.at_s)) {
		promise(!smpp_time_parse(&w2, again, 0) && w2.at_s == w.at_s, "an instant is written as it was meant");
	}
	if (!smpp_receipt_parse(&r, data, size)) {
		struct buf b = buf_over(room, sizeof room);

		promise(memchr(r.id, 0, sizeof r.id) && memchr(r.err, 0, sizeof r.err) && memchr(r.text, 0, sizeof r.text),
			"texts end");
		promise(r.submitted <= 999 && smpp_state_word(r.state), "numbers have bounds");
		r.submit_s = r.done_s = 1737290096;
		promise(!smpp_receipt_build(&b, &r), "what was read can be written");
	}
}

/* Headers of four octets each drive a session of either end; the owner answers what it is given, sometimes. */
static void fuzz_session(const char *target, const uint8_t *data, size_t size)
{
	struct smpp_session_conf conf = { SMPP_ROLE_SMSC, 5000, 10000, 30000, 60000, 3, 3 };
	uint64_t now_ms = 1, token, tokens = 0;
	uint32_t sequence, command, owed = 0;
	struct smpp_session *s;
	struct smpp_todo todo;

	(void)target;
	if (size) {
		conf.role = data[0] & 1 ? SMPP_ROLE_ESME : SMPP_ROLE_SMSC;
	}
	promise(!smpp_session_new(&s, &conf, NULL, now_ms), "there is memory");
	for (size_t at = 1; at + 4 <= size; at += 4) {
		struct smpp_header h = { SMPP_HEADER_LEN, data[at + 1] | (data[at] & 0x80 ? SMPP_RESP : 0),
					 data[at] & 0x40 ? 5 : 0, data[at + 2] % 9 };

		now_ms += (uint64_t)data[at + 3] * 64;
		todo = (struct smpp_todo){ 0 };
		if (data[at] & 1) {
			tokens += !smpp_session_request(s, data[at + 1], at, now_ms, &sequence) && data[at + 1] != 2 &&
				  data[at + 1] != 1 && data[at + 1] != 9;
		} else if (data[at] & 2) {
			err_ignore(smpp_session_unbind(s, now_ms, &todo), "not bound");
		} else {
			smpp_session_receive(s, &h, now_ms, &todo);
		}
		if (todo.what == SMPP_DO_REQUEST) {
			bool bind = todo.command <= 2 || todo.command == 9;

			owed++;
			if (bind || data[at] & 4) {
				bind ? smpp_session_bind_answered(s, data[at] & 8 ? 14 : 0, now_ms)
				     : smpp_session_answered(s, now_ms);
				owed--;
			}
		}
		for (unsigned n = 0; todo.what != SMPP_DO_NOTHING || n == 0; n++) {
			tokens -= (todo.what == SMPP_DO_ANSWER || todo.what == SMPP_DO_EXPIRED) && todo.command > 2 &&
				  todo.command != 9;
			smpp_session_tick(s, now_ms, &todo);
			promise(n < 20, "what is due comes to an end");
		}
		promise(smpp_session_owed(s) == owed && owed <= 3 && smpp_session_waiting(s) <= 3, "windows hold");
	}
	while (smpp_session_drain(s, &command, &token)) {
		tokens--;
	}
	promise(tokens == 0, "each request of ours has one end");
	smpp_session_free(s);
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "smpp-pdu")       ? fuzz_pdu
	       : !strcmp(target, "smpp-stream")  ? fuzz_stream
	       : !strcmp(target, "smpp-text")    ? fuzz_text
	       : !strcmp(target, "smpp-session") ? fuzz_session
						 : NULL;
}
