/* dm_crl_numbers.c - see dm_crl_numbers.h. */
#include "daemon/dm_crl_numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "conf/cfg_schema.h"

#define HEADER "mtc crl numbers 1\n"
#define HEX "0123456789abcdef"
#define ID_DIGITS (2 * TLS_CRL_ID_LEN)

/* -- the text */

/* One line "ISSUER NUMBER" of `len` bytes. */
static bool read_row(struct dm_crl_number *out, const char *line, size_t len)
{
	size_t digits = len > ID_DIGITS + 1 ? len - ID_DIGITS - 1 : 0;

	if (!digits || digits > TLS_CRL_NUMBER_MAX || line[ID_DIGITS] != ' ') {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (i != ID_DIGITS && !memchr(HEX, line[i], sizeof HEX - 1)) {
			return false;
		}
	}
	for (size_t i = 0; i < TLS_CRL_ID_LEN; i++) {
		const char *high = memchr(HEX, line[2 * i], sizeof HEX - 1), *low = memchr(HEX, line[2 * i + 1], sizeof HEX - 1);

		out->issuer_id[i] = (uint8_t)((high - HEX) << 4 | (low - HEX));
	}
	memcpy(out->number, line + ID_DIGITS + 1, digits);
	out->number[digits] = 0;
	return digits == 1 || out->number[0] != '0';
}

int dm_crl_numbers_parse(struct dm_crl_numbers *out, const char *text, size_t len)
{
	const char *end = text + len, *eol;

	out->n = 0;
	if (len < sizeof HEADER - 1 || memcmp(text, HEADER, sizeof HEADER - 1) != 0) {
		return ERR_PROTO;
	}
	for (text += sizeof HEADER - 1; text < end; text = eol + 1) {
		eol = memchr(text, '\n', (size_t)(end - text));
		if (!eol || out->n == DM_CRL_NUMBERS_MAX || !read_row(&out->row[out->n], text, (size_t)(eol - text)) ||
		    dm_crl_numbers_of(out, out->row[out->n].issuer_id)) {
			return ERR_PROTO;
		}
		out->n++;
	}
	return 0;
}

size_t dm_crl_numbers_text(char out[DM_CRL_NUMBERS_TEXT_MAX], const struct dm_crl_numbers *k)
{
	size_t n = sizeof HEADER - 1;

	memcpy(out, HEADER, n);
	for (size_t i = 0; i < k->n; i++) {
		const struct dm_crl_number *row = &k->row[i];
		size_t digits = strlen(row->number);

		for (size_t j = 0; j < TLS_CRL_ID_LEN; j++) {
			out[n++] = HEX[row->issuer_id[j] >> 4];
			out[n++] = HEX[row->issuer_id[j] & 0xf];
		}
		out[n++] = ' ';
		memcpy(out + n, row->number, digits);
		n += digits;
		out[n++] = '\n';
	}
	return n;
}

/* -- the rows */

const char *dm_crl_numbers_of(const struct dm_crl_numbers *k, const uint8_t issuer_id[TLS_CRL_ID_LEN])
{
	for (size_t i = 0; i < k->n; i++) {
		if (memcmp(k->row[i].issuer_id, issuer_id, TLS_CRL_ID_LEN) == 0) {
			return k->row[i].number;
		}
	}
	return NULL;
}

bool dm_crl_numbers_used(struct dm_crl_numbers *k, const uint8_t issuer_id[TLS_CRL_ID_LEN], const char *number)
{
	struct dm_crl_number row;
	bool changed = true;
	size_t i = 0;

	memcpy(row.issuer_id, issuer_id, TLS_CRL_ID_LEN);
	str_cut(row.number, sizeof row.number, number);
	while (i < k->n && memcmp(k->row[i].issuer_id, issuer_id, TLS_CRL_ID_LEN) != 0) {
		i++;
	}
	if (i < k->n && tls_crl_number_cmp(k->row[i].number, number) >= 0) {
		row = k->row[i];
		changed = false;
	} else if (i == k->n && k->n < DM_CRL_NUMBERS_MAX) {
		k->n++;
	} else if (i == k->n) {
		i--; /* the last one, which was in use longest ago, goes */
	}
	memmove(&k->row[1], &k->row[0], i * sizeof k->row[0]);
	k->row[0] = row;
	return changed;
}

/* -- the file */

static int path_of(char out[CFG_PATH_MAX + 32], const char *state_dir, const char *suffix)
{
	int n = snprintf(out, CFG_PATH_MAX + 32, "%s/" DM_CRL_NUMBERS_FILE "%s", state_dir, suffix);

	return n < 0 || n >= CFG_PATH_MAX + 32 ? ERR_LIMIT : 0;
}

int dm_crl_numbers_read(struct dm_crl_numbers *out, const char *state_dir, char why[DM_CRL_NUMBERS_WHY_MAX])
{
	char path[CFG_PATH_MAX + 32], words[FILE_WHY_MAX];
	struct file_copy f = { .p = NULL };
	struct stat st;
	int err = path_of(path, state_dir, "");

	out->n = 0;
	if (!err && lstat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		return 0;
	}
	if (!err && !S_ISREG(st.st_mode)) {
		snprintf(why, DM_CRL_NUMBERS_WHY_MAX, "%s: not a regular file", path);
		return ERR_IO;
	}
	if (!err && file_read(&f, path, DM_CRL_NUMBERS_TEXT_MAX, words)) {
		snprintf(why, DM_CRL_NUMBERS_WHY_MAX, "%s cannot be read: %s", path, words);
		return ERR_IO;
	}
	if (!err) {
		err = dm_crl_numbers_parse(out, f.p, f.len);
	}
	file_copy_fini(&f);
	if (err) {
		out->n = 0;
		snprintf(
		    why, DM_CRL_NUMBERS_WHY_MAX,
		    "%s is damaged, so an older CRL could not be recognised; bring it back from a backup, or delete it when you "
		    "are sure that the files of CRLs are the newest ones",
		    path);
	}
	return err;
}

static int write_whole(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0) {
		return ERR_IO;
	}
	ok = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
	return close(fd) == 0 && ok ? 0 : ERR_IO;
}

int dm_crl_numbers_write(const struct dm_crl_numbers *k, const char *state_dir, char why[DM_CRL_NUMBERS_WHY_MAX])
{
	char path[CFG_PATH_MAX + 32], beside[CFG_PATH_MAX + 32], *text = malloc(DM_CRL_NUMBERS_TEXT_MAX);
	int err = text ? 0 : ERR_NOMEM;

	if (!err && (path_of(path, state_dir, "") || path_of(beside, state_dir, ".new"))) {
		err = ERR_LIMIT;
	}
	if (!err) {
		file_remove(beside); /* of a write that was cut off */
		errno = 0;
		err = write_whole(beside, text, dm_crl_numbers_text(text, k));
	}
	if (!err && (rename(beside, path) < 0 || file_sync_dir_sure(state_dir))) {
		err = ERR_IO;
	}
	free(text);
	if (err) {
		snprintf(why, DM_CRL_NUMBERS_WHY_MAX, "%s/" DM_CRL_NUMBERS_FILE " cannot be written: %s", state_dir,
			 errno ? strerror(errno) : err_str(err));
	}
	return err;
}
