/* fence_answer.c - see fence_answer.h. */
#include "fence/fence_answer.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

/* An answer that is an error: its errno, 0 for an acknowledgement, or ERR_PROTO. */
static int error_of(const struct nlmsghdr *head, const uint8_t *body)
{
	int error;

	if (head->nlmsg_len < NLMSG_LENGTH(sizeof error)) {
		return ERR_PROTO;
	}
	memcpy(&error, body, sizeof error);
	if (error == -ENOENT) {
		return ERR_NOTFOUND;
	}
	if (error == -EINTR || error == -EAGAIN || error == -EBUSY) {
		return ERR_BUSY;
	}
	errno = -error;
	return error ? ERR_IO : 0;
}

/* One message of the answer; the results are those of the datagram. */
static int take_message(struct fence_answer *a, const struct nlmsghdr *head, const uint8_t *body, fence_take_fn *take, void *arg)
{
	int err;

	a->interrupted |= (head->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
	if (head->nlmsg_type == NLMSG_ERROR) {
		return error_of(head, body);
	}
	if (head->nlmsg_type == NLMSG_DONE) {
		return a->interrupted ? ERR_BUSY : 0;
	}
	if (head->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || a->interrupted) {
		return ERR_AGAIN;
	}
	err = take(arg, head->nlmsg_type & 0xffu, body, head->nlmsg_len - NLMSG_HDRLEN);
	return !err && a->dump ? ERR_AGAIN : err;
}

int fence_answer_take(struct fence_answer *a, const uint8_t *p, size_t len, fence_take_fn *take, void *arg)
{
	struct nlmsghdr head;

	while (len >= sizeof head) {
		size_t step;
		int err = ERR_AGAIN;

		memcpy(&head, p, sizeof head);
		if (head.nlmsg_len < NLMSG_HDRLEN || head.nlmsg_len > len) {
			return ERR_PROTO;
		}
		if (head.nlmsg_seq == a->seq) {
			err = take_message(a, &head, p + NLMSG_HDRLEN, take, arg);
		}
		if (err != ERR_AGAIN) {
			return err;
		}
		step = NLMSG_ALIGN(head.nlmsg_len);
		step = step < len ? step : len;
		p += step;
		len -= step;
	}
	return len ? ERR_PROTO : ERR_AGAIN;
}

bool fence_doubt_holds(struct fence_doubt *d, int err, uint64_t now_ms)
{
	if (err != ERR_TIMEOUT && err != ERR_BUSY) {
		d->n = 0;
		return false;
	}
	d->since_ms = d->n ? d->since_ms : now_ms;
	d->n += d->n < FENCE_DOUBTS_MAX;
	return d->n < FENCE_DOUBTS_MAX && now_ms - d->since_ms < FENCE_DOUBT_MS;
}
