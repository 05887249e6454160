/* fuzz_nodes.c - the promises of what the network elements are given: configurations, subscribers,
 * command lines, messages to a device.
 *   config-hss, config-smssc   their files     subscribers   the HSS's devices, JSON lines
 *   scs-options                the command line of mtc-scs, one word a line     ue-message   an
 *       RPDU as a device reads it */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/cfg_schema.h"
#include "nodes/hss/hss_conf.h"
#include "nodes/hss/hss_store.h"
#include "nodes/scs/scs_options.h"
#include "nodes/smssc/smssc_conf.h"
#include "nodes/ue/ue_read.h"
#include "tests/fuzz/fuzz.h"

#define WORDS_MAX 64

static void clean(const char *words)
{
	for (; *words; words++) {
		promise(*words != '\x1b' && *words != '\n', "words are one clean line");
	}
}

static void on_line(void *arg, const char *kind, const char *text)
{
	(void)arg;
	promise(*kind && *text, "a finding has words");
	clean(text);
}

/* A file that is only in memory, under a name that opens it. */
static int memory_file(char name[64], const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	promise(fd >= 0 && write(fd, data, size) == (ssize_t)size, "a file");
	snprintf(name, 64, "/proc/self/fd/%d", fd);
	return fd;
}

static void fuzz_config(const char *target, const uint8_t *data, size_t size)
{
	static struct smssc_conf smssc;
	static struct report why;
	static struct hss_conf hss;
	struct cfg_lines *lines = NULL;
	char name[64];
	int err, fd = memory_file(name, data, size);

	memset(&why, 0, sizeof why);
	if (!strcmp(target, "config-hss")) {
		err = hss_conf_load(&hss, name, &lines, &why);
		promise(err || (*hss.identity.host && hss.connections_max && hss.watchdog_ms), "a configuration is whole");
	} else {
		err = smssc_conf_load(&smssc, name, &lines, &why);
		promise(err || (*smssc.identity.host && smssc.delivery.retry_min_ms <= smssc.delivery.retry_max_ms),
			"numbers fit together");
	}
	promise(!!err == !!why.errors, "a refused file has an error, a good one has none");
	report_each(&why, on_line, NULL);
	cfg_lines_free(lines);
	close(fd);
}

static void fuzz_subscribers(const char *target, const uint8_t *data, size_t size)
{
	char why[HSS_STORE_WHY_MAX] = "";
	struct hss_store *s = NULL;
	FILE *f;
	int err;

	(void)target;
	f = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
	if (!f) {
		return;
	}
	err = hss_store_read(&s, f, "subscribers.jsonl", why);
	promise(!err || *why, "an error has words");
	clean(why);
	promise(err || hss_store_count(s) <= size, "a subscriber needs octets");
	hss_store_free(err ? NULL : s);
	fclose(f);
}

static void fuzz_options(const char *target, const uint8_t *data, size_t size)
{
	char why[SCS_WHY_MAX] = "", text[8192];
	const char *words[WORDS_MAX];
	struct scs_options o;
	int n = 0;

	(void)target;
	if (size >= sizeof text) {
		return;
	}
	for (size_t i = 0; i < size; i++) {
		text[i] = (char)(data[i] == '\n' ? 0 : data[i]);
	}
	text[size] = 0;
	for (size_t at = 0; at <= size && n < WORDS_MAX; at += strlen(text + at) + 1) {
		words[n++] = text + at;
	}
	/* a payload from a file could be one that never ends */
	if (memmem(data, size, "file", 4) || scs_options_parse(&o, n, words, 7, why)) {
		promise(memmem(data, size, "file", 4) || *why, "a refused command line has words");
		return;
	}
	promise(o.payload_len <= SCS_PAYLOAD_MAX && o.count <= SCS_COUNT_MAX && o.window <= SCS_WINDOW_MAX,
		"options have bounds");
	scs_options_fini(&o);
}

static void fuzz_ue(const char *target, const uint8_t *data, size_t size)
{
	static struct ue_ports ports;
	struct ue_message m;
	const char *reason = NULL;
	uint8_t cause;

	(void)target;
	if (!ports.some) {
		promise(!ue_ports_add(&ports, "16000-16010"), "ports");
	}
	cause = ue_read(&m, data, size, &ports, &reason);
	if (cause) {
		promise(reason && *reason && cause < 128, "a refusal has a cause and a reason");
		return;
	}
	promise(m.deliver.payload >= data && m.deliver.payload_len <= (size_t)(data + size - m.deliver.payload),
		"the payload lies in it");
	promise(!m.deliver.has_port || ue_ports_has(&ports, m.deliver.port), "only a named port is taken");
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "config-hss") || !strcmp(target, "config-smssc") ? fuzz_config
	       : !strcmp(target, "subscribers")                                 ? fuzz_subscribers
	       : !strcmp(target, "scs-options")                                 ? fuzz_options
	       : !strcmp(target, "ue-message")                                  ? fuzz_ue
										: NULL;
}
