/* kh_audit.c - see kh_audit.h. */
#include "keyholder/kh_audit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ed25519.h"
#include "base/obj.h"
#include "base/str.h"
#include "keyholder/kh_judge.h"

#define A_TURN 4u

#define KH_AUDIT_MAGIC 0x83d1f60bu
struct kh_audit {
	struct obj obj;
	struct kh_audit_conf conf;
	char origin[MRK_ORIGIN_MAX];
	uint8_t seed[MRK_KEY];
	struct mrk_ask last;
	bool foreign; /* the checkpoint that was found is not ours */
	struct kh_rate rate;
	int fd;
	struct net_watch *watch;
};

/* The checkpoint of the directory, if we have signed it and remember none that is larger. */
static void read_note(struct kh_audit *a, const char *note)
{
	uint8_t key[MRK_KEY];
	struct mrk_checkpoint c;
	size_t body;

	if (mrk_checkpoint_get(&c, &body, note, strlen(note)) || strcmp(c.origin, a->origin) != 0 ||
	    ed25519_public(key, a->seed) || !ed25519_good(key, note, body, c.signature)) {
		a->foreign = true;
		log_error(
		    a->conf.log, "keyholder",
		    "the last checkpoint of the audit is not signed with the key of this gateway, or not of the origin %s: no "
		    "checkpoint is signed",
		    a->origin);
		return;
	}
	if (c.size > a->last.size) {
		a->last = (struct mrk_ask){ c.size, c.root };
	}
}

int kh_audit_new(struct kh_audit **out, const struct kh_audit_conf *conf)
{
	struct kh_audit *a = calloc(1, sizeof *a);

	if (!a) {
		return ERR_NOMEM;
	}
	obj_begin(&a->obj, KH_AUDIT_MAGIC);
	a->conf = *conf;
	a->conf.note = NULL;
	a->conf.seed = NULL;
	a->fd = -1;
	memcpy(a->seed, conf->seed, MRK_KEY);
	str_cut(a->origin, sizeof a->origin, conf->origin);
	kh_rate_begin(&a->rate, KH_CHECKPOINTS_PER_SECOND, net_loop_now_ms(conf->loop));
	a->last = conf->last;
	if (*conf->note) {
		read_note(a, conf->note);
	}
	*out = a;
	return 0;
}

static void end_channel(struct kh_audit *a)
{
	net_watch_free(a->watch);
	a->watch = NULL;
	if (a->fd >= 0) {
		close(a->fd);
	}
	a->fd = -1;
}

void kh_audit_free(struct kh_audit *a)
{
	if (!a) {
		return;
	}
	end_channel(a);
	ed25519_wipe(a->seed);
	OBJ_END(a, KH_AUDIT_MAGIC);
	free(a);
}

static enum mrk_status sign(struct kh_audit *a, const struct mrk_ask *ask, uint8_t out[MRK_SIGNATURE])
{
	enum mrk_status status = a->foreign ? MRK_FOREIGN : mrk_ask_judge(&a->last, ask);
	char body[MRK_NOTE_MAX];

	if (status != MRK_SIGNED) {
		return status;
	}
	if (!kh_rate_take(&a->rate, net_loop_now_ms(a->conf.loop))) {
		return MRK_TOO_MANY;
	}
	if (ed25519_sign(out, a->seed, body, mrk_checkpoint_body(body, a->origin, ask->size, &ask->root))) {
		return MRK_FAILED;
	}
	a->last = *ask;
	a->conf.on_signed(a->conf.arg, ask); /* before the core has the signature */
	return MRK_SIGNED;
}

/* False: there is no more now. */
static bool take(struct kh_audit *a)
{
	uint8_t octets[MRK_ASK_OCTETS + 1], out[MRK_ANSWER_OCTETS];
	ssize_t n = recv(a->fd, octets, sizeof octets, MSG_DONTWAIT);
	struct mrk_answer answer = { .status = MRK_FAILED };
	struct mrk_ask ask;

	if (n < 0) {
		return false;
	}
	if (n == 0 || mrk_ask_decode(&ask, octets, (size_t)n)) {
		if (n) {
			log_error(a->conf.log, "keyholder", "the core sent %zd bytes that are no request for a checkpoint", n);
		}
		end_channel(a);
		return false;
	}
	answer.status = sign(a, &ask, answer.signature);
	answer.last = a->last;
	if (answer.status != MRK_SIGNED) {
		log_error(a->conf.log, "keyholder",
			  "refused a checkpoint of %" PRIu64 " records, the last was of %" PRIu64 ": %s", ask.size, a->last.size,
			  mrk_status_words(answer.status));
	}
	mrk_answer_encode(out, &answer);
	err_ignore(send(a->fd, out, sizeof out, MSG_DONTWAIT | MSG_NOSIGNAL), "the core asks again");
	return true;
}

static void on_channel(void *arg, int events)
{
	struct kh_audit *a = OBJ_OF(arg, struct kh_audit, KH_AUDIT_MAGIC);

	(void)events;
	for (unsigned i = 0; i < A_TURN && a->fd >= 0 && take(a); i++) {
		/* more may wait */
	}
}

int kh_audit_channel(struct kh_audit *a, int fd)
{
	int err;

	end_channel(a);
	a->fd = fd;
	err = net_watch_new(&a->watch, a->conf.loop, fd, on_channel, a);
	if (!err) {
		err = net_watch_set(a->watch, NET_READ);
	}
	if (err) {
		end_channel(a);
	}
	return err;
}
