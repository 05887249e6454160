/* core_audit.c - see core_audit.h. */
#include "core/core_audit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/aud.h"
#include "audit/aud_store.h"
#include "base/file.h"
#include "base/shown.h"
#include "base/str.h"
#include "base/wake.h"
#include "core/core_int.h"
#include "core/core_view.h"
#include "merkle/mrk_ask.h"

/* -- what has changed */

static void say_error(struct core *c, const struct aud_view *v)
{
	const char *then = c->cfg->audit.on_failure == CFG_AUDIT_REFUSE ? "New triggers are refused until it can"
									: "Requests are decided all the same";

	if (v->broken && !c->audit.broken) {
		log_error(c->log, "core", "the audit is not written: %s. %s", v->why, then);
		c->audit.broken = true;
	}
	if (v->error == c->audit.error) {
		return;
	}
	if (v->error) {
		c->audit.since_ms = core_now_ms(c);
		log_error(c->log, "core", "the audit cannot be written: %s. %s", strerror(v->error), then);
	} else {
		log_warn(c->log, "core", "the audit can be written again");
	}
	c->audit.error = v->error;
}

static void say_checkpoints(struct core *c, const struct aud_view *v)
{
	bool away = v->checkpoints_failed > c->audit.unsigned_n && v->checkpoints == c->audit.checkpoints;

	st_count_n(&c->st, ST_AUDIT_CHECKPOINTS, v->checkpoints - c->audit.checkpoints);
	st_count_n(&c->st, ST_AUDIT_UNSIGNED, v->checkpoints_failed - c->audit.unsigned_n);
	if (v->checkpoints > c->audit.checkpoints) {
		c->audit.signed_ms = core_now_ms(c);
		core_audit_post(c, v->last, v->checkpoint);
	}
	if (v->checkpoints > c->audit.checkpoints && c->cfg->audit.publish_log) {
		log_info(c->log, "audit", "%s", v->last);
	}
	if (away && !c->audit.disconnected) {
		log_warn(c->log, "core", "no checkpoint of the audit: %s; records are sealed all the same",
			 v->refused == MRK_SIGNED ? "the keyholder does not answer" : mrk_status_words((unsigned)v->refused));
	} else if (v->checkpoints > c->audit.checkpoints && c->audit.disconnected) {
		log_info(c->log, "core", "checkpoints of the audit are signed again");
	}
	c->audit.disconnected = away || (c->audit.disconnected && v->checkpoints == c->audit.checkpoints);
	c->audit.checkpoints = v->checkpoints;
	c->audit.unsigned_n = v->checkpoints_failed;
}

/* What the opening has cut off: on a full disk that is later than the opening. */
static void say_cut(struct core *c, const struct aud_view *v)
{
	if (!v->broken && v->why[0] && !c->audit.cut_told) {
		log_warn(c->log, "core", "audit: %s", v->why);
		c->audit.cut_told = true;
	}
}

static void look(struct core *c)
{
	struct aud_view v;

	aud_store_view(c->audit.store, &v);
	st_count_n(&c->st, ST_AUDIT_LOST, v.lost - c->audit.lost);
	c->audit.lost = v.lost;
	say_cut(c, &v);
	say_error(c, &v);
	say_checkpoints(c, &v);
}

void core_audit_look(struct core *c)
{
	if (c->audit.store) {
		aud_audit_turn(c->decisions.aud);
		look(c);
	}
}

static void on_wake(void *arg, int events)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	(void)events;
	wake_clear(aud_store_wake_fd(c->audit.store));
	look(c);
}

/* -- start and end */

int core_audit_open(struct core *c, const uint8_t *key, const struct mrk_ask *last, int publish_fd)
{
	const struct cfg_audit *cfg = &c->cfg->audit;
	char dir[CFG_PATH_MAX + 32];
	struct aud_store_conf conf = { .dir = dir,
				       .origin = cfg->origin,
				       .key = key,
				       .signed_last = last ? *last : (struct mrk_ask){ .size = 0 },
				       .interval_ms = cfg->interval_ms,
				       .lock_wait_ms = c->cfg->timers.lock_wait_ms,
				       .segment_size = cfg->segment_size,
				       .size_max = cfg->size_max,
				       .queue_max = cfg->queue_max,
				       .publish_fd = publish_fd,
				       .threaded = true };
	int err;

	if (!cfg->on || !key) {
		return 0;
	}
	snprintf(dir, sizeof dir, "%s/audit", c->cfg->state_dir);
	err = aud_store_open(&c->audit.store, &conf);
	if (!err) {
		err = aud_audit(c->decisions.aud, c->audit.store, cfg->refusals_per_second);
	}
	if (!err) {
		err = net_watch_new(&c->audit.wake, c->loop, aud_store_wake_fd(c->audit.store), on_wake, c);
	}
	if (!err) {
		err = net_watch_set(c->audit.wake, NET_READ);
	}
	if (!err) {
		err = core_audit_post_open(c);
	}
	if (err) {
		return err;
	}
	look(c);
	return 0;
}

void core_audit_close(struct core *c)
{
	core_audit_post_close(c);
	net_watch_free(c->audit.wake);
	c->audit.wake = NULL;
	aud_store_close(c->audit.store);
	c->audit.store = NULL;
}

bool core_audit_refuses(const struct core *c)
{
	return c->audit.store && c->cfg->audit.on_failure == CFG_AUDIT_REFUSE && aud_store_failing(c->audit.store);
}

bool core_audit_view(const struct core *c, struct core_audit_view *out)
{
	const struct core_audit_post *p = &c->audit.post;
	struct aud_view v;

	if (!c->audit.store) {
		return false;
	}
	aud_store_view(c->audit.store, &v);
	*out = (struct core_audit_view){ .records = v.records,
					 .unsealed = v.records - (v.sealed < v.records ? v.sealed : v.records),
					 .checkpoint = v.checkpoint,
					 .signed_ms = c->audit.signed_ms,
					 .interval = v.interval,
					 .octets = v.octets,
					 .waiting = v.waiting,
					 .lost = v.lost,
					 .recovered = c->audit.recovered,
					 .broken = v.broken,
					 .error = v.error,
					 .since_ms = c->audit.since_ms,
					 .unsigned_now = c->audit.disconnected,
					 .not_signed = v.refused == MRK_SIGNED ? "the keyholder does not answer"
									       : mrk_status_words((unsigned)v.refused),
					 .posts = p->again != NULL,
					 .posted = p->taken,
					 .posted_ms = p->taken_ms,
					 .post_failing = core_audit_post_words(p->failing) };
	str_cut(out->why, sizeof out->why, v.broken ? v.why : "");
	return true;
}

/* -- for the daemon */

void core_audit_channel(struct core *c, int fd)
{
	if (c->audit.store) {
		aud_store_channel(c->audit.store, fd);
	} else {
		close(fd);
	}
}

void core_audit_publish(struct core *c, int fd)
{
	if (c->audit.store) {
		aud_store_publish(c->audit.store, fd);
	} else {
		close(fd);
	}
}

/* -- what a crash took */

void core_audit_restored(struct core *c, const struct trg *t)
{
	char transaction[CORE_TRANSACTION_TEXT_MAX], device[POL_DEVICE_TEXT_MAX];
	const char *action = tsp_action_str(t->req.action);
	struct aud_decision d = { .time_ms = net_loop_real_ms(c->loop),
				  .transaction = transaction,
				  .scs = t->req.scs,
				  .origin_host = t->req.origin_host,
				  .device = device,
				  .action = action,
				  .has_reference = true,
				  .reference = t->req.reference,
				  .verdict = AUD_ACCEPTED,
				  .request_status = "SUCCESS" };
	uint64_t wall_ms;

	if (!c->audit.store || !t->accepted) {
		return;
	}
	wall_ms = core_wall_ms(c, t->req.received_ms);
	if (wall_ms < aud_store_since_ms(c->audit.store) ||
	    aud_store_has(c->audit.store, c->hash, t->req.scs, t->req.reference, action)) {
		return;
	}
	core_transaction_text(transaction, 0, t->number);
	d.device = pol_device_text(device, t->req.external ? t->req.external : "", t->req.msisdn ? t->req.msisdn : "");
	aud_recovered(c->decisions.aud, &d);
	c->audit.recovered++;
}

bool core_audit_behind(const struct core *c)
{
	struct aud_view v;

	if (!c->audit.store) {
		return false;
	}
	aud_store_view(c->audit.store, &v);
	return !v.broken && !v.error && v.waiting > c->cfg->audit.queue_max / 4;
}

/* `mtc-iwfd --restore` left a file that says so: who did it, and of when the backup is. A restore
 * puts rules back as they were, so it is a change like any other. The file goes when the line is
 * written, and the journal has the numbers of after it (core_journal.c). */
static void tell_restore(struct core *c)
{
	char path[CFG_PATH_MAX + 32], why[FILE_WHY_MAX], what[64] = "restore", uid_text[16], who[16];
	const char *text;
	struct file_copy f;
	uint32_t uid = 0;
	size_t n;

	snprintf(path, sizeof path, "%s/" CORE_RESTORED_FILE, c->cfg->state_dir);
	if (access(path, F_OK) < 0) {
		return;
	}
	if (file_read(&f, path, CORE_RESTORED_MAX, why) == 0) {
		text = f.p; /* ends with a NUL */
		n = strcspn(text, " ");
		if (str_copy(uid_text, sizeof uid_text, text, n) == 0 && str_parse_u32(&uid, uid_text, 0, UINT32_MAX) == 0 &&
		    text[n]) {
			snprintf(what, sizeof what, "restore %.*s", (int)strcspn(text + n + 1, "\n"), text + n + 1);
		}
		file_copy_fini(&f);
	}
	snprintf(who, sizeof who, "uid %u", uid);
	core_decide_provisioning(c, who, what, "", "");
	core_audit_look(c);
	c->audit.restore_told = true;
	core_audit_restore_end(c);
}

void core_audit_restore_end(struct core *c)
{
	char path[CFG_PATH_MAX + 32];

	if (!c->audit.restore_told || !c->dnr_ids.durable) {
		return;
	}
	c->audit.restore_told = false;
	snprintf(path, sizeof path, "%s/" CORE_RESTORED_FILE, c->cfg->state_dir);
	if (unlink(path) < 0) {
		log_warn(c->log, "core", "%s cannot be removed: %s; the next start tells of the restore again", path,
			 strerror(errno));
	}
}

void core_audit_restored_all(struct core *c)
{
	char records[SHOWN_COUNT_MAX];

	if (c->audit.recovered) {
		log_warn(c->log, "core", "audit: %s of accepted triggers were missing after a crash and were made again",
			 shown_count(records, c->audit.recovered, "record"));
	}
	core_audit_look(c);
	if (c->audit.store) {
		aud_store_recovered(c->audit.store);
	}
	tell_restore(c);
}
