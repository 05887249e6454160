/* dm_disk.c - looks whether the file of the configuration is still the one that is in force: for
 * 'mtcctl status all', and nothing else happens. */
#include <string.h>

#include "base/file.h"
#include "daemon/dm_parent_int.h"

#define LOOK_MS 1000

void dm_disk_tell(struct dm_parent *p)
{
	struct dm_msg m = { .kind = DM_CONFIG_DISK, .value = p->disk.other };

	if (p->core.pid && dm_child_ready(&p->core) && dm_send(p->core.sock, &m, NULL, 0)) {
		log_warn(&p->log, "daemon", "the core does not take messages");
	}
}

/* A file that cannot be read is another one: a start would not have the one in force. */
static bool is_other(const struct dm_parent *p)
{
	char words[FILE_WHY_MAX];
	struct file_copy f;
	bool other = true;

	if (file_read(&f, p->path, CFG_TEXT_MAX, words) == 0) {
		other = f.len != p->loaded.text_len || memcmp(f.p, p->loaded.text, f.len) != 0;
		file_copy_fini(&f);
	}
	return other;
}

void dm_disk_look(struct dm_parent *p)
{
	bool other;

	if (!p->loaded.again) {
		return;
	}
	p->disk.seen = dm_stamp_of(p->path);
	other = is_other(p);
	if (other != p->disk.other) {
		p->disk.other = other;
		dm_disk_tell(p);
	}
}

static void on_look(void *arg)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);
	struct dm_stamp now = dm_stamp_of(p->path);

	if (memcmp(&now, &p->disk.seen, sizeof now) != 0) {
		dm_disk_look(p);
	}
	net_timer_start(p->disk.timer, LOOK_MS);
}

int dm_disk_watch(struct dm_parent *p)
{
	int err = net_timer_new(&p->disk.timer, p->loop, on_look, p);

	if (!err) {
		p->disk.seen = dm_stamp_of(p->path);
		net_timer_start(p->disk.timer, LOOK_MS);
	}
	return err;
}

void dm_disk_free(struct dm_parent *p)
{
	net_timer_free(p->disk.timer);
	p->disk.timer = NULL;
}
