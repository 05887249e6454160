/* core_screen_file.c - the operator's screening rules on disk: a line for each rule, written beside
 * the file and moved there.
 *
 *   mtc screening 1
 *   destination_realm detect 3003 acme,beta      row, mode, answer, exempt SCSs or "-"
 *   end 1                                        number of rules: a file that was cut is not taken
 *                                                for a whole one */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "core/core_int.h"

#define HEADER "mtc screening "
#define FORMAT "1"
#define FILE_MAX 65536
#define ADVICE "correct it, or move it away: then the rules are those of the configuration"

static int wrong(char why[CORE_WHY_MAX], const char *path, unsigned line, const char *what)
{
	snprintf(why, CORE_WHY_MAX, "%.300s line %u: %.100s; " ADVICE, path, line, what);
	return ERR_PROTO;
}

/* "acme,beta" or "-" */
static int read_names(struct screen_rule *rule, char *names)
{
	char *rest = names, *name;

	if (!strcmp(names, "-")) {
		return 0;
	}
	while ((name = strsep(&rest, ","))) {
		int err = screen_rule_except(rule, name);

		if (err) {
			return err;
		}
	}
	return 0;
}

static int read_rule(struct screen_rules *rules, uint32_t *own, char *line, char what[SCREEN_WHY_MAX])
{
	char *rest = line, *name = strsep(&rest, " "), *mode = strsep(&rest, " "), *answer = strsep(&rest, " "), *end = NULL;
	struct screen_rule rule = { .mode = 0 };
	unsigned long number = answer ? strtoul(answer, &end, 10) : 0;
	enum screen_row row;

	if (!name || screen_row_find(&row, name, NULL)) {
		snprintf(what, SCREEN_WHY_MAX, "'%.60s' is no screening row", name ? name : "");
		return ERR_PROTO;
	}
	if (!mode || screen_mode_parse(&rule.mode, mode) || !end || *end || number > UINT16_MAX || !rest ||
	    read_names(&rule, rest) || (*own & pol_row_bit(row))) {
		snprintf(what, SCREEN_WHY_MAX, "the rule of row '%s' is damaged", name);
		return ERR_PROTO;
	}
	rule.answer = (uint16_t)number;
	if (screen_rule_check(row, &rule, what)) {
		return ERR_PROTO;
	}
	rules->row[row] = rule;
	*own |= pol_row_bit(row);
	return 0;
}

static int read_lines(struct screen_rules *rules, uint32_t *own, const char *path, char *text, char why[CORE_WHY_MAX])
{
	char *line = strsep(&text, "\n"), what[SCREEN_WHY_MAX], end[32];
	unsigned n = 1;

	if (strncmp(line, HEADER, sizeof HEADER - 1) != 0) {
		return wrong(why, path, n, "it is no file of screening rules");
	}
	if (strcmp(line + sizeof HEADER - 1, FORMAT) != 0) {
		snprintf(why, CORE_WHY_MAX,
			 "%.300s has format '%.20s', and this program knows format " FORMAT
			 ": a newer mtc-iwf wrote it. Start that one; or move the file away: then the rules are those of the "
			 "configuration",
			 path, line + sizeof HEADER - 1);
		return ERR_PROTO;
	}
	while ((line = strsep(&text, "\n")) && n++) {
		snprintf(end, sizeof end, "end %u", n - 2);
		if (!strcmp(line, end) && text && !*text) {
			return 0;
		}
		if (!*line && !text) {
			break;
		}
		if (read_rule(rules, own, line, what)) {
			return wrong(why, path, n, what);
		}
	}
	return wrong(why, path, n, "its end is missing");
}

int core_screen_read(struct screen_rules *rules, uint32_t *own, const char *path, char why[CORE_WHY_MAX])
{
	char reason[FILE_WHY_MAX];
	struct file_copy copy;
	struct stat st;
	int err;

	*own = 0;
	if (lstat(path, &st) && errno == ENOENT) {
		return 0; /* a link to a file that is not there is an error: no rule is forgotten */
	}
	err = file_read(&copy, path, FILE_MAX, reason);
	if (err) {
		snprintf(why, CORE_WHY_MAX, "%.300s: %s; " ADVICE, path, reason);
		return err;
	}
	err = strlen(copy.p) == copy.len ? read_lines(rules, own, path, copy.p, why) : wrong(why, path, 1, "it is no text");
	file_copy_fini(&copy);
	return err;
}

static void print(FILE *f, const struct screen_rules *rules, uint32_t own)
{
	unsigned n = 0;

	fputs(HEADER FORMAT "\n", f);
	for (unsigned i = 0; i < SCREEN_ROWS_N; i++) {
		const struct screen_rule *rule = &rules->row[i];

		if (!(own & pol_row_bit((enum screen_row)i))) {
			continue;
		}
		fprintf(f, "%s %s %u ", screen_row_name((enum screen_row)i), screen_mode_word(rule->mode), rule->answer);
		for (unsigned k = 0; k < rule->except_n; k++) {
			fprintf(f, "%s%s", k ? "," : "", rule->except[k]);
		}
		fputs(rule->except_n ? "\n" : "-\n", f);
		n++;
	}
	fprintf(f, "end %u\n", n);
}

static int sync_dir_of(const char *path, char why[CORE_WHY_MAX])
{
	char dir[CFG_PATH_MAX + 64];

	str_cut(dir, sizeof dir, path);
	*strrchr(dir, '/') = 0;
	if (!file_sync_dir_sure(dir)) {
		return 0;
	}
	snprintf(why, CORE_WHY_MAX,
		 "%.300s is not sure to outlast a power cut: its directory cannot be synced: %s; nothing was changed", path,
		 strerror(errno));
	return ERR_STATE;
}

/* 0 or an errno. */
static int write_beside(const struct screen_rules *rules, uint32_t own, const char *beside)
{
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), err = 0;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f) {
		err = errno;
		if (fd >= 0) {
			close(fd);
		}
		return err;
	}
	print(f, rules, own);
	if (fflush(f) || fdatasync(fd)) {
		err = errno;
	} else if (ferror(f)) {
		err = EIO; /* an earlier part failed, and the rest went through: the text has a gap */
	}
	if (fclose(f) && !err) {
		err = errno;
	}
	return err;
}

int core_screen_write(const struct screen_rules *rules, uint32_t own, const char *path, char why[CORE_WHY_MAX])
{
	char beside[CFG_PATH_MAX + 64];
	int err;

	snprintf(beside, sizeof beside, "%s.new", path);
	err = write_beside(rules, own, beside);
	if (!err && rename(beside, path)) {
		err = errno;
	}
	if (err) {
		file_remove(beside);
		snprintf(why, CORE_WHY_MAX, "%.300s cannot be written: %s; nothing was changed", path, strerror(err));
		return ERR_IO;
	}
	return sync_dir_of(path, why);
}
