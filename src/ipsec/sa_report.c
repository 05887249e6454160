/* sa_report.c - the messages of charon about security associations, read. */
#include "ipsec/sa_report.h"

#include <stddef.h>

#include "base/str.h"

/* -- a section by rows: key, kind, where its value goes */

struct row {
	const char *key; /* NULL ends the table */
	enum vici_kind kind;
	size_t offset; /* of a struct vici_text (value) or vici_section (section, list) */
};

#define ROWS_MAX 8

/* Fills the members of the rows that are in the section. ERR_PROTO: one of them twice, or of
 * another kind. */
static int read_rows(void *out, const struct row *rows, struct vici_section s)
{
	bool seen[ROWS_MAX] = { false };
	struct vici_element e;

	while (vici_next(&s, &e)) {
		for (size_t i = 0; rows[i].key; i++) {
			void *member = (char *)out + rows[i].offset;

			if (!vici_text_is(&e.key, rows[i].key)) {
				continue;
			}
			if (e.kind != rows[i].kind || seen[i]) {
				return ERR_PROTO;
			}
			seen[i] = true;
			if (e.kind == VICI_VALUE) {
				*(struct vici_text *)member = e.value;
			} else {
				*(struct vici_section *)member = e.inside;
			}
		}
	}
	return 0;
}

/* charon counts its associations from 1 and never gives a number again. */
static int read_uniqueid(uint32_t *out, const struct vici_text *t)
{
	char digits[11];

	if (!t->len || str_copy(digits, sizeof digits, t->p, t->len) || str_parse_u32(out, digits, 1, UINT32_MAX)) {
		return ERR_PROTO;
	}
	return 0;
}

static enum sa_child_state state_of(const struct vici_text *word)
{
	static const char *const words[] = {
		[SA_CHILD_CREATED] = "CREATED",     [SA_CHILD_ROUTED] = "ROUTED",         [SA_CHILD_INSTALLING] = "INSTALLING",
		[SA_CHILD_INSTALLED] = "INSTALLED", [SA_CHILD_UPDATING] = "UPDATING",     [SA_CHILD_REKEYING] = "REKEYING",
		[SA_CHILD_REKEYED] = "REKEYED",     [SA_CHILD_RETRYING] = "RETRYING",     [SA_CHILD_DELETING] = "DELETING",
		[SA_CHILD_DELETED] = "DELETED",     [SA_CHILD_DESTROYING] = "DESTROYING",
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (words[i] && vici_text_is(word, words[i])) {
			return (enum sa_child_state)i;
		}
	}
	return SA_CHILD_OTHER;
}

struct ike_parts {
	struct vici_text uniqueid, state, remote_id;
	struct vici_section children;
};

static const struct row ike_rows[] = {
	{ "uniqueid", VICI_VALUE, offsetof(struct ike_parts, uniqueid) },
	{ "state", VICI_VALUE, offsetof(struct ike_parts, state) },
	{ "remote-id", VICI_VALUE, offsetof(struct ike_parts, remote_id) },
	{ "child-sas", VICI_SECTION, offsetof(struct ike_parts, children) },
	{ NULL, VICI_VALUE, 0 },
};

static int read_ike(struct sa_ike_view *out, const struct vici_element *section)
{
	struct ike_parts parts = { .state = { NULL, 0 } };
	struct sa_ike_view ike = { .connection = section->key };

	if (read_rows(&parts, ike_rows, section->inside) || read_uniqueid(&ike.uniqueid, &parts.uniqueid)) {
		return ERR_PROTO;
	}
	ike.state = parts.state;
	ike.remote_id = parts.remote_id;
	ike.children = parts.children;
	*out = ike;
	return 0;
}

struct child_parts {
	struct vici_text uniqueid, state, life;
	struct vici_section local_ts, remote_ts;
};

static const struct row child_rows[] = {
	{ "uniqueid", VICI_VALUE, offsetof(struct child_parts, uniqueid) },
	{ "state", VICI_VALUE, offsetof(struct child_parts, state) },
	{ "life-time", VICI_VALUE, offsetof(struct child_parts, life) },
	{ "local-ts", VICI_LIST, offsetof(struct child_parts, local_ts) },
	{ "remote-ts", VICI_LIST, offsetof(struct child_parts, remote_ts) },
	{ NULL, VICI_VALUE, 0 },
};

/* The kernel drops a child when its time is over. While charon waits for the other end it still
 * lists the child, with a number of seconds below 0 and often as INSTALLED. */
static void read_life(struct sa_child_view *child, const struct vici_text *t)
{
	char digits[11];

	child->life_s = SA_LIFE_UNKNOWN;
	if (t->len && t->p[0] == '-') {
		child->state = sa_child_carries(child->state) ? SA_CHILD_DELETING : child->state;
	} else if (!t->len || str_copy(digits, sizeof digits, t->p, t->len) ||
		   str_parse_u32(&child->life_s, digits, 0, SA_LIFE_UNKNOWN - 1)) {
		child->life_s = SA_LIFE_UNKNOWN;
	}
}

static int read_child(struct sa_child_view *out, const struct vici_text *name, struct vici_section inside)
{
	struct child_parts parts = { .state = { NULL, 0 }, .life = { NULL, 0 } };
	struct sa_child_view child = { .name = *name };

	if (read_rows(&parts, child_rows, inside) || read_uniqueid(&child.uniqueid, &parts.uniqueid)) {
		return ERR_PROTO;
	}
	child.state = state_of(&parts.state);
	read_life(&child, &parts.life);
	child.local_ts = parts.local_ts;
	child.remote_ts = parts.remote_ts;
	*out = child;
	return 0;
}

int sa_child_next(struct vici_section *children, struct sa_child_view *out)
{
	struct vici_element e;

	if (!vici_next(children, &e)) {
		return ERR_NOTFOUND;
	}
	return e.kind == VICI_SECTION ? read_child(out, &e.key, e.inside) : ERR_PROTO;
}

struct two {
	struct vici_section before, after;
};

static const struct row two_rows[] = {
	{ "old", VICI_SECTION, offsetof(struct two, before) },
	{ "new", VICI_SECTION, offsetof(struct two, after) },
	{ NULL, VICI_VALUE, 0 },
};

int sa_rekeyed_next(struct vici_section *children, struct sa_child_view *out, uint32_t *old)
{
	struct vici_element e;
	struct sa_child_view before;
	struct two two = { .before = { NULL, NULL } };

	if (!vici_next(children, &e)) {
		return ERR_NOTFOUND;
	}
	if (e.kind != VICI_SECTION || read_rows(&two, two_rows, e.inside) || read_child(&before, &e.key, two.before) ||
	    read_child(out, &e.key, two.after)) {
		return ERR_PROTO;
	}
	*old = before.uniqueid;
	return 0;
}

/* -- events */

static int event_of(enum sa_event *out, const struct vici_text *name)
{
	static const struct {
		const char *name;
		enum sa_event event;
	} names[] = { { "list-sa", SA_LISTED },
		      { "ike-updown", SA_IKE_UPDOWN },
		      { "child-updown", SA_CHILD_UPDOWN },
		      { "ike-rekey", SA_IKE_REKEY },
		      { "child-rekey", SA_CHILD_REKEY } };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (vici_text_is(name, names[i].name)) {
			*out = names[i].event;
			return 0;
		}
	}
	return ERR_NOTFOUND;
}

/* The new IKE_SA as the message's own, and the number of the old one. */
static int read_rekeyed_ike(struct sa_report *report, const struct vici_element *section)
{
	struct vici_element one = { .kind = VICI_SECTION, .key = section->key };
	struct two two = { .before = { NULL, NULL } };
	struct sa_ike_view before;

	if (read_rows(&two, two_rows, section->inside)) {
		return ERR_PROTO;
	}
	one.inside = two.before;
	if (read_ike(&before, &one)) {
		return ERR_PROTO;
	}
	report->old_ike = before.uniqueid;
	one.inside = two.after;
	return read_ike(&report->ike, &one);
}

int sa_report_read(struct sa_report *out, const struct vici_packet *packet)
{
	struct vici_section s = packet->message;
	struct vici_element e, ike = { .kind = VICI_VALUE };
	struct sa_report report = { .up = false };
	bool up_seen = false;
	int err;

	if (packet->type != VICI_EVENT) {
		return ERR_PROTO;
	}
	err = event_of(&report.event, &packet->name);
	if (err) {
		return err;
	}
	while (vici_next(&s, &e)) {
		bool is_up = vici_text_is(&e.key, "up");

		if (e.kind == VICI_SECTION ? ike.kind == VICI_SECTION : is_up && up_seen) {
			return ERR_PROTO;
		}
		if (e.kind == VICI_SECTION) {
			ike = e;
		} else if (is_up) {
			up_seen = true;
			report.up = vici_text_is(&e.value, "yes");
		}
	}
	if (ike.kind != VICI_SECTION) {
		return ERR_PROTO;
	}
	err = report.event == SA_IKE_REKEY ? read_rekeyed_ike(&report, &ike) : read_ike(&report.ike, &ike);
	if (!err) {
		*out = report;
	}
	return err;
}
