/* fence_guard.h - asks the kernel, as often as wanted, whether the rules of a plan stand.
 *
 * The kernel numbers each state of its rule set. A check asks for that number, which is one message
 * and its answer; only if it is another one, or the last look is FENCE_LOOK_MS ago, it reads the
 * table. It changes nothing. A change of any table of this network namespace also makes the
 * descriptor of fence_guard_fd() readable, so that a lost rule is noticed at once and not at the
 * next turn of a timer.
 *
 * A table that changes while it is read is read again at once, a bounded number of times. If it
 * could not be read even so, or the kernel does not answer, the verdict that the rules stand holds
 * for some more checks (fence_answer.h), which are due after FENCE_AGAIN_MS; then it is
 * FENCE_UNREADABLE.
 *
 * The kernel asks for CAP_NET_ADMIN at fence_guard_open() and at each check. System calls of open:
 * socket, bind, connect, setsockopt; of a check: sendto and recvfrom without an address; of close:
 * close. A check waits for nothing but the kernel's answer, which is there when sendto returns;
 * FENCE_WAIT_MS is the bound if it is not. */
#pragma once
#include "fence/fence_answer.h"
#include "fence/fence_judge.h"

#define FENCE_LOOK_MS 30000u
#define FENCE_WAIT_MS 100u

struct fence_guard;

/* Opens the sockets and keeps a copy of the plan: borrows it until return. The caller owns *out.
 * ERR_INVAL: rules cannot be made of the plan; ERR_IO: the kernel has no nf_tables for us; both
 * with words. ERR_NOMEM. */
ERR_MUST_USE int fence_guard_open(struct fence_guard **out, const struct fence_plan *plan, char why[FENCE_WHY_MAX]);
/* For the loop: readable when a check is due. The guard closes it. */
int fence_guard_fd(const struct fence_guard *g);
/* Looks, and returns what holds now; valid until the next check. `now_ms` is monotonic. */
const struct fence_verdict *fence_guard_check(struct fence_guard *g, uint64_t now_ms);
/* How often the table was read, for tests and counters. */
uint64_t fence_guard_looks(const struct fence_guard *g);
void fence_guard_close(struct fence_guard *g); /* NULL allowed */
