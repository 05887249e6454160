/* fence_guard.c - the sockets of the check: one that asks, and one that hears of changes. */
#include "fence/fence_guard.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/obj.h"
#include "base/str.h"

#define GUARD_MAGIC 0x6fe2ce1du
#define ANSWER_MAX 65536u /* octets of one datagram; the kernel's are smaller */
#define DATAGRAMS_MAX 4096u
#define TRIES_MAX 5u /* the rule set may change while it is read: it is read again at once */

struct fence_guard {
	struct obj obj;
	struct fence_rules *wanted;
	struct fence_found found;
	struct fence_verdict verdict;
	int asks, hears;
	uint32_t seq;
	bool looked; /* the verdict is of `generation` */
	uint32_t generation;
	uint64_t looked_ms, looks;
	struct fence_doubt doubt;
	uint8_t answer[ANSWER_MAX];
};
OBJ_FIRST(struct fence_guard);

/* -- one request */

struct request {
	struct nlmsghdr head;
	struct nfgenmsg family;
	uint8_t attrs[128];
};

static void begin(struct request *r, struct fence_guard *g, unsigned type, unsigned flags)
{
	*r = (struct request){ .head = { .nlmsg_len = NLMSG_LENGTH(sizeof r->family),
					 .nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
					 .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
					 .nlmsg_seq = ++g->seq },
			       .family = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 } };
}

/* A text attribute; ours are short. */
static void add_text(struct request *r, uint16_t type, const char *text)
{
	size_t len = strlen(text) + 1, at = r->head.nlmsg_len - offsetof(struct request, attrs);
	struct nlattr head = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };

	memcpy(r->attrs + at, &head, sizeof head);
	memcpy(r->attrs + at + NLA_HDRLEN, text, len);
	r->head.nlmsg_len += (uint32_t)NLA_ALIGN(NLA_HDRLEN + len);
}

/* The rest of an answer that was given up. While a list is not read to its end the kernel begins no
 * other one. */
static void drain(struct fence_guard *g)
{
	for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
		if (recv(g->asks, g->answer, sizeof g->answer, MSG_DONTWAIT) < 0 && errno != EINTR && errno != ENOBUFS) {
			return;
		}
	}
}

/* Asks and takes the whole answer. ERR_NOTFOUND: the kernel has no such object. ERR_BUSY: it
 * changed meanwhile. ERR_IO with errno. ERR_TIMEOUT, ERR_PROTO. */
static int ask(struct fence_guard *g, const struct request *r, fence_take_fn *take)
{
	struct fence_answer answer = { .seq = r->head.nlmsg_seq, .dump = r->head.nlmsg_flags & NLM_F_DUMP };
	int err = ERR_AGAIN;

	drain(g);
	if (send(g->asks, r, r->head.nlmsg_len, 0) < 0) {
		return ERR_IO;
	}
	for (unsigned i = 0; i < DATAGRAMS_MAX && err == ERR_AGAIN; i++) {
		ssize_t n = recv(g->asks, g->answer, sizeof g->answer, MSG_TRUNC);

		if (n < 0 && errno != EINTR) {
			return errno == EAGAIN ? ERR_TIMEOUT : errno == ENOBUFS ? ERR_BUSY : ERR_IO;
		}
		if (n > (ssize_t)sizeof g->answer) {
			return ERR_PROTO;
		}
		if (n >= 0) {
			err = fence_answer_take(&answer, g->answer, (size_t)n, take, g);
		}
	}
	return err == ERR_AGAIN ? ERR_PROTO : err;
}

/* -- what is asked */

static int take_generation(void *arg, unsigned type, const uint8_t *body, size_t len)
{
	struct fence_guard *g = OBJ_OF(arg, struct fence_guard, GUARD_MAGIC);
	uint32_t generation;

	if (type != NFT_MSG_NEWGEN || fence_generation_read(&generation, body, len)) {
		return ERR_PROTO;
	}
	g->generation = generation;
	return 0;
}

static int ask_generation(struct fence_guard *g)
{
	struct request r;

	begin(&r, g, NFT_MSG_GETGEN, 0);
	return ask(g, &r, take_generation);
}

static int take_object(void *arg, unsigned type, const uint8_t *body, size_t len)
{
	return fence_found_take(&OBJ_OF(arg, struct fence_guard, GUARD_MAGIC)->found, type, body, len);
}

static int ask_table(struct fence_guard *g)
{
	struct request r;

	begin(&r, g, NFT_MSG_GETTABLE, 0);
	add_text(&r, NFTA_TABLE_NAME, FENCE_TABLE);
	return ask(g, &r, take_object);
}

static int ask_chain(struct fence_guard *g, const char *name)
{
	struct request r;
	int err;

	begin(&r, g, NFT_MSG_GETCHAIN, 0);
	add_text(&r, NFTA_CHAIN_TABLE, FENCE_TABLE);
	add_text(&r, NFTA_CHAIN_NAME, name);
	err = ask(g, &r, take_object);
	return err == ERR_NOTFOUND ? 0 : err;
}

static int ask_rules(struct fence_guard *g)
{
	struct request r;
	int err;

	begin(&r, g, NFT_MSG_GETRULE, NLM_F_DUMP);
	add_text(&r, NFTA_RULE_TABLE, FENCE_TABLE);
	err = ask(g, &r, take_object);
	return err == ERR_NOTFOUND ? 0 : err;
}

/* All of one generation. ERR_BUSY: it changed while it was read. */
static int look(struct fence_guard *g)
{
	uint32_t before = g->generation;
	int err;

	fence_found_clear(&g->found);
	g->looks++;
	err = ask_table(g);
	for (unsigned i = 0; i < FENCE_CHAINS && !err; i++) {
		err = ask_chain(g, fence_chain_name((enum fence_chain)i));
	}
	if (!err) {
		err = ask_rules(g);
	}
	if (err && err != ERR_NOTFOUND) {
		return err;
	}
	err = ask_generation(g);
	return !err && g->generation != before ? ERR_BUSY : err;
}

/* -- the check */

static void unreadable(struct fence_guard *g, int err, int number)
{
	char *why = g->verdict.why;

	g->verdict.state = FENCE_UNREADABLE;
	if (err == ERR_IO && number == EPERM) {
		snprintf(why, FENCE_WHY_MAX,
			 "the rules cannot be read: not allowed; expected root or the capability CAP_NET_ADMIN");
	} else if (err == ERR_BUSY) {
		snprintf(why, FENCE_WHY_MAX, "the rules cannot be read: they change all the time");
	} else {
		snprintf(why, FENCE_WHY_MAX, "the rules cannot be read: %s", err == ERR_IO ? strerror(number) : err_str(err));
	}
}

/* What is said of changes is not read: that there was one is enough. What does not fit is lost, and
 * the descriptor stays readable for the next check. */
static void hear(const struct fence_guard *g)
{
	uint8_t octet;

	for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
		if (recv(g->hears, &octet, sizeof octet, 0) < 0 && errno != ENOBUFS && errno != EINTR) {
			return;
		}
	}
}

/* Reads the table, again at once as often as it changes meanwhile, up to TRIES_MAX. */
static int look_until_whole(struct fence_guard *g)
{
	int err = ERR_BUSY;

	for (unsigned i = 0; i < TRIES_MAX && err == ERR_BUSY; i++) {
		err = i ? ask_generation(g) : 0;
		err = err ? err : look(g);
	}
	return err;
}

const struct fence_verdict *fence_guard_check(struct fence_guard *g, uint64_t now_ms)
{
	uint32_t before = g->generation;
	bool holds;
	int err;

	OBJ_CHECK(g, GUARD_MAGIC);
	hear(g);
	err = ask_generation(g);
	if (!err && g->looked && g->generation == before && now_ms - g->looked_ms < FENCE_LOOK_MS) {
		return &g->verdict;
	}
	err = err ? err : look_until_whole(g);
	g->looked = !err;
	g->looked_ms = now_ms;
	holds = fence_doubt_holds(&g->doubt, err, now_ms);
	g->verdict.again = g->verdict.state == FENCE_STANDS && holds;
	if (g->verdict.again) {
		return &g->verdict;
	}
	if (err) {
		unreadable(g, err, errno);
	} else {
		fence_judge(&g->verdict, g->wanted, &g->found);
	}
	return &g->verdict;
}

uint64_t fence_guard_looks(const struct fence_guard *g)
{
	return g->looks;
}

int fence_guard_fd(const struct fence_guard *g)
{
	return g->hears;
}

/* -- begin and end */

/* Connected to the kernel: what other processes send to the socket is refused. */
static int netlink(int *out, int more)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | more, NETLINK_NETFILTER);

	if (fd < 0) {
		return ERR_IO;
	}
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
		close(fd);
		return ERR_IO;
	}
	*out = fd;
	return 0;
}

static int open_sockets(struct fence_guard *g)
{
	struct timeval wait = { .tv_usec = FENCE_WAIT_MS * 1000 };
	int group = NFNLGRP_NFTABLES;

	if (netlink(&g->asks, 0) || netlink(&g->hears, SOCK_NONBLOCK) ||
	    setsockopt(g->asks, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) < 0 ||
	    setsockopt(g->hears, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0) {
		return ERR_IO;
	}
	return 0;
}

int fence_guard_open(struct fence_guard **out, const struct fence_plan *plan, char why[FENCE_WHY_MAX])
{
	struct fence_guard *g;
	int err = fence_plan_check(plan, why);

	if (err) {
		return err;
	}
	g = calloc(1, sizeof *g);
	if (!g) {
		return ERR_NOMEM;
	}
	obj_begin(&g->obj, GUARD_MAGIC);
	g->asks = g->hears = -1;
	err = fence_rules_new(&g->wanted, plan);
	if (!err) {
		err = fence_found_init(&g->found, fence_found_room(g->wanted));
	}
	if (!err && open_sockets(g)) {
		snprintf(why, FENCE_WHY_MAX, "the rules cannot be watched: %s%s", strerror(errno),
			 errno == EPERM ? "; expected root or the capability CAP_NET_ADMIN" : "");
		err = ERR_IO;
	}
	if (err) {
		fence_guard_close(g);
		return err;
	}
	*out = g;
	return 0;
}

void fence_guard_close(struct fence_guard *g)
{
	if (!g) {
		return;
	}
	OBJ_END(g, GUARD_MAGIC);
	if (g->asks >= 0) {
		close(g->asks);
	}
	if (g->hears >= 0) {
		close(g->hears);
	}
	fence_found_fini(&g->found);
	fence_rules_free(g->wanted);
	free(g);
}
