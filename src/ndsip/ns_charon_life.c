/* ns_charon_life.c - when the list of security associations has to be read again. */
#include "ipsec/sa_report.h"
#include "ndsip/ns_charon_int.h"

#define LIFE_STEP_MS 250u /* between two lists while the time of a child is almost over */

static void ns_charon_check_after(struct ns_charon *c, uint64_t wait_ms)
{
	c->check_at_ms = net_loop_now_ms(c->conf.loop) + wait_ms;
	net_timer_start(c->check, wait_ms);
}

/* charon says nothing when the time of a child is over and the other end does not answer: the list
 * has to be read then. A number of seconds is up to one second too large or too small. */
static void note_life(struct ns_charon *c, const struct sa_child_view *child)
{
	uint64_t wait = child->life_s > 1 ? (child->life_s - 1) * UINT64_C(1000) : LIFE_STEP_MS;
	uint64_t at = net_loop_now_ms(c->conf.loop) + wait;

	if (!sa_child_carries(child->state) || child->life_s == SA_LIFE_UNKNOWN || at >= c->life_ms) {
		return;
	}
	c->life_ms = at;
	if (!c->listing && at < c->check_at_ms) {
		ns_charon_check_after(c, wait);
	}
}

void ns_charon_note_lives(struct ns_charon *c, const struct vici_packet *packet)
{
	struct sa_child_view child;
	struct sa_report r;
	uint32_t old;

	if (sa_report_read(&r, packet)) {
		return;
	}
	if (r.event == SA_CHILD_REKEY) {
		while (sa_rekeyed_next(&r.ike.children, &child, &old) == 0) {
			note_life(c, &child);
		}
	} else {
		while (sa_child_next(&r.ike.children, &child) == 0) {
			note_life(c, &child);
		}
	}
}

void ns_charon_next_check(struct ns_charon *c)
{
	uint64_t now = net_loop_now_ms(c->conf.loop), at = now + c->conf.check_ms;

	at = c->life_ms < at ? c->life_ms : at;
	ns_charon_check_after(c, at > now ? at - now : LIFE_STEP_MS);
}
