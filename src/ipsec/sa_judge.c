/* sa_judge.c - which identity protects the packets between two ends. */
#include "ipsec/sa_judge.h"

#include <string.h>

#include "base/str.h"

/* In these states the kernel may take packets of the child, so its identity counts against the
 * proof. A DELETED child is listed for some seconds after its rekeying and carries nothing. */
static bool may_carry(enum sa_child_state state)
{
	return state == SA_CHILD_INSTALLED || state == SA_CHILD_UPDATING || state == SA_CHILD_REKEYING ||
	       state == SA_CHILD_REKEYED || state == SA_CHILD_DELETING || state == SA_CHILD_OTHER;
}

static enum sa_hold better(enum sa_hold a, enum sa_hold b)
{
	return a == SA_INSIDE || b == SA_INSIDE ? SA_INSIDE : a == SA_UNKNOWN ? a : b;
}

/* Of two ends that both have to be held. */
static enum sa_hold both(enum sa_hold a, enum sa_hold b)
{
	return a == SA_OUTSIDE || b == SA_OUTSIDE ? SA_OUTSIDE : a == SA_UNKNOWN ? a : b;
}

static enum sa_hold holds(const struct sa_child *c, const struct sa_question *q)
{
	enum sa_hold local = SA_OUTSIDE, remote = SA_OUTSIDE;

	for (size_t i = 0; i < c->local_n; i++) {
		local = better(local, sa_ts_holds(&c->local[i], &q->local, q->protocol));
	}
	for (size_t i = 0; i < c->remote_n; i++) {
		remote = better(remote, sa_ts_holds(&c->remote[i].ts, &q->remote, q->protocol));
	}
	return both(local, remote);
}

static bool same_identity(const char *a, const char *b)
{
	return str_equal_nocase(a, strlen(a), b, strlen(b));
}

struct finding {
	const struct sa_child *first;     /* of those that hold both ends */
	const struct sa_child *installed; /* ours, it carries, and the selectors are sure */
	const struct sa_child *wrong;     /* makes `verdict` */
	enum sa_verdict verdict;          /* PROVEN: nothing is wrong so far */
};

static void note(struct finding *f, const struct sa_child *c, enum sa_verdict verdict)
{
	if (f->verdict == SA_PROVEN) {
		f->verdict = verdict;
		f->wrong = c;
	}
}

static void look_at(struct finding *f, const struct sa_child *c, const struct sa_question *q)
{
	enum sa_hold hold = holds(c, q);

	if (hold == SA_OUTSIDE || !may_carry(c->state)) {
		return;
	}
	if (!f->first) {
		f->first = c;
	} else if (!same_identity(f->first->ike->identity, c->ike->identity)) {
		f->verdict = SA_TWO_IDENTITIES; /* says more than any other refusal */
		f->wrong = c;
	}
	if (!c->ike->identity[0] || !same_identity(c->ike->identity, q->identity)) {
		note(f, c, SA_OTHER_IDENTITY);
	} else if (strcmp(c->ike->connection, q->connection) != 0) {
		note(f, c, SA_OTHER_CONNECTION);
	} else if (!c->ike->proven || c->ike->first <= q->ended_to) {
		note(f, c, SA_NOT_AUTHENTICATED);
	} else if (hold == SA_INSIDE && sa_child_carries(c->state)) {
		f->installed = c;
	}
}

struct sa_answer sa_judge(const struct sa_table *t, const struct sa_question *q)
{
	struct finding f = { .verdict = SA_PROVEN };

	if (!sa_table_whole(t)) {
		return (struct sa_answer){ SA_NOT_LISTED, NULL };
	}
	if (sa_table_counts(t).unreadable) {
		return (struct sa_answer){ SA_NOT_UNDERSTOOD, NULL };
	}
	for (const struct sa_selector *s = sa_table_first(t, &q->remote.address); s; s = sa_table_next(t, s)) {
		look_at(&f, s->child, q);
	}
	if (!f.first) {
		return (struct sa_answer){ SA_UNPROTECTED, NULL };
	}
	if (f.verdict != SA_PROVEN) {
		return (struct sa_answer){ f.verdict, f.wrong };
	}
	if (!f.installed) {
		return (struct sa_answer){ holds(f.first, q) == SA_UNKNOWN ? SA_NOT_UNDERSTOOD : SA_NOT_INSTALLED, f.first };
	}
	return (struct sa_answer){ SA_PROVEN, f.installed };
}

const char *sa_verdict_reason(enum sa_verdict verdict)
{
	static const char *const reasons[] = {
#define SA_VERDICT_ROW(name, reason, words) [name] = reason,
		SA_VERDICT_TABLE(SA_VERDICT_ROW)
#undef SA_VERDICT_ROW
	};

	return verdict < sizeof reasons / sizeof *reasons ? reasons[verdict] : "sa-none";
}

const char *sa_verdict_words(enum sa_verdict verdict)
{
	static const char *const all[] = {
#define SA_VERDICT_ROW(name, reason, words) [name] = words,
		SA_VERDICT_TABLE(SA_VERDICT_ROW)
#undef SA_VERDICT_ROW
	};

	return verdict < sizeof all / sizeof *all ? all[verdict] : "unknown";
}
