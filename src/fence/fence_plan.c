/* fence_plan.c - whether rules can be made of a plan. Its texts end up in the language of nft, so
 * they hold nothing that could be more than a name. */
#include "fence/fence_plan.h"

#include <stdio.h>
#include <string.h>

static bool is_of(const char *text, size_t cap, const char *letters)
{
	size_t len = text ? strnlen(text, cap) : 0;

	return len && len < cap && strspn(text, letters) == len;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool is_name(const char *text)
{
	return is_of(text, FENCE_NAME_MAX, LOWER "._-");
}

/* A '*' at the end would stand for every device whose name begins so. */
static bool is_device(const char *text)
{
	return is_of(text, FENCE_DEVICE_MAX, LOWER UPPER "._-");
}

static bool is_every_address(const struct sa_address *a)
{
	static const uint8_t zero[sizeof a->octets];

	return memcmp(a->octets, zero, sizeof zero) == 0;
}

static bool same_place(const struct fence_selector *a, const struct fence_selector *b)
{
	return !a->peer && !b->peer && a->protocol == b->protocol && a->port == b->port &&
	       sa_address_equal(&a->address, &b->address);
}

static int wrong(char why[FENCE_WHY_MAX], const struct fence_selector *s, const char *what)
{
	snprintf(why, FENCE_WHY_MAX, "%s '%s' %s", s->peer ? "peer" : "listener", s->name, what);
	return ERR_INVAL;
}

static int check_selector(const struct fence_selector *s, char why[FENCE_WHY_MAX])
{
	if (!is_name(s->name)) {
		snprintf(why, FENCE_WHY_MAX,
			 "a listener or peer has no name, or one with other characters than a-z, 0-9, '.', '_' and '-'");
		return ERR_INVAL;
	}
	if ((s->address.family != 4 && s->address.family != 6) || is_every_address(&s->address)) {
		return wrong(why, s, "has protection ndsip and every address, expected the one address that is protected");
	}
	if (!s->port) {
		return wrong(why, s, "has protection ndsip and port 0, expected a fixed port: the rules name it");
	}
	if (s->protocol != SA_TCP && s->protocol != SA_SCTP) {
		return wrong(why, s, "has a transport without rules, expected tcp or sctp");
	}
	if (s->peer && !s->hosts_n) {
		return wrong(why, s, "has no address, expected the one that we connect to");
	}
	for (size_t i = 0; i < s->hosts_n; i++) {
		if (s->hosts[i].family != 4 && s->hosts[i].family != 6) {
			return wrong(why, s, "has a peer without an address, expected a numeric one");
		}
	}
	return 0;
}

int fence_plan_check(const struct fence_plan *plan, char why[FENCE_WHY_MAX])
{
	size_t hosts = 0;
	int err = 0;

	if (plan->mode == FENCE_LIBIPSEC && !is_device(plan->device)) {
		snprintf(why, FENCE_WHY_MAX,
			 "the TUN device of kernel-libipsec has no name of a network device, expected one such as ipsec0");
		return ERR_INVAL;
	}
	if (!plan->n || plan->n > FENCE_SELECTORS_MAX) {
		snprintf(why, FENCE_WHY_MAX, "there are %zu protected addresses, expected 1 to %u", plan->n, FENCE_SELECTORS_MAX);
		return ERR_INVAL;
	}
	for (size_t i = 0; i < plan->n && !err; i++) {
		err = check_selector(&plan->selector[i], why);
		hosts += plan->selector[i].hosts_n;
		for (size_t j = 0; j < i && !err; j++) {
			if (same_place(&plan->selector[i], &plan->selector[j])) {
				err = wrong(why, &plan->selector[i], "has an address and port that stand in the plan twice");
			}
		}
	}
	if (!err && hosts > FENCE_HOSTS_MAX) {
		snprintf(why, FENCE_WHY_MAX, "the listeners name %zu peers, expected at most %u", hosts, FENCE_HOSTS_MAX);
		err = ERR_INVAL;
	}
	return err;
}
