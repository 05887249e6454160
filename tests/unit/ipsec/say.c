/* say.c - events as charon sends them. */
#include "tests/unit/test.h"

#include "tests/unit/ipsec/say.h"

const char *recordings;

void say_begin(struct say *s, const char *event, bool up, const char *connection, const char *uniqueid, const char *state,
	       const char *id)
{
	s->o = vici_out_over(s->room, sizeof s->room);
	s->life = NULL;
	buf_be32(&s->o.b, 0);
	buf_u8(&s->o.b, VICI_EVENT);
	buf_u8(&s->o.b, (uint8_t)strlen(event));
	buf_bytes(&s->o.b, event, strlen(event));
	if (up) {
		vici_put_value(&s->o, "up", "yes");
	}
	vici_put_section(&s->o, connection);
	vici_put_value(&s->o, "uniqueid", uniqueid);
	vici_put_value(&s->o, "version", "2");
	vici_put_value(&s->o, "state", state);
	vici_put_value(&s->o, "remote-id", id);
}

void say_children(struct say *s, const struct say_child *children, size_t n)
{
	char text[32];

	vici_put_section(&s->o, "child-sas");
	for (size_t i = 0; i < n; i++) {
		snprintf(text, sizeof text, "host-1-%zu", i);
		vici_put_section(&s->o, text);
		vici_put_value(&s->o, "name", "host-1");
		snprintf(text, sizeof text, "%u", children[i].uniqueid);
		vici_put_value(&s->o, "uniqueid", text);
		vici_put_value(&s->o, "state", children[i].state);
		if (s->life) {
			vici_put_value(&s->o, "life-time", s->life);
		}
		vici_put_list(&s->o, "local-ts");
		if (children[i].local) {
			vici_put_item(&s->o, children[i].local, strlen(children[i].local));
		}
		vici_put_list_end(&s->o);
		vici_put_list(&s->o, "remote-ts");
		if (children[i].remote) {
			vici_put_item(&s->o, children[i].remote, strlen(children[i].remote));
		}
		vici_put_list_end(&s->o);
		vici_put_section_end(&s->o);
	}
	vici_put_section_end(&s->o);
}

struct vici_packet say_end(struct say *s)
{
	struct vici_packet packet;
	size_t len;

	vici_put_section_end(&s->o);
	assert_int_equal(vici_out_end(&s->o, &len), 0);
	assert_int_equal(vici_packet_read(&packet, s->room + VICI_LENGTH_LEN, len - VICI_LENGTH_LEN), 0);
	return packet;
}

int say_to(struct sa_table *t, const char *event, bool up, uint32_t ike, const char *id, const struct say_child *children,
	   size_t n)
{
	static struct say s;
	char uniqueid[16];
	struct vici_packet packet;

	snprintf(uniqueid, sizeof uniqueid, "%u", ike);
	say_begin(&s, event, up, "mtc-acme", uniqueid, "ESTABLISHED", id);
	if (n) {
		say_children(&s, children, n);
	}
	packet = say_end(&s);
	return sa_table_event(t, &packet);
}

void recording_open(struct recording *r, const char *name)
{
	char path[1024];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.vici", recordings, name);
	f = fopen(path, "rb");
	if (!f) {
		fail_msg("%s", path);
	}
	r->len = fread(r->octets, 1, sizeof r->octets, f);
	r->at = 0;
	fclose(f);
	assert_true(r->len > 0 && r->len < sizeof r->octets);
}

bool recording_next(struct recording *r, struct vici_packet *out)
{
	size_t n;

	if (r->at == r->len) {
		return false;
	}
	assert_int_equal(vici_frame(&n, r->octets + r->at, r->len - r->at), 0);
	assert_int_equal(vici_packet_read(out, r->octets + r->at + VICI_LENGTH_LEN, n - VICI_LENGTH_LEN), 0);
	r->at += n;
	return true;
}
