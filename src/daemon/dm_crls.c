/* dm_crls.c - files of CRLs that change while the daemon runs: no reload is needed.
 *
 *   timers.crl_check --> a file is another one? --(no)--> until the next look
 *                               | yes
 *                               v
 *                        read and check --(an anchor's are wrong)--> log, counter; that anchor
 *                               | (fine)                             keeps those before
 *                               v
 *                        a new set, as after a reload
 *
 * The numbers of the CRLs in use are kept in state_dir (dm_crl_numbers.h). */
#include <string.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "daemon/dm_parent_int.h"

#define STEP_MS 1000     /* of the wall clock */
#define AGAIN_MS 600000u /* until refused files are read again */

/* -- the numbers */

static void write_numbers(struct dm_parent *p)
{
	struct dm_crls *c = &p->crls;
	char why[DM_CRL_NUMBERS_WHY_MAX];

	if (!c->unwritten) {
		return;
	}
	if (dm_crl_numbers_write(c->numbers, p->cfg->state_dir, why) == 0) {
		c->unwritten = c->unwritten_told = false;
	} else if (!c->unwritten_told) { /* tried again at each look */
		c->unwritten_told = true;
		log_error(&p->log, "daemon", "%s: after a restart an older CRL could be taken", why);
	}
}

void dm_crls_keep(struct dm_parent *p)
{
	struct dm_crls *c = &p->crls;

	for (size_t i = 0; c->numbers && i < p->set->ends_n; i++) {
		const struct dm_end *end = &p->set->ends[i];

		if (end->what == DM_CRL && dm_crl_numbers_used(c->numbers, end->of_crl.issuer_id, end->of_crl.number)) {
			c->unwritten = true;
		}
	}
	write_numbers(p);
}

/* -- the files */

struct dm_stamp dm_stamp_of(const char *path)
{
	struct dm_stamp stamp;
	struct stat st;

	memset(&stamp, 0, sizeof stamp); /* with what is between the members: it is compared whole */
	if (stat(path, &st) == 0) {
		stamp.modified = st.st_mtim;
		stamp.changed = st.st_ctim;
		stamp.size = st.st_size;
		stamp.inode = st.st_ino;
		stamp.device = st.st_dev;
	}
	return stamp;
}

/* A file that is written while it is read gets another stamp by that: it is read once more. */
static bool have_changed(struct dm_parent *p)
{
	bool changed = false;

	for (size_t i = 0; i < p->cfg->anchors_n; i++) {
		for (size_t j = 0; !p->cfg->anchors[i].gone_ms && j < p->cfg->anchors[i].crl_n; j++) {
			struct dm_stamp now = dm_stamp_of(p->cfg->anchors[i].crl[j]),
					*last = &p->crls.stamps[i * CFG_CRLS_MAX + j];

			changed = changed || memcmp(&now, last, sizeof now) != 0;
			memcpy(last, &now, sizeof now);
		}
	}
	return changed;
}

void dm_crls_tell(struct dm_parent *p)
{
	struct dm_msg m = { .kind = DM_CRL_WRONG, .value = p->crls.refused };

	if (p->core.pid && dm_child_ready(&p->core) && dm_send(p->core.sock, &m, NULL, 0)) {
		log_warn(&p->log, "daemon", "the core does not take messages");
	}
}

/* Some are refused because of a date: so a refused file is read again, although it is as it was,
 * when the wall clock was set, and now and then. */
static void look_again_at_refused(struct dm_parent *p)
{
	struct dm_crls *c = &p->crls;
	int64_t off_ms = (int64_t)(clock_real_ms() - clock_boot_ms()), step_ms = off_ms - c->clock_off_ms;
	uint64_t now_ms = net_loop_now_ms(p->loop);
	bool again = step_ms > STEP_MS || step_ms < -STEP_MS || now_ms >= c->again_ms;

	if (!c->refused) {
		c->again_ms = now_ms + AGAIN_MS;
	} else if (again) {
		memset(c->stamps, 0, sizeof c->stamps);
		c->again_ms = now_ms + AGAIN_MS;
	}
	c->clock_off_ms = off_ms;
}

static void on_look(void *arg)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);
	struct dm_crls *c = &p->crls;
	uint64_t refused = 0;

	write_numbers(p);
	look_again_at_refused(p);
	net_timer_start(c->timer, p->cfg->timers.crl_check_ms);
	if (p->stopping || p->reload.waits || !have_changed(p)) {
		return;
	}
	if (!dm_reload_crls(p, &refused)) {
		memset(c->stamps, 0, sizeof c->stamps); /* once more, at the next look */
		return;
	}
	for (uint64_t left = refused; left; left &= left - 1) {
		c->refusals++;
	}
	c->refused = refused;
	dm_crls_tell(p);
}

int dm_crls_watch(struct dm_parent *p)
{
	struct dm_crls *c = &p->crls;
	char why[DM_CRL_NUMBERS_WHY_MAX];
	bool any = false;
	int err;

	for (size_t i = 0; i < p->cfg->anchors_n && !any; i++) {
		any = !p->cfg->anchors[i].gone_ms && p->cfg->anchors[i].crl_n > 0;
	}
	if (!any || c->timer) {
		return 0;
	}
	c->numbers = calloc(1, sizeof *c->numbers);
	if (!c->numbers) {
		return ERR_NOMEM;
	}
	err = dm_crl_numbers_read(c->numbers, p->cfg->state_dir, why);
	if (err) { /* it was readable when the files were checked */
		log_error(&p->log, "daemon", "%s", why);
		return err;
	}
	err = net_timer_new(&c->timer, p->loop, on_look, p);
	if (!err) {
		dm_crls_keep(p);
		net_timer_start(c->timer, p->cfg->timers.crl_check_ms);
	}
	return err;
}

void dm_crls_free(struct dm_parent *p)
{
	net_timer_free(p->crls.timer);
	p->crls.timer = NULL;
	free(p->crls.numbers);
	p->crls.numbers = NULL;
}
