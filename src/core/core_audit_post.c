/* core_audit_post.c - see core_audit_post.h. */
#include "core/core_audit_post.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "conf/cfg_iwf_ocsp.h"
#include "core/core_int.h"
#include "fetch/fch_client.h"

#define PAUSE_FIRST_MS 1000u
#define PAUSE_MAX_MS 60000u

const char *core_audit_post_words(enum fch_result r)
{
	switch (r) {
	case FCH_OK:
		return "";
	case FCH_UNREACHABLE:
		return "the receiver cannot be reached";
	case FCH_TIMEOUT:
		return "the receiver did not answer in time (timers.ocsp)";
	case FCH_HTTP:
		return "what the receiver answered is no HTTP response of status 2xx";
	case FCH_BUSY:
		return "too many questions are waiting for the fetcher";
	default:
		return "the receiver's answer cannot be read";
	}
}

static void send_one(struct core *c)
{
	struct core_audit_post *p = &c->audit.post;
	struct fch_question q = { .number = p->number + 1, .responder = CFG_RECEIVER, .len = p->len, .request = p->line };
	int err;

	if (!p->client || p->out || p->waits || !p->size || p->size == p->taken) {
		return;
	}
	err = fch_client_ask(p->client, &q);
	p->waits = err == ERR_BUSY;
	if (!err) {
		p->number++;
		p->out = true;
		p->size_out = p->size;
	}
}

static void on_again(void *arg)
{
	send_one(OBJ_OF(arg, struct core, CORE_MAGIC));
}

static void failed(struct core *c, enum fch_result result)
{
	struct core_audit_post *p = &c->audit.post;
	uint64_t pause_ms = PAUSE_FIRST_MS << (p->tries < 6 ? p->tries : 6);

	st_count(&c->st, ST_AUDIT_POST_FAILED);
	if (p->failing == FCH_OK) {
		log_warn(c->log, "core",
			 "the checkpoint of %" PRIu64 " records is not at audit.publish_url: %s; it is tried again", p->size_out,
			 core_audit_post_words(result));
	}
	p->failing = result;
	if (++p->tries < AUDIT_POST_TRIES) {
		net_timer_start(p->again, pause_ms < PAUSE_MAX_MS ? pause_ms : PAUSE_MAX_MS);
	}
}

static void took(struct core *c)
{
	struct core_audit_post *p = &c->audit.post;

	st_count(&c->st, ST_AUDIT_POSTED);
	if (p->failing != FCH_OK) {
		log_info(c->log, "core", "audit.publish_url takes checkpoints again");
	}
	p->failing = FCH_OK;
	p->taken = p->size_out;
	p->taken_ms = core_now_ms(c);
	p->tries = 0;
	send_one(c);
}

static void on_answer(void *arg, const struct fch_answer *a)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	struct core_audit_post *p = &c->audit.post;

	if (!p->out || a->number != p->number) {
		return;
	}
	p->out = false;
	if (a->result == FCH_OK) {
		took(c);
	} else {
		failed(c, a->result);
	}
}

static void on_room(void *arg)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	c->audit.post.waits = false;
	send_one(c);
}

static void drop_client(struct core *c)
{
	struct core_audit_post *p = &c->audit.post;

	fch_client_free(p->client);
	p->client = NULL;
	p->out = p->waits = false;
}

static void on_lost(void *arg, int err)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	if (err == ERR_PROTO) {
		log_error(c->log, "core", "the fetcher sent what is no answer; the channel to it is closed");
	}
	drop_client(c);
	if (c->cb->on_fetch_lost) {
		c->cb->on_fetch_lost(c->arg);
	}
}

void core_audit_fetcher(struct core *c, int fd)
{
	struct fch_client_conf conf = { c->loop, on_answer, on_room, on_lost, c };
	int err;

	if (!c->audit.post.again) {
		close(fd);
		return;
	}
	drop_client(c);
	err = fch_client_new(&c->audit.post.client, fd, &conf);
	if (err) {
		c->audit.post.client = NULL;
		log_error(c->log, "core", "the channel to the fetcher: %s", err_str(err));
		return;
	}
	send_one(c);
}

void core_audit_post(struct core *c, const char *line, uint64_t size)
{
	struct core_audit_post *p = &c->audit.post;
	size_t len = strlen(line);

	if (!p->again || len + 1 > sizeof p->line) {
		return;
	}
	memcpy(p->line, line, len);
	p->line[len] = '\n';
	p->len = len + 1;
	p->size = size;
	p->tries = 0;
	net_timer_stop(p->again);
	send_one(c);
}

int core_audit_post_open(struct core *c)
{
	c->audit.post.failing = FCH_OK; /* nothing was sent, so nothing failed */
	return *c->cfg->audit.publish_url ? net_timer_new(&c->audit.post.again, c->loop, on_again, c) : 0;
}

void core_audit_post_close(struct core *c)
{
	drop_client(c);
	net_timer_free(c->audit.post.again);
	c->audit.post.again = NULL;
}
