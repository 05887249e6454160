/* fuzz_ipsec.c - the promises of what reads charon's VICI socket, whatever comes there: views lie in the packet and can be written as
 * the same octets; the table of security associations stays within its bounds, and proves nothing that it was not told. */
#include <string.h>
#include <strings.h>

#include "ipsec/sa_judge.h"
#include "ipsec/vici_write.h"
#include "tests/fuzz/fuzz.h"

/* -- vici: one packet */

struct bounds {
	const uint8_t *p, *end;
};

static void lies_inside(const struct bounds *in, const void *p, size_t len)
{
	const uint8_t *at = p;

	promise(!len || (at >= in->p && at + len <= in->end), "a view lies in the packet");
}

static void copy_list(struct vici_out *o, const struct bounds *in, struct vici_section list)
{
	struct vici_text item;

	while (vici_item(&list, &item)) {
		lies_inside(in, item.p, item.len);
		vici_put_item(o, item.p, item.len);
	}
	promise(list.p == list.end, "a list is read to its end");
}

static void copy_section(struct vici_out *o, const struct bounds *in, struct vici_section s)
{
	struct vici_element e;
	char key[VICI_NAME_MAX + 1];

	while (vici_next(&s, &e)) {
		lies_inside(in, e.key.p, e.key.len);
		lies_inside(in, e.value.p, e.value.len);
		memcpy(key, e.key.p, e.key.len);
		key[e.key.len] = 0;
		if (e.kind == VICI_VALUE) {
			vici_put_octets(o, key, e.value.p, e.value.len);
		} else if (e.kind == VICI_SECTION) {
			vici_put_section(o, key);
			copy_section(o, in, e.inside);
			vici_put_section_end(o);
		} else {
			vici_put_list(o, key);
			copy_list(o, in, e.inside);
			vici_put_list_end(o);
		}
	}
	promise(s.p == s.end, "a section is read to its end");
}

static void fuzz_vici(const char *target, const uint8_t *data, size_t size)
{
	static uint8_t room[VICI_LENGTH_LEN + VICI_PACKET_MAX + 16];
	struct bounds in = { data, data + size };
	struct vici_out o = vici_out_over(room, sizeof room);
	struct vici_packet packet;
	size_t len, octets = 0;

	(void)target;
	if (vici_frame(&octets, data, size) == 0) {
		promise(octets > VICI_LENGTH_LEN && octets <= size, "a frame is in the stream");
	}
	if (vici_packet_read(&packet, data, size)) {
		return;
	}
	lies_inside(&in, packet.name.p, packet.name.len);
	vici_put_command(&o, "x");
	copy_section(&o, &in, packet.message);
	promise(vici_out_end(&o, &len) == 0, "what was read can be written");
	len -= VICI_LENGTH_LEN + 3; /* type and name */
	promise(len == (size_t)(packet.message.end - packet.message.p), "it is as long");
	promise(!len || !memcmp(room + VICI_LENGTH_LEN + 3, packet.message.p, len), "it is the same");
}

/* -- list-sas: a stream of packets into the table. Lists begin and end by single octets between them. */

enum { LIST_BEGIN = 0xf0, LIST_END = 0xf1, LIST_CANCEL = 0xf2, GONE = 0xf3 };
#define IKES_MAX 4u
#define CHILDREN_MAX 6u

static void check_proof(const struct sa_table *t, const struct sa_question *q)
{
	struct sa_answer a = sa_judge(t, q);
	struct sa_table_counts counts = sa_table_counts(t);

	promise(counts.ikes <= IKES_MAX && counts.children <= CHILDREN_MAX && counts.unreadable <= counts.children,
		"bounds hold");
	promise(*sa_verdict_words(a.verdict), "a verdict has words");
	if (a.verdict != SA_PROVEN) {
		return;
	}
	promise(sa_table_whole(t) && !counts.unreadable, "a proof needs the whole table");
	promise(a.child && sa_child_carries(a.child->state) && a.child->ike->proven, "a proof has a child that carries");
	promise(sa_table_child(t, a.child->uniqueid) == a.child, "the child is in the table");
	promise(!strcasecmp(a.child->ike->identity, q->identity) && !strcmp(a.child->ike->connection, q->connection),
		"it is the provisioned one");
}

static void take_packet(struct sa_table *t, const uint8_t *p, size_t len)
{
	struct vici_packet packet;
	bool whole = sa_table_whole(t);
	int err;

	if (vici_packet_read(&packet, p, len)) {
		return;
	}
	err = sa_table_event(t, &packet);
	if (err == ERR_NOTFOUND) {
		promise(sa_table_whole(t) == whole, "another event changes nothing");
	} else {
		promise(sa_table_whole(t) == (whole && !err), "a failure makes the table incomplete");
	}
}

static void fuzz_list_sas(const char *target, const uint8_t *data, size_t size)
{
	static const struct sa_question q = { .local = { { 4, { 10, 77, 1, 1 } }, 3868 },
					      .remote = { { 4, { 10, 77, 2, 1 } }, 40000 },
					      .protocol = SA_TCP,
					      .identity = "scs.acme.example",
					      .connection = "mtc-acme" };
	struct sa_table_conf conf = { .ikes_max = IKES_MAX, .children_max = CHILDREN_MAX };
	struct sa_table *t;

	(void)target;
	promise(!sa_table_new(&t, &conf), "a table");
	for (size_t at = 0, n; at < size; at += n) {
		n = 1;
		if (data[at] == LIST_BEGIN) {
			sa_table_list_begin(t);
		} else if (data[at] == LIST_END) {
			int err = sa_table_list_end(t);

			promise(sa_table_whole(t) == !err || err == ERR_STATE,
				"the end of a list says whether the table is whole");
		} else if (data[at] == LIST_CANCEL) {
			sa_table_list_cancel(t);
		} else if (data[at] == GONE) {
			sa_table_clear(t);
			promise(!sa_table_counts(t).ikes && !sa_table_counts(t).children, "nothing is left");
		} else if (vici_frame(&n, data + at, size - at) == 0) {
			take_packet(t, data + at + VICI_LENGTH_LEN, n - VICI_LENGTH_LEN);
		} else {
			break;
		}
		check_proof(t, &q);
	}
	sa_table_free(t);
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "vici") ? fuzz_vici : !strcmp(target, "list-sas") ? fuzz_list_sas : NULL;
}
