/* timeline_file.c - the file of a timeline: one line, written beside it and moved there. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/timeline.h"

#define HEADER "mtc timeline 1"
#define PATH_MAX_HERE 1100
#define LINE_SIZE 256
#define FAR_MS (INT64_C(1) << 53) /* no clock is off by more; sums of these fit */

/* "" when the kernel does not say: then each start is like one after a boot. */
static void this_boot(char out[TIMELINE_BOOT_MAX])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	out[0] = 0;
	if (!f) {
		return;
	}
	if (!fgets(out, TIMELINE_BOOT_MAX, f)) {
		out[0] = 0;
	}
	out[strcspn(out, "\n")] = 0;
	fclose(f);
}

static bool sane(int64_t ms)
{
	return ms >= -FAR_MS && ms <= FAR_MS;
}

/* ERR_NOTFOUND: no file yet. */
static int read_kept(struct timeline_kept *out, const char *path)
{
	char line[LINE_SIZE] = "", end = 0;
	FILE *f = fopen(path, "re");
	bool got;

	*out = (struct timeline_kept){ .base_ms = 0 };
	if (!f) {
		return errno == ENOENT ? ERR_NOTFOUND : ERR_IO;
	}
	got = fgets(line, sizeof line, f) != NULL;
	fclose(f);
	if (!got ||
	    sscanf(line, HEADER " boot %39[0-9a-f-] base %" SCNd64 " wall %" SCNd64 " last %" SCNu64 "%c", out->boot,
		   &out->base_ms, &out->wall_ms, &out->last_ms, &end) != 5 ||
	    end != '\n') {
		return ERR_PROTO;
	}
	return sane(out->base_ms) && sane(out->wall_ms) && out->last_ms <= (uint64_t)FAR_MS ? 0 : ERR_PROTO;
}

static int write_line(const char *path, int how, const struct timeline_kept *k)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | how, 0600), len;
	char line[LINE_SIZE];
	bool ok;

	if (fd < 0) {
		return ERR_IO;
	}
	len = snprintf(line, sizeof line, HEADER " boot %s base %" PRId64 " wall %" PRId64 " last %" PRIu64 "\n",
		       k->boot[0] ? k->boot : "-", k->base_ms, k->wall_ms, k->last_ms);
	ok = write(fd, line, (size_t)len) == len && fdatasync(fd) == 0;
	return close(fd) == 0 && ok ? 0 : ERR_IO;
}

int timeline_plant(const struct timeline_kept *kept, const char *path)
{
	if (!sane(kept->base_ms) || !sane(kept->wall_ms) || kept->last_ms > (uint64_t)FAR_MS ||
	    strspn(kept->boot, "0123456789abcdef-") != strlen(kept->boot)) {
		return ERR_INVAL;
	}
	if (access(path, F_OK) == 0) {
		return ERR_EXISTS;
	}
	return write_line(path, O_EXCL, kept);
}

int timeline_keep(struct timeline *t, const char *path, char why[TIMELINE_WHY_MAX])
{
	char beside[PATH_MAX_HERE];
	uint64_t boot_ms = clock_boot_ms();

	/* a failed write is repeated at the next change, and at least hourly */
	t->unwritten = false;
	t->written_ms = boot_ms;
	t->kept.last_ms = timeline_at(t, boot_ms);
	if (snprintf(beside, sizeof beside, "%s.new", path) < (int)sizeof beside && write_line(beside, O_TRUNC, &t->kept) == 0 &&
	    rename(beside, path) == 0) {
		return 0;
	}
	snprintf(why, TIMELINE_WHY_MAX, "%.400s cannot be written: %s", path, strerror(errno));
	return ERR_IO;
}

int timeline_open(struct timeline *t, const char *path, char why[TIMELINE_WHY_MAX])
{
	char boot[TIMELINE_BOOT_MAX];
	struct timeline_kept kept;
	int err, reason;

	this_boot(boot);
	err = path ? read_kept(&kept, path) : ERR_NOTFOUND;
	reason = errno;
	timeline_begin(t, err ? NULL : &kept, boot, clock_boot_ms(), clock_real_ms());
	if (err == ERR_PROTO) {
		snprintf(why, TIMELINE_WHY_MAX, "%.400s is damaged and is made again from the wall clock", path);
	} else if (err == ERR_IO) {
		snprintf(why, TIMELINE_WHY_MAX, "%.400s cannot be read: %s", path, strerror(reason));
	}
	if (!path || err == ERR_IO) {
		return path ? err : 0; /* what cannot be read is not written over */
	}
	reason = timeline_keep(t, path, why);
	return err == ERR_PROTO ? err : reason;
}
