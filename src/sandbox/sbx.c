/* sbx.c - the two steps into a sandbox, in the order in which each still has the rights that it
 * needs. */
#include "sandbox/sbx.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "sandbox/sbx_int.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(MTC_FAULTS)
#define INSTRUMENTED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define INSTRUMENTED true
#endif
#endif
#ifndef INSTRUMENTED
#define INSTRUMENTED false
#endif

void sbx_warm_up(void)
{
	char octet;

	tzset();
	err_ignore(getrandom(&octet, sizeof octet, GRND_NONBLOCK), "the first use is what counts");
}

/* -- words */

const char *sbx_mode_word(enum sbx_mode mode)
{
	return mode == SBX_REQUIRE ? "require" : mode == SBX_PREFER ? "prefer" : "off";
}

const char *sbx_lacks_words(char out[SBX_WHY_MAX], uint32_t lacks)
{
	static const struct {
		uint32_t bit;
		const char *words, *advice;
	} rows[] = {
#define SBX_LACK_WORDS(name, bit, words, advice) { SBX_LACK_##name, words, advice },
		SBX_LACKS(SBX_LACK_WORDS)
#undef SBX_LACK_WORDS
	};
	size_t len = 0;

	out[0] = 0;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int n;

		if (!(lacks & rows[i].bit)) {
			continue;
		}
		n = snprintf(out + len, SBX_WHY_MAX - len, "%s%s: %s", len ? "; " : "", rows[i].words, rows[i].advice);
		len += n > 0 ? (size_t)n : 0;
		if (len >= SBX_WHY_MAX) {
			break; /* cut */
		}
	}
	return out;
}

/* -- the first step */

static unsigned landlock_of(const struct sbx_conf *conf)
{
	unsigned version = sbx_landlock_version();

	if (conf->landlock_max && version > conf->landlock_max) {
		version = conf->landlock_max;
	}
	return version < SBX_LANDLOCK_MIN ? 0 : version;
}

uint32_t sbx_lacks(enum sbx_role role)
{
	struct sbx_conf conf = { .role = role };
	uint32_t lacks = 0;

	if (INSTRUMENTED) {
		return SBX_LACK_INSTRUMENTED;
	}
	if (!sbx_filter_possible()) {
		lacks |= SBX_LACK_SECCOMP;
	}
	if (!landlock_of(&conf)) {
		lacks |= SBX_LACK_LANDLOCK;
	}
	return lacks;
}

/* What is missing is in the report. ERR_REFUSED: it may not be missing. */
static int judge(const struct sbx_report *r, char why[SBX_WHY_MAX])
{
	(void)sbx_lacks_words(why, r->lacks);
	return r->lacks && r->mode == SBX_REQUIRE ? ERR_REFUSED : 0;
}

static int failed(const char *what, char why[SBX_WHY_MAX])
{
	snprintf(why, SBX_WHY_MAX, "%s: %s", what, strerror(errno));
	return ERR_IO;
}

int sbx_lock(void *p, size_t len)
{
	err_ignore(madvise(p, len, MADV_DONTDUMP), "core dumps are off for whoever has keys");
	return mlock(p, len) ? ERR_IO : 0;
}

int sbx_lock_heap(const struct sbx_report *r)
{
	unsigned char *end = sbrk(0);

	return r->heap && end > r->heap ? sbx_lock(r->heap, (size_t)(end - r->heap)) : 0;
}

/* Where the heap begins; NULL: the kernel does not say. */
static unsigned char *start_of_heap(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned char *start = NULL;
	char line[512];

	while (f && !start && fgets(line, sizeof line, f)) {
		if (strstr(line, "[heap]")) {
			start = (unsigned char *)(uintptr_t)strtoull(line, NULL, 16);
		}
	}
	if (f) {
		fclose(f);
	}
	return start;
}

/* All memory, or, where the limit of locked memory is less (containers), the heap: keys are nowhere
 * else. */
static bool lock_memory(struct sbx_report *r)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE) == 0) {
		return true;
	}
	r->heap = start_of_heap();
	return r->heap && sbx_lock_heap(r) == 0;
}

/* A core file, a debugger of the same user and /proc/PID/mem would give keys away. */
static void hide(struct sbx_report *r, const struct sbx_role_row *row)
{
	struct rlimit none = { 0, 0 };

	if (row->keys && (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || setrlimit(RLIMIT_CORE, &none))) {
		r->lacks |= SBX_LACK_DUMPS;
	}
	if (row->lock) {
		r->locked = lock_memory(r);
		r->lacks |= r->locked ? 0 : SBX_LACK_LOCKED;
	}
	r->dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1;
}

static int look(struct sbx_report *r, char why[SBX_WHY_MAX])
{
	return sbx_status_read(r, r->status_fd) ? failed("/proc/self/status cannot be read; mount /proc", why) : 0;
}

static int drop_capabilities(struct sbx_report *r, uint64_t keep, char why[SBX_WHY_MAX])
{
	int err = sbx_capabilities_drop(keep) ? failed("capabilities cannot be given up", why) : look(r, why);

	if (!err && (r->capabilities & ~keep)) {
		r->lacks |= SBX_LACK_CAPABILITIES;
	}
	return err;
}

static int restrict_files(struct sbx_report *r, const struct sbx_conf *conf, char why[SBX_WHY_MAX])
{
	unsigned version = landlock_of(conf);
	int err = version ? sbx_landlock_enter(conf, version, why) : 0;

	if (!err) {
		r->landlock = (uint8_t)version;
	}
	r->lacks |= version ? 0 : SBX_LACK_LANDLOCK;
	return err;
}

/* A process without a sandbox still gives up what costs nothing. */
static int nothing(struct sbx_report *r, uint32_t lack, char why[SBX_WHY_MAX])
{
	int err;

	r->lacks = lack;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return failed("no_new_privs cannot be set", why);
	}
	r->dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1;
	err = look(r, why);
	return err ? err : judge(r, why);
}

static int confine(struct sbx_report *r, const struct sbx_conf *conf, char why[SBX_WHY_MAX])
{
	const struct sbx_role_row *row = sbx_role_row(conf->role);
	int err;

	if (sbx_threads() != 1) {
		snprintf(why, SBX_WHY_MAX, "this process has other threads, which would stay outside");
		return ERR_STATE;
	}
	err = drop_capabilities(r, row->capabilities | conf->capabilities, why);
	if (err) {
		return err;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return failed("no_new_privs cannot be set", why);
	}
	hide(r, row);
	return restrict_files(r, conf, why);
}

static int first_step(struct sbx_report *out, const struct sbx_conf *conf, char why[SBX_WHY_MAX])
{
	int err;

	if (sbx_status_open(&out->status_fd)) {
		return failed("/proc/self/status cannot be opened; mount /proc", why);
	}
	if (conf->mode == SBX_OFF) {
		return nothing(out, SBX_LACK_OFF, why);
	}
	out->lacks = sbx_lacks(conf->role);
	err = judge(out, why);
	if (err) {
		return err;
	}
	if (out->lacks & SBX_LACK_INSTRUMENTED) {
		return nothing(out, out->lacks, why);
	}
	err = confine(out, conf, why);
	return err ? err : judge(out, why);
}

static void end_look(struct sbx_report *r)
{
	if (r->status_fd >= 0) {
		close(r->status_fd);
	}
	r->status_fd = -1;
}

int sbx_confine(struct sbx_report *out, const struct sbx_conf *conf, char why[SBX_WHY_MAX])
{
	int err;

	*out = (struct sbx_report){ .role = conf->role, .mode = conf->mode, .status_fd = -1 };
	why[0] = 0;
	err = first_step(out, conf, why);
	if (err) {
		end_look(out);
	}
	return err;
}

/* -- the second step */

static int own_handler(const struct sbx_conf *conf)
{
	struct sigaction sa = { .sa_sigaction = conf->on_refused, .sa_flags = SA_SIGINFO };

	return conf->on_refused && sigaction(SIGSYS, &sa, NULL) ? ERR_IO : 0;
}

static int filter(struct sbx_report *r, const struct sbx_conf *conf, char why[SBX_WHY_MAX])
{
	int err = own_handler(conf);

	if (!err) {
		err = sbx_filter_load(conf);
	}
	if (err == ERR_NOTFOUND) {
		r->lacks |= SBX_LACK_SECCOMP;
		return 0;
	}
	return err ? failed("the filter of system calls cannot be loaded", why) : 0;
}

int sbx_seal(struct sbx_report *report, const struct sbx_conf *conf, char why[SBX_WHY_MAX])
{
	int err = 0;

	why[0] = 0;
	if (!(report->lacks & (SBX_LACK_OFF | SBX_LACK_INSTRUMENTED | SBX_LACK_SECCOMP))) {
		err = filter(report, conf, why);
	}
	if (!err) {
		err = look(report, why);
	}
	end_look(report);
	return err ? err : judge(report, why);
}

int sbx_enter(struct sbx_report *out, const struct sbx_conf *conf, char why[SBX_WHY_MAX])
{
	int err = sbx_confine(out, conf, why);

	return err ? err : sbx_seal(out, conf, why);
}
